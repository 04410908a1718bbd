"""The bell that rings when the outbox grows: one listening connection for all streams of this process."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from base.errors import UnavailableError
from base.log import get_logger

if TYPE_CHECKING:
    from base.database import Database

log = get_logger(__name__)

CHECK_S = 15.0
"""How often the connection is asked whether it still lives."""

RETRY_S = 1.0


class Bell:
    """Wakes whoever waits when ``channel`` is notified; carries nothing itself, each waiter reads anew.

    Args:
        database: Where the notifications come from.
        channel: Their name.
    """

    def __init__(self, database: Database, channel: str) -> None:
        self._database = database
        self._channel = channel
        self._rung = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.closed = False

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._listen(), name="bell")

    async def stop(self) -> None:
        """Listen no more, and let every waiter go."""
        self.close()
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def close(self) -> None:
        """Tell every waiter that it is over."""
        self.closed = True
        self.ring()

    def ring(self) -> None:
        """Wake whoever waits now."""
        self._rung.set()
        self._rung = asyncio.Event()

    @property
    def next_ring(self) -> asyncio.Event:
        """Set at the next ring; take it before reading, wait for it after, and nothing is missed."""
        return self._rung

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except UnavailableError as err:
                log.warning("not listening to the outbox", reason=err.detail)
            await asyncio.sleep(RETRY_S)

    async def _listen_once(self) -> None:
        async with self._database.raw() as connection:

            def rung(*_: object) -> None:
                self.ring()

            await connection.add_listener(self._channel, rung)
            try:
                self.ring()  # for what was said while nobody listened
                while True:
                    await asyncio.sleep(CHECK_S)
                    await connection.fetchval("select 1")
            finally:
                with suppress(Exception):  # on a lost connection there is no listener to remove
                    await connection.remove_listener(self._channel, rung)
