"""Training on the whole catalogue, and suggesting for all of it or a part of it."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson

from camera_registry.selection import CameraFilter
from camera_registry.suggestion.evidence_store import (
    read_evidence,
    read_layers,
    read_lessons,
    read_scenes,
)
from camera_registry.suggestion.model_store import load_model, save_model
from camera_registry.suggestion.propose import Proposer
from camera_registry.suggestion.rule_book import known_measures, note_measured, rules_in_force, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import asyncpg
    from sqlalchemy import ColumnElement

    from base.clock import Clock
    from base.database import Database
    from camera_registry.jobs import Tell
    from camera_registry.suggestion.evidence import Evidence
    from camera_registry.suggestion.lessons import Lessons
    from camera_registry.suggestion.propose import Suggested

    Connection = asyncpg.Connection[Any]

ONE_STATE: Final = "repeatable_read"
"""Evidence and decisions are read as they stood at one moment."""

_STAGE = """
create temp table judged (camera_id bigint) on commit drop;
create temp table proposed (
    camera_id bigint, scene_id smallint, source text, confidence real, reasons jsonb, made_by text,
    evidence bigint) on commit drop;
"""

_LOCK = "select pg_advisory_xact_lock(hashtextextended('suggestion', 0))"
"""One run writes at a time."""

# What somebody classified, or which camera went, since the evidence was read is found out in the statement
# that writes. An acceptance that was undone is open again; a refusal holds while the evidence stays.
_MERGE = """
with valid as (
  select p.* from proposed p join camera c on c.id = p.camera_id
   where not exists (select from camera_scene s where s.camera_id = p.camera_id and s.scene_id = p.scene_id)),
merged as (
  insert into suggestion as old
         (camera_id, scene_id, source, confidence, reasons, made_by, made_at, evidence, state)
  select camera_id, scene_id, source, confidence, reasons, made_by, $1, evidence, 'open' from valid
      on conflict (camera_id, scene_id) do update
     set (source, confidence, reasons, made_by, made_at, evidence, state, decided_at, decided_by, batch_id) =
         (excluded.source, excluded.confidence, excluded.reasons, excluded.made_by, excluded.made_at,
          excluded.evidence, 'open', null, null, null)
   where old.state in ('accepted', 'superseded')
      or (old.state = 'refused' and old.evidence <> excluded.evidence)
      or (old.state = 'open' and (old.source, old.confidence, old.reasons, old.evidence, old.made_by)
          is distinct from
          (excluded.source, excluded.confidence, excluded.reasons, excluded.evidence, excluded.made_by))
  returning (old.xmax = 0) as fresh)
select (select count(*) from valid) as proposed,
       count(*) filter (where fresh) as fresh, count(*) filter (where not fresh) as renewed from merged
"""

_SUPERSEDE = """
with gone as (
  update suggestion s set state = 'superseded', decided_at = $1
    from judged j
   where j.camera_id = s.camera_id and s.state = 'open'
     and not exists (select from proposed p where p.camera_id = s.camera_id and p.scene_id = s.scene_id)
  returning 1)
select count(*) from gone
"""

_HELD_BACK = """
select count(*) from proposed p join suggestion s using (camera_id, scene_id)
 where s.state = 'refused' and s.evidence = p.evidence
"""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to.

    Attributes:
        cameras: Looked at.
        suggested: Suggestions that are open for them now.
        fresh: Those that nobody had made before.
        renewed: Those that were changed or opened again.
        superseded: Open ones that are made no more.
        refused: Those held back because staff had refused them and nothing is new.
        by_rule: Of those suggested, on a rule's word.
        learned: Of those suggested, on the classifier's.
        model: Version of the classifier, or None.
    """

    cameras: int
    suggested: int
    fresh: int
    renewed: int
    superseded: int
    refused: int
    by_rule: int
    learned: int
    model: int | None


async def train_model(
    database: Database, clock: Clock, tell: Tell, *, account_id: int | None = None
) -> dict[str, Any]:
    """Train a classifier on everything that staff have decided and put it in force.

    Returns:
        Its version and its card.

    Raises:
        ConflictError: Too few cameras are classified.
        UnavailableError: The database went away.
    """
    # scikit-learn takes seconds to load; who only lists suggestions need not wait for it.
    from camera_registry.suggestion.learn import train  # noqa: PLC0415

    tell("reading", 0.0)
    async with database.raw() as connection:
        async with connection.transaction(isolation=ONE_STATE, readonly=True):
            evidence = await read_evidence(connection, [])
            scenes, layers = await read_scenes(connection), await read_layers(connection)
            lessons = await read_lessons(connection, evidence, scenes)
        taught = np.flatnonzero((lessons.said != 0).any(axis=1))
        trained = await asyncio.to_thread(
            train, evidence.take(taught), lessons.take(taught), layers,
            lambda share: tell("training", 0.2 + 0.8 * share),
        )  # fmt: skip
        version = await save_model(connection, trained, at=clock.now(), account_id=account_id)
    return {"version": version, "card": trained.card}


