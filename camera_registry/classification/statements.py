"""The statements that decide and write a change of classifications: one each, over all cameras that are meant.

Every statement begins with the same decision, in common table expressions:

``meant``
    the cameras within the asker's scope that the change means;
``want``
    the assignments that it names for them;
``held``
    the assignments that they have, and whether the change names them;
``fresh``, ``gone``, ``retaken``
    what therefore comes, what goes, and what passes to this batch's word;
``event``
    the same as a list of assignments that came and went, each whole.

The decision of one camera in plain Python is :func:`camera_registry.classification.decision.decide`; a
property test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from camera_registry.classification.change import Action, Conflicts, Source
from camera_registry.selection import as_sql
from models.tables import camera
from models.tables.classification import BLOCK_BITS, WRITER_LOCK

if TYPE_CHECKING:
    from camera_registry.classification.change import Change
    from models.scope import Scope

LOCK_WAIT = "30s"
"""A change of a whole city takes a few seconds."""

LOCK = f"""
set local lock_timeout = '{LOCK_WAIT}';
select pg_advisory_xact_lock({WRITER_LOCK});
set local lock_timeout to default;
"""

OFFSETS = (1 << BLOCK_BITS) - 1

IN_BLOCK = f"((c.block::bigint << {BLOCK_BITS}) + o.place)"
"""The camera of a place in ``offsets`` of the change ``c``, unnested as ``o``."""

_WANT_ALL = """
    select m.id as camera_id, s.scene_id, {confidence}::real as confidence, null::text as reason,
           m.unit_id, m.sensitivity
      from meant m cross join unnest({scenes}::smallint[]) as s(scene_id)
"""

# Of two proposals of one assignment the later one counts.
_WANT_EACH = """
    select distinct on (m.id, p.scene_id) m.id as camera_id, p.scene_id, p.confidence, p.reason,
           m.unit_id, m.sensitivity
      from unnest({cameras}::bigint[], {scenes}::smallint[], {confidences}::real[], {reasons}::text[])
           with ordinality as p(camera_id, scene_id, confidence, reason, position)
      join meant m on m.id = p.camera_id
     order by m.id, p.scene_id, p.position desc
"""

_HELD = """
    select s.*, m.unit_id, m.sensitivity, w.camera_id is not null as named,
           w.confidence as new_confidence, w.reason as new_reason
      from meant m join camera_scene s on s.camera_id = m.id
      left join want w on w.camera_id = s.camera_id and w.scene_id = s.scene_id
"""

_DIFFERING = "select distinct camera_id from held where not named"

# Where the last word on a camera's not serving a scene was a person's: it was removed by a person, and that
# batch is in force. Each batch of its chain of undoing turns it off and on again, so an odd number is on.
_REFUSED = f"""
    select camera_id, scene_id
      from (select {IN_BLOCK} as camera_id, c.scene_id, c.batch_id, c.added, b.root
              from classification_change c
              join classification_batch b on b.id = c.batch_id
              join classification_batch r on r.id = b.root and r.source = 'person' and r.action <> 'add'
              cross join lateral unnest(c.offsets) as o(place)
             where c.scene_id in (select scene_id from want)
               and c.block in (select distinct (id >> {BLOCK_BITS})::int from meant)) e
     group by camera_id, scene_id, root
    having count(distinct batch_id) % 2 = 1
       and bool_or(batch_id = root and not added) and not bool_or(batch_id = root and added)
"""  # noqa: S608 - put together from this program's own words

_EVENT = """
    select camera_id, scene_id, true as added, {source} as source, {account}::int as assigned_by,
           {at}::timestamptz as assigned_at, {batch}::bigint as assigned_in, confidence, reason,
           unit_id, sensitivity
      from fresh
"""

_EVENT_GONE = """
     union all
    select camera_id, scene_id, false, source, assigned_by, assigned_at, batch_id, confidence, reason,
           unit_id, sensitivity
      from gone
     union all
    select camera_id, scene_id, false, source, assigned_by, assigned_at, batch_id, confidence, reason,
           unit_id, sensitivity
      from retaken
     union all
    select camera_id, scene_id, true, {source}, {account}::int, {at}::timestamptz, {batch}::bigint,
           new_confidence, new_reason, unit_id, sensitivity
      from retaken
"""

ADD = """
    insert into camera_scene (camera_id, scene_id, source, confidence, reason, assigned_by, assigned_at, batch_id)
    select camera_id, scene_id, {source}, confidence, reason, {account}::int, {at}::timestamptz, {batch}::bigint
      from fresh
"""

REMOVE = """
    delete from camera_scene s using gone g where s.camera_id = g.camera_id and s.scene_id = g.scene_id
