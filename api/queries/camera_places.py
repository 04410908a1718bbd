"""Cameras by their place: the nearest, those along a line, those that see something."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry import mapping

from api.schemas_search import Assumed, ViewFeature, ViewProperties
from base.errors import NotFoundError
from camera_registry.search.statements import meant_by
from camera_registry.selection import CameraFilter, as_sql
from camera_registry.selection.spatial import M_PER_DEGREE, beside, may_see
from gis.chainage import Lines, Station
from gis.view import PANORAMIC_TYPES, TURNING_TYPES, Mounted, Seen, Sight, ground, seen, view_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from models.scope import Scope

ANYWHERE_M = 20_100_000.0
"""Farther than half around the world."""

# The first by degrees need not be the nearest, for a degree of longitude is shorter. But the nearest are no
# farther than the farthest of as many that the index finds first: all within that reach are then measured.
_NEAREST = """
with here as (select ST_SetSRID(ST_MakePoint(${longitude}, ${latitude}), 4326) as geom),
candidates as materialized (
    select camera.geom from camera
     where {condition} and camera.geom is not null
     order by camera.geom <-> (select geom from here) limit ${limit}),
reach as (
    select case when count(*) < ${limit} then ${within}::float8
                else least(${within}::float8,
                           max(ST_Distance(candidates.geom::geography, here.geom::geography)))
            end as metres
      from here left join candidates on true),
measured as (
    select camera.id, ST_Distance(camera.geom::geography, here.geom::geography) as metres,
           degrees(ST_Azimuth(here.geom::geography, camera.geom::geography)) as bearing
      from here, reach, camera
     where {condition}
       and camera.geom && ST_Expand(
               here.geom,
               least(360, (reach.metres + 1) / {per_degree}
                     / cos(radians(least(89, abs(${latitude}) + (reach.metres + 1) / {per_degree})))),
               least(180, (reach.metres + 1) / {per_degree})))
select id, metres, bearing from measured where metres <= ${within}::float8 order by metres, id limit ${limit}
"""

_ROADS = """
select id, name, ST_AsBinary(geom) as line from road
 where name = any($1::text[]) or id = any($2::int[]) order by name, id
"""

_MOUNTED = """
select camera.id, ST_X(camera.geom) as longitude, ST_Y(camera.geom) as latitude, camera.accuracy_m,
       camera.heading_deg, camera.direction_type, camera.horizontal_field_deg, camera.vertical_field_deg,
       camera.pitch_deg, camera.mount_height_m, camera.max_view_distance_m, camera.ptz_type
  from camera where {condition}
"""

_ORDER = {sight: place for place, sight in enumerate(Sight)}


@dataclass(frozen=True, slots=True)
class Distant:
    """A camera near a place: its distance in metres and its bearing from there, None where they are one."""

    camera_id: int
    metres: float
    bearing_deg: float | None


@dataclass(frozen=True, slots=True)
class Road:
    """A line that cameras stand along: a road of the store, or what somebody drew."""

    id: int | None
    name: str | None
    line: shapely.LineString


async def nearest(  # noqa: PLR0913 - a place, what is wanted, and who asks
    connection: asyncpg.Connection[Any],
    scope: Scope,
    wanted: CameraFilter,
    place: tuple[float, float],
    *,
    limit: int,
    within_m: float | None,
) -> list[Distant]:
    """The nearest cameras to a longitude and latitude, exactly, nearest first."""
    meant = meant_by(scope, wanted)
    names = ("longitude", "latitude", "limit", "within")
    numbers = {name: len(meant.values) + 1 + index for index, name in enumerate(names)}
    types = {"longitude": "float8", "latitude": "float8", "limit": "int"}
    sql = _NEAREST.format(
        condition=meant.condition,
        per_degree=M_PER_DEGREE,
        **{name: f"{number}::{types[name]}" if name in types else number for name, number in numbers.items()},
    )
    rows = await connection.fetch(
        sql, *meant.values, *place, limit, ANYWHERE_M if within_m is None else within_m
    )
    return [Distant(*row) for row in rows]


async def roads_named(
    connection: asyncpg.Connection[Any], names: Sequence[str], ids: Sequence[int]
) -> list[Road]:
    """The roads of these names and numbers.

    Raises:
        NotFoundError: There is none.
    """
    rows = await connection.fetch(_ROADS, list(names), list(ids))
    if not rows:
        raise NotFoundError(
            "There is no such road.", remedy="Its name is written as on the map, e.g. 红旗路."
        )
    return [Road(row["id"], row["name"], shapely.from_wkb(row["line"])) for row in rows]


def roads_drawn(line: shapely.Geometry) -> list[Road]:
    """The pieces of a line that somebody drew, those that meet joined into one."""
    merged = shapely.line_merge(line)
    return [Road(None, None, piece) for piece in shapely.get_parts(merged)]


async def along(
    connection: asyncpg.Connection[Any],
    scope: Scope,
    wanted: CameraFilter,
    roads: Sequence[Road],
    within_m: float,
) -> list[tuple[int, Station]]:
    """The cameras beside the lines, in the order in which one passes them."""
    whole = shapely.multilinestrings([road.line for road in roads])
    meant = meant_by(scope, wanted)
    condition, values = as_sql([beside(whole, within_m)], first=len(meant.values) + 1)
    sql = f"""
