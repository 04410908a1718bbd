"""Parts of a filter as they are written in query strings and bodies: places, lines, areas."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import shapely
from shapely.errors import ShapelyError

from base.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_VERTICES = 5_000
"""Corners of a lasso; a hand draws some hundreds."""

MAX_METRES = 50_000
"""Beyond it "near" means nothing any more in a city."""

POLYGONS = frozenset({"Polygon", "MultiPolygon"})
LINES = frozenset({"LineString", "MultiLineString"})


def area_of(geojson: dict[str, Any]) -> shapely.Geometry:
    """The shape of a GeoJSON polygon (RFC 7946); one that crosses itself is repaired, as a lasso often does.

    Raises:
        InvalidInputError: It is no polygon of this world.
    """
    return shapely.make_valid(_shape_of(geojson, "area", POLYGONS))


def line_of(geojson: dict[str, Any]) -> shapely.Geometry:
    """The shape of a GeoJSON line.

    Raises:
        InvalidInputError: It is no line of this world, or has no length.
    """
    line = _shape_of(geojson, "line", LINES)
    if line.length == 0:
        raise InvalidInputError("line: it has no length.")
    return line


def _shape_of(geojson: dict[str, Any], field: str, kinds: Collection[str]) -> shapely.Geometry:
    wanted = " or ".join(sorted(kinds, key=len))
    try:
        shape = shapely.geometry.shape(geojson)
    except (ShapelyError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as err:
        raise InvalidInputError(f"{field}: it is no GeoJSON {wanted}.") from err
    if shape.geom_type not in kinds or shape.is_empty:
        raise InvalidInputError(f"{field}: a {wanted} with corners is needed.")
    if shapely.get_num_coordinates(shape) > MAX_VERTICES:
        raise InvalidInputError(f"{field}: it has more than {MAX_VERTICES} corners.", remedy="Simplify it.")
    west, south, east, north = shape.bounds
    # The comparisons refuse NaN as well.
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidInputError(f"{field}: its corners are longitudes and latitudes in degrees, WGS-84.")
    return shapely.force_2d(shape)


def numbers_of(text: str, field: str, names: tuple[str, ...]) -> tuple[float, ...]:
    """The numbers of ``longitude,latitude,…``.

    Raises:
        InvalidInputError: There are others, or the first two are no place.
    """
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError as err:
        raise InvalidInputError(f"{field}: numbers are needed, {','.join(names)}.") from err
    if len(numbers) != len(names) or not all(map(isfinite, numbers)):
        raise InvalidInputError(f"{field}: {len(names)} numbers are needed, {','.join(names)}.")
    longitude, latitude, *rest = numbers
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise InvalidInputError(f"{field}: longitude and latitude are degrees, WGS-84.")
    if any(not 0 <= number <= MAX_METRES for number in rest):
        raise InvalidInputError(f"{field}: metres are 0 to {MAX_METRES}.")
    return numbers
