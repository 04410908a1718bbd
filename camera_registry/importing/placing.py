"""Places looked up on a second connection, while the import's own is busy with the rows before."""

from __future__ import annotations

from contextlib import asynccontextmanager
from itertools import compress
from typing import TYPE_CHECKING, Any

from gis.jurisdiction import UNITS_OF

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg

    from base.database import Database

Units = tuple[list[int | None], list[int | None]]
"""Of each row, the unit and its position in the tree."""

# A copy of the units goes before the table of their name, which is locked while the keys of those who refer
# to it stand aside.
_OWN = """
create temp table organisation as select id, level, tree_left, geom from organisation;
create temp table import_spot (id integer, x float8, y float8);
create temp table import_point (id integer, geom geometry(point, 4326));
"""
_GONE = "drop table if exists pg_temp.organisation, pg_temp.import_spot, pg_temp.import_point"
_PLACE = """
drop index if exists pg_temp.import_point_geom;
truncate import_point;
insert into import_point select id, ST_SetSRID(ST_MakePoint(x, y), 4326) from import_spot;
create index import_point_geom on import_point using gist (geom);
truncate import_spot;
"""
_UNITS = f"""
select array_agg(unit_id order by id) as units, array_agg(unit_tree order by id) as trees
  from ({UNITS_OF.format(table="import_point")}) found
"""  # noqa: S608 - put together from this program's own words


class Placer:
    """Finds the units of rows.

    Args:
        connection: One that nobody else uses meanwhile.
        trees: The first position of each unit.
    """

    def __init__(self, connection: asyncpg.Connection[Any], trees: dict[int, int]) -> None:
        self._connection = connection
        self._trees = trees

    async def units_of(self, values: dict[str, list[Any]], size: int) -> Units:
        """Of each row the unit on whose ground it stands, or for want of a place the one that it names.

        Args:
            values: Field → a value for each row.
            size: How many rows there are.
        """
        none: list[Any] = [None] * size
        units: list[int | None] = list(values.get("unit", none))
        trees = [None if unit is None else self._trees[unit] for unit in units]
        places = values.get("wgs84_longitude", none), values.get("wgs84_latitude", none)
        stands = [place is not None for place in places[0]]
        if not any(stands):
            return units, trees
        # Iterators, not lists: of short-lived tuples the garbage collector need not hear.
        spots = zip(*(compress(column, stands) for column in (range(size), *places)), strict=True)
        await self._connection.copy_records_to_table("import_spot", records=spots)
        await self._connection.execute(_PLACE)
        [(found, positions)] = await self._connection.fetch(_UNITS)
        if len(found) == size:
            return found, positions
        for index, unit, tree in zip(compress(range(size), stands), found, positions, strict=True):
            units[index], trees[index] = unit, tree
        return units, trees


@asynccontextmanager
async def placer(database: Database, trees: dict[int, int]) -> AsyncIterator[Placer]:
    """A placer on a connection of its own; it leaves nothing behind."""
    async with database.raw() as connection:
        # Outside a transaction, which would hold on to the units' own table.
        await connection.execute(_OWN)
        try:
            yield Placer(connection, trees)
        finally:
            await connection.execute(_GONE)
