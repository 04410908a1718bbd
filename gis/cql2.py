"""CQL2 text (OGC 21-065r2), the filter language of map clients: read into an expression, or refused.

Understood are the classes basic-cql2, advanced-comparison-operators, case-insensitive-comparison, arithmetic,
property-property, basic-spatial-functions(-plus) and spatial-functions. Which properties there are, and of
which type, is the business of whoever asks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import shapely
from lark import Lark, Token, Tree
from lark.exceptions import LarkError, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from shapely.errors import ShapelyError

from base.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_CHARACTERS = 8_000
MAX_DEPTH = 64
"""Brackets and NOTs within each other; a person writes five."""

MAX_VERTICES = 5_000

BIGINT_DIGITS = 18
"""So many digits fit the store's bigint."""

SPATIAL_FUNCTIONS = frozenset(
    f"s_{name}"
    for name in ("intersects", "equals", "disjoint", "touches", "within", "overlaps", "crosses", "contains")
)
FUNCTIONS = SPATIAL_FUNCTIONS | {"casei"}

# One ladder of precedence for conditions and values alike: "(a)" may begin either, and which it is shows only
# later. What does not fit together is refused when it is given its types.
_GRAMMAR = r"""
?start: or_
?or_: and_ (_OR and_)*
?and_: not_ (_AND not_)*
?not_: _NOT not_ -> negation
     | test
?test: sum
     | sum COMPARISON sum -> comparison
     | sum _LIKE sum -> like
     | sum _NOT _LIKE sum -> not_like
     | sum _BETWEEN sum _AND sum -> between
     | sum _NOT _BETWEEN sum _AND sum -> not_between
     | sum _IN "(" sum ("," sum)* ")" -> in_
     | sum _NOT _IN "(" sum ("," sum)* ")" -> not_in
     | sum _IS _NULL -> is_null
     | sum _IS _NOT _NULL -> is_not_null
?sum: product (SIGN product)*
?product: power (FACTOR power)*
?power: unary ("^" unary)?
?unary: SIGN unary -> signed
      | atom
?atom: NUMBER -> number
     | STRING -> string
     | TRUE -> true
     | FALSE -> false
     | _DATE "(" STRING ")" -> date
     | _TIMESTAMP "(" STRING ")" -> timestamp
     | _BBOX "(" signed_number ("," signed_number)* ")" -> bbox
     | SHAPE wkt -> shape
     | NAME "(" or_ ("," or_)* ")" -> call
     | (NAME | QUOTED) -> property
     | "(" or_ ")"
wkt: "(" wkt_part ("," wkt_part)* ")"
?wkt_part: wkt | SHAPE wkt | signed_number+
signed_number: SIGN? NUMBER

COMPARISON: "<>" | "<=" | ">=" | "=" | "<" | ">"
SIGN: "+" | "-"
FACTOR: "*" | "/" | "%" | /div\b/i
_OR.2: /or\b/i
_AND.2: /and\b/i
_NOT.2: /not\b/i
_LIKE.2: /like\b/i
_BETWEEN.2: /between\b/i
_IN.2: /in\b/i
_IS.2: /is\b/i
_NULL.2: /null\b/i
TRUE.2: /true\b/i
FALSE.2: /false\b/i
_DATE.3: /date(?=\s*\(\s*')/i
_TIMESTAMP.3: /timestamp(?=\s*\(\s*')/i
_BBOX.3: /bbox(?=\s*\()/i
SHAPE.3: /(multi)?(point|linestring|polygon)(\s+z)?(?=\s*\()|geometrycollection(\s+z)?(?=\s*\()/i
NAME: /[^\W\d][\w.:]*/
QUOTED: /"(?:[^"]|"")+"/
NUMBER: /(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?/i
STRING: /'(?:''|\\'|[^'])*'/
%ignore /\s+/
"""

_parser = Lark(_GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=False)


@dataclass(frozen=True, slots=True)
class Property:
    """A property of the things that are filtered."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A value; a ``date`` is a whole day, a ``datetime`` is aware."""

    value: str | int | float | bool | date | datetime


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """A shape, longitude and latitude in degrees (CRS84)."""

    shape: shapely.Geometry


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or a function with what it works on.

    Attributes:
        name: ``and or not``, ``= <> < <= > >=``, ``like between in isNull``, ``+ - * / % div ^``, or one of
            :data:`FUNCTIONS`. A negated test is a ``not`` around it.
        arguments: In the order of the text.
    """

    name: str
    arguments: tuple[Expression, ...]


Expression = Property | Literal | Geometry | Call


def parse(text: str) -> Expression:
    """Read a filter.

    Raises:
        InvalidInputError: It is no CQL2 text; the sentence names the place.
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidInputError(f"filter: it has more than {MAX_CHARACTERS} characters.")
    if "\0" in text:
        raise InvalidInputError("filter: it has a NUL character.")
    try:
        tree = _parser.parse(text)
    except UnexpectedInput as err:
        raise _refused(err) from err
    except LarkError as err:
        raise InvalidInputError("filter: it is no CQL2 text.") from err
    return _Reader(text).read(tree, 0)


def _refused(err: UnexpectedInput) -> InvalidInputError:
    if isinstance(err, UnexpectedCharacters):
        found = f"{err.char!r} at character {err.column}"
    elif isinstance(err, UnexpectedToken) and err.token.type != "$END":
        found = f"{str(err.token)!r} at character {(err.token.start_pos or 0) + 1}"
    else:
        found = "the end"
    return InvalidInputError(
        f"filter: {found} was not expected.",
        remedy="Write it in CQL2 text, for example: state = 'offline' AND name LIKE '%路口%'.",
    )


