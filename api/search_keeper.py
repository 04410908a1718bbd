"""What a process that answers searches keeps: the index true, and the pairs that occur at hand."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

import asyncpg

from base.errors import UnavailableError
from base.log import get_logger
from camera_registry.search.index import catch_up
from camera_registry.search.vocabulary import Vocabulary, read_vocabulary

if TYPE_CHECKING:
    from typing import Any

    from base.clock import Clock
    from base.database import Database

log = get_logger(__name__)

CHECK_S = 2.0
"""How long an import may wait for its cameras to be indexed; searches meanwhile are slow, not wrong."""

RETRY_S = 10.0

THOROUGH_EVERY = 30
"""Of so many checks one counts whether the vocabulary is still right; the first does."""

VOCABULARY_KEPT_S = 60.0
"""How old the counts may be. What was written since is found all the same, but not by its pinyin."""


class SearchKeeper:
    """Indexes what imports left, and reads the vocabulary now and then.

    Args:
        database: The store.
        clock: Its monotonic seconds.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._vocabulary = Vocabulary()
        self._until = float("-inf")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep the index."""
        self._task = asyncio.create_task(self._keep(), name="search-keeper")

    async def stop(self) -> None:
        """Leave the rest to the next one."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def vocabulary(self, connection: asyncpg.Connection[Any]) -> Vocabulary:
        """The pairs that occur, as they were counted not long ago."""
        if self._clock.monotonic() >= self._until:
            self._vocabulary = await read_vocabulary(connection)
            self._until = self._clock.monotonic() + VOCABULARY_KEPT_S
        return self._vocabulary

    async def _keep(self) -> None:
        for check in count():
            pause = CHECK_S
            try:
                if indexed := await catch_up(self._database, thorough=check % THOROUGH_EVERY == 0):
                    log.info("search index caught up", cameras=indexed)
                    self._until = float("-inf")
            except (UnavailableError, asyncpg.PostgresError) as err:
                log.warning("search index not kept", error=type(err).__name__)
                pause = RETRY_S
            await asyncio.sleep(pause)
