"""The sheets of the report, by XlsxWriter; every number stands beside how many cameras it speaks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import xlsxwriter

from base.errors import UnavailableError
from camera_registry.exporting.request import Language
from camera_registry.governance.report_words import word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from camera_registry.governance.compare import Comparison, Group
    from camera_registry.governance.report import Material
    from camera_registry.governance.rules import Indicator
    from camera_registry.governance.tally import Tally

INK, LINE, HEAD, GOOD, BAD, MUTED = "#1F2A37", "#C9D3DE", "#E8EEF5", "#1E7B4F", "#B3261E", "#6B7785"
ACCENTS = ("#2F6DB5", "#1E7B4F", "#C77700", "#7A4FB5", "#B3261E", "#3A8FA3", "#6B7785")

MOST_BARS = 20
"""Of one chart; more cannot be read."""

SHORT_DAY = "yyyy-mm-dd"


def write_book(material: Material, path: Path) -> None:
    """Write the workbook.

    Raises:
        UnavailableError: It cannot be written.
    """
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(str(path), options)
    try:
        _Report(book, material).write()
        book.close()
    except (OSError, xlsxwriter.exceptions.XlsxFileError) as err:
        raise UnavailableError("The report cannot be written: the disk may be full.") from err


class _Report:
    """One workbook in the making."""

    def __init__(self, book: Any, material: Material) -> None:
        self._book = book
        self._m = material
        self._zh = material.language is Language.CHINESE
        base = {
            "font_name": "Noto Sans CJK SC" if self._zh else "Calibri",
            "font_size": 10,
            "font_color": INK,
        }
        cell = {**base, "border": 1, "border_color": LINE, "valign": "vcenter"}
        add: Callable[[dict[str, Any]], Any] = book.add_format
        self._formats = {
            "title": add({**base, "font_size": 20, "bold": True}),
            "section": add({**base, "font_size": 13, "bold": True, "bottom": 2, "bottom_color": ACCENTS[0]}),
            "note": add({**base, "font_color": MUTED, "text_wrap": True, "valign": "top"}),
            "plain": add(base),
            "head": add({**cell, "bold": True, "bg_color": HEAD, "text_wrap": True, "align": "center"}),
            "text": add(cell),
            "wrap": add({**cell, "text_wrap": True, "valign": "top"}),
            "count": add({**cell, "num_format": "#,##0"}),
            "score": add({**cell, "num_format": "0.0"}),
            "rate": add({**cell, "num_format": "0.0%"}),
            "day": add({**cell, "num_format": SHORT_DAY, "align": "left"}),
            "muted": add({**cell, "font_color": MUTED, "align": "center"}),
            "total": add({**cell, "bold": True, "bg_color": HEAD}),
        }
        self._good = add({"font_color": GOOD, "bg_color": "#E3F4EA"})
        self._bad = add({"font_color": BAD, "bg_color": "#FBE5E3"})

    def write(self) -> None:
        """All sheets, in the order in which they are read."""
        for sheet in (
            self._overview,
            self._units,
            self._trends,
            self._rules,
            self._scenes,
            self._owners,
            self._work_list,
            self._definitions,
        ):
            sheet()

    def _w(self, key: str, **parts: object) -> str:
        return word(key, self._m.language, **parts)

    def _sheet(self, key: str, widths: Sequence[float], *, landscape: bool = True) -> Any:
        sheet = self._book.add_worksheet(self._w(key))
        sheet.hide_gridlines(2)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        if landscape:
            sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        return sheet

    def _head(self, sheet: Any, row: int, keys: Sequence[str]) -> None:
        for column, key in enumerate(keys):
            sheet.write_string(row, column, key, self._formats["head"])
        sheet.set_row(row, 30)

    def _put(self, sheet: Any, row: int, column: int, value: Any, kind: str) -> None:
        """A value, or a dash where there is none."""
        if value is None:
            sheet.write_string(row, column, "–", self._formats["muted"])
        elif isinstance(value, str):
            sheet.write_string(row, column, value[:32_000], self._formats[kind])
        else:
            sheet.write(row, column, value, self._formats[kind])

    def _overview(self) -> None:
        m, sheet = self._m, self._sheet("overview", (24, 13, 13, 13, 13, 13, 13, 13))
        total = m.comparisons["unit"].total
        sheet.write_string(0, 0, self._w("title"), self._formats["title"])
        sheet.set_row(0, 34)
        assessed = m.assessed_at and m.assessed_at.astimezone(m.zone).strftime("%Y-%m-%d %H:%M")
        for row, (key, value) in enumerate(
            (
                ("about", m.place),
                ("made", m.made_at.astimezone(m.zone).strftime("%Y-%m-%d %H:%M")),
                ("assessed", assessed or self._w("never")),
            ),
            start=1,
        ):
            sheet.write_string(row, 0, self._w(key), self._formats["note"])
            sheet.write_string(row, 1, value, self._formats["plain"])
        self._head(sheet, 5, [self._w(k) for k in ("cameras", "score", "faults")])
        self._put(sheet, 6, 0, total.cameras, "count")
        self._put(sheet, 6, 1, total.mean_score, "score")
        self._put(sheet, 6, 2, sum(total.faults.values()), "count")
        last = self._indicator_table(sheet, 8, total)
        self._indicator_chart(sheet, 9, last, at=(last + 2, 0))
        self._band_table(sheet, 5, 5)
        notes = ("note-checked", "note-score", "note-online")
        for row, key in enumerate(notes, start=last + 20):
            sheet.merge_range(row, 0, row, 7, self._w(key), self._formats["note"])

    def _indicator_table(self, sheet: Any, row: int, total: Tally) -> int:
        """The indicators of all cameras; the last row."""
        keys = (
            "indicator",
            "rate",
            "threshold",
            "meets",
            "checked",
            "passed",
            "not-checked",
            "checked-share",
        )
        self._head(sheet, row, [self._w(key) for key in keys])
        for indicator in self._m.book.indicators.values():
            row += 1
            done = total.of(indicator.code)
            meets = {None: "unknown", True: "yes", False: "no"}[done.meets(indicator)]
            self._put(sheet, row, 0, indicator.title_in(self._m.language), "text")
            self._put(sheet, row, 1, done.rate(indicator), "rate")
            self._put(sheet, row, 2, indicator.threshold, "rate")
            self._put(sheet, row, 3, self._w(meets), "text")
            self._put(sheet, row, 4, done.checked, "count")
            self._put(sheet, row, 5, done.passed, "count")
            self._put(sheet, row, 6, total.cameras - done.checked, "count")
            self._put(sheet, row, 7, done.checked / total.cameras if total.cameras else None, "rate")
        first = row - len(self._m.book.indicators) + 1
        for word_, colour in ((self._w("yes"), self._good), (self._w("no"), self._bad)):
            sheet.conditional_format(
                first, 3, row, 3, {"type": "cell", "criteria": "==", "value": f'"{word_}"', "format": colour}
            )
        return row

    def _band_table(self, sheet: Any, row: int, column: int) -> None:
        """How many records score how much, beside the key figures."""
        sheet.write_string(row, column, self._w("band"), self._formats["head"])
        sheet.write_string(row, column + 1, self._w("cameras"), self._formats["head"])
        # Two rows are free there; the whole table stands with the definitions.
        best = self._m.bands[-1]
        self._put(sheet, row + 1, column, f"{best.least:g}", "text")
        self._put(sheet, row + 1, column + 1, best.cameras, "count")

    def _indicator_chart(self, sheet: Any, first: int, last: int, *, at: tuple[int, int]) -> None:
        chart = self._book.add_chart({"type": "bar"})
        name = sheet.get_name()
        for column, colour, key in ((1, ACCENTS[0], "rate"), (2, LINE, "threshold")):
            chart.add_series(
                {
                    "name": self._w(key),
                    "categories": [name, first, 0, last, 0],
                    "values": [name, first, column, last, column],
                    "fill": {"color": colour},
                    "gap": 60,
                }
            )
        chart.set_x_axis({"num_format": "0%", "min": 0, "max": 1, "major_gridlines": {"visible": False}})
        chart.set_y_axis({"reverse": True})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 820, "height": 320})
        sheet.insert_chart(*at, chart)

    def _units(self) -> None:
        self._comparison("units", self._m.comparisons["unit"], notes=("note-small",))

    def _scenes(self) -> None:
        self._comparison("scenes", self._m.comparisons["scene"], notes=("note-small", "note-scenes"))

    def _owners(self) -> None:
        self._comparison("owners", self._m.comparisons["owner"], notes=("note-small",))

    def _comparison(self, key: str, compared: Comparison, *, notes: Sequence[str]) -> None:
        """A table of groups, the best first where they have ranks, coloured by what passes, and a chart."""
        m, indicators = self._m, list(self._m.book.indicators.values())
        sheet = self._sheet(key, (26, 8, 10, 10, 10, *([11, 10] * len(indicators))))
        heads = [self._w(k) for k in ("name", "rank", "cameras", "score", "faults")]
        for indicator in indicators:
            heads += [indicator.title_in(m.language), self._w("checked-share")]
        self._head(sheet, 0, heads)
        sheet.freeze_panes(1, 1)
        groups = sorted(compared.groups, key=lambda g: (g.rank is None, g.rank or 0, -g.tally.cameras))
        for row, group in enumerate(groups, start=1):
            self._group(sheet, row, self._named(group), group.rank, group.tally, indicators)
        last = len(groups)
        self._group(sheet, last + 1, self._w("total"), None, compared.total, indicators)
        for number, indicator in enumerate(indicators):
            self._coloured(sheet, 1, last + 1, 5 + 2 * number, indicator)
        row = last + 3
        for note in notes:
            told = self._w(note, n=int(m.book.setting("ranked-from")))
            sheet.merge_range(row, 0, row, 10, told, self._formats["note"])
            row += 1
        if compared.more:
            sheet.merge_range(row, 0, row, 10, self._w("note-more", n=compared.more), self._formats["note"])
            row += 1
        ranked = min(sum(group.rank is not None for group in groups), MOST_BARS)
        if ranked:
            self._score_chart(sheet, ranked, row + 1)

    def _named(self, group: Group) -> str:
        return (group.title if self._zh else group.title_en or group.title) or self._w("unreported")

    def _group(  # noqa: PLR0913, PLR0917 - the parts of a row
        self, sheet: Any, row: int, name: str, rank: int | None, tally: Tally, indicators: Sequence[Indicator]
    ) -> None:
        self._put(sheet, row, 0, name, "text")
        self._put(sheet, row, 1, rank, "count")
        self._put(sheet, row, 2, tally.cameras, "count")
        self._put(sheet, row, 3, tally.mean_score, "score")
        self._put(sheet, row, 4, sum(tally.faults.values()), "count")
        for number, indicator in enumerate(indicators):
            done = tally.of(indicator.code)
            self._put(sheet, row, 5 + 2 * number, done.rate(indicator), "rate")
            share = done.checked / tally.cameras if tally.cameras else None
            self._put(sheet, row, 6 + 2 * number, share, "rate")

    def _coloured(self, sheet: Any, first: int, last: int, column: int, indicator: Indicator) -> None:
        """What passes and what does not; a dash, for what was not checked, is neither."""
        area = (first, column, last, column)
        sheet.conditional_format(
            *area, {"type": "text", "criteria": "containing", "value": "–", "stop_if_true": True}
        )
        for criteria, colour in ((">=", self._good), ("<", self._bad)):
            rule = {"type": "cell", "criteria": criteria, "value": indicator.threshold, "format": colour}
            sheet.conditional_format(*area, rule)

    def _score_chart(self, sheet: Any, rows: int, at: int) -> None:
        chart, name = self._book.add_chart({"type": "bar"}), sheet.get_name()
        chart.add_series(
            {
                "name": self._w("score"),
                "categories": [name, 1, 0, rows, 0],
                "values": [name, 1, 3, rows, 3],
                "fill": {"color": ACCENTS[0]},
                "gap": 40,
                "data_labels": {"value": True, "num_format": "0.0"},
            }
        )
        chart.set_x_axis({"max": 100, "num_format": "0", "major_gridlines": {"visible": False}})
        chart.set_y_axis({"reverse": True})
        chart.set_title({"name": self._w("score"), "name_font": {"size": 12}})
        chart.set_legend({"none": True})
        chart.set_size({"width": 820, "height": 120 + 24 * rows})
        sheet.insert_chart(at, 0, chart)

    def _trends(self) -> None:
        m = self._m
        measures = [("score", self._w("score"), "score")]
        measures += [(i.code, i.title_in(m.language), "rate") for i in m.book.indicators.values()]
        sheet = self._sheet("trends", (13, *([13] * len(measures))))
        days = m.trends.get("score", [])
        if not days:
            sheet.write_string(0, 0, self._w("no-trend"), self._formats["note"])
            return
        self._head(sheet, 0, [self._w("day"), *(title for _, title, _ in measures)])
        for row, point in enumerate(days, start=1):
            sheet.write_datetime(row, 0, point.day, self._formats["day"])
            for column, (code, _, kind) in enumerate(measures, start=1):
                self._put(sheet, row, column, m.trends[code][row - 1].value, kind)
        last, name = len(days), sheet.get_name()
        for number, columns in enumerate(((1,), range(2, len(measures) + 1))):
            chart = self._book.add_chart({"type": "line"})
            for column in columns:
                chart.add_series(
                    {
                        "name": [name, 0, column],
                        "categories": [name, 1, 0, last, 0],
                        "values": [name, 1, column, last, column],
                        "line": {"color": ACCENTS[(column - 1) % len(ACCENTS)], "width": 2.25},
                        "marker": {"type": "circle", "size": 5} if last < 15 else {"type": "none"},
                    }
                )
            chart.set_x_axis({"num_format": "mm-dd", "date_axis": False})
            chart.set_y_axis({"num_format": "0.0" if number == 0 else "0%", "max": 100 if number == 0 else 1})
            chart.set_title({"name": self._w("score" if number == 0 else "rate"), "name_font": {"size": 12}})
            chart.set_legend({"position": "bottom"})
            chart.set_size({"width": 820, "height": 300})
            sheet.insert_chart(last + 2 + 17 * number, 0, chart)

    def _rules(self) -> None:
        m = self._m
        sheet = self._sheet("rules", (34, 10, 10, 10, 12, 12, 16, 70))
        keys = ("rule", "severity", "weight", "required", "open", "share", "duty", "remedy")
        self._head(sheet, 0, [self._w(key) for key in keys])
        sheet.freeze_panes(1, 1)
        cameras = m.comparisons["unit"].total.cameras
        for row, (rule, count) in enumerate(m.rules, start=1):
            self._put(sheet, row, 0, rule.title_in(m.language), "text")
            self._put(sheet, row, 1, rule.severity, "count")
            self._put(sheet, row, 2, rule.weight, "score")
            self._put(sheet, row, 3, self._w("yes-word" if rule.required else "no-word"), "text")
            self._put(sheet, row, 4, count, "count")
            self._put(sheet, row, 5, count / cameras if cameras else None, "rate")
            self._put(sheet, row, 6, self._w(f"duty-{rule.duty}"), "text")
            self._put(sheet, row, 7, rule.remedy_in(m.language), "text")
        rows = min(len(m.rules), MOST_BARS)
        if rows:
            sheet.conditional_format(1, 4, len(m.rules), 4, {"type": "data_bar", "bar_color": ACCENTS[0]})
            self._fault_chart(sheet, rows, len(m.rules) + 2)

    def _fault_chart(self, sheet: Any, rows: int, at: int) -> None:
        chart, name = self._book.add_chart({"type": "bar"}), sheet.get_name()
        chart.add_series(
            {
                "name": self._w("open"),
                "categories": [name, 1, 0, rows, 0],
                "values": [name, 1, 4, rows, 4],
                "fill": {"color": ACCENTS[4]},
                "gap": 40,
                "data_labels": {"value": True, "num_format": "#,##0"},
            }
        )
        chart.set_y_axis({"reverse": True})
        chart.set_x_axis({"num_format": "#,##0", "major_gridlines": {"visible": False}})
        chart.set_title({"name": self._w("faults"), "name_font": {"size": 12}})
        chart.set_legend({"none": True})
        chart.set_size({"width": 900, "height": 120 + 24 * rows})
        sheet.insert_chart(at, 0, chart)

    def _work_list(self) -> None:
        m = self._m
        sheet = self._sheet("worklist", (8, 24, 30, 16, 16, 34, 40, 44, 16, 12))
        sheet.merge_range(
            0, 0, 0, 9, self._w("note-cut", shown=len(m.faults), all=m.faults_in_all), self._formats["note"]
        )
        keys = ("severity", "code", "camera", "unit", "owner", "address", "reason", "remedy")
        self._head(sheet, 1, [self._w(key) for key in (*keys, "responsible", "since")])
        sheet.freeze_panes(2, 3)
        for row, fault in enumerate(m.faults, start=2):
            cells = (
                (fault.rule.severity, "count"), (fault.camera_code, "text"), (fault.camera_name, "text"),
                (fault.unit_name, "text"), (fault.owner, "text"), (fault.address, "text"),
                (fault.reason(m.language), "wrap"), (fault.rule.remedy_in(m.language), "wrap"),
                (fault.responsible(m.language), "text"),
                (fault.since.astimezone(m.zone).date().isoformat(), "text"),
            )  # fmt: skip
            for column, (value, kind) in enumerate(cells):
                self._put(sheet, row, column, value, kind)
        if m.faults:
            sheet.autofilter(1, 0, len(m.faults) + 1, 9)

    def _definitions(self) -> None:
        m = self._m
        sheet = self._sheet("definitions", (30, 60, 14, 14))
        self._head(sheet, 0, [self._w(key) for key in ("indicator", "formula", "threshold")])
        for row, indicator in enumerate(m.book.indicators.values(), start=1):
            self._put(sheet, row, 0, indicator.title_in(m.language), "text")
            self._put(sheet, row, 1, indicator.formula_in(m.language), "text")
            self._put(sheet, row, 2, indicator.threshold, "rate")
        row = len(m.book.indicators) + 2
        self._head(sheet, row, [self._w(key) for key in ("band", "cameras")])
        for band in m.bands:
            row += 1
            told = f"{band.least:g}" if band.below is None else f"{band.least:g} – < {band.below:g}"
            self._put(sheet, row, 0, told, "text")
            self._put(sheet, row, 1, band.cameras, "count")
        row += 2
        self._head(sheet, row, [self._w(key) for key in ("rule", "remedy", "weight", "required")])
        for rule in m.book.enabled:
            row += 1
            self._put(sheet, row, 0, rule.title_in(m.language), "text")
            self._put(sheet, row, 1, rule.remedy_in(m.language), "wrap")
            self._put(sheet, row, 2, rule.weight, "score")
            self._put(sheet, row, 3, self._w("yes-word" if rule.required else "no-word"), "text")
