# ruff: noqa: S608 - statements are put together from this module's own words; values are parameters
"""Reading what was changed: batches, the cameras of one, and what one camera served at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from base.errors import NotFoundError
from camera_registry.classification.change import Source
from camera_registry.classification.records import (
    Assigned,
    BatchRow,
    CameraEvent,
    ChangedCamera,
    UnitCount,
)
from camera_registry.classification.visible import visible, within
from camera_registry.selection import as_sql
from models.tables import camera
from models.tables.classification import BLOCK_BITS

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg

    from camera_registry.classification.records import BatchFilter
    from models.scope import Scope

_BATCHES = """
select b.id, b.at, a.username as by, b.action, b.source, b.conflicts, b.reason, b.asked::text as asked,
       b.undoes,
       array(select u.id from classification_batch u where u.undoes = b.id order by u.id) as undone_by,
       array(select n.code from scene n where n.id = any(b.scenes) order by n.id) as scenes,
       t.cameras, t.added, t.removed
  from classification_batch b
  left join account a on a.id = b.account_id
  cross join lateral (select coalesce(sum(cameras), 0) as cameras, coalesce(sum(added), 0) as added,
                             coalesce(sum(removed), 0) as removed
                        from classification_tally t where t.batch_id = b.id and {within}) t
 where {conditions}
 order by b.id desc
 limit {most}
"""

_BY_UNIT = """
select o.code, o.name, sum(t.cameras) as cameras, sum(t.added) as added, sum(t.removed) as removed
  from classification_tally t left join organisation o on o.id = t.unit_id
 where t.batch_id = $1 and {within}
 group by o.id, o.code, o.name order by 3 desc, 1
"""

# Blocks in order, cameras in order within: a page reads the blocks that it needs and no more.
_CAMERAS = f"""
select p.id, p.came, p.went, camera.code, camera.name
  from (select c.block, (c.block::bigint << {BLOCK_BITS}) + o.place as id,
               array_agg(n.code order by n.id) filter (where c.added) as came,
               array_agg(n.code order by n.id) filter (where not c.added) as went
          from classification_change c
          cross join lateral unnest(c.offsets) as o(place)
          join scene n on n.id = c.scene_id
          join camera on camera.id = (c.block::bigint << {BLOCK_BITS}) + o.place
         where c.batch_id = $1 and c.block >= ($2::bigint >> {BLOCK_BITS})
           and (c.block::bigint << {BLOCK_BITS}) + o.place > $2 and {{seen}}
         group by c.block, o.place
         order by c.block, o.place
         limit $3) p
  join camera on camera.id = p.id
 order by p.id
"""

_HELD = """
select n.code as scene, n.name, s.source, s.confidence, coalesce(s.reason, b.reason) as reason,
       a.username as by, s.assigned_at as at, s.batch_id
  from {held} s
  join scene n on n.id = s.scene_id
  left join classification_batch b on b.id = s.batch_id
  left join account a on a.id = s.assigned_by
 order by n.id
"""

_NOW = "(select * from camera_scene where camera_id = $1)"

_CHANGES = f"""
select c.batch_id, c.scene_id, c.added, c.source, o.confidence, o.reason, c.assigned_by, c.assigned_at,
       c.assigned_in, b.at, b.action, b.account_id, b.reason as batch_reason, b.undoes
  from classification_change c
  join classification_batch b on b.id = c.batch_id
  cross join lateral unnest(c.offsets, c.confidences, c.reasons) as o(place, confidence, reason)
 where c.block = ($1::bigint >> {BLOCK_BITS})::int
   and o.place = ($1::bigint & {(1 << BLOCK_BITS) - 1})::smallint
"""

# Whatever changed since that moment is taken back: of each scene, what its first change found.
_THEN = f"""(
    with later as ({_CHANGES} and b.at > $2),
    first as (select scene_id, min(batch_id) as batch_id from later group by scene_id)
    select scene_id, source, confidence, reason, assigned_by, assigned_at, batch_id
      from camera_scene where camera_id = $1 and scene_id not in (select scene_id from first)
     union all
    select l.scene_id, l.source, l.confidence, l.reason, l.assigned_by, l.assigned_at, l.assigned_in
      from later l join first f on f.scene_id = l.scene_id and f.batch_id = l.batch_id
     where not l.added)"""

_EVENTS = f"""
select e.batch_id, e.at, by.username as by, e.action, e.undoes, e.batch_reason as why,
       n.code as scene, n.name, e.added,
       e.source, e.confidence, coalesce(e.reason, said.reason) as reason, sayer.username as said_by,
       e.assigned_at as said_at, e.assigned_in as said_in
  from (select *, dense_rank() over (order by batch_id desc) as place
          from ({_CHANGES} and c.batch_id < $2) c) e
  join scene n on n.id = e.scene_id
  left join account by on by.id = e.account_id
  left join classification_batch said on said.id = e.assigned_in
  left join account sayer on sayer.id = e.assigned_by
 where e.place <= $3
 order by e.batch_id desc, n.id, e.added
