"""Cameras' coordinates that are to be declared anew, beside the cameras: weighed, then written."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gis.jurisdiction import UNITS_OF

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    import asyncpg

    from models.scope import Scope

MOST_TOLD = 1000
"""Cameras that an answer names one by one."""

Pair = tuple[float | None, float | None]
"""Longitude and latitude."""

_PLACE = """
create temp table declared_anew on commit drop as
select id, longitude, latitude, crs, ST_SetSRID(ST_MakePoint(x, y), 4326)::geometry(point, 4326) as geom,
       was_unit
  from unnest($1::bigint[], $2::float8[], $3::float8[], $4::text[], $5::float8[], $6::float8[], $7::int[])
       as new (id, longitude, latitude, crs, x, y, was_unit)
"""
_READY = "create index on declared_anew using gist (geom); analyze declared_anew"

_UNITS = f"""
create temp table owned_anew on commit drop as {UNITS_OF.format(table="declared_anew")}
"""

# Who sees a part of the city moves nothing beyond it.
_BEYOND = """
delete from declared_anew a using owned_anew o
 where o.id = a.id and not coalesce(o.unit_tree between $1 and $2, false)
returning a.id
"""

_MOVES = """
select was.code as "from", now.code as "to", count(*) as count
  from declared_anew a join owned_anew n using (id)
  left join organisation was on was.id = a.was_unit
  left join organisation now on now.id = n.unit_id
 where a.was_unit is distinct from n.unit_id
 group by 1, 2 order by 3 desc, 1, 2
"""

_WRITE = """
update camera c
   set longitude = a.longitude, latitude = a.latitude, declared_crs = a.crs, geom = a.geom,
       unit_id = case when a.geom is null then a.was_unit else o.unit_id end,
       unit_tree = case when a.geom is null then w.tree_left else o.unit_tree end,
       version = c.version + 1, updated_at = $1
  from declared_anew a left join owned_anew o using (id) left join organisation w on w.id = a.was_unit
 where c.id = a.id
returning c.id, c.version
"""


@dataclass(slots=True)
class Repaired:
    """What a repair, or its undoing, did; of a dry run, what it would do.

    Attributes:
        repair_id: Its number, by which it can be undone; None of a dry run.
        dry_run: Whether nothing was changed.
        cameras: How many were declared anew.
        skipped: Why others were not: reason → cameras, the first of them.
        skipped_count: Reason → how many.
        moved_m: Median of the metres that they move; None if there are none.
        moves: Changes of unit: ``{"from", "to", "count"}``, the most first.
    """

    repair_id: int | None = None
    dry_run: bool = False
    cameras: int = 0
    skipped: dict[str, list[int]] = field(default_factory=dict)
    skipped_count: dict[str, int] = field(default_factory=dict)
    moved_m: float | None = None
    moves: list[dict[str, Any]] = field(default_factory=list)

    def skip(self, reason: str, cameras: Sequence[int]) -> None:
        """Say that these were left as they are."""
        if cameras:
            self.skipped[reason] = list(cameras[:MOST_TOLD])
            self.skipped_count[reason] = len(cameras)


async def stage(
    connection: asyncpg.Connection[Any],
    rows: Sequence[Any],
    declared: Sequence[Pair],
    systems: Sequence[str | None],
    places: Sequence[Pair],
) -> None:
    """Put what is to be written beside the cameras, with the units on whose ground it is."""
    await connection.execute(
        _PLACE,
        [row["id"] for row in rows],
        *([pair[axis] for pair in declared] for axis in (0, 1)),
        list(systems),
        *([pair[axis] for pair in places] for axis in (0, 1)),
        [row["unit_id"] for row in rows],
    )
    await connection.execute(_READY)
    await connection.execute(_UNITS)


async def settle(connection: asyncpg.Connection[Any], scope: Scope, done: Repaired) -> None:
    """Leave what would go beyond the asker's unit, and count who changes the unit."""
    if not scope.whole_city:
        beyond = await connection.fetch(_BEYOND, scope.tree_left, scope.tree_right)
        done.skip("it would go beyond your unit", sorted(row["id"] for row in beyond))
    done.moves = [dict(row) for row in await connection.fetch(_MOVES)]


async def staged(connection: asyncpg.Connection[Any]) -> set[int]:
    """The cameras that are to be written."""
    return {row["id"] for row in await connection.fetch("select id from declared_anew")}


async def write(connection: asyncpg.Connection[Any], at: datetime) -> dict[int, int]:
    """Write them, and return the new version of each."""
    return {row["id"]: row["version"] for row in await connection.fetch(_WRITE, at)}


@asynccontextmanager
async def changing(connection: asyncpg.Connection[Any], *, dry_run: bool) -> AsyncIterator[None]:
    """A transaction, or a part of the caller's; a dry run's is rolled back at its end."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    except BaseException:
        await transaction.rollback()
        raise
    if dry_run:
        await transaction.rollback()
        return
    # In a part of a transaction nothing else would drop them.
    await connection.execute("drop table if exists owned_anew, declared_anew")
    await transaction.commit()
