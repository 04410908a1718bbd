"""The points nearest to a place: exact in metres, found by an index that counts in degrees."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from base.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

M_PER_DEGREE = 110_500.0
"""Fewest metres to a degree of latitude, at the equator; boxes are drawn by it, hence never too small."""

DIRECTIONS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")

# A degree of longitude is shorter than one of latitude, so the first by degrees need not be the nearest. But
# the nearest are no further than the farthest of as many that the index finds first: all within that reach
# are then measured.
NEAREST = """
with candidates as materialized (
    select p.geom from point p
     where p.geom && ST_Expand(ST_SetSRID(ST_MakePoint($1, $2), 4326), $5 / ($8::float8), $5 / ($9::float8))
       and ($3::text[] is null
            or p.layer_id = any(array(select id from point_layer where code = any($3::text[]))))
       and p.gone_since is null
       and (p.unit_tree between $6 and $7 or ($10 and p.unit_tree is null))
     order by p.geom <-> ST_SetSRID(ST_MakePoint($1, $2), 4326)
     limit $4),
reach as (
    select case when count(*) < $4 then $5::float8
                else least($5::float8, max(ST_Distance(
                         geom::geography, ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography))) end as metres
      from candidates)
select * from (
    select p.id, ST_Distance(p.geom::geography, here.geog) as distance_m,
           degrees(ST_Azimuth(here.geog, p.geom::geography)) as bearing_deg
      from reach,
           (select ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography as geog) here,
           point p
     where p.geom && ST_Expand(ST_SetSRID(ST_MakePoint($1, $2), 4326),
                               (reach.metres + 1) / ($8::float8), (reach.metres + 1) / ($9::float8))
       and ($3::text[] is null
            or p.layer_id = any(array(select id from point_layer where code = any($3::text[]))))
       and p.gone_since is null
       and (p.unit_tree between $6 and $7 or ($10 and p.unit_tree is null))) measured
 where distance_m <= $5
 order by distance_m, id
 limit $4
"""


@dataclass(frozen=True, slots=True)
class Near:
    """A point near a place.

    Attributes:
        point_id: Its row.
        distance_m: On the ellipsoid of WGS-84, metres.
        bearing_deg: From the place to the point, clockwise from north; None where they are one.
    """

    point_id: int
    distance_m: float
    bearing_deg: float | None

    @property
    def direction(self) -> str | None:
        """The bearing as one of the eight :data:`DIRECTIONS`."""
        return None if self.bearing_deg is None else DIRECTIONS[round(self.bearing_deg / 45) % 8]


async def nearest_points(  # noqa: PLR0913 - a place, what is wanted, and who asks
    connection: asyncpg.Connection[Any],
    longitude: float,
    latitude: float,
    *,
    layers: Sequence[str] | None,
    limit: int,
    within_m: float,
    tree: tuple[int, int],
    whole_city: bool,
) -> list[Near]:
    """The nearest points, nearest first; of equally near ones the older row.

    Args:
        connection: To the store.
        longitude: Of the place, WGS-84 degrees.
        latitude: Of the place.
        layers: Codes of layers; None is all.
        limit: How many.
        within_m: Nothing further away.
        tree: First and last position of the asker's scope.
        whole_city: Whether points in no unit are within it.

    Raises:
        InvalidInputError: That is no place.
    """
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise InvalidInputError(f"Longitude {longitude}, latitude {latitude} is not a place in degrees.")
    # At the northern edge of the box degrees are shortest.
    edge = min(89.0, abs(latitude) + within_m / M_PER_DEGREE)
    rows = await connection.fetch(
        NEAREST,
        *(longitude, latitude, None if layers is None else list(layers), limit, within_m),
        *(*tree, M_PER_DEGREE * math.cos(math.radians(edge)), M_PER_DEGREE, whole_city),
    )
    return [Near(row["id"], row["distance_m"], row["bearing_deg"]) for row in rows]
