"""What a filter asks of a camera's place, in true metres on the ellipsoid.

The index knows degrees. So each condition has two parts: a shape in degrees that is never too small, for the
index, and the distance in metres of the few that it finds.
"""

from __future__ import annotations

from math import cos, radians
from typing import TYPE_CHECKING, Any

import shapely
from geoalchemy2 import Geography
from sqlalchemy import ColumnElement, and_, case, cast, false, func, literal, or_, select
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION

from camera_registry.selection.conditions import one_of
from gis import view
from models.tables import camera, point, point_layer, road

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

M_PER_DEGREE = 110_500.0
"""Fewest metres to a degree of latitude, at the equator: what is drawn by it is never too small."""

ROUNDING = 1.02
"""A buffer is a polygon within its circle; this much larger it holds the circle."""

_LAST_DEGREE = 89.0
"""Beyond it a degree of longitude is too short to reckon with, and no camera stands there."""

_METRES = Geography(srid=4326)


def stands_in(area: shapely.Geometry) -> ColumnElement[bool]:
    """Within the area or on its border."""
    return func.ST_Intersects(camera.c.geom, _shape(area))


def near(longitude: float, latitude: float, metres: float) -> ColumnElement[bool]:
    """At most so far from a place."""
    high = metres * ROUNDING / M_PER_DEGREE
    wide = high / cos(radians(min(abs(latitude) + high, _LAST_DEGREE)))
    box = shapely.box(longitude - wide, latitude - high, longitude + wide, latitude + high)
    place = shapely.Point(longitude, latitude)
    return and_(camera.c.geom.op("&&")(_shape(box)), _within(_shape(place), metres))


def beside(line: shapely.Geometry, metres: float) -> ColumnElement[bool]:
    """At most so far from a line."""
    return and_(
        func.ST_Intersects(camera.c.geom, _shape(corridor(line, metres))), _within(_shape(line), metres)
    )


def corridor(line: shapely.Geometry, metres: float) -> shapely.Geometry:
    """An area in degrees that holds all that is within so many metres of the line, and hardly more."""
    _, south, _, north = line.bounds
    high = metres * ROUNDING / M_PER_DEGREE
    # Where it is farthest from the equator, degrees of longitude are shortest.
    squeeze = cos(radians(min(max(abs(south), abs(north)) + high, _LAST_DEGREE)))
    squeezed = shapely.transform(line, lambda places: places * [squeeze, 1])
    return shapely.transform(squeezed.buffer(high), lambda places: places / [squeeze, 1])


def beside_roads(names: Sequence[str], ids: Sequence[int], metres: float) -> ColumnElement[bool]:
    """At most so far from one of the roads."""
    reach = metres * ROUNDING / M_PER_DEGREE
    edge = func.least(
        func.greatest(-func.ST_YMin(road.c.geom), func.ST_YMax(road.c.geom)) + reach, _LAST_DEGREE
    )
    around = func.ST_Buffer(road.c.geom, cast(reach / func.cos(func.radians(edge)), DOUBLE_PRECISION))
    other = camera.alias()
    beside_one = (
        select(other.c.id)
        .select_from(road)
        .join(other, func.ST_Intersects(other.c.geom, around))
        .where(
            or_(one_of(road.c.name, names), one_of(road.c.id, ids)),
            func.ST_DWithin(cast(other.c.geom, _METRES), cast(road.c.geom, _METRES), metres),
        )
    )
    return camera.c.id.in_(beside_one)


def near_points(layers: Sequence[str], metres: float) -> ColumnElement[bool]:
    """At most so far from a point of one of the layers."""
    high = metres * ROUNDING / M_PER_DEGREE
    edge = func.least(func.abs(func.ST_Y(camera.c.geom)) + high, _LAST_DEGREE)
    around = func.ST_Expand(camera.c.geom, high / func.cos(func.radians(edge)), high)
    return (
        select(1)
        .where(
            point.c.layer_id == point_layer.c.id,
            one_of(point_layer.c.code, layers),
            point.c.gone_since.is_(None),
            point.c.geom.op("&&")(around),
            func.ST_DWithin(cast(camera.c.geom, _METRES), cast(point.c.geom, _METRES), metres),
        )
        .correlate(camera)
        .exists()
    )