class _Reader:
    """Turns the parser's tree into an expression."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read(self, node: Tree[Token] | Token, depth: int) -> Expression:
        assert isinstance(node, Tree)
        if depth > MAX_DEPTH:
            raise InvalidInputError(f"filter: it is nested deeper than {MAX_DEPTH} levels.")
        kind = str(node.data)
        leaf = _LEAVES.get(kind)
        if leaf is not None:
            return leaf(str(node.children[0]))
        if kind in {"bbox", "shape"}:
            return self._bbox(node) if kind == "bbox" else self._shape(node)
        if kind in {"sum", "product"}:
            return self._chain(node, depth)
        return self._call(kind, node, depth)

    def _call(self, kind: str, node: Tree[Token], depth: int) -> Expression:
        name, negated = _CALLS.get(kind, ("", False))
        parts = list(node.children)
        if kind in {"comparison", "signed", "call"}:
            token = parts.pop(1 if kind == "comparison" else 0)
            name = str(token).lower()
        arguments = tuple(self.read(part, depth + 1) for part in parts)
        if kind == "signed":
            return _signed(name, arguments[0])
        if kind == "call" and name not in FUNCTIONS:
            raise InvalidInputError(
                f"filter: there is no function {name!r}.", remedy=f"There are {', '.join(sorted(FUNCTIONS))}."
            )
        call = Call(name, arguments)
        return Call("not", (call,)) if negated else call

    def _chain(self, node: Tree[Token], depth: int) -> Expression:
        """What is of one rank is done from the left."""
        first, *rest = node.children
        if len(rest) > 2 * MAX_DEPTH:
            raise InvalidInputError(f"filter: more than {MAX_DEPTH} values are put together.")
        result = self.read(first, depth + 1)
        for operator, part in zip(rest[::2], rest[1::2], strict=True):
            result = Call(str(operator).lower(), (result, self.read(part, depth + 1)))
        return result

    def _bbox(self, node: Tree[Token]) -> Geometry:
        numbers = [_signed_number(part) for part in node.children]
        if len(numbers) not in {4, 6}:
            raise InvalidInputError("filter: BBOX takes four numbers, west, south, east, north.")
        west, south = numbers[:2]
        east, north = numbers[len(numbers) // 2 : len(numbers) // 2 + 2]
        if south > north:
            raise InvalidInputError("filter: BBOX has its south above its north.")
        if west <= east:
            return Geometry(_within_world(shapely.box(west, south, east, north)))
        # Across the antimeridian (RFC 7946, 5.2).
        halves = [shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)]
        return Geometry(_within_world(shapely.MultiPolygon(halves)))

    def _shape(self, node: Tree[Token]) -> Geometry:
        start, end = node.meta.start_pos, node.meta.end_pos
        try:
            shape = shapely.force_2d(shapely.from_wkt(self._text[start:end]))
        except (ShapelyError, ValueError) as err:
            raise InvalidInputError(
                f"filter: the shape at character {start + 1} is no well-known text."
            ) from err
        if shapely.get_num_coordinates(shape) > MAX_VERTICES:
            raise InvalidInputError(f"filter: a shape has more than {MAX_VERTICES} corners.")
        return Geometry(_within_world(shape))


def _within_world(shape: shapely.Geometry) -> shapely.Geometry:
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidInputError(
            "filter: a shape lies outside the world.",
            remedy="Its numbers are longitude and latitude, degrees.",
        )
    return shape if shape.is_valid else shapely.make_valid(shape)


def _signed_number(node: object) -> float:
    assert isinstance(node, Tree)
    return float("".join(str(token) for token in node.children))


def _signed(sign: str, value: Expression) -> Expression:
    if sign == "+":
        return value
    if isinstance(value, Literal) and isinstance(value.value, int | float) and value.value is not True:
        return Literal(-value.value)
    return Call("-", (Literal(0), value))


def _number(text: str) -> Literal:
    if text.isdecimal():
        if len(text) > BIGINT_DIGITS:
            return Literal(float(text))
        return Literal(int(text))
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise InvalidInputError(f"filter: {text} is too large.")
    return Literal(value)


def _string(text: str) -> Literal:
    return Literal(_unquoted(text))


def _unquoted(text: str) -> str:
    return re.sub(r"''|\\'", "'", text[1:-1])


def _date(text: str) -> Literal:
    written = _unquoted(text)
    try:
        return Literal(date.fromisoformat(written))
    except ValueError as err:
        raise InvalidInputError(f"filter: {written!r} is no date.", remedy="Write 2026-01-31.") from err


def _timestamp(text: str) -> Literal:
    written = _unquoted(text)
    try:
        moment = datetime.fromisoformat(written)
        return Literal(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC))
    except (ValueError, OverflowError) as err:
        raise InvalidInputError(
            f"filter: {written!r} is no moment.", remedy="Write 2026-01-31T08:00:00Z."
        ) from err


def _property(text: str) -> Property:
    return Property(text[1:-1].replace('""', '"') if text.startswith('"') else text)


_LEAVES: dict[str, Callable[[str], Expression]] = {
    "number": _number,
    "string": _string,
    "true": lambda _: Literal(True),  # noqa: FBT003 - the value itself
    "false": lambda _: Literal(False),  # noqa: FBT003 - the value itself
    "date": _date,
    "timestamp": _timestamp,
    "property": _property,
}

_CALLS = {
    "or_": ("or", False),
    "and_": ("and", False),
    "negation": ("not", False),
    "like": ("like", False),
    "not_like": ("like", True),
    "between": ("between", False),
    "not_between": ("between", True),
    "in_": ("in", False),
    "not_in": ("in", True),
    "is_null": ("isNull", False),
    "is_not_null": ("isNull", True),
    "power": ("^", False),
}
