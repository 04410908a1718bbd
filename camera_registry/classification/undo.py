# ruff: noqa: S608 - statements are put together from this module's own words; values are parameters
"""Undoing a batch, also after later ones: what was changed since is left as it is, and named.

A camera is undone as a whole: if a later decision that is in force concerns one of the assignments that the
batch changed on it, none of them is touched. Whether a later batch is in force on an assignment follows from
the history alone: the batch itself, its undo, the undo of that, each turned it off or on, so an odd number of
them means on. An undo is a batch like any other, and undoing it does the first one again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from base.errors import ConflictError, NotFoundError
from camera_registry.classification.apply import lock, since_of
from camera_registry.classification.change import check_reason
from camera_registry.classification.decision_sql import IN_BLOCK, Statement
from camera_registry.classification.visible import visible
from camera_registry.classification.writing import CHANGED, NEXT_BATCH, record
from camera_registry.selection import as_sql
from models.tables import camera

if TYPE_CHECKING:
    import asyncpg

    from base.clock import Clock
    from camera_registry.classification.change import Since
    from models.scope import Scope

MOST_NAMED = 20
"""Later batches that are named."""

_BATCH = """
select b.id, b.at, b.root, b.scenes, b.account_id from classification_batch b where b.id = $1 and {visible}
"""

# The store cannot know how many cameras a row of history holds, and would join such lists row by row. So they
# are brought together by grouping instead, whose cost does not hang on what the store expects.
_DID = f"""
    select {IN_BLOCK} as camera_id, c.scene_id, c.added, c.source, o.confidence, o.reason, c.assigned_by,
           c.assigned_at, c.assigned_in, null::bigint as batch_id, false as in_force
      from classification_change c
      cross join lateral unnest(c.offsets, c.confidences, c.reasons) as o(place, confidence, reason)
     where c.batch_id = {{undone}}
"""

# What later batches did to assignments of the same blocks and scenes: of each, whether it is in force.
_LATER = f"""
    select camera_id, scene_id, null::boolean, null::text, null::real, null::text, null::int,
           null::timestamptz, null::bigint, max(batch_id),
           root > {{root}} and count(distinct batch_id) % 2 = 1
      from (select {IN_BLOCK} as camera_id, c.scene_id, c.batch_id, b.root
              from classification_change c
              join classification_batch b on b.id = c.batch_id
              cross join lateral unnest(c.offsets) as o(place)
             where c.batch_id > {{root}}
               and c.scene_id in (select scene_id from classification_change where batch_id = {{undone}})
               and c.block in (select block from classification_change where batch_id = {{undone}})) e
     group by camera_id, scene_id, root
"""

_SIDES = ", ".join(
    f"max({column}) filter (where {condition}) as {side}_{name}"
    for side, condition in (("old", "not added"), ("new", "added"))
    for name, column in (
        ("source", "source"),
        ("confidence", "confidence"),
        ("reason", "reason"),
        ("by", "assigned_by"),
        ("at", "assigned_at"),
        ("in", "assigned_in"),
    )
)

_SLOT = f"""
    select camera_id, scene_id, coalesce(bool_or(not added), false) as old,
           coalesce(bool_or(added), false) as new, {_SIDES},
           bool_or(in_force) as overruled, max(batch_id) as newest
      from (select * from did union all select * from later) d
     group by camera_id, scene_id
    having bool_or(added is not null)
     order by camera_id
"""
"""One row an assignment that the batch changed: what it was before and after, and what came later."""

_HELD_AS = """case when s.{side}
    then held.camera_id is not null and (held.batch_id, held.assigned_at, held.source)
         is not distinct from (s.{side}_in, s.{side}_at, s.{side}_source)
    else held.camera_id is null end"""

_FATE = f"""
    select s.*, m.unit_id, m.sensitivity,
           case when m.id is null then 'gone'
                when s.overruled then 'changed'
                when {_HELD_AS.format(side="new")} then 'undo'
                when {_HELD_AS.format(side="old")} then 'already'
                else 'changed' end as fate
      from slot s
      left join (select camera.id, camera.unit_id, camera.sensitivity from camera where {{seen}}) m
        on m.id = s.camera_id
      left join camera_scene held on held.camera_id = s.camera_id and held.scene_id = s.scene_id
"""

_JUDGED = """
    select *, case when bool_or(fate = 'gone') over camera then 'gone'
                   when bool_or(fate = 'changed') over camera then 'changed'
                   when bool_or(fate = 'undo') over camera then 'undo' else 'already' end as of_camera
      from fate window camera as (partition by camera_id)
"""

_EVENT = """
    select j.camera_id, j.scene_id, e.added, j.old and j.new as renewed,
           case when e.added then j.old_source else j.new_source end as source,
           case when e.added then j.old_confidence else j.new_confidence end as confidence,
           case when e.added then j.old_reason else j.new_reason end as reason,
           case when e.added then j.old_by else j.new_by end as assigned_by,
           case when e.added then j.old_at else j.new_at end as assigned_at,
           case when e.added then j.old_in else j.new_in end as assigned_in,
           j.unit_id, j.sensitivity
      from judged j cross join (values (true), (false)) as e(added)
     where j.of_camera = 'undo' and j.fate = 'undo' and (case when e.added then j.old else j.new end)
     order by j.camera_id, j.scene_id
"""

_NAMED = """
    select newest as batch_id, count(*) as cameras
      from (select camera_id, max(newest) filter (where newest > {undone}) as newest
              from judged where of_camera = 'changed' group by camera_id) c
     where newest is not null
     group by newest
