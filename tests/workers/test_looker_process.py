"""A worker over a real queue and database: it keeps its places and survives its neighbours."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from nats.aio.client import Client
from small_city import SmallCity, make_small_city

from base import bus
from base.clock import SystemClock
from base.database import Database
from base.nats_server import PrivateNats
from base.seal import Sealer
from base.settings import Settings
from camera_registry.addresses import AddressBook
from dispatch.evidence import FolderEvidence
from dispatch.record import Recorder
from ingest.target import CameraAddress
from models.camera import CameraState
from models.look import Frame, Look, Outcome
from models.messages import ASK
from models.observation import Observation
from workers.calendar import CalendarProcess
from workers.looker import LookerProcess

PIXELS = np.full((36, 64, 3), 90, np.uint8)


class Eyes:
    """Looks that end as the test says, and count themselves."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.outcome = Outcome.PICTURE
        self.at_once = 0
        self.most_at_once = 0

    async def look(self, address: CameraAddress, *, deadline_s: float, max_width: int) -> Look:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        self.taken[address.url.rsplit("/", 1)[1]] += 1
        if self.outcome is not Outcome.PICTURE:
            return Look(self.outcome)
        return Look(Outcome.PICTURE, Frame(PIXELS, SystemClock().now(), 64, 36, "h264"))


class Counts:
    """A recogniser that counts as many people as the test says."""

    persons = 0.0

    def recognise(self, sights: Sequence[tuple[int, UUID, Frame]]) -> list[Observation]:
        return [
            Observation(
                camera,
                look,
                frame.captured_at,
                "objects",
                "test@0",
                {"persons": self.persons},
                confidence=0.9,
            )
            for camera, look, frame in sights
        ]


class World:
    def __init__(self, database: Database, city: SmallCity, client: Client, folder: Path) -> None:
        self.database, self.city, self.client = database, city, client
        self.eyes, self.counts = Eyes(), Counts()
        clock = SystemClock()
        self.looker = LookerProcess(
            name="test",
            database=database,
            bus=client,
            clock=clock,
            settings=Settings(data_dir=folder, looks_in_flight=2),
            addresses=AddressBook(database, Sealer(folder / "keys"), clock),
            looker=self.eyes,  # type: ignore[arg-type]
            recogniser=self.counts,  # type: ignore[arg-type]
            recorder=Recorder(database, FolderEvidence(folder / "evidence"), site="test", clock=clock),
        )
        self.tasks: list[asyncio.Task[None]] = []

    def start_calendar(self, lease_s: float = 2) -> asyncio.Task[None]:
        process = CalendarProcess(self.database, self.client, SystemClock(), lease_s=lease_s)
        task = asyncio.create_task(process.run())
        self.tasks.append(task)
        return task

    async def value(self, query: str) -> object:
        async with self.database.raw() as connection:
            return await connection.fetchval(query)


@pytest.fixture
async def world(database: Database, nats_server: PrivateNats, tmp_path: Path) -> AsyncIterator[World]:
    async with database.raw() as connection:
        city = await make_small_city(connection)
        await connection.execute("update watch set cadence_s = 1")
    client = await bus.connect(nats_server.url, name="test")
    made = World(database, city, client, tmp_path)
    made.tasks.append(asyncio.create_task(made.looker.run()))
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)
    await client.close()


async def until(condition: Callable[[], bool], timeout_s: float = 15) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.05)


async def test_every_camera_is_looked_at_again_and_again_within_the_places(world: World) -> None:
    world.start_calendar()
    await until(lambda: len(world.eyes.taken) == 4 and min(world.eyes.taken.values()) >= 3)
    assert world.eyes.most_at_once <= 2


async def test_failing_looks_give_their_places_back_and_end_offline(world: World) -> None:
    world.eyes.outcome = Outcome.NO_KEY_PICTURE
    world.start_calendar()
    await until(lambda: sum(world.eyes.taken.values()) >= 12, 30)
    world.eyes.outcome = Outcome.PICTURE
    states = await world.value("select array_agg(distinct state) from camera_state where failures >= 3")
    assert states == [CameraState.OFFLINE]


async def test_cameras_of_a_silent_host_are_offline_without_asking_each_again_and_again(world: World) -> None:
    world.eyes.outcome = Outcome.UNREACHABLE
    world.start_calendar()

    async def offline() -> bool:
        query = f"select count(*) = 4 from camera_state where state = {CameraState.OFFLINE:d}"
        return await world.value(query) is True

    async with asyncio.timeout(40):
        while not await offline():
            await asyncio.sleep(0.2)
    assert sum(world.eyes.taken.values()) <= 12  # four that failed, their second tries, a probe or two


async def test_a_calendar_that_dies_is_waited_for(world: World) -> None:
    first = world.start_calendar()
    await until(lambda: len(world.eyes.taken) == 4)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    before = world.eyes.taken.total()
    world.start_calendar()
    await until(lambda: world.eyes.taken.total() > before + 4)


async def test_what_the_store_refuses_does_not_stop_the_others(world: World) -> None:
    broken = world.city.watches["west-1"]
    async with world.database.raw() as connection:
        await connection.execute(
            f"""create function refuse() returns trigger language plpgsql as
                $$ begin if new.watch_id = {broken} then raise exception 'refused'; end if;
                   return new; end $$"""
        )
        await connection.execute(
            "create trigger refuse before update on rule_state for each row execute function refuse()"
        )
    world.counts.persons = 9
    world.start_calendar()
    await until(lambda: min(world.eyes.taken.values(), default=0) >= 4 and len(world.eyes.taken) == 4)
    await asyncio.sleep(0.5)
    assert await world.value("select count(*) from incident") == 3


async def test_an_ask_that_is_not_understood_ends_nothing(world: World) -> None:
    world.start_calendar()
    for garbage in (b"", b"{}", b'{"worker": "x", "count": -1}', b"\xff" * 1000, b"[" * 5000):
        await world.client.publish(ASK, garbage, reply="nowhere")
    await until(lambda: len(world.eyes.taken) == 4)


async def test_a_camera_whose_credential_cannot_be_opened_is_passed_over(world: World) -> None:
    async with world.database.raw() as connection:
        key = await connection.fetchval(
            "insert into credential (name, username, sealed) values ('k', 'u', '\\x00') returning id"
        )
        await connection.execute(
            "update camera set credential_id = $1 where id = $2", key, world.city.cameras["west-1"]
        )
    world.start_calendar()
    await until(lambda: len(world.eyes.taken) == 3 and min(world.eyes.taken.values()) >= 3)
    assert "west-1" not in world.eyes.taken
