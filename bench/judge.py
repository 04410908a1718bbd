"""Bench ``judge``: wall time from observations to committed rule states, against writing those rows alone.

``50k`` is 50,000 observations over 10,000 cameras, one watch each, in the worker's batches of 200. Some
crowds gather and disperse meanwhile, so that incidents open and close, with their events and evidence.
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import asyncpg
import orjson

from base.clock import SystemClock
from base.database import Database
from base.errors import DengtaError, SetupError
from base.migrate import migrate
from base.postgres import ROLE, PrivatePostgres, find_programs
from bench.harness import WARM_UPS, Case, Line, Skipped, Tell
from bench.workplace import running, workplace
from dispatch.evidence import FolderEvidence
from dispatch.record import Recorder, Sighting
from models.observation import Observation
from models.verdict import Act
from scenes.table import rule_named

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

T = TypeVar("T")

NAME = "judge"
CASES = ("50k",)
CAMERAS = 10_000
BATCH = 200  # as many as a worker records at once
BATCHES = 50_000 // BATCH
LOOK_EVERY = timedelta(minutes=5)
GATHERING = 0.001
"""Share of cameras that see a crowd: two pictures of it open a matter, two without it close it."""
RULE = rule_named("crowd")
SETTINGS = {"open_at": 4, "close_at": 2, "votes": 2, "of": 3}
JPEG = b"\xff\xd8\xff\xe0" + bytes(30_000)
"""What a picture weighs as evidence; encoding it is no part of judging."""

_CATALOGUE = f"""
insert into organisation (code, name, level, tree_left, tree_right, geom)
values ('city', 'city', 0, 1, 1, ST_Multi(ST_MakeEnvelope(121, 37, 122, 38, 4326)));
insert into camera (code, name, geom, accuracy_m, unit_id, unit_tree)
select n, n, ST_SetSRID(ST_MakePoint(121 + n % 100 / 100.0, 37 + n / 100 / 100.0), 4326), 12, o.id, 1
  from generate_series(0, {CAMERAS} - 1) n, organisation o;
insert into watch (camera_id, rule, recogniser, cadence_s, priority, settings)
select id, 'crowd', 'objects', 300, 2, '{orjson.dumps(SETTINGS).decode()}' from camera order by id;
analyze;
"""

_STAGE = "create temp table stage (like rule_state) on commit delete rows"

_WRITE = """
insert into rule_state select * from stage
    on conflict (watch_id) do update
       set captured_at = excluded.captured_at, look_id = excluded.look_id, state = excluded.state,
           incident_id = excluded.incident_id
