"""Where a matter is and whose it is: the camera's place, its jurisdiction by PostGIS, the nearest road."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.event import Place, SeenBy, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

# The unit is looked up by the camera's place as it is now, not by the unit that the catalogue last stored:
# a camera that was moved a second ago is routed rightly.
PLACES = """
select c.id, c.code, c.name, c.address, c.accuracy_m, c.simulated, c.sensitivity,
       ST_X(c.geom) as longitude, ST_Y(c.geom) as latitude,
       u.id as unit_id, u.code as unit_code, u.name as unit_name, u.level as unit_level, u.tree_left,
       d.code as district_code, r.name as road_name,
       array(select a.name from organisation a
             where u.tree_left between a.tree_left and a.tree_right order by a.level) as path
  from camera c
  left join lateral (
       select o.* from organisation o
        where (c.geom is not null and ST_Covers(o.geom, c.geom)) or (c.geom is null and o.id = c.unit_id)
        order by o.level desc, o.tree_left limit 1) u on true
  left join organisation d on d.level = 1 and u.tree_left between d.tree_left and d.tree_right
  left join lateral (
       select name from road
        where ST_DWithin(road.geom, c.geom, 0.001)
        order by road.geom <-> c.geom limit 1) r on c.address is null
 where c.id = any($1::bigint[])
"""
"""For each camera: its place, the lowest unit whose boundary covers it, the units above, and a road within
about 100 m where the record has no address."""


@dataclass(frozen=True, slots=True)
class Located:
    """A camera's matter, placed and routed.

    Attributes:
        camera: Who saw it.
        place: Where, or None where the record has no place.
        address: As recorded, or the road beside it.
        unit: The responsible unit, or None when it lies in no jurisdiction.
        unit_id: Its row.
        unit_tree: Its position in the organisation tree.
        district_code: Of the district above it.
        sensitivity: Of the camera.
        simulated: Whether what the camera shows is an exercise.
    """

    camera: SeenBy
    place: Place | None
    address: str | None
    unit: Unit | None
    unit_id: int | None
    unit_tree: int | None
    district_code: str | None
    sensitivity: int
    simulated: bool


async def locate(connection: asyncpg.Connection[Any], camera_ids: Sequence[int]) -> dict[int, Located]:
    """Place and route the matters of these cameras, in one statement."""
    rows = await connection.fetch(PLACES, list(camera_ids))
    return {row["id"]: _located(row) for row in rows}


def _located(row: asyncpg.Record) -> Located:
    placed = row["longitude"] is not None
    routed = row["unit_id"] is not None
    return Located(
        camera=SeenBy(id=row["id"], code=row["code"], name=row["name"]),
        place=Place(longitude=row["longitude"], latitude=row["latitude"], accuracy_m=row["accuracy_m"])
        if placed
        else None,
        address=row["address"] or row["road_name"],
        unit=Unit(
            code=row["unit_code"], name=row["unit_name"], level=row["unit_level"], path=tuple(row["path"])
        )
        if routed
        else None,
        unit_id=row["unit_id"],
        unit_tree=row["tree_left"],
        district_code=row["district_code"],
        sensitivity=row["sensitivity"],
        simulated=row["simulated"],
    )
