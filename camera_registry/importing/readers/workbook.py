"""XLSX workbooks, read row by row: typed cells as text, and never more memory than the limits allow."""

from __future__ import annotations

import warnings
import zipfile
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

import openpyxl

from base.errors import DengtaError, InvalidInputError
from camera_registry.importing.headers import header_row, recognise, unique_headers
from camera_registry.importing.readers.reader import (
    CHUNK,
    MOST_CELL,
    MOST_COLUMNS,
    Chunk,
    as_text,
    require_rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from openpyxl.workbook import Workbook

    from camera_registry.importing.request import Kind

MOST_PARTS = 2000
MOST_UNPACKED = 4 << 30
"""Bytes of all parts together: a sheet of two million rows, read as it is unpacked."""
MOST_HELD = 400 << 20
"""Bytes of a part that is held in memory whole: texts, styles."""
MOST_RATIO = 400
"""Unpacked to packed; a spreadsheet's own is 10 to 40."""
_SMALL = 10 << 20  # below it any ratio is harmless
_HEAD = 20
_SHEETS = 30


class WorkbookReader:
    """Reads the sheet of a workbook that looks most like the list.

    Raises:
        InvalidInputError: It is damaged, encrypted, or unpacks to more than any list needs.
    """

    def __init__(self, path: Path, kind: Kind) -> None:
        self._path = path
        check_archive(path)
        with self._opened() as book:
            names = [name for name in book.sheetnames if hasattr(book[name], "iter_rows")][:_SHEETS]
            heads = {name: list(self._rows(book, name, most=_HEAD)) for name in names}
        heads = {name: rows for name, rows in heads.items() if any(any(cells) for _, cells in rows)}
        if not heads:
            raise InvalidInputError("The workbook has no rows.", remedy="Save the list into its first sheet.")
        chosen = max(heads, key=lambda name: _likeness(kind, [cells for _, cells in heads[name]]))
        rows = heads[chosen]
        self._sheet = chosen
        self._first = header_row(kind, [cells for _, cells in rows])
        named = list(rows[self._first][1])
        while named and not named[-1].strip():
            named.pop()
        self.header = unique_headers(named)
        self.notes = []
        others = [name for name in heads if name != chosen]
        if others:
            self.notes.append(f"Read is sheet {chosen!r}; not read: {', '.join(map(repr, others[:10]))}.")
        if self._first:
            self.notes.append(
                f"The header is taken from row {self._first + 1}; what stands above was left out."
            )
        self.form = {"form": "xlsx", "sheet": chosen}

    def chunks(self) -> Iterator[Chunk]:
        """The rows, in order."""
        width, read = len(self.header), 0
        numbers: list[int] = []
        rows: list[list[str]] = []
        with self._opened() as book:
            total = max(book[self._sheet].max_row or 0, 1)
            for number, cells in self._rows(book, self._sheet):
                if number <= self._first + 1 or not any(cells):
                    continue
                numbers.append(number)
                rows.append(cells[:width] + [""] * (width - len(cells)))
                if len(rows) == CHUNK:
                    read += CHUNK
                    require_rows(read)
                    yield self._chunk(numbers, rows, min(1.0, number / max(total, number)))
                    numbers, rows = [], []
        yield self._chunk(numbers, rows, 1.0)

    def _chunk(self, numbers: list[int], rows: list[list[str]], share: float) -> Chunk:
        chunk = Chunk(len(self.header), share=share)
        chunk.add(numbers, rows)
        return chunk

    @contextmanager
    def _opened(self) -> Iterator[Workbook]:
        """The workbook; whatever a damaged one raises becomes one sentence."""
        book = None
        try:
            # Opened here: openpyxl itself judges a path by its ending, and an upload has one of its own.
            with self._path.open("rb") as file, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of styles and extensions that concern no list
                book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
                yield book
        except (DengtaError, GeneratorExit):
            raise
        except (ParseError, zipfile.BadZipFile, EOFError, OSError) as err:
            raise _damaged() from err
        except Exception as err:  # openpyxl raises whatever its parsing ran into
            raise _damaged() from err
        finally:
            if book is not None:
                book.close()

    @staticmethod
    def _rows(book: Workbook, name: str, most: int | None = None) -> Iterator[tuple[int, list[str]]]:
        sheet = book[name]
        # A sheet may claim any size in its first line; what counts is what it holds.
        sheet.reset_dimensions()
        rows = sheet.iter_rows(values_only=True, max_row=most, max_col=MOST_COLUMNS)
        for number, cells in enumerate(rows, start=1):
            # A cell far below claims a million empty rows above it: they must cost next to nothing.
            empty = cells.count(None) == len(cells)
            yield number, [] if empty else [_cell(value) for value in cells]


def _cell(value: Any) -> str:
    if type(value) is str:
        return value[:MOST_CELL]
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return as_text(value)


def _likeness(kind: Kind, rows: Sequence[Sequence[str]]) -> int:
    return max(sum(recognise(kind, cell) is not None for cell in row if cell) for row in rows)


def check_archive(path: Path) -> None:
    """Refuse an archive that would unpack to more than any list needs, before anything is unpacked.

    Raises:
        InvalidInputError: It would, or it is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as err:
        raise _damaged() from err
    if any(part.flag_bits & 1 for part in parts):
        raise InvalidInputError("The workbook is encrypted.", remedy="Save it without a password.")
    held = sum(part.file_size for part in parts if "/worksheets/" not in part.filename)
    total = sum(part.file_size for part in parts)
    swollen = any(
        part.file_size > _SMALL and part.file_size > MOST_RATIO * max(part.compress_size, 1) for part in parts
    )
    if len(parts) > MOST_PARTS or total > MOST_UNPACKED or held > MOST_HELD or swollen:
        raise InvalidInputError(
            f"The workbook unpacks to {total >> 20:,} MiB in {len(parts):,} parts: more than a list needs.",
            remedy="Save the list alone, without pictures, into a new workbook, or as CSV.",
        )


def _damaged() -> InvalidInputError:
    return InvalidInputError(
        "The workbook is damaged.", remedy="Open it in a spreadsheet program and save it anew."
    )
