"""The sheets of the report, by XlsxWriter; every number stands beside how many cameras it speaks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import xlsxwriter

from base.errors import UnavailableError
from camera_registry.governance.report_charts import ACCENTS, LINE, Cells, Series, bars, lines
from camera_registry.governance.report_pen import Pen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from camera_registry.governance.compare import Comparison, Group
    from camera_registry.governance.report import Material
    from camera_registry.governance.rules import Indicator
    from camera_registry.governance.tally import Tally


MOST_BARS = 20
"""Of one chart; more cannot be read."""


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


class _Report(Pen):
    """One workbook in the making."""

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

    def _overview(self) -> None:
        m, sheet = self.material, self.sheet("overview", (24, 13, 13, 13, 13, 13, 13, 13))
        total = m.comparisons["unit"].total
        sheet.write_string(0, 0, self.w("title"), self.formats["title"])
        sheet.set_row(0, 34)
        assessed = m.assessed_at and m.assessed_at.astimezone(m.zone).strftime("%Y-%m-%d %H:%M")
        for row, (key, value) in enumerate(
            (
                ("about", m.place),
                ("made", m.made_at.astimezone(m.zone).strftime("%Y-%m-%d %H:%M")),
                ("assessed", assessed or self.w("never")),
            ),
            start=1,
        ):
            sheet.write_string(row, 0, self.w(key), self.formats["note"])
            sheet.write_string(row, 1, value, self.formats["plain"])
        self.head(sheet, 5, [self.w(k) for k in ("cameras", "score", "faults")])
        self.put(sheet, 6, 0, total.cameras, "count")
        self.put(sheet, 6, 1, total.mean_score, "score")
        self.put(sheet, 6, 2, sum(total.faults.values()), "count")
        last = self._indicator_table(sheet, 8, total)
        for row, key in enumerate(("note-checked", "note-score", "note-online"), start=last + 2):
            sheet.merge_range(row, 0, row, 7, self.w(key), self.formats["note"])
        rates = Series(self.w("rate"), Cells(sheet.get_name(), 9, last, 0, 1), ACCENTS[0])
        limits = Series(self.w("threshold"), Cells(sheet.get_name(), 9, last, 0, 2), LINE)
        sheet.insert_chart(last + 6, 0, bars(self.book, [rates, limits], most=1, form="0%"))
        self._bands(sheet, 5, 3)

    def _bands(self, sheet: Any, row: int, column: int) -> None:
        """How many records score how much, one band a column, beside the key figures."""
        for n, band in enumerate(reversed(self.material.bands), start=column):
            told = f"{band.least:g}" if band.below is None else f"{band.least:g} – < {band.below:g}"
            sheet.write_string(row, n, told, self.formats["head"])
            self.put(sheet, row + 1, n, band.cameras, "count")
        sheet.write_string(row - 1, column, self.w("band"), self.formats["note"])

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
        self.head(sheet, row, [self.w(key) for key in keys])
        for indicator in self.material.book.indicators.values():
            row += 1
            done = total.of(indicator.code)
            meets = {None: "unknown", True: "yes", False: "no"}[done.meets(indicator)]
            self.put(sheet, row, 0, indicator.title_in(self.material.language), "text")
            self.put(sheet, row, 1, done.rate(indicator), "rate")
            self.put(sheet, row, 2, indicator.threshold, "rate")
            self.put(sheet, row, 3, self.w(meets), "text")
            self.put(sheet, row, 4, done.checked, "count")
            self.put(sheet, row, 5, done.passed, "count")
            self.put(sheet, row, 6, total.cameras - done.checked, "count")
            self.put(sheet, row, 7, done.checked / total.cameras if total.cameras else None, "rate")
        first = row - len(self.material.book.indicators) + 1
        for word_, colour in ((self.w("yes"), self.good), (self.w("no"), self.bad)):
            sheet.conditional_format(
                first, 3, row, 3, {"type": "cell", "criteria": "==", "value": f'"{word_}"', "format": colour}
            )
        return row

    def _units(self) -> None:
        self._comparison("units", self.material.comparisons["unit"])

    def _scenes(self) -> None:
        self._comparison("scenes", self.material.comparisons["scene"], "note-scenes")

    def _owners(self) -> None:
        self._comparison("owners", self.material.comparisons["owner"])

    def _comparison(self, key: str, compared: Comparison, *notes: str) -> None:
        """A table of groups, the best first where they have ranks, coloured by what passes, and a chart."""
        m, indicators = self.material, list(self.material.book.indicators.values())
        sheet = self.sheet(key, (26, 8, 10, 10, 10, *([11, 10] * len(indicators))))
        heads = [self.w(k) for k in ("name", "rank", "cameras", "score", "faults")]
        for indicator in indicators:
            heads += [indicator.title_in(m.language), self.w("checked-share")]
        self.head(sheet, 0, heads)
        sheet.freeze_panes(1, 1)
        groups = sorted(compared.groups, key=lambda g: (g.rank is None, g.rank or 0, -g.tally.cameras))
        for row, group in enumerate(groups, start=1):
            self._group(sheet, row, self._named(group), group.rank, group.tally, indicators)
        last = len(groups)
        self._group(sheet, last + 1, self.w("total"), None, compared.total, indicators)
        for number, indicator in enumerate(indicators):
            self._coloured(sheet, 1, last + 1, 5 + 2 * number, indicator)
        row = last + 3
        for note in ("note-rank", "note-small", *notes):
            told = self.w(note, n=int(m.book.setting("ranked-from")))
            sheet.merge_range(row, 0, row, 10, told, self.formats["note"])
            row += 1
        if compared.more:
            sheet.merge_range(row, 0, row, 10, self.w("note-more", n=compared.more), self.formats["note"])
            row += 1
        ranked = min(sum(group.rank is not None for group in groups), MOST_BARS)
        if ranked:
            scores = Series(self.w("score"), Cells(sheet.get_name(), 1, ranked, 0, 3), ACCENTS[0])
            sheet.insert_chart(row + 1, 0, bars(self.book, [scores], most=100, form="0.0", labels=True))

    def _named(self, group: Group) -> str:
        return (group.title if self.chinese else group.title_en or group.title) or self.w("unreported")

    def _group(  # noqa: PLR0913, PLR0917 - the parts of a row
        self, sheet: Any, row: int, name: str, rank: int | None, tally: Tally, indicators: Sequence[Indicator]
    ) -> None:
        self.put(sheet, row, 0, name, "text")
        self.put(sheet, row, 1, rank, "count")
        self.put(sheet, row, 2, tally.cameras, "count")
        self.put(sheet, row, 3, tally.mean_score, "score")
        self.put(sheet, row, 4, sum(tally.faults.values()), "count")
        for number, indicator in enumerate(indicators):
            done = tally.of(indicator.code)
            self.put(sheet, row, 5 + 2 * number, done.rate(indicator), "rate")
            share = done.checked / tally.cameras if tally.cameras else None
            self.put(sheet, row, 6 + 2 * number, share, "rate")

    def _coloured(self, sheet: Any, first: int, last: int, column: int, indicator: Indicator) -> None:
        """What passes and what does not; a dash, for what was not checked, is neither."""
        area = (first, column, last, column)
        sheet.conditional_format(
            *area, {"type": "text", "criteria": "containing", "value": "–", "stop_if_true": True}
        )
        for criteria, colour in ((">=", self.good), ("<", self.bad)):
            rule = {"type": "cell", "criteria": criteria, "value": indicator.threshold, "format": colour}
            sheet.conditional_format(*area, rule)

    def _trends(self) -> None:
        m = self.material
        measures = [("score", self.w("score"), "score")]
        measures += [(i.code, i.title_in(m.language), "rate") for i in m.book.indicators.values()]
        sheet = self.sheet("trends", (13, *([13] * len(measures))))
        days = m.trends.get("score", [])
        if not days:
            sheet.write_string(0, 0, self.w("no-trend"), self.formats["note"])
            return
        self.head(sheet, 0, [self.w("day"), *(title for _, title, _ in measures)])
        for row, point in enumerate(days, start=1):
            self.put(sheet, row, 0, point.day.isoformat(), "text")
            for column, (code, _, kind) in enumerate(measures, start=1):
                value = m.trends[code][row - 1].value
                if value is not None:  # a gap in the line, where a dash would be drawn as nought
                    self.put(sheet, row, column, value, kind)
        last, name = len(days), sheet.get_name()
        score = [Series(self.w("score"), Cells(name, 1, last, 0, 1), ACCENTS[0])]
        rates = [
            Series(title, Cells(name, 1, last, 0, column), ACCENTS[column % len(ACCENTS)])
            for column, (_, title, _) in enumerate(measures[1:], start=2)
        ]
        sheet.insert_chart(last + 2, 0, lines(self.book, score, most=100, form="0"))
        sheet.insert_chart(last + 19, 0, lines(self.book, rates, most=1, form="0%"))

    def _rules(self) -> None:
        m = self.material
        sheet = self.sheet("rules", (34, 10, 10, 10, 12, 12, 16, 70))
        keys = ("rule", "severity", "weight", "required", "open", "share", "duty", "remedy")
        self.head(sheet, 0, [self.w(key) for key in keys])
        sheet.freeze_panes(1, 1)
        cameras = m.comparisons["unit"].total.cameras
        for row, (rule, count) in enumerate(m.rules, start=1):
            self.put(sheet, row, 0, rule.title_in(m.language), "text")
            self.put(sheet, row, 1, rule.severity, "count")
            self.put(sheet, row, 2, rule.weight, "score")
            self.put(sheet, row, 3, self.w("yes-word" if rule.required else "no-word"), "text")
            self.put(sheet, row, 4, count, "count")
            self.put(sheet, row, 5, count / cameras if cameras else None, "rate")
            self.put(sheet, row, 6, self.w(f"duty-{rule.duty}"), "text")
            self.put(sheet, row, 7, rule.remedy_in(m.language), "text")
        rows = min(len(m.rules), MOST_BARS)
        if rows:
            sheet.conditional_format(1, 4, len(m.rules), 4, {"type": "data_bar", "bar_color": ACCENTS[0]})
            counts = Series(self.w("open"), Cells(sheet.get_name(), 1, rows, 0, 4), ACCENTS[4])
            chart = bars(self.book, [counts], form="#,##0", labels=True)
            sheet.insert_chart(len(m.rules) + 2, 0, chart)

    def _work_list(self) -> None:
        m = self.material
        sheet = self.sheet("worklist", (8, 24, 30, 16, 16, 34, 40, 44, 16, 12))
        sheet.merge_range(
            0, 0, 0, 9, self.w("note-cut", shown=len(m.faults), all=m.faults_in_all), self.formats["note"]
        )
        keys = ("severity", "code", "camera", "unit", "owner", "address", "reason", "remedy")
        self.head(sheet, 1, [self.w(key) for key in (*keys, "responsible", "since")])
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
                self.put(sheet, row, column, value, kind)
        if m.faults:
            sheet.autofilter(1, 0, len(m.faults) + 1, 9)

    def _definitions(self) -> None:
        m = self.material
        sheet = self.sheet("definitions", (30, 60, 14, 14))
        self.head(sheet, 0, [self.w(key) for key in ("indicator", "formula", "threshold")])
        for row, indicator in enumerate(m.book.indicators.values(), start=1):
            self.put(sheet, row, 0, indicator.title_in(m.language), "text")
            self.put(sheet, row, 1, indicator.formula_in(m.language), "text")
            self.put(sheet, row, 2, indicator.threshold, "rate")
        row = len(m.book.indicators) + 2
        self.head(sheet, row, [self.w(key) for key in ("rule", "remedy", "weight", "required")])
        for rule in m.book.enabled:
            row += 1
            self.put(sheet, row, 0, rule.title_in(m.language), "text")
            self.put(sheet, row, 1, rule.remedy_in(m.language), "wrap")
            self.put(sheet, row, 2, rule.weight, "score")
            self.put(sheet, row, 3, self.w("yes-word" if rule.required else "no-word"), "text")
