# ruff: noqa: S608 - statements are put together from this module's own words; values are parameters
"""What a batch writes: the assignments, their history, and a count of them, in the statement that decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from camera_registry.classification.decision_sql import IN_BLOCK, MARK, decide, left_alone, protected
from models.tables.classification import BLOCK_BITS, WRITER_LOCK

if TYPE_CHECKING:
    from camera_registry.classification.decision_sql import Asking, Statement

LOCK_WAIT = "30s"
"""A change of a whole city takes a few seconds."""

LOCK = f"""
set local lock_timeout = '{LOCK_WAIT}';
select pg_advisory_xact_lock({WRITER_LOCK});
set local lock_timeout to default;
"""

NEXT_BATCH = "select nextval(pg_get_serial_sequence('classification_batch', 'id'))"

PUT = """
    insert into camera_scene (camera_id, scene_id, source, confidence, reason, assigned_by, assigned_at,
                              batch_id)
    select camera_id, scene_id, source, confidence, reason, assigned_by, assigned_at, assigned_in
      from event where added and not renewed
"""

TAKE = """
    delete from camera_scene s
     using (select camera_id, scene_id from event where not added and not renewed) e
     where s.camera_id = e.camera_id and s.scene_id = e.scene_id
"""

RENEW = """
    update camera_scene s
       set source = e.source, confidence = e.confidence, reason = e.reason, assigned_by = e.assigned_by,
           assigned_at = e.assigned_at, batch_id = e.assigned_in
      from (select * from event where added and renewed) e
     where s.camera_id = e.camera_id and s.scene_id = e.scene_id
"""

_RECORD = f"""
    insert into classification_change (batch_id, block, scene_id, added, source, assigned_by, assigned_at,
                                       assigned_in, offsets, confidences, reasons)
    select {{batch}}::bigint, (camera_id >> {BLOCK_BITS})::int, scene_id, {{assignment}},
           array_agg((camera_id & {(1 << BLOCK_BITS) - 1})::smallint),
           case when count(confidence) > 0 then array_agg(confidence) end,
           case when count(reason) > 0 then array_agg(reason) end
      from event
"""

RECORD = (
    _RECORD.replace("{assignment}", "added, source, assigned_by, assigned_at, assigned_in")
    + " group by 2, 3, 4, 5, 6, 7, 8"
)

# Assignments that all come by the same word need not be told apart.
RECORD_ADDED = (
    _RECORD.replace("{assignment}", "true, {source}, {account}::int, {at}::timestamptz, {batch}::bigint")
    + " group by 2, 3"
)

TALLY = """
    insert into classification_tally (batch_id, unit_id, sensitivity, cameras, added, removed)
    select {batch}::bigint, unit_id, sensitivity, {cameras}, count(*) filter (where added),
           count(*) filter (where not added)
      from event
     group by 2, 3
    returning cameras, added, removed
"""

OPEN_BATCH = """
    insert into classification_batch (id, at, account_id, action, scenes, source, conflicts, reason, asked,
                                      undoes, root)
    select {batch}::bigint, {at}::timestamptz, {account}::int, {action}, {scenes}::smallint[], {source},
           {conflicts}, {reason}, {asked}::jsonb, {undoes}::bigint, {root}::bigint
     where exists (select from event)
"""

CHANGED = ", ".join(
    f"(select coalesce(sum({name}), 0)::bigint from tallied) as {into}"
    for name, into in (("cameras", "changed"), ("added", "added"), ("removed", "removed"))
)
"""What came of it, from ``tallied``: units share no camera, so the sum is exact."""

ANY_SINCE = "select exists (select from classification_change where batch_id > $1)"

# All changes are on record, so what others did since a dry run need not be compared row by row. The two lists
# are brought together by sorting: how long the one is the store cannot know beforehand.
_SINCE = f"""
    select batch_id, count(distinct camera_id) as cameras
      from (select camera_id, batch_id, bool_or(batch_id is null) over (partition by camera_id) as concerned
              from (select {IN_BLOCK} as camera_id, c.batch_id
                      from classification_change c cross join lateral unnest(c.offsets) as o(place)
                     where c.batch_id > {{since}}::bigint
                     union all select id, null from meant) e) s
     where concerned and batch_id is not null
     group by batch_id
"""


def write(statement: Statement, asking: Asking, *, since: int | None) -> str:
    """The statement that decides, writes, and answers in one row what came of it.

    Args:
        statement: With the batch's values already given.
        asking: What is asked.
        since: Newest batch that the dry run saw, to tell of later ones; None if there are none.
    """
    decide(statement, asking)
    record(
        statement,
        asking.values,
        only_adds=asking.plain,
        one_each=asking.plain and len(asking.scene_ids) == 1,
    )
    answer = [
        "(select count(*) from meant) as meant",
        CHANGED,
        f"{left_alone(asking)} as kept",
        f"{protected(asking)} as protected",
        f"{MARK} as mark",
    ]
    if since is not None:
        statement.where("since", _SINCE.format(since=statement.give(since)))
        answer.append("array(select array[batch_id, cameras] from since) as since")
    return statement.ending(f"select {', '.join(answer)}")


def record(
    statement: Statement, values: dict[str, str], *, only_adds: bool = False, one_each: bool = False
) -> None:
    """Add the writing of ``event`` to ``statement``: the assignments, and the batch that tells of them.

    Args:
        statement: In which ``event`` stands already.
        values: The batch's own columns, in SQL.
        only_adds: Whether nothing goes or is renewed.
        one_each: Whether each camera has one event at most.
    """
    statement.where("opened", OPEN_BATCH.format(**values))
    statement.where("put", PUT)
    if not only_adds:
        statement.where("taken", TAKE)
        statement.where("renewed", RENEW)
    statement.where("recorded", (RECORD_ADDED if only_adds else RECORD).format(**values))
    cameras = "count(*)" if one_each else "count(distinct camera_id)"
    statement.where("tallied", TALLY.format(**values, cameras=cameras))
