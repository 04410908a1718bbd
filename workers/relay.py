"""The relay's process: woken by the recorder, it moves events from the outbox to the stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from dispatch.announce import NOTIFY_CHANNEL
from dispatch.relay import ensure_stream, relay_once
from workers.retry import forever

if TYPE_CHECKING:
    import asyncpg
    from nats.aio.client import Client

    from base.database import Database

IDLE_S = 1.0
"""How long it sleeps without being woken; a lost notification costs no more."""

_LOCK_KEY = 0x72656C6179
"""Advisory lock of the one relay that works ("relay"); others stand by."""


class RelayProcess:
    """Publishes the outbox. Several may run: one works, the others wait for its lock."""

    def __init__(self, database: Database, bus: Client) -> None:
        self._database = database
        self._jetstream = bus.jetstream(timeout=5)

    async def run(self) -> None:
        """Publish until cancelled."""
        await forever(self._session, what="relay")

    async def _session(self) -> None:
        """Work while the database connection, and with it the lock, lasts."""
        woken = asyncio.Event()
        async with self._database.raw() as connection:

            def wake(*_: object) -> None:
                woken.set()

            await connection.fetch("select pg_advisory_lock($1)", _LOCK_KEY)
            await connection.add_listener(NOTIFY_CHANNEL, wake)
            try:
                while True:
                    # Also when nothing is to be published: consumers of a lost stream wait for it.
                    await ensure_stream(connection, self._jetstream)
                    await self._drain(connection)
                    await _wait(woken, IDLE_S)
            finally:
                if not connection.is_closed():
                    await connection.remove_listener(NOTIFY_CHANNEL, wake)
                    await connection.execute("select pg_advisory_unlock_all()")

    async def _drain(self, connection: asyncpg.Connection[Any]) -> None:
        while await relay_once(connection, self._jetstream):
            pass


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
    event.clear()
