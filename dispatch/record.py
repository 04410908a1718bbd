"""Recording: rule state, incident and outbox row of a whole batch of observations, in one transaction."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from base.errors import DengtaError, InvalidInputError, UnavailableError
from base.log import get_logger
from dispatch.announce import Moments, announce, wake_relay
from dispatch.place import locate
from models.event import source_of
from models.verdict import Act
from scenes.table import rule_named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import asyncpg

    from base.clock import Clock
    from base.database import Database
    from dispatch.evidence import EvidenceStore
    from models.event import Event
    from models.observation import Observation
    from models.verdict import Verdict

log = get_logger(__name__)

DETECTIONS_SHOWN = 50
"""Keeps an event well below the stream's message limit."""

CLOCK_TOLERANCE = timedelta(minutes=1)
"""By so much may machines' clocks differ."""

_NEVER = UUID(int=0)

_LOCK_STATES = """
select rs.watch_id, rs.captured_at, rs.look_id, rs.state::text as state, rs.incident_id,
       w.camera_id, w.rule, w.scene_id, w.settings::text as settings
  from rule_state rs join watch w on w.id = rs.watch_id
 where rs.watch_id = any($1::bigint[]) and w.enabled
 order by rs.watch_id
   for no key update of rs
"""
"""In the order of watches, so that two recorders never wait for each other in a ring."""

_FIRST_STATES = """
insert into rule_state (watch_id, captured_at, look_id, state)
select id, 'epoch', $2, '{}' from watch
 where id = any($1::bigint[]) and not exists (select from rule_state where watch_id = watch.id)
 order by id
    on conflict do nothing
"""

_SAVE_STATES = """
update rule_state rs
   set captured_at = n.captured_at, look_id = n.look_id, state = n.state::jsonb, incident_id = n.incident_id
  from unnest($1::bigint[], $2::timestamptz[], $3::uuid[], $4::text[], $5::bigint[])
       as n(watch_id, captured_at, look_id, state, incident_id)
 where rs.watch_id = n.watch_id
"""

_OPEN = """
insert into incident (kind, state, severity, confidence, scene_id, camera_id, watch_id, unit_id,
                      unit_tree, sensitivity, geom, accuracy_m, address, evidence, facts, exercise,
                      opened_at, updated_at)
values ($1, 'suspected', $2, $3, $4, $5, $6, $7, $8, $9,
        ST_SetSRID(ST_MakePoint($10::float8, $11::float8), 4326), $12, $13, $14, $15::jsonb, $16, $17, $17)
returning id
"""

_CLOSE = """
update incident set state = 'closed', closed_at = $2, updated_at = $2, sequence = sequence + 1
 where id = $1 and closed_at is null
returning id
"""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One observation for one watch, with the picture at hand in case it decides something.

    Attributes:
        watch_id: The watch it is for.
        observation: What was seen.
        looked_at: When the look began.
        recognised_at: When the recogniser had answered.
        picture: Encodes the picture as JPEG; called only when it becomes evidence.
    """

    watch_id: int
    observation: Observation
    looked_at: datetime
    recognised_at: datetime
    picture: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a batch came to.

    Attributes:
        counted: Observations that were newer than what their watch had seen.
        events: The events written to the outbox.
    """

    counted: int
    events: tuple[Event, ...]


@dataclass(slots=True)
class _WatchState:
    watch_id: int
    camera_id: int
    scene_id: int | None
    rule: str
    settings: dict[str, Any]
    captured_at: datetime
    look_id: UUID
    state: dict[str, Any]
    incident_id: int | None
    changed: bool = False
    events: list[Event] = field(default_factory=list)


