"""Keeping the search index: what an import left for later is indexed, and the pairs are counted anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncpg

    from base.database import Database

BATCH = 20_000
"""Cameras a transaction: about two seconds, in which nobody can edit them."""

_LOCK = 0x736561726368
"""Advisory lock of the one who keeps the index ("search")."""

_PENDING_KB = 262_144
"""Entries that the index gathers and sorts in as one, instead of one by one."""

BEHIND = "select exists (select from search_behind)"

# One statement, one snapshot: a mark that is seen belongs to cameras that are seen. A camera that somebody
# holds locked may be about to change; it is left for the next round, and so are the marks then.
_CATCH_UP = """
with marks as materialized (select xact from search_behind),
missing as materialized (
    select id from camera
     where not exists (select from camera_search indexed where indexed.camera_id = camera.id)
     order by id limit $1 + 1),
held as materialized (
    select id, name, code, address, owner from camera
     where id in (select id from missing order by id limit $1)
       for share skip locked),
written as (
    insert into camera_search (camera_id, name, code, rest)
    select id, search_key(name), coalesce(search_key(code), ''), search_rest(address, owner) from held
        on conflict do nothing),
paired as (
    insert into search_gram (gram, in_name)
    select distinct gram, 1 from held, unnest(search_grams(search_key(name))) gram order by gram
        on conflict (gram) do update set in_name = 1 where search_gram.in_name = 0),
cleared as (
    delete from search_behind where xact in (select xact from marks)
       and (select count(*) from missing) = (select count(*) from held))
select (select count(*) from held) as indexed,
       (select count(*) from missing) > $1 as more
"""

_COUNTED = "select coalesce((select in_name from search_gram where gram = 0), 0)"
_PRESENT = "select count(*) from camera_search"

_COUNT = """
with named as (
    select gram, count(*) as cameras from camera_search, unnest(search_grams(name)) gram group by gram),
elsewhere as (
    select gram, count(*) as cameras from camera_search, unnest(search_grams(rest)) gram group by gram),
counted as (
    select gram, coalesce(named.cameras, 0) as in_name, coalesce(elsewhere.cameras, 0) as elsewhere
      from named full join elsewhere using (gram)
    union all
    select 0, count(*), 0 from camera_search),
gone as (
    delete from search_gram old where not exists (select from counted where counted.gram = old.gram))
insert into search_gram (gram, in_name, elsewhere)
select gram, in_name, elsewhere from counted order by gram
    on conflict (gram) do update set (in_name, elsewhere) = (excluded.in_name, excluded.elsewhere)
"""

DRIFT = 0.1
"""Share of all cameras by which the counts may be out before they are made anew."""


async def catch_up(database: Database, *, thorough: bool = True) -> int:
    """Index what is not indexed yet, and return how many cameras that were.

    Nothing is done while another process does it. Each batch is its own transaction: interrupted, the rest
    is done the next time.

    Args:
        database: The store.
        thorough: Whether to see, even if nothing waits, how far the counts of pairs are out.

    Raises:
        UnavailableError: The database went away.
    """
    async with database.raw() as connection:
        if not await connection.fetchval(BEHIND) and not (thorough and await _drifted(connection)):
            return 0
        if not await connection.fetchval("select pg_try_advisory_lock($1)", _LOCK):
            return 0
        try:
            indexed = await _index(connection)
            if await _drifted(connection):
                await connection.execute(_COUNT)
        finally:
            await connection.execute("select pg_advisory_unlock($1)", _LOCK)
    return indexed


async def _index(connection: asyncpg.Connection[Any]) -> int:
    indexed, more = 0, True
    while more:
        async with connection.transaction():
            await connection.execute(f"set local gin_pending_list_limit = {_PENDING_KB}")
            row = await connection.fetchrow(_CATCH_UP, BATCH)
            assert row is not None
            # Now, so that the next batch uses the pages again.
            await connection.execute("select gin_clean_pending_list('ix_camera_search_grams')")
        indexed += row["indexed"]
        more = row["more"] and row["indexed"] > 0
    if indexed >= BATCH:
        # The plans need statistics, and walking along an index needs the visibility map.
        await connection.execute("vacuum (analyze) camera_search")
    return indexed


async def _drifted(connection: asyncpg.Connection[Any]) -> bool:
    counted = await connection.fetchval(_COUNTED)
    present = await connection.fetchval(_PRESENT)
    return bool(abs(present - counted) > DRIFT * present)
