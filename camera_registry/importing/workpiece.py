"""A chunk of rows while it is checked: its values, its problems, and what becomes of each row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from base.redact import HIDDEN, redact_text
from camera_registry.importing.report import Fault, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from camera_registry.importing.headers import Columns
    from camera_registry.importing.readers.reader import Chunk
    from camera_registry.importing.values import Problem

_SHOWN = 80
"""Characters of a value that a fault shows."""
_SECRET = frozenset({"password", "username"})


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials that a row carries."""

    username: str
    password: str = field(repr=False)


class Workpiece:
    """A chunk while it is checked; rows are told by their index in it.

    Attributes:
        values: Field → a value for each row.
        left_out: Rows that are no records, with what is to be said of them.
        cleared: Fields that a row empties.
        logins: Credentials that a row carries.
        aliases: Keys of name and place by which rows with a code may have been known before.
    """

    def __init__(self, chunk: Chunk, columns: Columns) -> None:
        self.chunk = chunk
        self.size = len(chunk)
        self.columns = columns
        self.values: dict[str, list[Any]] = {}
        self.left_out: dict[int, Problem | None] = {}
        self.cleared: dict[int, list[str]] = {}
        self.logins: dict[int, Login] = {}
        self.aliases: dict[int, str] = {}
        self._problems: dict[int, list[tuple[int | None, Problem, str | None]]] = {}
        self._secret = {c.index for c in columns.columns.values() if c.field.name in _SECRET}
        self._none: list[Any] = [None] * self.size

    def texts(self, column: int) -> Sequence[str]:
        """The cells of a column."""
        return self.chunk.columns[column]

    def column(self, name: str) -> list[Any]:
        """A field's values, of which there may be none."""
        return self.values.get(name, self._none)

    def note(self, index: int, column: int | None, problem: Problem, shown: str | None = None) -> None:
        """Something is wrong with a row: in a column, or as a whole."""
        self._problems.setdefault(index, []).append((column, problem, shown))

    def misread(self, *columns: int) -> set[int]:
        """Rows with an error in one of these columns."""
        return {
            index
            for index, noted in self._problems.items()
            if any(c in columns and p.severity is Severity.ERROR for c, p, _ in noted)
        }

    def refused(self) -> set[int]:
        """Rows with an error."""
        return {
            index
            for index, noted in self._problems.items()
            if any(problem.severity is Severity.ERROR for _, problem, _ in noted)
        }

    def leave_out(self) -> None:
        """Of rows that are no records only that is to be said."""
        for index, problem in self.left_out.items():
            self._problems.pop(index, None)
            if problem:
                self.note(index, None, problem)

    def faults(self) -> list[Fault]:
        """All that was noted, by row."""
        found = []
        for index in sorted(self._problems):
            number = self.chunk.numbers[index]
            for column, problem, shown in self._problems[index]:
                header = "" if column is None else self.columns.header[column]
                text = shown if shown is not None else "" if column is None else self.texts(column)[index]
                found.append(fault(number, header, HIDDEN if column in self._secret else text, problem))
        return found


def fault(row: int, column: str, text: str, problem: Problem) -> Fault:
    """A problem of a row as it is reported: the value shortened and without secrets."""
    shown = redact_text(text) if problem.shown is None else problem.shown
    shown = "".join(letter if letter.isprintable() else "·" for letter in shown[: _SHOWN + 1])
    if len(shown) > _SHOWN:
        shown = f"{shown[: _SHOWN - 1]}…"
    return Fault(row, column, shown, problem.code, problem.reason, problem.remedy, problem.severity)