class Recorder:
    """Turns batches of sightings into states, incidents and events.

    Args:
        database: Where all three go in one transaction.
        evidence: Where deciding pictures go before it commits.
        site: Name of the installation, for the events' source.
        clock: Time of the events.
    """

    def __init__(self, database: Database, evidence: EvidenceStore, *, site: str, clock: Clock) -> None:
        self._database = database
        self._evidence = evidence
        self._source = source_of(site)
        self._clock = clock

    async def record(self, sightings: Sequence[Sighting]) -> Recorded:
        """Record a batch. Doing it twice, or in another order, gives the same incidents.

        Raises:
            UnavailableError: The database went away; nothing of the batch is recorded, or, if it went during
                the commit, all of it. Recording it again is right in both cases.
        """
        ordered = sorted(
            sightings, key=lambda s: (s.watch_id, s.observation.captured_at, s.observation.look_id)
        )
        async with self._database.raw() as connection, connection.transaction():
            states = await self._lock(connection, sorted({s.watch_id for s in ordered}))
            counted = 0
            for sighting in ordered:
                state = states.get(sighting.watch_id)
                if state and _is_newer(sighting.observation, state, self._clock.now()):
                    counted += 1
                    await self._weigh(connection, state, sighting)
            events = tuple(event for state in states.values() for event in state.events)
            if not events:
                # What decides nothing need not wait for the disk: if it is lost, the next look says it again.
                await connection.execute("set local synchronous_commit = off")
            else:
                await wake_relay(connection)
            await self._save(connection, [state for state in states.values() if state.changed])
        return Recorded(counted, events)

    async def _lock(
        self, connection: asyncpg.Connection[Any], watch_ids: list[int]
    ) -> dict[int, _WatchState]:
        rows = await connection.fetch(_LOCK_STATES, watch_ids)
        if len(rows) < len(watch_ids):
            await connection.execute(_FIRST_STATES, watch_ids, _NEVER)
            rows = await connection.fetch(_LOCK_STATES, watch_ids)
        return {
            row["watch_id"]: _WatchState(
                watch_id=row["watch_id"],
                camera_id=row["camera_id"],
                scene_id=row["scene_id"],
                rule=row["rule"],
                settings=orjson.loads(row["settings"]),
                captured_at=row["captured_at"],
                look_id=row["look_id"],
                state=orjson.loads(row["state"]),
                incident_id=row["incident_id"],
            )
            for row in rows
        }

    async def _weigh(
        self, connection: asyncpg.Connection[Any], state: _WatchState, sighting: Sighting
    ) -> None:
        observation = sighting.observation
        try:
            rule = rule_named(state.rule)
            verdict = rule.judge(state.state, observation, state.settings)
        except DengtaError as err:
            # One watch set wrongly must not stop the others of its batch.
            log.warning("watch cannot be judged", watch=state.watch_id, reason=str(err))
            return
        state.captured_at, state.look_id = observation.captured_at, observation.look_id
        state.state = dict(verdict.state)
        state.changed = True
        if verdict.act is Act.OPEN and state.incident_id is None:
            await self._open(connection, state, sighting, verdict, rule.kind)
        elif verdict.act is Act.CLOSE and state.incident_id is not None:
            await self._close(connection, state, sighting, verdict)

    async def _open(
        self,
        connection: asyncpg.Connection[Any],
        state: _WatchState,
        sighting: Sighting,
        verdict: Verdict,
        kind: str,
    ) -> None:
        located = await locate(connection, state.camera_id)
        facts = {**verdict.facts, "detections": _shown(sighting.observation)}
        state.incident_id = await connection.fetchval(
            _OPEN,
            *(kind, verdict.severity, verdict.confidence, state.scene_id, state.camera_id, state.watch_id),
            *(located.unit_id, located.unit_tree, located.sensitivity),
            *(located.longitude, located.latitude, located.accuracy_m, located.address),
            await asyncio.to_thread(self._keep, sighting),
            *(orjson.dumps(facts).decode(), located.simulated, self._clock.now()),
        )
        await self._announce(connection, state, sighting)

    async def _close(
        self, connection: asyncpg.Connection[Any], state: _WatchState, sighting: Sighting, verdict: Verdict
    ) -> None:
        # It may have been closed by hand already; then the watch is free again, and nothing is to be said.
        if await connection.fetchval(_CLOSE, state.incident_id, self._clock.now()):
            await self._announce(connection, state, sighting, verdict.facts)
        state.incident_id = None

    async def _announce(
        self,
        connection: asyncpg.Connection[Any],
        state: _WatchState,
        sighting: Sighting,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        assert state.incident_id is not None
        moments = Moments(sighting.looked_at, sighting.observation.captured_at, sighting.recognised_at)
        event = await announce(
            connection, state.incident_id, source=self._source, moments=moments, facts=facts
        )
        state.events.append(event)

    def _keep(self, sighting: Sighting) -> str | None:
        """Store the deciding picture; a matter without its picture is still a matter."""
        try:
            return self._evidence.put(sighting.picture())
        except (UnavailableError, InvalidInputError) as err:
            log.warning("evidence lost", camera=sighting.observation.camera_id, reason=str(err))
            return None

    @staticmethod
    async def _save(connection: asyncpg.Connection[Any], states: list[_WatchState]) -> None:
        if states:
            await connection.execute(
                _SAVE_STATES,
                [s.watch_id for s in states],
                [s.captured_at for s in states],
                [s.look_id for s in states],
                [orjson.dumps(s.state).decode() for s in states],
                [s.incident_id for s in states],
            )


def _shown(observation: Observation) -> list[list[Any]]:
    """The best detections as ``[label, score, left, top, right, bottom]``, to be drawn over the evidence."""
    return [
        [d.label, round(d.score, 3), *(round(edge, 4) for edge in d.box)]
        for d in observation.detections[:DETECTIONS_SHOWN]
    ]


def _is_newer(observation: Observation, state: _WatchState, now: datetime) -> bool:
    if state.captured_at > now + CLOCK_TOLERANCE:
        # It was recorded by a clock that has been set back since; waiting for it would blind the watch.
        log.warning("state from the future overtaken", watch=state.watch_id, captured_at=state.captured_at)
        return True
    return (observation.captured_at, observation.look_id) > (state.captured_at, state.look_id)
