"""What a check is, and the SQL that several checks share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Check:
    """A question that is asked of one record.

    Attributes:
        fails: SQL that is true for a faulty record; null counts as no.
        value: SQL of what stands there, as text, or None where nobody may see it or nothing stands there.
    """

    fails: str
    value: str | None = None


PLACEHOLDERS = (
    "-",
    "--",
    "/",
    "无",
    "暂无",
    "未知",
    "不详",
    "空",
    "待补",
    "null",
    "none",
    "n/a",
    "na",
    "unknown",
)
"""What people write where they have nothing to write."""

_LONGEST = 12
"""Bytes of a cell that may be a placeholder with spaces around it. Most are longer, which is cheap to ask."""


def listed(words: Iterable[str]) -> str:
    """A list of words for ``in``; they are the product's own."""
    return "(" + ", ".join(f"'{word}'" for word in words) + ")"


def blank(column: str) -> str:
    """Whether nothing is said there."""
    cell = f"lower(btrim({column}, E' \\u3000\\t'))"
    return (
        f"({column} is null or octet_length({column}) <= {_LONGEST}"
        f" and {cell} in {listed(('', *PLACEHOLDERS))})"
    )


def digits(column: str) -> str:
    """Whether it is nothing but ASCII digits; three times as fast as an expression."""
    return f"translate({column}, '0123456789', '') = ''"


DIRECTION = "(array[90, 270, 180, 0, 135, 45, 225, 315])[c.direction_type]"
"""GB/T 28181's Direction, 1 to 8, in degrees clockwise from north."""
