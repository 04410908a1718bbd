"""What a map client asks for in its query string; unknown names are refused (OGC 17-069r4, 7.5)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import shapely

from api import cursor
from api.ogc.conditions import moments_of
from api.ogc.features import FeatureQuery
from base.errors import InvalidInputError
from gis.cql2 import Call, Expression, Literal, Property, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from api.ogc.collections import Collection

DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000
"""A larger wish is answered with so many, as the standard has it (17-069r4, 7.15.2)."""

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
KNOWN = frozenset({"f", "limit", "bbox", "datetime", "filter", "filter-lang", "filter-crs", "cursor"})
FORMATS = frozenset({"json", "geojson"})


def require_known(given: Mapping[str, str], known: frozenset[str] = frozenset({"f"})) -> None:
    """Refuse what is not understood.

    Raises:
        InvalidInputError: A parameter is unknown, or another form is asked for.
    """
    for name in given:
        if name not in known:
            raise InvalidInputError(
                f"{name}: there is no such parameter here.", remedy=f"There are {', '.join(sorted(known))}."
            )
    if given.get("f", "json") not in FORMATS:
        raise InvalidInputError("f: only json is served.", remedy="Leave it out.")


def feature_query(collection: Collection, given: Mapping[str, str]) -> FeatureQuery:
    """The features that a query string means.

    Raises:
        InvalidInputError: A parameter cannot be used; the sentence names it.
    """
    require_known(given, KNOWN | collection.named.keys())
    if given.get("filter-lang", "cql2-text") != "cql2-text":
        raise InvalidInputError("filter-lang: only cql2-text is understood.")
    if given.get("filter-crs", CRS84) != CRS84:
        raise InvalidInputError("filter-crs: only CRS84 is understood.", remedy=f"Write {CRS84}.")
    expressions: list[Expression] = [
        Call("=", (Property(name), Literal(_READERS[each.kind](name, given[name]))))
        for name, each in collection.named.items()
        if name in given
    ]
    if "filter" in given:
        expressions.append(parse(given["filter"]))
    return FeatureQuery(
        limit=_limit(given.get("limit")),
        after=cursor.decode_id(given["cursor"]) if "cursor" in given else 0,
        box=_box(given["bbox"]) if "bbox" in given else None,
        expressions=tuple(expressions),
        moments=moments_of(given["datetime"]) if "datetime" in given else None,
    )


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdecimal()) or int(text[:9]) < 1:
        raise InvalidInputError("limit: a whole number from 1 is needed.")
    return min(int(text[:9]), MAX_LIMIT)


def _box(text: str) -> shapely.Geometry:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as err:
        raise _no_box() from err
    if len(numbers) == 6:
        del numbers[5], numbers[2]
    if len(numbers) != 4:
        raise _no_box()
    west, south, east, north = numbers
    # The comparisons refuse NaN as well.
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise _no_box()
    if west <= east:
        return shapely.box(west, south, east, north)
    return shapely.MultiPolygon([shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)])


def _no_box() -> InvalidInputError:
    return InvalidInputError(
        "bbox: four numbers, west,south,east,north, in degrees.", remedy="For example 121.3,37.4,121.5,37.6."
    )


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError as err:
        raise InvalidInputError(f"{name}: {text[:60]!r} is no number.") from err
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN alone differs
        raise InvalidInputError(f"{name}: {text[:60]!r} is no number.")
    return value


def _boolean(name: str, text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise InvalidInputError(f"{name}: true or false is needed.")
    return text.lower() == "true"


def _date(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as err:
        raise InvalidInputError(f"{name}: {text[:60]!r} is no date.", remedy="Write 2026-01-31.") from err


_READERS: dict[str, Callable[[str, str], str | float | bool | date]] = {
    "text": lambda _name, text: text,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "moment": lambda _name, text: moments_of(text)[0] or date.max,
}