def sees(longitude: float, latitude: float) -> ColumnElement[bool]:
    """In its field as :func:`gis.view.seen` has it, or within reach of one that turns."""
    place = cast(_shape(shapely.Point(longitude, latitude)), _METRES)
    here = cast(camera.c.geom, _METRES)
    around = camera.c.ptz_type.in_(sorted(view.TURNING_TYPES | view.PANORAMIC_TYPES))
    heading = func.coalesce(camera.c.heading_deg, _by_type(camera.c.direction_type, view.COMPASS_DEG))
    field = func.coalesce(func.nullif(camera.c.horizontal_field_deg, 0), view.FIELD_DEG)
    # By cosines, which know no wrap through north. Where the camera itself stands there is no azimuth.
    off_axis = func.coalesce(func.cos(func.ST_Azimuth(here, place) - func.radians(heading)), 1)
    in_field = and_(heading.is_not(None), off_axis >= func.cos(func.radians(field * 0.5)))
    return and_(
        near(longitude, latitude, view.FARTHEST_M),
        func.ST_Distance(here, place) <= reach(),
        or_(func.coalesce(around, false()), field >= 360, in_field),
    )


def may_see(longitude: float, latitude: float) -> ColumnElement[bool]:
    """Whatever :func:`gis.view.seen` might name: within reach, give or take the error of its place."""
    place = cast(_shape(shapely.Point(longitude, latitude)), _METRES)
    error = func.coalesce(camera.c.accuracy_m, view.PLACE_ERROR_M)
    return and_(
        near(longitude, latitude, view.FARTHEST_M),
        func.ST_Distance(cast(camera.c.geom, _METRES), place) <= reach() + error,
    )


def reach() -> ColumnElement[float]:
    """How far a camera sees, as :func:`gis.view.range_of` has it."""
    turning = camera.c.ptz_type.in_(sorted(view.TURNING_TYPES))
    panoramic = camera.c.ptz_type.in_(sorted(view.PANORAMIC_TYPES))
    half = func.coalesce(func.nullif(camera.c.vertical_field_deg, 0), view.HEIGHTWISE_DEG) * 0.5
    below = -camera.c.pitch_deg - half
    on_the_ground = camera.c.mount_height_m / func.tan(func.radians(below))
    derived = case((and_(below > 0, below < 90), on_the_ground), else_=view.TURNING_RANGE_M)
    kind = case((panoramic, view.PANORAMA_RANGE_M), else_=view.FIXED_RANGE_M)
    return case(
        (
            func.coalesce(camera.c.max_view_distance_m, 0) > 0,
            func.least(camera.c.max_view_distance_m, view.FARTHEST_M),
        ),
        (turning, view.TURNING_RANGE_M),
        (
            and_(func.coalesce(camera.c.mount_height_m, 0) > 0, camera.c.pitch_deg.is_not(None)),
            func.least(func.greatest(derived, camera.c.mount_height_m), view.TURNING_RANGE_M),
        ),
        else_=kind,
    )


def _by_type(column: ColumnElement[Any], values: Mapping[int, float]) -> ColumnElement[Any]:
    return case(*((column == key, literal(value, DOUBLE_PRECISION)) for key, value in values.items()))


def _within(shape: ColumnElement[Any], metres: float) -> ColumnElement[bool]:
    return func.ST_DWithin(cast(camera.c.geom, _METRES), cast(shape, _METRES), metres)


def _shape(shape: shapely.Geometry) -> ColumnElement[Any]:
    return func.ST_GeomFromWKB(shapely.to_wkb(shape), 4326)
