"""CSV and its kin: four delimiters, quoted line breaks, rows of the wrong width, quotes never closed."""

from __future__ import annotations

import csv
from collections import deque
from dataclasses import dataclass
from io import StringIO
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
_BLOCK = 1 << 19  # characters
_HEAD = 20  # rows among which the header is looked for
_TAB_NAMES = {"\t": "tab"}

UNCLOSED = Problem(
    "unclosed-quote",
    "A quotation mark is opened in it and not closed; the rows after it were read on their own.",
    'Close it, or write a quotation mark that is meant twice ("").',
)


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that cannot be read.

    Attributes:
        problem: Why.
        cells: What stands in its first line, as far as that can be told.
    """

    problem: Problem
    cells: list[str]


Record = list[str] | Broken


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
            head = list(islice(file, 50))
        self._skipped = 1 if head and head[0].strip().lower().startswith("sep=") else 0
        self.delimiter = _told(head[0]) if self._skipped else _sniff(head[self._skipped :])
        with self._open() as file:
            _, text = next(self._blocks(file), (1, ""))
            records = self._parse(text, file)
        rows = [row if isinstance(row, list) else [] for row in records[:_HEAD]]
        if not rows:
            raise InvalidInputError("The file has no rows.", remedy="Export the list again.")
        self._first = self._skipped + header_row(kind, rows)
        named = rows[self._first - self._skipped]
        while named and not named[-1].strip():
            named.pop()
        if len(named) > MOST_COLUMNS:
            raise InvalidInputError(
                f"The list has more than {MOST_COLUMNS} columns.", remedy="Leave some out."
            )
        self.header = unique_headers(named)
        self.notes = []
        if self._encoding.damaged:
            self.notes.append(
                f"Some bytes are no {self._encoding.name}: the rows that hold them are refused as damaged."
            )
        if self._first:
            self.notes.append(
                f"The header is taken from row {self._first + 1}; what stands above was left out."
            )
        self.form = {
            "form": "csv",
            "encoding": self._encoding.name,
            "delimiter": _TAB_NAMES.get(self.delimiter, self.delimiter),
        }

    def chunks(self) -> Iterator[Chunk]:
        """The rows, in order; one that is broken costs no other."""
        width, read = len(self.header), 0
        chunk = Chunk(width)
        with self._open() as file:
            for number, text in self._blocks(file):
                columns = self._split(text) if number > self._first + 1 else None
                if columns is not None:
                    self._done += len(columns[0])
                    chunk.add_columns(range(number, self._done + 1), columns)
                else:
                    self._add(chunk, number, self._parse(text, file))
                if chunk.full:
                    read += len(chunk) + len(chunk.broken)
                    require_rows(read)
                    chunk.share = min(1.0, file.buffer.tell() / self._size)
                    yield chunk
                    chunk = Chunk(width)
        chunk.share = 1.0
        yield chunk

    def _split(self, text: str) -> list[list[str]] | None:
        """The columns of lines in which nothing is quoted and every row has the header's width; else None.

        Most blocks of most lists are so, and one split is several times faster than parsing and transposing.
        """
        text = text.replace("\r\n", "\n")
        if '"' in text or "\r" in text:
            return None
        if not text.endswith("\n"):
            text += "\n"
        delimiter, width, count = self.delimiter, len(self.header), text.count("\n")
        cells = text.replace("\n", f"{delimiter}\n{delimiter}").split(delimiter)
        end = count * (width + 1)
        if len(cells) != end + 1 or cells[width : end : width + 1] != ["\n"] * count:
            return None
        return [cells[column : end : width + 1] for column in range(width)]

    def _add(self, chunk: Chunk, number: int, records: list[Record]) -> None:
        """Rows of the header's width go in as they are; the others are looked at one by one."""
        width = len(self.header)
        numbers: list[int] = []
        rows: list[list[str]] = []
        for at, row in enumerate(records, start=number):
            if at <= self._first + 1:
                continue
            if isinstance(row, Broken):
                chunk.broken.append((at, row.cells, row.problem))
            elif row and (len(row) < width or any(row[width:])):
                chunk.broken.append((at, row, _ragged(len(row), width)))
            elif row:
                numbers.append(at)
                rows.append(row[:width])
        chunk.add(numbers, rows)

    def _open(self) -> TextIO:
        return self._path.open(encoding=self._encoding.name, errors="replace", newline="")

    def _blocks(self, file: TextIO) -> Iterator[tuple[int, str]]:
        """The text, a block of whole lines at a time, and the number of the block's first record.

        Whoever takes a block adds to ``_done`` how many records it was.
        """
        for _ in range(self._skipped):
            file.readline()
        self._done = self._skipped
        while text := file.read(_BLOCK):
            yield self._done + 1, text + file.readline()

    def _parse(self, text: str, file: TextIO) -> list[Record]:
        """The records of a block, and what is wrong with those that cannot be read.

        The last one's other lines, if it has any, are taken from the file.
        """
        lines = list(StringIO(text, newline=""))
        try:
            records: list[Record] = list(csv.reader(lines, delimiter=self.delimiter, strict=True))
        except csv.Error:  # of a record, or the block ends within quotation marks
            records = list(self._one_by_one(_Lines(lines, file)))
        self._done += len(records)
        return records

    def _one_by_one(self, lines: _Lines) -> Iterator[Record]:
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        while lines.begin():
            try:
                yield next(reader)
            except StopIteration:
                return
            except (csv.Error, _TooLong) as err:
                first = lines.give_back()
                yield Broken(_problem(err), first.rstrip("\r\n").replace('"', "").split(self.delimiter))


class _TooLong(Exception):  # noqa: N818 - never leaves this module
    """A record runs over too many lines."""


class _Lines:
    """A block's lines, and those after it as far as its last record needs them.

    Of the record that is being read all lines but the first can be given back.
    """

    def __init__(self, block: list[str], file: TextIO) -> None:
        self._file = file
        self._waiting = deque(block)
        self._taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self._taken) > MOST_LINES:
            raise _TooLong
        line = self._waiting.popleft() if self._waiting else self._file.readline()
        if not line:
            raise StopIteration
        self._taken.append(line)
        return line

    def begin(self) -> bool:
        """Begin a record, if the block has one left."""
        self._taken.clear()
        return bool(self._waiting)

    def give_back(self) -> str:
        """Return to the line after the record's first, and tell that one."""
        first, *rest = self._taken or [""]
        self._waiting.extendleft(reversed(rest))
        return first


def _problem(err: Exception) -> Problem:
    said = str(err)
    if isinstance(err, _TooLong) or "unexpected end" in said or "field larger" in said:
        return UNCLOSED
    return Problem(
        "broken-quotes",
        "Its quotation marks cannot be read: one stands in the middle of a value.",
        'Put values that hold a delimiter in quotation marks, and double quotation marks within them ("").',
    )


def _ragged(found: int, wanted: int) -> Problem:
    more = found > wanted
    return Problem(
        "wrong-width",
        f"It has {found} values; the header has {wanted}.",
        "Put a value that holds the delimiter in quotation marks."
        if more
        else "Values are missing: keep delimiters of empty cells, and put line breaks in quotation marks.",
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