async def run(database: Database, clock: Clock, tell: Tell, cameras: CameraFilter | None = None) -> Report:
    """Make suggestions anew.

    What was refused stays refused unless its evidence changed; what is suggested no more is superseded.

    Args:
        database: The store.
        clock: Time of the suggestions.
        tell: Told how far it is.
        cameras: For which cameras; all if None.

    Raises:
        UnavailableError: The database went away; nothing was changed.
        ModelError: The stored classifier is damaged.
    """
    conditions = (cameras or CameraFilter()).conditions()
    async with database.raw() as connection:
        async with connection.transaction(isolation=ONE_STATE, readonly=True):
            tell("reading", 0.0)
            proposing = await _read(connection, conditions)
        tell("judging", 0.35)
        records = await asyncio.to_thread(proposing.records)
        tell("writing", 0.75)
        async with connection.transaction():
            report = await _write(connection, clock.now(), proposing, records)
    tell("done", 1.0)
    return report


@dataclass(frozen=True)
class _Proposing:
    """A run between reading and writing."""

    evidence: Evidence
    lessons: Lessons
    serves: np.ndarray[Any, np.dtype[np.bool_]]
    scene_ids: dict[str, int]
    proposer: Proposer
    model_version: int | None

    def records(self) -> list[tuple[Any, ...]]:
        """The rows of ``proposed``."""
        names = {"rule": version_of(self.proposer.rules), "learned": f"model {self.model_version}"}
        ids, marks = self.evidence.camera_ids.tolist(), self.evidence.marks.tolist()
        suggested = self.proposer.suggest(self.evidence, self.lessons, self.serves)
        return [self._record(each, names, ids, marks) for each in suggested]

    def _record(
        self, each: Suggested, names: dict[str, str], ids: list[int], marks: list[int]
    ) -> tuple[Any, ...]:
        return (
            ids[each.row],
            self.scene_ids[each.scene],
            each.source,
            round(each.confidence, 4),
            orjson.dumps([[*reason] for reason in each.reasons]).decode(),
            names[each.source],
            marks[each.row],
        )


async def _read(connection: Connection, conditions: list[ColumnElement[bool]]) -> _Proposing:
    scenes, layers = await read_scenes(connection), await read_layers(connection)
    rules, loaded = await rules_in_force(connection), await load_model(connection)
    evidence = await read_evidence(connection, conditions)
    lessons = await read_lessons(connection, evidence, scenes)
    serves = (await read_lessons(connection, evidence, scenes, everything=True)).serves
    version, model = loaded or (None, None)
    # A part of the city is judged by how the rules fare in all of it.
    known = await known_measures(connection) if conditions else None
    proposer = Proposer(lessons.scenes, rules, {code: number for number, code in layers}, model, known)
    scene_ids = {code: number for number, code in scenes.items()}
    return _Proposing(evidence, lessons, serves, scene_ids, proposer, version)


async def _write(
    connection: Connection, at: datetime, proposing: _Proposing, records: list[tuple[Any, ...]]
) -> Report:
    await connection.execute(_LOCK)
    await connection.execute(_STAGE)
    await connection.copy_records_to_table("judged", records=_ids(proposing.evidence))
    await connection.copy_records_to_table("proposed", records=records)
    await connection.execute("analyze judged; analyze proposed")
    refused = await connection.fetchval(_HELD_BACK)
    superseded = await connection.fetchval(_SUPERSEDE, at)
    merged = await connection.fetchrow(_MERGE, at)
    assert merged is not None
    if proposing.proposer.known is None:
        await note_measured(connection, proposing.proposer.measured)
    return Report(
        cameras=len(proposing.evidence),
        suggested=merged["proposed"] - refused,
        fresh=merged["fresh"],
        renewed=merged["renewed"],
        superseded=superseded,
        refused=refused,
        by_rule=sum(record[2] == "rule" for record in records),
        learned=sum(record[2] == "learned" for record in records),
        model=proposing.model_version,
    )


def _ids(evidence: Evidence) -> Iterator[tuple[int]]:
    return ((camera_id,) for camera_id in evidence.camera_ids.tolist())


def as_json(report: Report) -> dict[str, Any]:
    """The report as the result of a job."""
    return asdict(report)
