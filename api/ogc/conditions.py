"""A CQL2 expression as a condition of the store: every property and value gets its type, or is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any
from typing import Literal as OneOf

import shapely
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Double,
    Text,
    and_,
    cast,
    func,
    literal,
    not_,
    or_,
)
from sqlalchemy.dialects.postgresql import DATE, TIMESTAMP

from base.errors import InvalidInputError
from gis.cql2 import SPATIAL_FUNCTIONS, Call, Expression, Geometry, Literal, Property

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Kind = OneOf["text", "number", "boolean", "date", "moment", "shape"]

_SPATIAL = {
    "s_intersects": func.ST_Intersects,
    "s_equals": func.ST_Equals,
    "s_disjoint": func.ST_Disjoint,
    "s_touches": func.ST_Touches,
    "s_within": func.ST_Within,
    "s_overlaps": func.ST_Overlaps,
    "s_crosses": func.ST_Crosses,
    "s_contains": func.ST_Contains,
}

_COMPARE: dict[str, Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@dataclass(frozen=True, slots=True, eq=False)
class Typed:
    """A part of a statement and what it is."""

    sql: ColumnElement[Any]
    kind: Kind


def condition_of(expression: Expression, properties: Mapping[str, Typed]) -> ColumnElement[bool]:
    """The condition that ``expression`` means.

    A comparison with a property that has no value is neither true nor false, as in the store.

    Args:
        expression: As parsed.
        properties: What may be asked for, by name.

    Raises:
        InvalidInputError: A property does not exist, or types do not fit.
    """
    return _Typist(properties).condition(expression)


class _Typist:
    def __init__(self, properties: Mapping[str, Typed]) -> None:
        self._properties = properties

    def condition(self, expression: Expression) -> ColumnElement[bool]:
        typed = self.typed(expression)
        if typed.kind != "boolean":
            raise InvalidInputError(f"filter: {_told(expression)} is a {typed.kind}, not a condition.")
        return typed.sql

    def typed(self, expression: Expression) -> Typed:
        if isinstance(expression, Property):
            return self._property(expression.name)
        if isinstance(expression, Literal):
            return _literal(expression.value)
        if isinstance(expression, Geometry):
            return Typed(func.ST_GeomFromWKB(shapely.to_wkb(expression.shape), 4326), "shape")
        return self._call(expression)

    def _property(self, name: str) -> Typed:
        try:
            return self._properties[name]
        except KeyError:
            known = ", ".join(sorted(self._properties))
            raise InvalidInputError(
                f"filter: there is no property {name!r}.", remedy=f"There are {known}."
            ) from None

    def _call(self, call: Call) -> Typed:
        name, arguments = call.name, call.arguments
        if name in {"and", "or"}:
            parts = [self.condition(part) for part in arguments]
            return Typed(and_(*parts) if name == "and" else or_(*parts), "boolean")
        if name == "not":
            return Typed(not_(self.condition(arguments[0])), "boolean")
        if name == "isNull":
            return Typed(self.typed(arguments[0]).sql.is_(None), "boolean")
        if name in _COMPARE:
            left, right = self._alike(name, arguments)
            return Typed(_COMPARE[name](left.sql, right.sql), "boolean")
        if name in SPATIAL_FUNCTIONS:
            return self._spatial(name, arguments)
        return _OTHERS[name](self, name, arguments)

    def _alike(self, name: str, arguments: tuple[Expression, ...]) -> list[Typed]:
        """Values that may be compared with each other."""
        typed = [self.typed(part) for part in arguments]
        kinds = {part.kind for part in typed}
        if kinds == {"date", "moment"}:
            return [_as_moment(part) for part in typed]
        if len(kinds) > 1 or "shape" in kinds:
            told = " and ".join(
                f"{_told(part)} ({each.kind})" for part, each in zip(arguments, typed, strict=True)
            )
            hint = (
                "Write a moment as TIMESTAMP('2026-01-31T08:00:00Z'), a day as DATE('2026-01-31')."
                if kinds & {"date", "moment"}
                else "Write texts in single quotation marks, numbers without."
            )
            raise InvalidInputError(f"filter: {name} does not take {told}.", remedy=hint)
        return typed

    def _of_kind(self, expression: Expression, kind: Kind, name: str) -> ColumnElement[Any]:
        typed = self.typed(expression)
        if typed.kind != kind:
            raise InvalidInputError(
                f"filter: {name} takes a {kind}, and {_told(expression)} is a {typed.kind}."
            )
        return typed.sql

    def _spatial(self, name: str, arguments: tuple[Expression, ...]) -> Typed:
        if len(arguments) != 2:
            raise InvalidInputError(f"filter: {name} takes two shapes.")
        left, right = (self._of_kind(part, "shape", name) for part in arguments)
        return Typed(_SPATIAL[name](left, right), "boolean")

    def like(self, name: str, arguments: tuple[Expression, ...]) -> Typed:
        value, pattern = arguments
        inner = pattern.arguments[0] if isinstance(pattern, Call) and pattern.name == "casei" else pattern
        if not isinstance(inner, Literal) or not isinstance(inner.value, str):
            raise InvalidInputError("filter: LIKE takes a pattern in single quotation marks.")
        if len(inner.value) - len(inner.value.rstrip("\\")) & 1:
            raise InvalidInputError(
                "filter: a LIKE pattern ends with its escape character.", remedy=r"Write \\ for \."
            )
        left = self._of_kind(value, "text", name)
        return Typed(left.like(self.typed(pattern).sql), "boolean")

    def between(self, name: str, arguments: tuple[Expression, ...]) -> Typed:
        value, low, high = self._alike(name, arguments)
        return Typed(value.sql.between(low.sql, high.sql), "boolean")

    def one_of(self, name: str, arguments: tuple[Expression, ...]) -> Typed:
        value, *options = self._alike(name, arguments)
        return Typed(value.sql.in_([option.sql for option in options]), "boolean")

    def case_insensitive(self, name: str, arguments: tuple[Expression, ...]) -> Typed:
        if len(arguments) != 1:
            raise InvalidInputError("filter: casei takes one text.")
        return Typed(func.lower(self._of_kind(arguments[0], "text", name)), "text")

    def arithmetic(self, name: str, arguments: tuple[Expression, ...]) -> Typed:
        left, right = (cast(self._of_kind(part, "number", name), Double) for part in arguments)
        divisor = func.nullif(right, literal(0.0, Double))  # nothing divided by zero: it has no value
        results: dict[str, Callable[[], ColumnElement[Any]]] = {
            "+": lambda: left + right,
            "-": lambda: left - right,
            "*": lambda: left * right,
            "/": lambda: left / divisor,
            "div": lambda: func.trunc(left / divisor),
            "%": lambda: left - divisor * func.trunc(left / divisor),
            "^": lambda: func.power(left, right),
        }
        return Typed(results[name](), "number")


_OTHERS: dict[str, Callable[[_Typist, str, tuple[Expression, ...]], Typed]] = {
    "like": _Typist.like,
    "between": _Typist.between,
    "in": _Typist.one_of,
    "casei": _Typist.case_insensitive,
    **dict.fromkeys(("+", "-", "*", "/", "%", "div", "^"), _Typist.arithmetic),
}


def _literal(value: str | float | bool | date | datetime) -> Typed:
    if isinstance(value, bool):
        return Typed(literal(value, Boolean), "boolean")
    if isinstance(value, int):
        return Typed(literal(value, BigInteger), "number")
    if isinstance(value, float):
        return Typed(literal(value, Double), "number")
    if isinstance(value, datetime):
        return Typed(literal(value, TIMESTAMP(timezone=True)), "moment")
    if isinstance(value, date):
        return Typed(literal(value, DATE), "date")
    return Typed(literal(value, Text), "text")


def _as_moment(typed: Typed) -> Typed:
    """A day compared with a moment counts from its beginning, UTC."""
    if typed.kind == "moment":
        return typed
    return Typed(func.timezone("UTC", cast(typed.sql, TIMESTAMP())), "moment")


def _told(expression: Expression) -> str:
    if isinstance(expression, Property):
        return expression.name
    if isinstance(expression, Literal):
        return repr(expression.value) if isinstance(expression.value, str) else str(expression.value)
    return "the shape" if isinstance(expression, Geometry) else expression.name


_INTERVAL_PARTS = 2


def moments_of(text: str) -> tuple[datetime | None, datetime | None]:
    """Beginning and end of a ``datetime`` parameter (OGC 17-069r4, 7.15.4); None is open.

    Raises:
        InvalidInputError: It is neither a moment nor an interval.
    """
    parts = text.split("/")
    if len(parts) > _INTERVAL_PARTS or not text.strip():
        raise _no_moment(text)
    begin = _moment(parts[0], text)
    end = _end_of(parts[-1], _moment(parts[-1], text))
    if (begin is None and end is None and parts != ["..", ".."]) or (begin and end and begin > end):
        raise _no_moment(text)
    return begin, end


def _moment(part: str, text: str) -> datetime | None:
    if part in {"", ".."}:
        return None
    try:
        moment = datetime.fromisoformat(part)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as err:
        raise _no_moment(text) from err


def _end_of(part: str, moment: datetime | None) -> datetime | None:
    """A day ends with its last instant."""
    if moment is None or not re.fullmatch(r"\d{4}-?\d\d-?\d\d", part):
        return moment
    return datetime.combine(moment.date(), time.max, UTC) if moment.date() != date.max else moment


def _no_moment(text: str) -> InvalidInputError:
    return InvalidInputError(
        f"datetime: {text[:60]!r} is neither a moment nor an interval.",
        remedy="Write 2026-01-31T08:00:00Z, 2026-01-01/2026-01-31, or ../2026-01-31 (RFC 3339).",
    )
