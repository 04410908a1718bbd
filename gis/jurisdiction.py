"""Whose ground a place is: the lowest unit of the organisation tree whose boundary covers it, by PostGIS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from base.errors import InvalidInputError

if TYPE_CHECKING:
    import asyncpg

Placed = Literal["camera", "point"]
"""The tables whose rows stand somewhere and belong to the unit there."""

UNIT_AT = """
select id, code, name, level, tree_left
  from organisation
 where level > 0 and ST_Covers(geom, ST_SetSRID(ST_MakePoint($1, $2), 4326))
 order by level desc, tree_left
 limit 1
"""
"""The lowest unit below the city that covers longitude $1, latitude $2. On a shared boundary the first in the
order of the tree wins, here and in :data:`ASSIGN` alike."""

# Driven from the units, not from the places: each boundary is prepared once and finds its places by index.
# Townships need not tile their district, hence the second pass, over what no township has: to ask the
# districts' long boundaries about every place took as long again, or three times as long.
UNITS_OF = """
with township as materialized (
    select p.id, min(o.tree_left) as tree_left
      from organisation o join {table} p on ST_Covers(o.geom, p.geom)
     where o.level = 2 group by p.id
), rest as materialized (
    select p.id, p.geom from {table} p
     where p.geom is not null and not exists (select from township t where t.id = p.id)
), district as (
    select p.id, min(o.tree_left) as tree_left
      from organisation o join rest p on ST_Covers(o.geom, p.geom)
     where o.level = 1 group by p.id
)
select found.id, u.id as unit_id, u.tree_left as unit_tree
  from (select id, tree_left from township
        union all
        select r.id, d.tree_left from rest r left join district d using (id)) found
  left join organisation u on u.tree_left = found.tree_left
"""
"""For each row of a table that has a place: ``id``, ``unit_id``, ``unit_tree``; null where it is nobody's.
``{table}`` needs the columns ``id`` and ``geom``, an index on the latter, and statistics."""

ASSIGN = f"""
update {{table}} p set unit_id = found.unit_id, unit_tree = found.unit_tree
  from ({UNITS_OF}) found
 where found.id = p.id
   and (p.unit_id, p.unit_tree) is distinct from (found.unit_id, found.unit_tree)
"""  # noqa: S608 - {{table}} is one of two names


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A unit that is responsible for a place.

    Attributes:
        unit_id: Its row in ``organisation``.
        code: The operations centre's own code.
        name: As it is written.
        level: 1 district, 2 township.
        tree_left: Its position, stored beside ``unit_id`` wherever a scope must be one range.
    """

    unit_id: int
    code: str
    name: str
    level: int
    tree_left: int


async def unit_at(
    connection: asyncpg.Connection[Any], longitude: float, latitude: float
) -> Jurisdiction | None:
    """The township at a place, else its district, else None: the sea and other cities belong to nobody here.

    Args:
        connection: To the store.
        longitude: Degrees, WGS-84.
        latitude: Degrees, WGS-84.

    Raises:
        InvalidInputError: The place is not on the globe.
    """
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise InvalidInputError(f"Longitude {longitude}, latitude {latitude} is not a place in degrees.")
    row = await connection.fetchrow(UNIT_AT, longitude, latitude)
    return row and Jurisdiction(row["id"], row["code"], row["name"], row["level"], row["tree_left"])


async def assign_units(connection: asyncpg.Connection[Any], table: Placed) -> int:
    """Give every camera, or every point, the unit on whose ground it stands, and return how many changed.

    A row without a place keeps the unit that somebody gave it.
    """
    status = await connection.execute(ASSIGN.format(table=table))
    return int(status.rpartition(" ")[2])