select camera.id, ST_X(camera.geom) as longitude, ST_Y(camera.geom) as latitude
  from camera where {meant.condition} and {condition}"""  # noqa: S608 - compiled, values apart
    rows = await connection.fetch(sql, *meant.values, *values)
    places = np.array([[row["longitude"], row["latitude"]] for row in rows]).reshape(-1, 2)
    stations = Lines([road.line for road in roads]).locate(places)
    found = zip((row["id"] for row in rows), stations, strict=True)
    return sorted(found, key=lambda one: (one[1].line, one[1].chainage_m, one[0]))


async def seeing(
    connection: asyncpg.Connection[Any], scope: Scope, wanted: CameraFilter, longitude: float, latitude: float
) -> list[tuple[int, Seen]]:
    """The cameras that see a place, may see it or can be turned to it, the best first."""
    meant = meant_by(scope, wanted)
    condition, values = as_sql([may_see(longitude, latitude)], first=len(meant.values) + 1)
    sql = _MOUNTED.format(condition=f"{meant.condition} and {condition}")
    found = [
        (row["id"], answer)
        for row in await connection.fetch(sql, *meant.values, *values)
        if (answer := seen(view_of(mounted(row)), longitude, latitude))
    ]
    return sorted(found, key=lambda one: (_ORDER[one[1].sight], -_quality(one[1]), one[0]))


def _quality(answer: Seen) -> float:
    """How well: surely, near, and near the middle of the picture."""
    centred = 1.0 if answer.off_axis_deg is None else 0.5 + 0.5 * max(0.0, cos(radians(answer.off_axis_deg)))
    return answer.probability * centred / (1 + answer.distance_m / 100)


async def mounted_camera(connection: asyncpg.Connection[Any], scope: Scope, camera_id: int) -> Mounted:
    """How a camera is mounted.

    Raises:
        NotFoundError: There is no such camera within ``scope``, or nobody knows where it is.
    """
    meant = meant_by(scope, CameraFilter())
    condition = f"{meant.condition} and camera.id = ${len(meant.values) + 1}"
    row = await connection.fetchrow(_MOUNTED.format(condition=condition), *meant.values, camera_id)
    if row is None:
        raise NotFoundError("There is no such camera.")
    if row["longitude"] is None:
        raise NotFoundError("Nobody knows where this camera is.", remedy="Give it a place first.")
    return mounted(row)


def mounted(row: asyncpg.Record) -> Mounted:
    """How the camera of a row is mounted."""
    same = ("longitude", "latitude", "accuracy_m", "heading_deg", "direction_type", "pitch_deg", "ptz_type")
    return Mounted(
        **{name: row[name] for name in same},
        field_deg=row["horizontal_field_deg"],
        vertical_field_deg=row["vertical_field_deg"],
        height_m=row["mount_height_m"],
        range_m=row["max_view_distance_m"],
    )


def view_feature(camera_id: int, camera: Mounted) -> ViewFeature:
    """The ground that a camera sees, as GeoJSON, with what was assumed."""
    view = view_of(camera)
    around = camera.ptz_type in TURNING_TYPES | PANORAMIC_TYPES
    known: dict[Assumed, bool] = {
        "heading": around or camera.heading_deg is not None,
        "field": around or bool(camera.field_deg),
        "range": bool(camera.range_m),
        "accuracy": camera.accuracy_m is not None,
    }
    return ViewFeature(
        geometry=mapping(ground(view)),
        properties=ViewProperties(
            camera_id=camera_id,
            heading_deg=view.heading_deg,
            field_deg=view.field_deg,
            range_m=view.range_m,
            turns=view.turns,
            heading_error_deg=view.heading_error_deg,
            place_error_m=view.place_error_m,
            assumed=[name for name, reported in known.items() if not reported],
        ),
    )
