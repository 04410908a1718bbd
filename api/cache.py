"""Answers kept while they are right: bounded in bytes, and made once however many ask for one together."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from base.clock import Clock

Kept = TypeVar("Kept", bound=Sized)
"""An answer; its length is its size in bytes."""

OVERHEAD_BYTES = 500
"""About what an entry takes beside its bytes."""


@dataclass(slots=True)
class _Entry(Generic[Kept]):
    made: asyncio.Task[Kept]
    until: float
    version: int
    size: int = 0


class Cache(Generic[Kept]):
    """Least recently used first out.

    Args:
        clock: Its monotonic seconds.
        max_bytes: Most that is kept; 0 keeps nothing, and makes each answer for its asker alone.
    """

    def __init__(self, clock: Clock, *, max_bytes: int) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[Hashable, _Entry[Kept]] = OrderedDict()

    async def get(
        self, key: Hashable, make: Callable[[], Awaitable[Kept]], *, ttl_s: float, version: int = 0
    ) -> Kept:
        """What is kept under ``key``, or what ``make`` returns, which is then kept for ``ttl_s`` seconds.

        What was made for another ``version`` is not given any more. A failure of ``make`` reaches everyone
        who waits for it and is not kept. One who stops waiting does not stop it for the others.
        """
        if not self._max_bytes:
            return await make()
        entry = self._entries.get(key)
        if entry is None or entry.version != version or self._clock.monotonic() >= entry.until:
            entry = self._begin(key, make, ttl_s, version)
        else:
            self._entries.move_to_end(key)
            if entry.size:
                return entry.made.result()
        return await asyncio.shield(entry.made)

    def _begin(
        self, key: Hashable, make: Callable[[], Awaitable[Kept]], ttl_s: float, version: int
    ) -> _Entry[Kept]:
        self._drop(key)

        async def made() -> Kept:
            return await make()

        entry = _Entry(asyncio.create_task(made()), self._clock.monotonic() + ttl_s, version)
        self._entries[key] = entry
        entry.made.add_done_callback(lambda task: self._done(key, entry, task))
        return entry

    def _done(self, key: Hashable, entry: _Entry[Kept], task: asyncio.Task[Kept]) -> None:
        failed = task.cancelled() or task.exception() is not None
        if self._entries.get(key) is not entry:
            return
        if failed:
            self._drop(key)
            return
        entry.size = len(task.result()) + OVERHEAD_BYTES
        self._bytes += entry.size
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry:
            self._bytes -= entry.size
