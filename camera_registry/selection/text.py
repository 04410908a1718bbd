"""Conditions as the text of a hand-written statement."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import Integer, literal_column, select, true
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from models.tables import camera

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

_NUMBERED = re.compile(r"'(?:[^']|'')*'|\$(\d+)")
"""A literal, which is left as it is, or a numbered parameter."""


def as_sql(conditions: list[ColumnElement[bool]], *, first: int) -> tuple[str, tuple[object, ...]]:
    """The conditions as text for a hand-written statement, with its parameters numbered from ``first``.

    The table must be called ``camera`` in that statement. The text is in brackets: it may stand beside an
    ``or``.
    """
    # Compiled within a query, so that what correlates with the camera finds it there.
    query: Select[int] = select(literal_column("1", Integer)).select_from(camera).where(true(), *conditions)
    compiled = query.compile(
        dialect=dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"render_postcompile": True},
    )
    _, _, condition = str(compiled).partition("\nWHERE ")

    def renumbered(found: re.Match[str]) -> str:
        return f"${int(found[1]) + first - 1}" if found[1] else found[0]

    text = _NUMBERED.sub(renumbered, condition)
    values = tuple(compiled.params[name] for name in compiled.positiontup or [])
    return f"({text or 'true'})", values
