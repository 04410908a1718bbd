"""What every sheet of the report is written with: formats, words, headers and cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from camera_registry.exporting.request import Language
from camera_registry.governance.report_charts import LINE
from camera_registry.governance.report_words import word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from camera_registry.governance.report import Material

INK, HEAD, GOOD, BAD, MUTED = "#1F2A37", "#E8EEF5", "#1E7B4F", "#B3261E", "#6B7785"


class Pen:
    """Writes cells of one workbook.

    Attributes:
        book: The workbook.
        material: What it tells.
        chinese: Whether its words are Chinese.
        formats: Of cells, by kind.
        good: The colour of what passes.
        bad: The colour of what fails.
    """

    def __init__(self, book: Any, material: Material) -> None:
        self.book = book
        self.material = material
        self.chinese = material.language is Language.CHINESE
        base = {
            "font_name": "Microsoft YaHei" if self.chinese else "Calibri",
            "font_size": 10,
            "font_color": INK,
        }
        cell = {**base, "border": 1, "border_color": LINE, "valign": "vcenter"}
        add: Callable[[dict[str, Any]], Any] = book.add_format
        self.formats = {
            "title": add({**base, "font_size": 20, "bold": True}),
            "note": add({**base, "font_color": MUTED, "text_wrap": True, "valign": "top"}),
            "plain": add(base),
            "head": add({**cell, "bold": True, "bg_color": HEAD, "text_wrap": True, "align": "center"}),
            "text": add(cell),
            "wrap": add({**cell, "text_wrap": True, "valign": "top"}),
            "count": add({**cell, "num_format": "#,##0"}),
            "score": add({**cell, "num_format": "0.0"}),
            "rate": add({**cell, "num_format": "0.0%"}),
            "muted": add({**cell, "font_color": MUTED, "align": "center"}),
        }
        self.good = add({"font_color": GOOD, "bg_color": "#E3F4EA"})
        self.bad = add({"font_color": BAD, "bg_color": "#FBE5E3"})

    def w(self, key: str, **parts: object) -> str:
        """A word of the report's language."""
        return word(key, self.material.language, **parts)

    def sheet(self, key: str, widths: Sequence[float]) -> Any:
        """A new sheet, which prints on one page's width."""
        sheet = self.book.add_worksheet(self.w(key))
        sheet.hide_gridlines(2)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        return sheet

    def head(self, sheet: Any, row: int, titles: Sequence[str]) -> None:
        """The header of a table."""
        for column, title in enumerate(titles):
            sheet.write_string(row, column, title, self.formats["head"])
        sheet.set_row(row, 30)

    def put(self, sheet: Any, row: int, column: int, value: Any, kind: str) -> None:
        """A value, or a dash where there is none."""
        if value is None:
            sheet.write_string(row, column, "–", self.formats["muted"])
        elif isinstance(value, str):
            sheet.write_string(row, column, value[:32_000], self.formats[kind])
        else:
            sheet.write(row, column, value, self.formats[kind])
