"""The stream of events: server-sent events out of the outbox, within the asker's scope."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson
from starlette.responses import StreamingResponse

from api.errors import BackOffError
from api.horizon import PATIENCE_S, Horizon
from api.queries.incidents import last_posted, posted_after
from base.errors import DengtaError
from base.log import get_logger
from models.scope import Permission, Scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette import types

    from api.bell import Bell
    from api.queries.incidents import Posted
    from api.sessions import Asker, Sessions
    from base.clock import Clock
    from base.database import Database

log = get_logger(__name__)

BATCH = 200
"""Events read at once; the reader takes them before more are read, so none pile up here."""

HEARTBEAT_S = 15.0
"""Keeps proxies from closing a quiet stream, and bounds how long a closed session's stream lives."""

SLOW_S = 30.0
"""A reader that takes nothing for so long is dropped; it comes back to where it was."""

RETRY_MS = 3000
PER_ACCOUNT = 8
IN_ALL = 512


class Streams:
    """How many streams are open, and for whom."""

    def __init__(self) -> None:
        self._open: Counter[int] = Counter()

    @contextmanager
    def place(self, account_id: int) -> Iterator[None]:
        """Hold a place for one stream.

        Raises:
            BackOffError: The account, or everybody together, has as many as may be.
        """
        if self._open[account_id] >= PER_ACCOUNT or self._open.total() >= IN_ALL:
            raise BackOffError("Too many event streams are open.", retry_after_s=RETRY_MS / 1000)
        self._open[account_id] += 1
        try:
            yield
        finally:
            self._open[account_id] -= 1
            if not self._open[account_id]:
                del self._open[account_id]


class EventStream:
    """Events in the order in which they became visible, each at least once.

    Args:
        database: Where the outbox is.
        sessions: Says whether the asker still may.
        bell: Rings when the outbox grows.
        clock: Time.
    """

    def __init__(self, database: Database, sessions: Sessions, bell: Bell, clock: Clock) -> None:
        self._database = database
        self._sessions = sessions
        self._bell = bell
        self._clock = clock

    async def frames(self, asker: Asker, last_id: int | None) -> AsyncIterator[bytes]:
        """Frames until the asker's session, the right to read, or the process ends.

        Args:
            asker: Whose scope.
            last_id: The id of the last frame that was received, or None to begin now.
        """
        yield f"retry: {RETRY_MS}\n\n".encode()
        try:
            horizon = await self._begin(asker.scope, last_id)
            while not self._bell.closed:
                rung = self._bell.next_ring
                current = await self._sessions.holds(asker)
                if current is None:
                    return
                current.scope.require(Permission.READ_EVENTS)
                posted = await self._read(current.scope, horizon)
                for row in posted:
                    horizon.take(row.seq, self._clock.monotonic())
                    if row.body is not None:
                        yield _frame(row, horizon.passed)
                if len(posted) < BATCH and not await _rings(rung, HEARTBEAT_S):
                    yield b": beat\n\n"
        except DengtaError as err:
            # The reader comes back by itself and is told the reason then.
            log.info("event stream ended", reason=err.detail)

    async def _begin(self, scope: Scope, last_id: int | None) -> Horizon:
        if last_id is not None:
            async with self._database.begin() as connection:
                # An id beyond the end is of another installation, or of before a restore.
                return Horizon(min(last_id, await last_posted(connection)))
        # What is visible now is the list's business; what was numbered before and appears later, ours.
        settled = self._clock.now() - timedelta(seconds=PATIENCE_S)
        async with self._database.begin() as connection:
            horizon = Horizon(await last_posted(connection, before=settled))
        while posted := await self._read(scope, horizon):
            for row in posted:
                horizon.take(row.seq, self._clock.monotonic())
        return horizon

    async def _read(self, scope: Scope, horizon: Horizon) -> list[Posted]:
        async with self._database.begin() as connection:
            return await posted_after(connection, scope, horizon.passed, without=horizon.read, limit=BATCH)


class EventResponse(StreamingResponse):
    """An answer that lasts; it holds its place while it does, and gives up on a reader that takes nothing.

    Args:
        frames: What is sent.
        streams: Where the place is held.
        account_id: For whom.
    """

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncIterator[bytes], streams: Streams, account_id: int) -> None:
        # Buffering proxies are told not to.
        super().__init__(frames, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._streams = streams
        self._account_id = account_id

    async def __call__(self, scope: types.Scope, receive: types.Receive, send: types.Send) -> None:
        """Handle one request (ASGI 3)."""
        with self._streams.place(self._account_id):
            await super().__call__(scope, receive, send)

    async def stream_response(self, send: types.Send) -> None:
        """Send each frame within its time."""

        async def send_in_time(message: types.Message) -> None:
            async with asyncio.timeout(SLOW_S):
                await send(message)

        try:
            await super().stream_response(send_in_time)
        except TimeoutError:
            log.info("event stream dropped", reason="its reader takes nothing")


def _frame(row: Posted, passed: int) -> bytes:
    """One event; its id is where to resume: that lags behind its place while an earlier one is missing."""
    return b"id: %d\nevent: incident\ndata: %s\n\n" % (passed, orjson.dumps(row.body))


async def _rings(rung: asyncio.Event, timeout_s: float) -> bool:
    try:
        await asyncio.wait_for(rung.wait(), timeout_s)
    except TimeoutError:
        return False
    return True
