"""Where a matter is and whose it is: the camera's place, its jurisdiction by PostGIS, the nearest road."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncpg

# The unit is looked up by the camera's place as it is now, not by the unit that the catalogue last stored:
# a camera that was moved a second ago is routed rightly. On a shared boundary the first in the order of the
# tree wins, as in gis.jurisdiction. Where no district covers the place the city itself does: a record can do
# without a unit, but somebody must answer for a matter.
_PLACE = """
select c.address, c.accuracy_m, c.simulated, c.sensitivity, r.name as road_name,
       ST_X(c.geom) as longitude, ST_Y(c.geom) as latitude, u.id as unit_id, u.tree_left as unit_tree
  from camera c
  left join lateral (
       select o.id, o.tree_left from organisation o
        where (c.geom is not null and ST_Covers(o.geom, c.geom)) or (c.geom is null and o.id = c.unit_id)
        order by o.level desc, o.tree_left limit 1) u on true
  left join lateral (
       select name from road
        where ST_DWithin(road.geom, c.geom, 0.001)
        order by road.geom <-> c.geom limit 1) r on c.address is null
 where c.id = $1
"""
"""The lowest unit whose boundary covers the camera, and, where its record has no address, a road within about
100 m."""


@dataclass(frozen=True, slots=True)
class Located:
    """A camera's matter, placed and routed.

    Attributes:
        longitude: Degrees, WGS-84, or None where the record has no place.
        latitude: Degrees, WGS-84, or None where the record has no place.
        accuracy_m: Radius that holds the true place, or None where it is unknown.
        address: As recorded, or the road beside it.
        unit_id: The responsible unit, or None when it lies in no jurisdiction.
        unit_tree: Its position in the organisation tree.
        sensitivity: Of the camera.
        simulated: Whether what the camera shows is an exercise.
    """

    longitude: float | None
    latitude: float | None
    accuracy_m: float | None
    address: str | None
    unit_id: int | None
    unit_tree: int | None
    sensitivity: int
    simulated: bool


async def locate(connection: asyncpg.Connection[Any], camera_id: int) -> Located:
    """Place and route a matter that this camera sees."""
    row = await connection.fetchrow(_PLACE, camera_id)
    assert row is not None
    return Located(
        longitude=row["longitude"],
        latitude=row["latitude"],
        accuracy_m=row["accuracy_m"] if row["longitude"] is not None else None,
        address=row["address"] or row["road_name"],
        unit_id=row["unit_id"],
        unit_tree=row["unit_tree"],
        sensitivity=row["sensitivity"],
        simulated=row["simulated"],
    )
