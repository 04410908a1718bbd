"""From the outbox to a durable consumer over a real JetStream: everything, once, in order per incident."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nats.aio.client import Client
from small_city import SmallCity, make_small_city
from test_record import LATER, seen

from base import bus
from base.clock import ManualClock
from base.database import Database
from base.errors import InvalidInputError, UnavailableError
from base.nats_server import PrivateNats
from dengta.consumer import EventConsumer
from dispatch.evidence import FolderEvidence
from dispatch.record import Recorder
from dispatch.relay import ensure_stream, relay_once
from models.event import STREAM, Event
from workers.relay import RelayProcess

NOON = datetime(2026, 1, 17, 12, tzinfo=UTC)


class Queue:
    """A private NATS that a test may kill."""

    def __init__(self, folder: Path) -> None:
        self.server = PrivateNats(folder)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.server.prepare()
        self.process = subprocess.Popen(
            self.server.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    started = Queue(tmp_path / "nats")
    started.start()
    yield started
    started.kill()


@pytest.fixture
async def client(queue: Queue) -> AsyncIterator[Client]:
    connected = await bus.connect(queue.server.url, name="test")
    yield connected
    with contextlib.suppress(OSError):  # its server may have been killed
        await connected.close()


@pytest.fixture
async def city(database: Database) -> SmallCity:
    async with database.raw() as connection:
        return await make_small_city(connection)


async def make_events(city: SmallCity, database: Database, tmp_path: Path, rounds: int = 3) -> list[Event]:
    """Open and close a crowd in every township so many times."""
    recorder = Recorder(database, FolderEvidence(tmp_path), site="test", clock=ManualClock(LATER))
    events: list[Event] = []
    async with database.raw() as connection:
        newest = await connection.fetchval("select max(captured_at) from rule_state")
    start = (newest - NOON).total_seconds() + 60 if newest else 0
    for k, persons in enumerate([6, 6, 0, 0] * rounds):
        recorded = await recorder.record(
            [seen(city, where, start + 60 * k, persons) for where in city.watches]
        )
        events += recorded.events
    return events


async def receive(client: Client, count: int, durable: str = "test", timeout_s: float = 20) -> list[Event]:
    """What a consumer gets until it has ``count`` events."""
    got: list[Event] = []
    stream = EventConsumer(client, durable).follow()
    try:
        async with asyncio.timeout(timeout_s):
            while len(got) < count:
                delivery = await anext(stream)
                got.append(delivery.event)
                await delivery.acknowledge()
    except TimeoutError:
        pass
    finally:
        await stream.aclose()
    return got


def assert_in_order(events: list[Event]) -> None:
    sequences: dict[int, list[int]] = {}
    for event in events:
        sequences.setdefault(event.data.incident_id, []).append(event.sequence)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in sequences.values())


async def test_every_event_reaches_the_consumer_once_and_in_order(
    city: SmallCity, database: Database, client: Client, tmp_path: Path
) -> None:
    made = await make_events(city, database, tmp_path)
    relay = asyncio.create_task(RelayProcess(database, client).run())
    got = await receive(client, len(made))
    relay.cancel()
    assert {e.id for e in got} == {e.id for e in made}
    assert len(got) == len(made) == 24
    assert_in_order(got)


async def test_an_event_recorded_while_the_relay_sleeps_wakes_it(
    city: SmallCity, database: Database, client: Client, tmp_path: Path
) -> None:
    relay = asyncio.create_task(RelayProcess(database, client).run())
    following = asyncio.create_task(receive(client, 4))
    await asyncio.sleep(1.5)
    recorder = Recorder(database, FolderEvidence(tmp_path), site="test", clock=ManualClock(LATER))
    for at in (0, 60):
        await recorder.record([seen(city, where, at, 6) for where in city.watches])
    got = await following
    relay.cancel()
    assert len(got) == 4


async def test_a_consumer_goes_on_where_it_had_acknowledged(
    city: SmallCity, database: Database, client: Client, tmp_path: Path
) -> None:
    made = await make_events(city, database, tmp_path)
    relay = asyncio.create_task(RelayProcess(database, client).run())
    first = await receive(client, 5)
    rest = await receive(client, len(made) - 5)
    relay.cancel()
    assert {e.id for e in first}.isdisjoint(e.id for e in rest)
    assert {e.id for e in first + rest} == {e.id for e in made}


async def test_an_event_not_acknowledged_comes_again(
    city: SmallCity, database: Database, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dengta.consumer.ACK_WAIT_S", 1)
    await make_events(city, database, tmp_path, rounds=1)
    relay = asyncio.create_task(RelayProcess(database, client).run())
    stream = EventConsumer(client, "dies").follow()
    dropped = (await anext(stream)).event
    await stream.aclose()
    (again, *_) = await receive(client, 1, durable="dies")
    relay.cancel()
    assert again.id == dropped.id


async def test_publishing_again_after_a_crash_between_publish_and_mark_doubles_nothing(
    city: SmallCity, database: Database, client: Client, tmp_path: Path
) -> None:
    made = await make_events(city, database, tmp_path, rounds=1)
    jetstream = client.jetstream()
    async with database.raw() as connection:
        await ensure_stream(connection, jetstream)
        await relay_once(connection, jetstream)
        await connection.execute("update outbox set published_at = null")
        await relay_once(connection, jetstream)
    assert (await jetstream.stream_info(STREAM)).state.messages == len(made)


async def test_a_killed_queue_loses_nothing(
    city: SmallCity, database: Database, client: Client, queue: Queue, tmp_path: Path
) -> None:
    relay = asyncio.create_task(RelayProcess(database, client).run())
    following = asyncio.create_task(receive(client, 48, timeout_s=60))
    made = await make_events(city, database, tmp_path)
    queue.kill()
    made += await make_events(city, database, tmp_path)
    queue.start()
    got = await following
    relay.cancel()
    assert {e.id for e in got} == {e.id for e in made}
    assert len(got) == 48
    assert_in_order(got)


async def test_a_stream_lost_while_nothing_happens_is_filled_again_from_the_outbox(
    city: SmallCity, database: Database, client: Client, tmp_path: Path
) -> None:
    made = await make_events(city, database, tmp_path)
    jetstream = client.jetstream()
    relay = asyncio.create_task(RelayProcess(database, client).run())
    await receive(client, len(made))
    await jetstream.delete_stream(STREAM)

    got = await receive(client, len(made), durable="after")
    relay.cancel()
    assert {e.id for e in got} == {e.id for e in made}
    assert_in_order(got)


async def test_a_fall_between_marking_the_outbox_and_making_the_stream_loses_nothing(
    city: SmallCity, database: Database, client: Client, tmp_path: Path
) -> None:
    made = await make_events(city, database, tmp_path, rounds=1)
    jetstream = client.jetstream()

    class Falls:
        """JetStream whose server goes away when the stream is to be made."""

        stream_info = jetstream.stream_info

        async def add_stream(self, _config: object) -> None:
            raise TimeoutError

    async with database.raw() as connection:
        await connection.execute("update outbox set published_at = now()")  # into a stream that is gone
        with pytest.raises(UnavailableError):
            await ensure_stream(connection, Falls())  # type: ignore[arg-type]
    relay = asyncio.create_task(RelayProcess(database, client).run())
    got = await receive(client, len(made))
    relay.cancel()
    assert {e.id for e in got} == {e.id for e in made}


async def test_a_relay_without_its_queue_says_so_and_marks_nothing(
    city: SmallCity, database: Database, client: Client, queue: Queue, tmp_path: Path
) -> None:
    await make_events(city, database, tmp_path, rounds=1)
    jetstream = client.jetstream(timeout=0.5)
    async with database.raw() as connection:
        await ensure_stream(connection, jetstream)
        queue.kill()
        with pytest.raises(UnavailableError, match="acknowledge"):
            await relay_once(connection, jetstream)
        assert await connection.fetchval("select count(published_at) from outbox") == 0


async def test_a_second_relay_stands_by(
    city: SmallCity, database: Database, client: Client, tmp_path: Path
) -> None:
    first = asyncio.create_task(RelayProcess(database, client).run())
    await asyncio.sleep(0.5)
    second = asyncio.create_task(RelayProcess(database, client).run())
    made = await make_events(city, database, tmp_path, rounds=1)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    made += await make_events(city, database, tmp_path, rounds=1)
    got = await receive(client, len(made))
    second.cancel()
    assert_in_order(got)
    assert {e.id for e in got} == {e.id for e in made}


async def test_a_durable_name_with_another_filter_is_refused_in_words(
    client: Client, database: Database
) -> None:
    async with database.raw() as connection:
        await ensure_stream(connection, client.jetstream())
    first = EventConsumer(client, "mine", subject="dengta.events.crowd.*").follow()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(first), 1)
    second = EventConsumer(client, "mine", subject="dengta.events.congestion.*").follow()
    with pytest.raises(InvalidInputError, match=r"follows dengta\.events\.crowd"):
        await asyncio.wait_for(anext(second), 5)


async def test_what_a_newer_version_says_more_is_delivered_all_the_same(
    city: SmallCity, database: Database, client: Client, tmp_path: Path
) -> None:
    (made, *_) = await make_events(city, database, tmp_path, rounds=1)
    async with database.raw() as connection:
        await connection.execute(
            """update outbox set body = body || '{"type": "cn.dengta.incident.merged.v2", "more": 1}'
                where event_id = $1""",
            made.id,
        )
    relay = asyncio.create_task(RelayProcess(database, client).run())
    got = await receive(client, 1)
    relay.cancel()
    assert (got[0].id, got[0].type) == (made.id, "cn.dengta.incident.merged.v2")
