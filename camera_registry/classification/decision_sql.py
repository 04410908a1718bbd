# ruff: noqa: S608 - statements are put together from this module's own words; values are parameters
"""What a change means for all cameras at once, as common table expressions that every statement begins with.

``meant``
    the cameras within the asker's scope that the change means;
``want``
    the assignments that it names for them;
``held``
    the assignments that they have, and whether the change names them;
``differing``
    cameras that serve other scenes than those that are named;
``refused``
    assignments that a person took away, where it is not a person who asks;
``fresh``, ``gone``, ``retaken``
    what therefore comes, what goes, and what passes to this batch's word;
``event``
    the same as a list of assignments that come and go, each whole; one that is renewed does both.

:func:`camera_registry.classification.decision.decide_one` says the same of one camera in plain Python; a
property test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from camera_registry.classification.change import Action, Conflicts, Source
from camera_registry.selection import as_sql
from models.tables import camera
from models.tables.classification import BLOCK_BITS

if TYPE_CHECKING:
    from camera_registry.classification.change import Change
    from models.scope import Scope

IN_BLOCK = f"((c.block::bigint << {BLOCK_BITS}) + o.place)"
"""The camera of one place in ``offsets`` of the change ``c``, unnested as ``o``."""

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

# A person removed it, and that batch is in force: its undo, the undo of that, each turned it off or on again,
# so an odd number of them means on.
_REFUSED = f"""
    select camera_id, scene_id
      from (select {IN_BLOCK} as camera_id, c.scene_id, c.batch_id, c.added, b.root
              from classification_change c
              join classification_batch b on b.id = c.batch_id
              join classification_batch r on r.id = b.root and r.source = 'person'
                                         and (r.action <> 'add' or r.conflicts = 'replace')
              cross join lateral unnest(c.offsets) as o(place)
             where c.scene_id = any({{scenes}}::smallint[])
               and c.block in (select distinct (id >> {BLOCK_BITS})::int from meant)) e
     group by camera_id, scene_id, root
    having count(distinct batch_id) % 2 = 1
       and bool_or(batch_id = root and not added) and not bool_or(batch_id = root and added)
"""

_COMING = """
    select camera_id, scene_id, true as added, false as renewed, {source} as source, confidence, reason,
           {account}::int as assigned_by, {at}::timestamptz as assigned_at, {batch}::bigint as assigned_in,
           unit_id, sensitivity
      from fresh
"""

_GOING = """
     union all
    select camera_id, scene_id, false, {renewed}, source, confidence, reason, assigned_by, assigned_at,
           batch_id, unit_id, sensitivity
      from {what}
"""

_RENEWED = """
     union all
    select camera_id, scene_id, true, true, {source}, new_confidence, new_reason, {account}::int,
           {at}::timestamptz, {batch}::bigint, unit_id, sensitivity
      from retaken
