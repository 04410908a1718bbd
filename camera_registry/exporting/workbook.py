"""XLSX of any length in constant memory."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

import xlsxwriter

from base.errors import UnavailableError
from camera_registry.exporting.guard import is_formula
from camera_registry.exporting.request import Language
from camera_registry.exporting.writers import as_text, headers_of
from camera_registry.importing import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from camera_registry.exporting.columns import ExportColumn
    from camera_registry.exporting.request import ExportRequest
    from camera_registry.exporting.rows import Row

MOST_ROWS = 1_000_000
"""Of one sheet, below the header; the format ends at 1,048,576."""

MOST_LETTERS = 32_767
"""Of one cell; the format's own limit."""

WIDTHS = {"text": 22.0, "whole": 10.0, "number": 14.0, "day": 12.0, "moment": 22.0}
"""Of columns, in letters."""

_TITLES = {
    (Kind.CAMERAS, Language.CHINESE): "摄像机",
    (Kind.CAMERAS, Language.ENGLISH): "cameras",
    (Kind.POINTS, Language.CHINESE): "点位",
    (Kind.POINTS, Language.ENGLISH): "points",
}


class XlsxFile:
    """A workbook; a further sheet begins where one is full. Rows go to a temporary file beside it at once."""

    def __init__(self, path: Path, request: ExportRequest, columns: Sequence[ExportColumn]) -> None:
        self._parts = tempfile.TemporaryDirectory(dir=path.parent, prefix="xlsx-", ignore_cleanup_errors=True)
        options = {"constant_memory": True, "tmpdir": self._parts.name, "in_memory": False}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._title = _TITLES[request.kind, request.language]
        self._headers = headers_of(columns, request.language)
        self._columns = columns
        self._bold = self._book.add_format({"bold": True})
        # Text stays text in a cell that is edited, too: the mark that Excel shows as an apostrophe.
        self._text = self._book.add_format({"quote_prefix": True})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._sheets = 0
        self._begin_sheet()

    def write(self, rows: list[Row]) -> None:
        """See :class:`Writer`."""
        for row in rows:
            if self._line > MOST_ROWS:
                self._begin_sheet()
            for i, column in enumerate(self._columns):
                if (value := row[i]) is not None:
                    self._put(i, column, value)
            self._line += 1

    def finish(self) -> None:
        """See :class:`Writer`."""
        try:
            self._book.close()
        except xlsxwriter.exceptions.XlsxFileError as err:
            raise UnavailableError("The workbook cannot be written: the disk may be full.") from err
        self._parts.cleanup()

    def abandon(self) -> None:
        """See :class:`Writer`."""
        self._parts.cleanup()

    def _begin_sheet(self) -> None:
        self._sheets += 1
        name = self._title if self._sheets == 1 else f"{self._title} {self._sheets}"
        self._sheet = self._book.add_worksheet(name)
        for i, column in enumerate(self._columns):
            self._sheet.set_column(i, i, WIDTHS[column.type])
        self._sheet.freeze_panes(1, 0)
        for i, header in enumerate(self._headers):
            self._sheet.write_string(0, i, header, self._bold)
        self._line = 1

    def _put(self, i: int, column: ExportColumn, value: Any) -> None:
        if column.type == "text":
            risky = self._text if is_formula(value) else None
            self._sheet.write_string(self._line, i, value[:MOST_LETTERS], risky)
        elif column.type == "day":
            self._sheet.write_datetime(self._line, i, value, self._day)
        elif column.type == "moment":
            self._sheet.write_string(self._line, i, as_text(value))
        else:
            self._sheet.write_number(self._line, i, value)