"""

_RETAKE = """
    update camera_scene s
       set source = {source}, confidence = r.new_confidence, reason = r.new_reason,
           assigned_by = {account}::int, assigned_at = {at}::timestamptz, batch_id = {batch}::bigint
      from retaken r
     where s.camera_id = r.camera_id and s.scene_id = r.scene_id
"""

RECORD = f"""
    insert into classification_change (batch_id, block, scene_id, added, source, assigned_by, assigned_at,
                                       assigned_in, offsets, confidences, reasons)
    select {{batch}}::bigint, (camera_id >> {BLOCK_BITS})::int, scene_id, added, source, assigned_by,
           assigned_at, assigned_in, array_agg((camera_id & {OFFSETS})::smallint),
           case when count(confidence) > 0 then array_agg(confidence) end,
           case when count(reason) > 0 then array_agg(reason) end
      from event
     group by 2, 3, 4, 5, 6, 7, 8
"""  # noqa: S608 - put together from this program's own words

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

# What was changed by others since a dry run: all changes are on record, so nothing else need be compared.
_SINCE = f"""
    select c.batch_id, count(distinct m.id) as cameras
      from classification_change c
      cross join lateral unnest(c.offsets) as o(place)
      join meant m on m.id = {IN_BLOCK}
     where c.batch_id > {{since}}::bigint
     group by c.batch_id
"""  # noqa: S608 - put together from this program's own words

MARK = "coalesce((select bit_xor(hashint8extended(id, 0)) from meant), 0)"
"""A word for which cameras are meant: another one when one of them is another."""


@dataclass
class Statement:
    """A statement in the making: its common table expressions and its parameters, in order."""

    parts: list[str] = field(default_factory=list)
    parameters: list[object] = field(default_factory=list)

    def give(self, value: object) -> str:
        """The place of one more parameter, as ``$3``."""
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def where(self, name: str, query: str, *, kept: bool = False) -> None:
        """One more common table expression; ``kept``: worked out once and kept, rather than merged."""
        self.parts.append(f"{name} as {'materialized ' if kept else ''}({query})")

    def ending(self, select: str) -> str:
        """The whole text."""
        return f"with {','.join(self.parts)}{select}"


@dataclass(frozen=True, slots=True)
class Writing:
    """Who changes what, in the store's terms.

    Attributes:
        change: What is asked.
        scope: By whom, and within which scope.
        scene_ids: Numbers of the scenes that are named, by code.
        values: Places of the batch's values in the statement, by name.
    """

    change: Change
    scope: Scope
    scene_ids: dict[str, int]
    values: dict[str, str]


def decide(statement: Statement, writing: Writing, *, columns: str = "") -> None:
    """Add the decision to ``statement``.

    Args:
        statement: In the making.
        writing: What is asked; its ``values`` hold the places of source, account, at and batch.
        columns: More columns of the camera for ``meant``, e.g. ``, camera.owner``.
    """
    change = writing.change
    _mean(statement, writing, columns)
    if is_plain(change):
        _decide_plainly(statement)
        statement.where("event", _EVENT.format(**writing.values), kept=True)
        return
    statement.where("held", _HELD, kept=True)
    statement.where("differing", _DIFFERING, kept=True)
    by_person = change.source is Source.PERSON
    if not by_person:
        statement.where("refused", _REFUSED, kept=True)
    statement.where("fresh", _fresh(change, by_person=by_person), kept=True)
    statement.where("gone", _gone(change, by_person=by_person), kept=True)
    statement.where("retaken", _retaken(writing, by_person=by_person), kept=True)
    statement.where("event", (_EVENT + _EVENT_GONE).format(**writing.values), kept=True)


def is_plain(change: Change) -> bool:
    """Whether what cameras serve besides does not matter: the common stroke, worth its own short statement."""
    return (
        change.action is Action.ADD
        and change.policy is Conflicts.BESIDE
        and change.source is Source.PERSON
        and not change.confirm
    )


def write(statement: Statement, writing: Writing, *, since: int | None) -> str:
    """The statement that decides, writes, and answers in one row what came of it.

    Args:
        statement: With the batch's values already given.
        writing: What is asked.
        since: Newest batch of the dry run; None if there was none.
    """
    change, values = writing.change, writing.values
    decide(statement, writing)
    statement.where("opened", OPEN_BATCH.format(**values))
    statement.where("added", ADD.format(**values))
    if not is_plain(change):
        statement.where("removed", REMOVE)
        statement.where("renewed", _RETAKE.format(**values))
    statement.where("recorded", RECORD.format(**values))
    single = is_plain(change) and len(writing.scene_ids) == 1 and change.proposals is None
    counted = "count(*)" if single else "count(distinct camera_id)"
    statement.where("tallied", TALLY.format(**values, cameras=counted))
    answer = [
        "(select count(*) from meant) as meant",
        *(f"(select coalesce(sum({name}), 0) from tallied) as {name}" for name in ("added", "removed")),
        "(select coalesce(sum(cameras), 0) from tallied) as changed",
        f"{left_alone(change)} as kept",
        f"{protected(change)} as protected",
    ]
    if since is not None:
        statement.where("since", _SINCE.format(since=statement.give(since)))
        answer += [
            f"{MARK} as mark",
            "(select jsonb_agg(jsonb_build_array(batch_id, cameras) order by batch_id) from since) as since",
        ]
    return statement.ending(f" select {', '.join(answer)}")


def left_alone(change: Change) -> str:
    """How many cameras are left alone because they serve other scenes."""
    if change.action is Action.REMOVE or change.policy is not Conflicts.KEEP:
        return "0"
    if change.action is Action.REPLACE:
        return "(select count(*) from differing)"
    # One that serves all these scenes and others is so already.
    return """(select count(distinct w.camera_id) from want w join differing d on d.camera_id = w.camera_id
        where not exists (select from held h where h.camera_id = w.camera_id and h.scene_id = w.scene_id))"""


def protected(change: Change) -> str:
    """How many cameras have a person's decision that stands against this change."""
    if change.source is Source.PERSON:
        return "0"
    kept = change.action is not Action.REMOVE and change.policy is Conflicts.KEEP
    left = " and camera_id not in (select camera_id from differing)" if kept else ""
    stands = []
    if change.action is not Action.REMOVE:
        stands.append(
            f"select w.camera_id from want w join refused using (camera_id, scene_id) where {_absent('w')}"
        )
    if going := _going(change):
        stands.append(f"select camera_id from held where source = 'person' and {going}")
    if not stands:
        return "0"
    return f"(select count(distinct camera_id) from ({' union all '.join(stands)}) s where true{left})"


