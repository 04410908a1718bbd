"""From a live stream to a consumer, every part real: what decides is the picture, and the place."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from dengta_cache import CACHE
from small_city import SmallCity, make_small_city

from base import bus
from base.clock import SystemClock
from base.database import Database
from base.nats_server import PrivateNats
from base.runtime import free_port
from base.seal import Sealer
from base.settings import Settings
from camera_registry.addresses import AddressBook
from dengta.consumer import EventConsumer
from dengta.sample import rtsp_cameras as sample
from dengta.sample.clips import Clip, Prepared
from dispatch.evidence import FolderEvidence
from dispatch.exercise import end_exercises
from dispatch.record import Recorder
from inference.folder import Stock
from inference.objects import ObjectRecogniser
from ingest.look import Looker
from ingest.target import TargetPolicy
from models.camera import CameraState
from models.event import Event
from workers.calendar import CalendarProcess
from workers.looker import LookerProcess
from workers.relay import RelayProcess

pytestmark = pytest.mark.system
SECRET = b"test"


class Thread:
    """The processes of the thread in one loop, and one camera of the small city with a stream."""

    def __init__(self, database: Database, city: SmallCity, folder: Path, durable: str) -> None:
        self.database = database
        self.city = city
        self.folder = folder
        self.durable = durable
        self.port = free_port()

    async def play(self, clip: Clip, file_name: str) -> contextlib.AsyncExitStack:
        """Serve ``clip`` from a file called ``file_name`` as the camera of west-1."""
        shutil.copy(CACHE / "clips" / clip.file, self.folder / file_name)
        renamed = replace(clip, file=file_name, name=Path(file_name).stem, shows="unknown")
        (camera,) = sample.plan_cameras([renamed], 1, 7, secret=SECRET, port=self.port)
        camera = replace(camera, fault=None, clip=renamed.name)
        plan = self.folder / sample.PLAN
        sample.write_plan(plan, [camera], [renamed], self.folder, secret=SECRET)
        sealed = Sealer(self.folder / "keys").seal(camera.password, name="sample")
        async with self.database.raw() as connection:
            await connection.execute(
                """insert into credential (name, username, sealed) values ('sample', $1, $2)
                       on conflict (name) do update set sealed = excluded.sealed""",
                *(camera.username, sealed),
            )
            await connection.execute(
                """update camera set stream_url = $1, simulated = true,
                          credential_id = (select id from credential where name = 'sample') where id = $2""",
                *(camera.url, self.city.cameras["west-1"]),
            )
        stack = contextlib.AsyncExitStack()
        await stack.enter_async_context(sample.serving(plan))
        return stack


@pytest.fixture
async def thread(
    database: Database, nats_server: PrivateNats, detector: Stock, tmp_path: Path
) -> AsyncIterator[Thread]:
    async with database.raw() as connection:
        city = await make_small_city(connection)
        # Only west-1 has a stream; the crowd opens at four people, as the pedestrians' clip often has.
        await connection.execute("update camera set stream_url = null")
        await connection.execute("update watch set cadence_s = 1")
    made = Thread(database, city, tmp_path, f"t{secrets.token_hex(4)}")
    clock = SystemClock()
    settings = Settings(data_dir=tmp_path, look_networks=("127.0.0.0/8",))
    client = await bus.connect(nats_server.url, name="test")
    looker = Looker(TargetPolicy.of(settings.look_networks), clock)
    sealer = Sealer(tmp_path / "keys")
    processes = [
        CalendarProcess(database, client, clock, lease_s=5),
        RelayProcess(database, client),
        LookerProcess(
            name="test",
            database=database,
            bus=client,
            clock=clock,
            settings=settings,
            addresses=AddressBook(database, sealer, clock),
            looker=looker,
            recogniser=ObjectRecogniser.load(detector),
            recorder=Recorder(database, FolderEvidence(tmp_path / "evidence"), site="test", clock=clock),
        ),
    ]
    tasks = [asyncio.create_task(process.run()) for process in processes]
    yield made
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await looker.aclose()
    await client.close()


async def first_event(thread: Thread, nats_server: PrivateNats, timeout_s: float) -> Event | None:
    client = await bus.connect(nats_server.url, name="consumer")
    stream = EventConsumer(client, thread.durable, from_now=True).follow()
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                delivery = await anext(stream)
                await delivery.acknowledge()
                if delivery.event.type.endswith("opened.v1"):
                    return delivery.event
    except TimeoutError:
        return None
    finally:
        await stream.aclose()
        await client.close()


async def test_it_is_the_picture_and_the_place_that_speak(
    thread: Thread, nats_server: PrivateNats, clips: Prepared
) -> None:
    pedestrians = next(clip for clip in clips.clips if clip.shows == "pedestrians")
    black = next(clip for clip in clips.clips if clip.shows == "black")

    async with await thread.play(pedestrians, "pedestrians.mp4"):
        event = await first_event(thread, nats_server, 60)
    assert event is not None
    assert event.data.unit is not None
    assert event.data.unit.code == "west-1"
    assert any(label == "person" for label, *_ in event.data.facts["detections"])

    # Renamed, and its camera moved to another district: the same matter, another unit.
    async with thread.database.raw() as connection, connection.transaction():
        await end_exercises(connection, site="test", clock=SystemClock())
        await connection.execute(
            "update camera set geom = ST_SetSRID(ST_MakePoint(121.35, 37.1), 4326) where id = $1",
            thread.city.cameras["west-1"],
        )
    async with await thread.play(pedestrians, "harbour at night.mp4"):
        event = await first_event(thread, nats_server, 60)
    assert event is not None
    assert event.data.unit is not None
    assert event.data.unit.code == "east-2"

    # The picture black: no event, and the camera is told as degraded.
    async with thread.database.raw() as connection, connection.transaction():
        await end_exercises(connection, site="test", clock=SystemClock())
    async with await thread.play(black, "pedestrians.mp4"):
        assert await first_event(thread, nats_server, 15) is None
        async with thread.database.raw() as connection:
            state = await connection.fetchval(
                "select state from camera_state where camera_id = $1", thread.city.cameras["west-1"]
            )
    assert state == CameraState.DEGRADED
