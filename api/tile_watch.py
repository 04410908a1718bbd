"""Keeping up with the map: what was changed is gathered for some seconds, then announced to every process."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import asyncpg

from api.tile_versions import Changes, Notice, TileVersions
from base.errors import UnavailableError
from base.log import get_logger
from gis.tile_upkeep import CHANGED_CHANNEL, DUE_CHANNEL, REFRESH, SETTLED_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from base.database import Database
    from gis.tiles import Tile
    from models.scope import Scope

log = get_logger(__name__)

GATHER_S = 2.0
"""How long changes are gathered before they are announced: a camera that flaps is told once."""

CHECK_S = 15.0
"""How often the connection is asked whether it still lives."""

RETRY_S = 1.0


class TileWatch:
    """Hears what changed on the map, and sees to it that it is announced.

    While it does not listen, nobody knows which tiles are still right: :meth:`version_of` says so.

    Args:
        database: Where cameras change.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._versions = TileVersions()
        self._listening = False
        self._due = asyncio.Event()
        self._heard = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._watch(), name="tile-watch")

    async def stop(self) -> None:
        """Listen no more, and let every waiter go."""
        self.close()
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def close(self) -> None:
        """Let every waiter go."""
        self._closed = True
        self._wake()

    def version_of(self, tile: Tile) -> int | None:
        """What must be unchanged for an earlier drawing of ``tile`` to be right; None if nobody knows."""
        return self._versions.of(tile) if self._listening else None

    async def changes(self, since: int | None, scope: Scope, *, wait_s: float) -> Changes:
        """What an asker must fetch again who knows the map of version ``since``.

        Args:
            since: What an earlier answer said; None to begin now.
            scope: Of the asker.
            wait_s: Wait for a change at most so long.
        """
        if since is None:
            return Changes(self._versions.version, frozenset())
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while not self._closed:
                    heard = self._heard
                    if self._listening and since <= self._versions.version:
                        found = self._versions.since(since, scope)
                        if found:
                            return found
                    await heard.wait()
        return self._versions.since(since, scope) if self._listening else Changes(since, None)

    def _wake(self) -> None:
        self._heard.set()
        self._heard = asyncio.Event()

    async def _watch(self) -> None:
        while True:
            try:
                async with self._database.raw() as connection:
                    await self._watch_with(connection)
            except UnavailableError as err:
                log.warning("not watching the map", reason=err.detail)
            except asyncpg.PostgresError:  # whatever it is, tiles are drawn without it, and it is tried again
                log.exception("not watching the map")
            finally:
                self._listening = False
            await asyncio.sleep(RETRY_S)

    async def _watch_with(self, connection: asyncpg.Connection[Any]) -> None:
        listeners: dict[str, Callable[..., None]] = {DUE_CHANNEL: self._hear_due, CHANGED_CHANNEL: self._hear}
        for channel, listener in listeners.items():
            await connection.add_listener(channel, listener)
        connection.add_termination_listener(self._hear_the_end)
        try:
            self._versions.restart(await connection.fetchval(SETTLED_VERSION))
            self._listening = True
            self._wake()
            self._due.set()  # for what was changed while nobody watched
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._due.wait(), CHECK_S)
                    await asyncio.sleep(GATHER_S)
                self._due.clear()
                if await connection.fetchval(REFRESH) is None:
                    self._due.set()  # another process is at it, and may not see what came last
        finally:
            connection.remove_termination_listener(self._hear_the_end)
            with suppress(Exception):  # on a lost connection there is no listener to remove
                for channel, listener in listeners.items():
                    await connection.remove_listener(channel, listener)

    def _hear_the_end(self, _connection: object) -> None:
        self._listening = False
        self._due.set()  # to ask, and so to find out

    def _hear_due(self, *_: object) -> None:
        self._due.set()

    def _hear(self, _connection: object, _pid: object, _channel: object, payload: object) -> None:
        try:
            self._versions.take(Notice.parse(str(payload)))
        except ValueError:
            log.warning("a notice about tiles was not understood")
            self._versions.take(Notice(self._versions.version, None))
        self._wake()
