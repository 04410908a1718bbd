"""CSV and its kin: any of four delimiters, quoted line breaks, rows of the wrong width, quotes never closed."""

from __future__ import annotations

import csv
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, TextIO

from base.errors import InvalidInputError
from camera_registry.importing.headers import header_row, unique_headers
from camera_registry.importing.readers.encoding import detect
from camera_registry.importing.readers.reader import (
    MOST_COLUMNS,
    Chunk,
    require_rows,
)
from camera_registry.importing.values import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from camera_registry.importing.request import Kind

DELIMITERS = ",;\t|"
MOST_LINES = 60
"""Lines that one row may run over: more is a quotation mark that was never closed."""
MOST_LINE = 1_000_000
"""Characters."""
_HEAD = 20  # rows among which the header is looked for
_TAB_NAMES = {"\t": "tab"}

UNCLOSED = Problem(
    "unclosed-quote",
    "A quotation mark is opened in it and not closed; the rows after it were read on their own.",
    'Close it, or write a quotation mark that is meant twice ("").',
)


class DelimitedReader:
    """Reads delimited text.

    Raises:
        InvalidInputError: It is no text, or has no rows.
    """

    def __init__(self, path: Path, kind: Kind) -> None:
        self._path = path
        self._encoding = detect(path)
        self._size = path.stat().st_size
        with self._open() as file:
            head = list(islice(iter(lambda: file.readline(MOST_LINE), ""), 50))
        self._skipped = 1 if head and head[0].strip().lower().startswith("sep=") else 0
        self.delimiter = _told(head[0]) if self._skipped else _sniff(head[self._skipped :])
        rows = [row if isinstance(row, list) else [] for _, row in islice(self._records(), _HEAD)]
        if not rows:
            raise InvalidInputError("The file has no rows.", remedy="Export the list again.")
        self._first = header_row(kind, rows)
        named = rows[self._first]
        while named and not named[-1].strip():
            named.pop()
        if len(named) > MOST_COLUMNS:
            raise InvalidInputError(f"The list has more than {MOST_COLUMNS} columns.", remedy="Leave some out.")
        self.header = unique_headers(named)
        self.notes = []
        if self._encoding.damaged:
            self.notes.append(
                f"Some bytes are no {self._encoding.name}: the rows that hold them are refused as damaged."
            )
        if self._first:
            self.notes.append(f"The header is taken from row {self._first + 1}; what stands above was left out.")
        self.form = {
            "form": "csv",
            "encoding": self._encoding.name,
            "delimiter": _TAB_NAMES.get(self.delimiter, self.delimiter),
        }

    def chunks(self) -> Iterator[Chunk]:
        """The rows, in order; one that is broken costs no other."""
        width, chunk, read = len(self.header), Chunk(), 0
        with self._open() as file:
            for number, row in self._records(file):
                if number <= self._first + 1:
                    continue
                if isinstance(row, Problem):
                    chunk.broken.append((number, [], row))
                elif len(row) == width:
                    chunk.numbers.append(number)
                    chunk.rows.append(row)
                elif row and (len(row) < width or any(row[width:])):
                    chunk.broken.append((number, row, _ragged(len(row), width)))
                elif row:
                    chunk.numbers.append(number)
                    chunk.rows.append(row[:width])
                if chunk.full:
                    read += len(chunk.rows) + len(chunk.broken)
                    require_rows(read)
                    chunk.share = min(1.0, file.buffer.tell() / self._size)
                    yield chunk
                    chunk = Chunk()
        chunk.share = 1.0
        yield chunk

    def _open(self) -> TextIO:
        return self._path.open(encoding=self._encoding.name, errors="replace", newline="")

    def _records(self, file: TextIO | None = None) -> Iterator[tuple[int, list[str] | Problem]]:
        """Number, from 1, and cells of each record, or what is wrong with it."""
        if file is None:
            with self._open() as opened:
                yield from self._records(opened)
            return
        lines = _Lines(file)
        for _ in range(self._skipped):
            next(lines, None)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        number = self._skipped
        while True:
            lines.begin()
            number += 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except (csv.Error, _TooLong) as err:
                lines.give_back()
                yield number, _problem(err)
            else:
                yield number, row


class _TooLong(Exception):  # noqa: N818 - never leaves this module
    """A record runs over too many lines."""


class _Lines:
    """A file's lines, of which those of the record that is being read can be given back but for the first."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._returned: deque[str] = deque()
        self._taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self._taken) > MOST_LINES:
            raise _TooLong
        line = self._returned.popleft() if self._returned else self._file.readline(MOST_LINE)
        if not line:
            raise StopIteration
        self._taken.append(line)
        return line

    def begin(self) -> None:
        self._taken.clear()

    def give_back(self) -> None:
        self._returned.extendleft(reversed(self._taken[1:]))


def _problem(err: Exception) -> Problem:
    said = str(err)
    if isinstance(err, _TooLong) or "unexpected end" in said or "field larger" in said:
        return UNCLOSED
    return Problem(
        "broken-quotes",
        "Its quotation marks cannot be read: one stands in the middle of a value.",
        'Put values with a delimiter or quotation mark in them in quotation marks, and double those within ("").',
    )


def _ragged(found: int, wanted: int) -> Problem:
    more = found > wanted
    return Problem(
        "wrong-width",
        f"It has {found} values; the header has {wanted}.",
        "Put a value that holds the delimiter in quotation marks."
        if more
        else "Values are missing: keep the delimiters of empty cells, and line breaks within quotation marks.",
    )


def _told(line: str) -> str:
    given = line.strip()[4:5] or line.rstrip("\r\n")[4:5]
    return given if given and given in DELIMITERS else ","


def _sniff(lines: list[str]) -> str:
    """The delimiter that parts most lines into the same number of cells, and into the most."""

    def score(delimiter: str) -> tuple[float, int]:
        try:
            rows = list(csv.reader(lines, delimiter=delimiter))
        except csv.Error:
            rows = [line.split(delimiter) for line in lines]
        widths = [len(row) for row in rows if row]
        if not widths:
            return 0.0, 0
        usual = max(set(widths), key=lambda width: (widths.count(width), width))
        return (widths.count(usual) / len(widths) if usual > 1 else 0.0), usual

    return max(DELIMITERS, key=lambda d: (round(score(d)[0] * 4), score(d)[1]))