"""

_EXISTS = "select exists (select from camera where camera.id = $1 and {seen})"

NEWEST = 2**63 - 1


async def list_batches(
    connection: asyncpg.Connection[Any], scope: Scope, wanted: BatchFilter, *, before: int, limit: int
) -> list[BatchRow]:
    """Batches below number ``before`` that the asker may know of, newest first."""
    conditions, parameters = _scoped(scope)
    for condition, value in (
        ("b.id < {}", before),
        ("a.username = {}", wanted.by),
        ("(select id from scene where code = {}) = any(b.scenes)", wanted.scene),
        ("b.source = {}", wanted.source),
        ("b.action = {}", wanted.action),
        ("b.at >= {}", wanted.since),
    ):
        if value is not None:
            parameters.append(value)
            conditions["conditions"] += f" and {condition.format(f'${len(parameters)}')}"
    rows = await connection.fetch(_BATCHES.format(**conditions, most=limit), *parameters)
    return [_batch(row) for row in rows]


async def read_batch(connection: asyncpg.Connection[Any], scope: Scope, batch_id: int) -> BatchRow:
    """One batch.

    Raises:
        NotFoundError: There is none of that number that the asker may know of.
    """
    conditions, parameters = _scoped(scope)
    parameters.append(batch_id)
    conditions["conditions"] += f" and b.id = ${len(parameters)}"
    row = await connection.fetchrow(_BATCHES.format(**conditions, most=1), *parameters)
    if row is None:
        raise NotFoundError("There is no such batch.")
    return _batch(row)


async def units_of_batch(connection: asyncpg.Connection[Any], scope: Scope, batch_id: int) -> list[UnitCount]:
    """What a batch changed in each unit of the asker's scope, most first."""
    condition, parameters = within(scope, first=2)
    rows = await connection.fetch(_BY_UNIT.format(within=condition), batch_id, *parameters)
    return [UnitCount(**row) for row in rows]


async def cameras_of_batch(
    connection: asyncpg.Connection[Any], scope: Scope, batch_id: int, *, after: int, limit: int
) -> list[ChangedCamera]:
    """Cameras within the asker's scope that a batch changed, by id, above ``after``."""
    seen, parameters = as_sql([scope.sees(camera)], first=4)
    rows = await connection.fetch(_CAMERAS.format(seen=seen), batch_id, after, limit, *parameters)
    return [
        ChangedCamera(row["id"], row["code"], row["name"], tuple(row["came"] or ()), tuple(row["went"] or ()))
        for row in rows
    ]


async def assignments(
    connection: asyncpg.Connection[Any], scope: Scope, camera_id: int, *, at: datetime | None = None
) -> list[Assigned]:
    """The scenes that a camera serves, or served ``at`` a moment.

    Raises:
        NotFoundError: There is no such camera within the asker's scope.
    """
    await _require_camera(connection, scope, camera_id)
    if at is None:
        rows = await connection.fetch(_HELD.format(held=_NOW), camera_id)
    else:
        rows = await connection.fetch(_HELD.format(held=_THEN), camera_id, at)
    return [Assigned(**{**row, "source": Source(row["source"])}) for row in rows]


async def camera_events(
    connection: asyncpg.Connection[Any], scope: Scope, camera_id: int, *, before: int, limit: int
) -> list[CameraEvent]:
    """What the newest ``limit`` batches below number ``before`` changed of a camera's assignments.

    Raises:
        NotFoundError: There is no such camera within the asker's scope.
    """
    await _require_camera(connection, scope, camera_id)
    rows = await connection.fetch(_EVENTS, camera_id, before, limit)
    return [
        CameraEvent(
            **{name: row[name] for name in ("batch_id", "at", "by", "action", "undoes", "why", "added")},
            assigned=Assigned(
                row["scene"],
                row["name"],
                Source(row["source"]),
                row["confidence"],
                row["reason"],
                row["said_by"],
                row["said_at"],
                row["said_in"],
            ),
        )
        for row in rows
    ]


async def _require_camera(connection: asyncpg.Connection[Any], scope: Scope, camera_id: int) -> None:
    seen, parameters = as_sql([scope.sees(camera)], first=2)
    if not await connection.fetchval(_EXISTS.format(seen=seen), camera_id, *parameters):
        raise NotFoundError("There is no such camera.")


def _scoped(scope: Scope) -> tuple[dict[str, str], list[object]]:
    counted, of_counts = within(scope, first=1)
    known, of_batches = visible(scope, first=len(of_counts) + 1)
    return {"within": counted, "conditions": known}, [*of_counts, *of_batches]


def _batch(row: asyncpg.Record) -> BatchRow:
    return BatchRow(
        **{
            **row,
            "source": Source(row["source"]),
            "asked": orjson.loads(row["asked"]),
            "scenes": tuple(row["scenes"]),
            "undone_by": tuple(row["undone_by"]),
        }
    )