"""

_EVENT = (
    _COMING
    + _GOING.format(renewed=False, what="gone")
    + _GOING.format(renewed=True, what="retaken")
    + _RENEWED
)

MARK = "coalesce((select bit_xor(hashint8extended(id, 0)) from meant), 0)"
"""A word for which cameras are meant: another one when one of them is another."""


@dataclass(slots=True)
class Statement:
    """A statement in the making: its common table expressions and its parameters, in order."""

    parts: list[str] = field(default_factory=list)
    parameters: list[object] = field(default_factory=list)

    def give(self, value: object) -> str:
        """The place of one more parameter, as ``$3``."""
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def where(self, name: str, query: str, *, kept: bool = False) -> None:
        """One more common table expression; ``kept``: worked out once, not merged where it is used."""
        self.parts.append(f"{name} as {'materialized ' if kept else ''}({query})")

    def ending(self, select: str) -> str:
        """The whole text."""
        return f"with {','.join(self.parts)} {select}"


@dataclass(frozen=True, slots=True)
class Asking:
    """A change in the store's terms.

    Attributes:
        change: What is asked.
        scope: By whom, and within which scope.
        scene_ids: Numbers of the scenes that are named, by code.
        values: In SQL what each assignment will hold, ``source``, ``account``, ``at`` and ``batch``, and the
            ``scenes`` that are named.
    """

    change: Change
    scope: Scope
    scene_ids: dict[str, int]
    values: dict[str, str]

    @property
    def by_person(self) -> bool:
        """Whether a person asks, whom no earlier decision binds."""
        return self.change.source is Source.PERSON

    @property
    def plain(self) -> bool:
        """Whether it does not matter what cameras serve besides: the common stroke, and the shortest way."""
        change = self.change
        beside = change.action is Action.ADD and change.policy is Conflicts.BESIDE
        return beside and self.by_person and not change.confirm

    @property
    def keeping(self) -> bool:
        """Whether cameras that serve other scenes are left alone."""
        return self.change.policy is Conflicts.KEEP

    @property
    def going(self) -> str:
        """Which of the assignments held are to go; empty if none."""
        if self.change.action is Action.REMOVE:
            return "named"
        return "not named" if self.change.exact and not self.keeping else ""


def decide(statement: Statement, asking: Asking, *, columns: str = "", brief: bool = True) -> None:
    """Add the decision to ``statement``.

    Args:
        statement: In the making.
        asking: What is asked.
        columns: More columns of the camera for ``meant``, e.g. ``, camera.owner``.
        brief: Leave out what a plain change does not need.
    """
    _mean(statement, asking, columns)
    if brief and asking.plain:
        statement.where("fresh", _fresh(asking))
        statement.where("event", _COMING.format(**asking.values), kept=True)
        return
    statement.where("held", _HELD, kept=True)
    statement.where("differing", "select distinct camera_id from held where not named", kept=True)
    if not asking.by_person:
        statement.where("refused", _REFUSED.format(**asking.values), kept=True)
    statement.where("fresh", _fresh(asking), kept=True)
    statement.where("gone", _gone(asking), kept=True)
    statement.where("retaken", _retaken(asking), kept=True)
    statement.where("event", _EVENT.format(**asking.values), kept=True)


def left_alone(asking: Asking) -> str:
    """How many cameras are left alone because they serve other scenes."""
    if not asking.keeping:
        return "0"
    if asking.change.exact:
        return "(select count(*) from differing)"
    # One that serves all these scenes beside others is so already.
    return f"""(select count(distinct w.camera_id) from want w join differing d on d.camera_id = w.camera_id
        where {_absent(asking)})"""


def protected(asking: Asking) -> str:
    """How many cameras have a person's decision that stands against this change."""
    if asking.by_person:
        return "0"
    stands = []
    if asking.change.action is not Action.REMOVE:
        stands.append(
            "select w.camera_id from want w join refused r on r.camera_id = w.camera_id"
            f" and r.scene_id = w.scene_id where {_absent(asking)}"
        )
    if asking.going:
        stands.append(f"select camera_id from held where source = 'person' and {asking.going}")
    left = "camera_id not in (select camera_id from differing)" if asking.keeping else "true"
    return f"(select count(distinct camera_id) from ({' union all '.join(stands)}) s where {left})"


def _mean(statement: Statement, asking: Asking, columns: str) -> None:
    change = asking.change
    conditions = [asking.scope.sees(camera)]
    if change.cameras is not None:
        conditions += change.cameras.conditions()
    condition, parameters = as_sql(conditions, first=len(statement.parameters) + 1)
    statement.parameters.extend(parameters)
    if change.proposals is None:
        want = _WANT_ALL.format(confidence=statement.give(change.confidence), scenes=asking.values["scenes"])
    else:
        cameras = statement.give([p.camera_id for p in change.proposals])
        condition += f" and camera.id = any({cameras}::bigint[])"
        want = _WANT_EACH.format(
            cameras=cameras,
            scenes=statement.give([asking.scene_ids[p.scene] for p in change.proposals]),
            confidences=statement.give([p.confidence for p in change.proposals]),
            reasons=statement.give([p.reason for p in change.proposals]),
        )
    columns = f"camera.id, camera.unit_id, camera.sensitivity{columns}"
    statement.where("meant", f"select {columns} from camera where {condition}", kept=True)
    statement.where("want", want, kept=not asking.plain)


def _absent(asking: Asking) -> str:
    """That ``w`` is not held. Naming the scenes once more spares the store the assignments of all others."""
    return f"""not exists (select from camera_scene s where s.camera_id = w.camera_id
        and s.scene_id = w.scene_id and s.scene_id = any({asking.values["scenes"]}::smallint[]))"""


def _fresh(asking: Asking) -> str:
    if asking.change.action is Action.REMOVE:
        return "select * from want where false"
    conditions = [_absent(asking)]
    if asking.keeping:
        conditions.append("w.camera_id not in (select camera_id from differing)")
    if not asking.by_person:
        conditions.append("(w.camera_id, w.scene_id) not in (select camera_id, scene_id from refused)")
    # In the order of the key, so that neighbours in the table and in its index are written together.
    return f"select * from want w where {' and '.join(conditions)} order by camera_id, scene_id"


def _gone(asking: Asking) -> str:
    spared = "true" if asking.by_person else "source <> 'person'"
    return f"select * from held where {asking.going or 'false'} and {spared}"


def _retaken(asking: Asking) -> str:
    if not asking.change.confirm:
        return "select * from held where false"
    values = asking.values
    conditions = [
        "named",
        f"""(source, assigned_by, confidence, reason) is distinct from
            ({values["source"]}, {values["account"]}::int, new_confidence, new_reason)""",
    ]
    if asking.keeping:
        conditions.append("camera_id not in (select camera_id from differing)")
    if not asking.by_person:
        conditions.append("source <> 'person'")
    return f"select * from held where {' and '.join(conditions)}"