"""

_OUTCOME = """
select watch_id, captured_at, look_id, state::text, incident_id is not null from rule_state order by watch_id
"""

Row = tuple[int, datetime, UUID, str, int | None]


@dataclass(frozen=True)
class Batch:
    """What the recorder is given, and what it must leave behind.

    Attributes:
        sightings: Observations, each of another watch.
        rows: The rule states after them, as the floor writes them.
        decides: Whether an incident opens or closes, for which the commit waits for the disk.
    """

    sightings: list[Sighting]
    rows: list[Row]
    decides: bool


def measure(case: str, tell: Tell) -> Iterator[Line]:
    """The lines of one case."""
    try:
        programs = find_programs()
    except SetupError as err:
        yield Skipped(NAME, case, str(err))
        return
    with (
        workplace() as folder,
        running(PrivatePostgres(folder / "postgres", programs), folder) as cluster,
        closing(Contest(cluster, folder)) as contest,
    ):
        yield from contest.case(case).measure(tell)
        contest.check()


class Contest:
    """Two databases with one catalogue: the recorder writes to the one, the floor to the other."""

    def __init__(self, cluster: PrivatePostgres, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._run(_make_databases(cluster))
        self._ours = Database(cluster.database_url("ours"), pool_size=1)
        self._floor = self._run(_connect(cluster, "floor"))
        self._run(self._floor.execute(_STAGE))
        watches = self._run(self._floor.fetch("select id, camera_id from watch order by id"))
        self._batches = list(islice(batches([tuple(row) for row in watches]), WARM_UPS + BATCHES))
        evidence = FolderEvidence(folder / "evidence")
        self._recorder = Recorder(self._ours, evidence, site="bench", clock=SystemClock())

    def case(self, name: str) -> Case:
        """Both take the same batches in the same order; the cost is that of 1,000 observations."""
        judged, written = iter(self._batches), iter(self._batches)
        return Case(
            bench=NAME,
            name=name,
            ours=lambda: self._run(self._recorder.record(next(judged).sightings)),
            floor=lambda: self._run(self._write(next(written))),
            unit="ms",
            rounds=BATCHES,
            per=BATCH / 1000,
        )

    def check(self) -> None:
        """Both must have left the same rows.

        Raises:
            DengtaError: They differ: the figures compare nothing.
        """

        async def outcome() -> bool:
            async with self._ours.raw() as connection:
                return await connection.fetch(_OUTCOME) == await self._floor.fetch(_OUTCOME)

        if not self._run(outcome()):
            raise DengtaError("judge: the recorder and the floor left different rule states.")

    def close(self) -> None:
        self._run(self._floor.close())
        self._run(self._ours.close())
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    async def _write(self, batch: Batch) -> None:
        """The bare bulk write: COPY and one statement, waiting for the disk when the recorder does."""
        async with self._floor.transaction():
            if not batch.decides:
                await self._floor.execute("set local synchronous_commit = off")
            await self._floor.copy_records_to_table("stage", records=batch.rows)
            await self._floor.execute(_WRITE)


def batches(watches: list[tuple[int, int]]) -> Iterator[Batch]:
    """Batches without end: each watch (its id and its camera's) once a pass, always in another order."""
    draw = Random(7)
    gathering = draw.sample(watches, round(len(watches) * GATHERING))
    crowded = {watch: draw.randrange(2) for watch, _ in gathering}
    states: dict[int, Any] = {watch: {} for watch, _ in watches}
    began = datetime(2026, 1, 1, tzinfo=UTC)
    for number in count():
        at = began + number * LOOK_EVERY
        order = draw.sample(watches, len(watches))
        for start in range(0, len(order), BATCH):
            sightings = [
                sighting(watch, camera, at, draw, crowd=number - crowded.get(watch, number + 1) in {0, 1})
                for watch, camera in order[start : start + BATCH]
            ]
            yield judged(sightings, states)


def sighting(watch: int, camera: int, at: datetime, draw: Random, *, crowd: bool) -> Sighting:
    """One look's word: a few people, or a crowd of them."""
    persons = draw.randrange(6, 12) if crowd else draw.randrange(3)
    observation = Observation(
        camera_id=camera,
        look_id=UUID(int=draw.getrandbits(128), version=4),
        captured_at=at + draw.random() * LOOK_EVERY,
        recogniser="objects",
        model="bench@0",
        values={"persons": persons, "vehicles": draw.randrange(9), "vehicle_cover": draw.random()},
        confidence=draw.uniform(0.5, 0.95),
    )
    return Sighting(watch, observation, looked_at=at, recognised_at=at, picture=lambda: JPEG)


def judged(sightings: list[Sighting], states: dict[int, Any]) -> Batch:
    """The batch of these sightings; ``states``, by watch, goes on to what the rule then remembers."""
    rows: list[Row] = []
    acts = set()
    for seen in sightings:
        observation = seen.observation
        verdict = RULE.judge(states[seen.watch_id], observation, SETTINGS)
        states[seen.watch_id] = verdict.state
        acts.add(verdict.act)
        held = 1 if verdict.state["open"] else None
        state = orjson.dumps(verdict.state).decode()
        rows.append((seen.watch_id, observation.captured_at, observation.look_id, state, held))
    return Batch(sightings, sorted(rows), acts != {Act.NOTHING})


async def _make_databases(cluster: PrivatePostgres) -> None:
    admin = Database(cluster.database_url("postgres"), pool_size=1)
    await admin.wait_ready(timeout_s=30)
    async with admin.raw() as connection:
        await connection.execute("create database ours")
    ours = Database(cluster.database_url("ours"), pool_size=1)
    await migrate(ours)
    async with ours.raw() as connection:
        await connection.execute(_CATALOGUE)
    await ours.close()
    async with admin.raw() as connection:
        await connection.execute("create database floor template ours")
    await admin.close()


async def _connect(cluster: PrivatePostgres, database: str) -> asyncpg.Connection[Any]:
    return await asyncpg.connect(host=str(cluster.socket_dir), user=ROLE, database=database)