def _mean(statement: Statement, writing: Writing, columns: str) -> None:
    change = writing.change
    conditions = [writing.scope.sees(camera)]
    if change.cameras is not None:
        conditions += change.cameras.conditions()
    condition, parameters = as_sql(conditions, first=len(statement.parameters) + 1)
    statement.parameters.extend(parameters)
    if change.proposals is None:
        want = _WANT_ALL.format(
            confidence=statement.give(change.confidence),
            scenes=statement.give(sorted(writing.scene_ids.values())),
        )
    else:
        cameras = statement.give([p.camera_id for p in change.proposals])
        condition += f" and camera.id = any({cameras}::bigint[])"
        want = _WANT_EACH.format(
            cameras=cameras,
            scenes=statement.give([writing.scene_ids[p.scene] for p in change.proposals]),
            confidences=statement.give([p.confidence for p in change.proposals]),
            reasons=statement.give([p.reason for p in change.proposals]),
        )
    statement.where(
        "meant",
        f"select camera.id, camera.unit_id, camera.sensitivity{columns} from camera where {condition}",
        kept=True,
    )
    statement.where("want", want, kept=not is_plain(change))


def _decide_plainly(statement: Statement) -> None:
    # In the order of the key, so that neighbours in the table and its index are written together.
    statement.where(
        "fresh", f"select * from want w where {_absent('w')} order by camera_id, scene_id", kept=True
    )


def _absent(alias: str) -> str:
    return (
        f"not exists (select from camera_scene s where s.camera_id = {alias}.camera_id"
        f" and s.scene_id = {alias}.scene_id)"
    )


def _fresh(change: Change, *, by_person: bool) -> str:
    if change.action is Action.REMOVE:
        return "select * from want where false"
    conditions = [_absent("w")]
    if change.policy is Conflicts.KEEP:
        conditions.append("w.camera_id not in (select camera_id from differing)")
    if not by_person:
        conditions.append("(w.camera_id, w.scene_id) not in (select camera_id, scene_id from refused)")
    return f"select * from want w where {' and '.join(conditions)} order by camera_id, scene_id"


def _going(change: Change) -> str:
    """Which of the assignments held this change takes away; empty if none."""
    if change.action is Action.REMOVE:
        return "named"
    return "not named" if change.exact else ""


def _gone(change: Change, *, by_person: bool) -> str:
    conditions = [_going(change) or "false"]
    if not by_person:
        conditions.append("source <> 'person'")
    return f"select * from held where {' and '.join(conditions)}"


def _retaken(writing: Writing, *, by_person: bool) -> str:
    change, values = writing.change, writing.values
    if not change.confirm:
        return "select * from held where false"
    conditions = [
        "named",
        f"""(source, assigned_by, confidence, reason) is distinct from
            ({values["source"]}, {values["account"]}::int, new_confidence, new_reason)""",
    ]
    if change.policy is Conflicts.KEEP:
        conditions.append("camera_id not in (select camera_id from differing)")
    if not by_person:
        conditions.append("source <> 'person'")
    return f"select * from held where {' and '.join(conditions)}"
