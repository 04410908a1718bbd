"""The event stream: each event within the scope at least once, from wherever a reader left off."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import orjson
import pytest
import uvicorn
from api_world import Session, World, post_event
from hypothesis import given
from hypothesis import strategies as st

from api import stream
from api.bell import Bell
from api.errors import BackOffError
from api.horizon import PATIENCE_S, Horizon
from api.stream import PER_ACCOUNT, Streams
from models.scope import Role


@pytest.fixture
async def address(world: World) -> AsyncIterator[str]:
    """The application under a real server: a test transport would wait for the stream's end."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(world.app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    server.capture_signals = _no_signals  # type: ignore[method-assign]
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    world.app.state.context.bell.close()
    server.should_exit = True
    await task
    listening.close()


def _no_signals():
    from contextlib import nullcontext

    return nullcontext()


class Reader:
    """Reads frames as an EventSource does."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self, timeout: float = 5) -> dict[str, str]:
        """The next frame with data; heartbeats are skipped."""
        frame: dict[str, str] = {}
        async with asyncio.timeout(timeout):
            async for line in self._lines:
                if not line and "data" in frame:
                    return frame
                if ": " in line and not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    frame[name] = value
        raise EOFError

    async def about(self) -> str:
        return orjson.loads((await self.next())["data"])["about"]

    async def ends(self, timeout: float = 5) -> bool:
        try:
            while True:
                await self.next(timeout)
        except EOFError:
            return True


@asynccontextmanager
async def reading(address: str, session: httpx.AsyncClient, last: str | None = None) -> AsyncIterator[Reader]:
    headers = {"Last-Event-ID": last} if last else {}
    cookies = {"dengta_session": session.cookies["dengta_session"]}
    async with (
        httpx.AsyncClient(base_url=address, cookies=cookies, trust_env=False) as client,
        client.stream("GET", "/api/v1/events/stream", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        reader = Reader(answer)
        assert await anext(reader._lines) == f"retry: {stream.RETRY_MS}"
        await asyncio.sleep(0.2)  # until it stands at the end of what is there
        yield reader


async def test_an_event_comes_at_once_and_within_the_scope_only(
    world: World, login: Session, address: str
) -> None:
    city, west = await login(Role.DISPATCHER), await login(Role.LEAD, unit="west")
    await post_event(world, "west-1")
    async with reading(address, city) as everything, reading(address, west) as own:
        await post_event(world, "east-1")
        last = await post_event(world, "west-1")
        await post_event(world, "west-2")  # above both readers' sensitivity
        assert [await everything.about(), await everything.about()] == ["east-1", "west-1"]
        frame = await own.next()
        assert frame["event"] == "incident"
        assert frame["id"] == str(last)
        assert orjson.loads(frame["data"]) == {"about": "west-1"}
        with pytest.raises(TimeoutError):
            await own.next(timeout=0.3)


async def test_a_reader_that_comes_back_gets_what_it_missed(
    world: World, login: Session, address: str
) -> None:
    client = await login(Role.OPERATOR)
    async with reading(address, client) as reader:
        await post_event(world, "west-1")
        last = (await reader.next())["id"]
    for incident in ("east-1", "west-2", "west-1"):
        await post_event(world, incident)
    async with reading(address, client, last) as reader:
        assert [await reader.about(), await reader.about()] == ["east-1", "west-1"]


@pytest.mark.parametrize("last", ["0", "nonsense", "99999999999999999999", "-1", "９"])
async def test_a_strange_position_does_no_harm(world: World, login: Session, address: str, last: str) -> None:
    client = await login(Role.OPERATOR)
    if last.isascii():
        async with reading(address, client, last) as reader:
            await post_event(world, "west-1")
            assert await reader.about() == "west-1"


async def test_an_event_that_commits_late_is_not_skipped(world: World, login: Session, address: str) -> None:
    client = await login(Role.OPERATOR)
    async with reading(address, client) as reader, world.database.raw() as slow:
        transaction = slow.transaction()
        await transaction.start()
        early = await slow.fetchval(
            """insert into outbox (event_id, incident_id, sequence, subject, body)
               values (gen_random_uuid(), $1, 9, 'x', '{"about": "early"}') returning seq""",
            world.incidents["west-1"],
        )
        late = await post_event(world, "east-1")
        first = await reader.next()
        assert late > early
        assert first["id"] == str(early - 1), "coming back from here still finds the missing one"
        await slow.execute("select pg_notify('dengta_outbox', '')")
        await transaction.commit()
        second = await reader.next()
        assert orjson.loads(second["data"])["about"] == "early"
        assert second["id"] == str(late)


async def test_a_long_absence_is_read_in_batches(
    world: World, login: Session, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BATCH", 3)
    client = await login(Role.OPERATOR)
    seqs = [await post_event(world, "west-1") for _ in range(10)]
    async with reading(address, client, "0") as reader:
        assert [int((await reader.next())["id"]) for _ in seqs] == seqs


@pytest.mark.parametrize("how", ["logout", "expiry", "role"])
async def test_a_stream_ends_with_the_session_or_the_right_to_read(
    world: World, login: Session, address: str, how: str
) -> None:
    client = await login(Role.OPERATOR)
    async with reading(address, client) as reader:
        if how == "logout":
            await client.delete("/api/v1/session")
        elif how == "expiry":
            world.clock.advance(13 * 3600)
            await post_event(world, "west-1")
        else:
            async with world.database.raw() as connection:
                await connection.execute("update account set roles = '{auditor}'")
            await post_event(world, "west-1")
        assert await reader.ends()


async def test_a_quiet_stream_beats(
    world: World, login: Session, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.1)
    async with reading(address, await login(Role.OPERATOR)) as reader, asyncio.timeout(5):
        assert ": beat" in [await anext(reader._lines) for _ in range(3)]


async def test_a_reader_that_takes_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SLOW_S", 0.05)
    streams = Streams()

    async def frames() -> AsyncIterator[bytes]:
        while True:
            yield b"x"

    async def stuck(message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.sleep(60)

    async def silent():
        await asyncio.sleep(60)

    answer = stream.EventResponse(frames(), streams, 1)
    async with asyncio.timeout(5):
        await answer({"type": "http", "asgi": {"spec_version": "2.3"}}, silent, stuck)
    assert streams._open.total() == 0


def test_streams_are_bounded_by_account() -> None:
    streams = Streams()
    places = [streams.place(1) for _ in range(PER_ACCOUNT)]
    for place in places:
        place.__enter__()
    with pytest.raises(BackOffError), streams.place(1):
        pass
    with streams.place(2):
        pass
    places[0].__exit__(None, None, None)
    with streams.place(1):
        pass


async def test_the_bell_rings_again_after_the_database_was_away(world: World) -> None:
    bell = Bell(world.database, "dengta_outbox")
    bell.start()
    try:
        await asyncio.wait_for(bell.next_ring.wait(), 5)  # it listens
        async with world.database.raw() as connection:
            ring = bell.next_ring
            await connection.execute("select pg_notify('dengta_outbox', '')")
            await asyncio.wait_for(ring.wait(), 5)
    finally:
        await bell.stop()
    assert bell.closed


@given(st.permutations(range(1, 12)), st.sets(st.integers(1, 11)))
def test_a_horizon_never_passes_what_may_still_come(order: list[int], rolled_back: set[int]) -> None:
    horizon = Horizon(0)
    visible = [seq for seq in order if seq not in rolled_back]
    for count, seq in enumerate(visible, 1):
        horizon.take(seq, now=0)
        read = set(visible[:count])
        assert set(range(1, horizon.passed + 1)) <= read
        assert set(horizon.read) == {s for s in read if s > horizon.passed}
    horizon.take(12, now=PATIENCE_S)
    horizon.take(13, now=2 * PATIENCE_S)
    assert horizon.passed == 13, "gaps that were never filled do not hold it up for ever"
    assert not horizon.read