"""

_COUNTED = ", ".join(
    f"(select count(distinct camera_id) from judged where of_camera = '{fate}') as {name}"
    for fate, name in (("undo", "undone"), ("already", "already"), ("changed", "left"))
)

_GONE = """(select count(distinct camera_id) from judged j where j.fate = 'gone'
    and ({own} or not exists (select from camera where id = j.camera_id))) as gone"""

_WOULD = """(select count(*) from event where added) as added,
    (select count(*) from event where not added) as removed"""


@dataclass(frozen=True, slots=True)
class Undo:
    """A wish to take a batch back.

    Attributes:
        batch_id: Which; it may itself be an undo.
        days: For how many days after it a batch can be undone.
        reason: Why.
    """

    batch_id: int
    days: int
    reason: str | None = None

    def __post_init__(self) -> None:
        check_reason(self.reason)


@dataclass(frozen=True, slots=True)
class Undoing:
    """What undoing a batch comes to, or would; cameras unless it says otherwise.

    Attributes:
        undoes: The batch.
        batch_id: The batch that did it; None in a dry run, or if there was nothing to undo.
        undone: Restored exactly as they were.
        already: Are as they were before, because the batch was undone already.
        changed: Left alone, because somebody decided otherwise since.
        gone: Deleted, or for the batch's own author no longer within their scope.
        added: Assignments that came back.
        removed: Assignments that went.
        since: The newest of the batches that decided otherwise, those of most cameras first.
    """

    undoes: int
    batch_id: int | None
    undone: int
    already: int
    changed: int
    gone: int
    added: int
    removed: int
    since: tuple[Since, ...]


async def undo(connection: asyncpg.Connection[Any], clock: Clock, scope: Scope, wish: Undo) -> Undoing:
    """Take a batch back in the caller's transaction, as far as nothing was decided since.

    Args:
        connection: Within a transaction.
        clock: Time of the undo.
        scope: By whom; cameras outside it are left as they are.
        wish: Which batch, and why.

    Raises:
        NotFoundError: There is no such batch that the asker sees.
        ConflictError: It is too old, or somebody else has been classifying for too long.
    """
    await lock(connection)
    batch = await _find(connection, clock, scope, wish)
    own = await connection.fetchval(NEXT_BATCH)
    statement = Statement()
    values = {
        "batch": statement.give(own),
        "at": statement.give(clock.now()),
        "account": statement.give(scope.account_id or None),
        "scenes": statement.give(batch["scenes"]),
        "reason": statement.give(wish.reason),
        "root": f"{statement.give(batch['root'])}::bigint",
        "undoes": statement.give(wish.batch_id),
        "source": "'person'",
        "action": "'undo'",
        "conflicts": "'beside'",
        "asked": "'{}'",
    }
    _judge(statement, scope, undone=f"{values['undoes']}::bigint", root=values["root"])
    record(statement, values)
    row = await connection.fetchrow(
        statement.ending(f"select {CHANGED}, {_answer(scope, batch)}"),
        *statement.parameters,
    )
    assert row is not None
    return await _undoing(connection, wish, row, batch_id=own if row["undone"] else None)


async def preview_undo(
    connection: asyncpg.Connection[Any], clock: Clock, scope: Scope, wish: Undo
) -> Undoing:
    """What :func:`undo` would do now; nothing is changed.

    Raises:
        NotFoundError: There is no such batch that the asker sees.
        ConflictError: It is too old.
    """
    batch = await _find(connection, clock, scope, wish)
    statement = Statement()
    undone, root = (f"{statement.give(value)}::bigint" for value in (wish.batch_id, batch["root"]))
    _judge(statement, scope, undone=undone, root=root)
    row = await connection.fetchrow(
        statement.ending(f"select {_WOULD}, {_answer(scope, batch)}"), *statement.parameters
    )
    assert row is not None
    return await _undoing(connection, wish, row, batch_id=None)


async def _find(
    connection: asyncpg.Connection[Any], clock: Clock, scope: Scope, wish: Undo
) -> asyncpg.Record:
    condition, parameters = visible(scope, first=2)
    batch: asyncpg.Record | None = await connection.fetchrow(
        _BATCH.format(visible=condition), wish.batch_id, *parameters
    )
    if batch is None:
        raise NotFoundError("There is no such batch.")
    if batch["at"] < clock.now() - timedelta(days=wish.days):
        raise ConflictError(
            f"Batch {wish.batch_id} is of {batch['at']:%Y-%m-%d}; one can be undone for {wish.days} days.",
            remedy="Classify its cameras anew.",
        )
    return batch


def _judge(statement: Statement, scope: Scope, *, undone: str, root: str) -> None:
    seen, parameters = as_sql([scope.sees(camera)], first=len(statement.parameters) + 1)
    statement.parameters.extend(parameters)
    statement.where("did", _DID.format(undone=undone))
    statement.where("later", _LATER.format(undone=undone, root=root))
    statement.where("slot", _SLOT, kept=True)
    statement.where("fate", _FATE.format(seen=seen))
    statement.where("judged", _JUDGED, kept=True)
    statement.where("event", _EVENT, kept=True)
    statement.where("named", _NAMED.format(undone=undone))


def _answer(scope: Scope, batch: asyncpg.Record) -> str:
    own = str((batch["account_id"] or 0) == scope.account_id).lower()
    named = "array(select array[batch_id, cameras] from named) as since"
    return f"{_COUNTED}, {_GONE.format(own=own)}, {named}"


async def _undoing(
    connection: asyncpg.Connection[Any], wish: Undo, row: asyncpg.Record, *, batch_id: int | None
) -> Undoing:
    since = await since_of(connection, dict(row["since"]))
    return Undoing(
        undoes=wish.batch_id,
        batch_id=batch_id,
        undone=row["undone"],
        changed=row["left"],
        since=since[:MOST_NAMED],
        **{name: row[name] for name in ("already", "gone", "added", "removed")},
    )
