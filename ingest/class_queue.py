"""The watches of one priority class, earliest due first."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

SLACK = 64
"""Overtaken entries that are no matter, however few watches there are."""


@dataclass(slots=True, eq=False)
class PlanCamera:
    """A camera as the calendar knows it.

    Attributes:
        id: The camera.
        authority: Host and port of its address.
        groups: What fails together with it (:func:`ingest.breaker.groups_of`).
        watches: All that want its picture.
        failures: Looks in a row without a picture.
        lease: The look that a worker has.
        let_through: Whether it may pass its groups' breakers once.
    """

    id: int
    authority: str = ""
    groups: tuple[str, ...] = ()
    watches: tuple[PlanWatch, ...] = ()
    failures: int = 0
    lease: UUID | None = None
    let_through: bool = False


@dataclass(slots=True, eq=False)
class PlanWatch:
    """A watch as the calendar knows it.

    Attributes:
        id: The watch.
        camera: Whose picture it wants.
        cadence_s: Seconds between looks.
        priority: Its class.
        due: When it wants its next look.
        plan: The newest plan that had it.
        queued: The time of its one entry that counts in its class's queue, if it has one.
    """

    id: int
    camera: PlanCamera
    cadence_s: float
    priority: int
    due: float
    plan: int
    queued: float | None = None


class ClassQueue:
    """A heap of (due, watch id). An entry that another has overtaken stays, and is passed over when met.

    Args:
        priority: The class.
        known: All watches there are, by id; kept up by the caller.
    """

    def __init__(self, priority: int, known: Mapping[int, PlanWatch]) -> None:
        self._priority = priority
        self._known = known
        self._heap: list[tuple[float, int]] = []
        self.watches = 0
        """How many watches the class has; kept up by the caller."""

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, watch: PlanWatch) -> None:
        """Queue a watch at its due time, unless it is so already."""
        if watch.queued == watch.due:
            return
        watch.queued = watch.due
        heappush(self._heap, (watch.due, watch.id))
        if len(self._heap) > 2 * self.watches + SLACK:  # half are overtaken: dropped at O(1) for each push
            self._heap = [entry for entry in set(self._heap) if self._stands_for(entry)]
            heapify(self._heap)

    def head(self) -> PlanWatch | None:
        """The most due watch that no worker has. Those on leased cameras leave until their return."""
        while self._heap:
            watch = self._stands_for(self._heap[0])
            if watch is not None:
                if watch.camera.lease is None:
                    return watch
                watch.queued = None
            heappop(self._heap)
        return None

    def drop(self, head: PlanWatch) -> None:
        """Take away what :meth:`head` has just given."""
        heappop(self._heap)
        head.queued = None

    def _stands_for(self, entry: tuple[float, int]) -> PlanWatch | None:
        due, watch_id = entry
        watch = self._known.get(watch_id)
        if watch is None or watch.queued != due or watch.priority != self._priority:
            return None
        return watch
