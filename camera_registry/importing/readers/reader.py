"""What every reader of a list gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from base.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from camera_registry.importing.values import Problem

CHUNK = 20_000
"""Rows that are worked on at once: enough to make a statement worth its while, 30 MB at most lists."""

MOST_ROWS = 2_000_000
MOST_COLUMNS = 500
MOST_CELL = 100_000
"""Characters."""


@dataclass(slots=True)
class Chunk:
    """Some rows of a list, column by column.

    Attributes:
        width: How many columns there are.
        numbers: Of each row, as the file's own program shows it.
        columns: Their cells as text; each column has as many as there are rows.
        broken: Rows that could not be read: number, the cells as far as they go, the problem.
        spoilt: Problems of single cells that the reader found: (index of the row, column, problem).
        share: Of the file that is read now, 0 to 1.
    """

    width: int
    numbers: list[int] = field(default_factory=list)
    columns: list[list[str]] = field(default_factory=list)
    broken: list[tuple[int, list[str], Problem]] = field(default_factory=list)
    spoilt: list[tuple[int, int, Problem]] = field(default_factory=list)
    share: float = 0.0

    def __post_init__(self) -> None:
        self.columns = self.columns or [[] for _ in range(self.width)]

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def full(self) -> bool:
        """Whether it is to be handed on."""
        return len(self.numbers) + len(self.broken) >= CHUNK

    @property
    def rows(self) -> list[list[str]]:
        """The cells row by row."""
        return [list(cells) for cells in zip(*self.columns, strict=True)]

    def head(self, most: int) -> list[list[str]]:
        """The first rows."""
        return [self.row(index) for index in range(min(most, len(self)))]

    def row(self, index: int) -> list[str]:
        """The cells of one row."""
        return [column[index] for column in self.columns]

    def add(self, numbers: Sequence[int], rows: Sequence[Sequence[str]]) -> None:
        """Add rows, each of the chunk's width."""
        self.add_columns(numbers, list(zip(*rows, strict=True)) if rows else [()] * self.width)

    def add_columns(self, numbers: Sequence[int], columns: Sequence[Sequence[str]]) -> None:
        """Add rows that are columns already."""
        self.numbers.extend(numbers)
        for mine, more in zip(self.columns, columns, strict=True):
            mine.extend(more)


class Reader(Protocol):
    """A list as rows of text. It can be read again from the start.

    Attributes:
        form: ``form`` and what else was found: encoding, delimiter, sheet, layer.
        header: Headers of the columns, each once.
        notes: What was found and left alone.
    """

    form: dict[str, str]
    header: list[str]
    notes: list[str]

    def chunks(self) -> Iterator[Chunk]:
        """The rows, in order.

        Raises:
            InvalidInputError: The file is damaged from here on.
        """
        ...


def as_text(value: Any) -> str:
    """A typed value as the text that the rules read: 7.0 as 7, nothing as the empty text."""
    if value is None:
        return ""
    if value is True or value is False:
        return "1" if value else "0"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, int) and abs(value) >= 10**15:
        # A program that keeps numbers as binary fractions has lost what is beyond: shown as it would.
        return f"{value:.14E}"
    return str(value)


def require_rows(count: int) -> None:
    """Refuse a list that no city has.

    Raises:
        InvalidInputError: It has more than :data:`MOST_ROWS` rows.
    """
    if count > MOST_ROWS:
        raise InvalidInputError(
            f"The list has more than {MOST_ROWS:,} rows.", remedy="Split it and import its parts as partial."
        )
