"""Writing most of a table at once: it is locked, its indexes stand aside, and are built at the end."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg

from camera_registry.bulk import without_upkeep

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOCK_WAIT = "10s"
WORTH_IT = 20_000
"""Rows below which indexes are kept up row by row."""

_REFERRED = """
select distinct confrelid::regclass::text as name from pg_constraint
 where contype = 'f' and conrelid = $1::text::regclass order by 1
"""
_SEARCH_BEHIND = """
insert into search_behind values (pg_current_xact_id()::text::bigint) on conflict do nothing
"""


async def lock_alone(connection: asyncpg.Connection[Any], table: str) -> bool:
    """Have the table, and those that its keys refer to, for this transaction alone.

    Returns:
        Whether they are; False if somebody uses one of them for long.
    """
    others = [row["name"] for row in await connection.fetch(_REFERRED, table)]
    try:
        async with connection.transaction():
            await connection.execute(f"set local lock_timeout = '{LOCK_WAIT}'")
            await connection.execute(f"lock table {', '.join([table, *others])} in access exclusive mode")
            await connection.execute("set local lock_timeout = 0")
    except asyncpg.LockNotAvailableError:
        return False
    return True


@asynccontextmanager
async def rebuilding(connection: asyncpg.Connection[Any], table: str) -> AsyncIterator[None]:
    """For the body, rows are added to the locked table without its indexes, which are built at the end.

    The search index leaves new cameras to its keeper, as it does with most of so many anyway.
    """
    async with without_upkeep(connection, [table]):
        if table == "camera":
            await connection.execute("alter table camera disable trigger search_inserted")
        yield
        if table == "camera":
            await connection.execute("alter table camera enable trigger search_inserted")
            await connection.execute(_SEARCH_BEHIND)
