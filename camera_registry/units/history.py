"""Changes of the tree as a whole, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg


@dataclass(frozen=True, slots=True)
class UnitChange:
    """A change of the tree.

    Attributes:
        id: By which it can be undone.
        at: When.
        username: By whom; None is the system itself.
        file: From which file.
        new: How many units were new.
        changed: How many became different.
        removed: How many went.
        cameras: How many cameras changed their unit.
    """

    id: int
    at: datetime
    username: str | None
    file: str
    new: int
    changed: int
    removed: int
    cameras: int


_HISTORY = """
select c.id, c.at, a.username, c.file,
       jsonb_array_length(coalesce(c.report -> 'new', '[]')) as new,
       jsonb_array_length(coalesce(c.report -> 'changed', '[]')) as changed,
       (select count(*) from jsonb_array_elements(coalesce(c.report -> 'missing', '[]')) unit
         where unit ->> 'becomes' = 'removed') as removed,
       coalesce((c.report #>> '{moved,camera,total}')::int, 0) as cameras
  from unit_change c left join account a on a.id = c.account_id
 where $1::int is null or c.id < $1
 order by c.id desc limit $2
"""


async def list_changes(
    connection: asyncpg.Connection[Any], *, before: int | None = None, limit: int = 50
) -> list[UnitChange]:
    """Changes of the tree, newest first.

    Args:
        connection: To the store.
        before: With smaller ids, for paging.
        limit: How many at most.
    """
    return [UnitChange(**row) for row in await connection.fetch(_HISTORY, before, limit)]
