"""The calendar: which cameras to look at next. Pure: it reads no clock and does no I/O."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

from base.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

LONGEST_BACKOFF_S = 600.0
"""A camera that fails is tried at least this often, or at its own cadence where that is longer."""


@dataclass(frozen=True, slots=True)
class PlannedWatch:
    """What the calendar needs to know of a watch.

    Attributes:
        id: The watch.
        camera_id: Whose picture it wants.
        cadence_s: Seconds between looks.
        seen_at: When it judged its newest picture, on the calendar's clock, or None.
    """

    id: int
    camera_id: int
    cadence_s: float
    seen_at: float | None = None


@dataclass(frozen=True, slots=True)
class Leased:
    """A look given to a worker until ``expires_at``; it serves every watch that is due on the camera."""

    id: UUID
    camera_id: int
    watches: tuple[int, ...]
    due: float
    expires_at: float


@dataclass(slots=True)
class _Camera:
    watches: dict[int, PlannedWatch]
    due: dict[int, float]
    failures: int = 0
    lease: UUID | None = None
    revision: int = 0


class Calendar:
    """Earliest due first, one look for all that is due on a camera.

    A lease that expires makes its camera due again, so a dead worker costs one lease time and nothing stale
    is ever queued. Times are seconds on one clock that never jumps, handed in by the caller.

    Args:
        lease_s: Seconds that a worker may keep a look.
    """

    def __init__(self, *, lease_s: float) -> None:
        self._lease_s = lease_s
        self._cameras: dict[int, _Camera] = {}
        self._heap: list[tuple[float, int, int]] = []
        self._leases: dict[UUID, Leased] = {}
        self._expiries: list[tuple[float, UUID]] = []

    def __len__(self) -> int:
        return len(self._cameras)

    def replan(self, watches: Iterable[PlannedWatch], now: float) -> None:
        """Take ``watches`` as all there are, keeping what is known of those that stay.

        New ones that were never seen are spread over their cadence, so that a restart makes no stampede.
        """
        wanted: dict[int, dict[int, PlannedWatch]] = {}
        for watch in watches:
            wanted.setdefault(watch.camera_id, {})[watch.id] = watch
        for camera_id in self._cameras.keys() - wanted.keys():
            self._forget(camera_id)
        for camera_id, mine in wanted.items():
            camera = self._cameras.setdefault(camera_id, _Camera({}, {}))
            if camera.watches.keys() == mine.keys() and all(
                camera.watches[k].cadence_s == w.cadence_s for k, w in mine.items()
            ):
                continue
            camera.due = {k: camera.due.get(k, _first_due(w, now)) for k, w in mine.items()}
            camera.watches = mine
            self._queue(camera_id, camera)

    def lease(self, count: int, now: float) -> list[Leased]:
        """Give out up to ``count`` of the most due looks."""
        self._expire(now)
        given: list[Leased] = []
        while self._heap and len(given) < count and self._heap[0][0] <= now:
            due, camera_id, revision = heapq.heappop(self._heap)
            if self._is_stale(camera_id, revision):
                continue
            camera = self._cameras[camera_id]
            serves = tuple(k for k, at in camera.due.items() if at <= now)
            lease = Leased(new_id(), camera_id, serves, due, now + self._lease_s)
            camera.lease = lease.id
            self._leases[lease.id] = lease
            heapq.heappush(self._expiries, (lease.expires_at, lease.id))
            given.append(lease)
        return given

    def complete(self, lease_id: UUID, now: float, *, picture: bool) -> None:
        """Take a lease back, its effects committed. An unknown or expired lease changes nothing."""
        lease = self._leases.pop(lease_id, None)
        if lease is None:
            return
        camera = self._cameras.get(lease.camera_id)
        if camera is None or camera.lease != lease_id:
            return
        camera.lease = None
        camera.failures = 0 if picture else camera.failures + 1
        for watch_id in lease.watches:
            if watch_id in camera.watches:
                cadence = camera.watches[watch_id].cadence_s
                backoff = min(cadence * 2 ** min(camera.failures, 16), max(cadence, LONGEST_BACKOFF_S))
                camera.due[watch_id] = now + (cadence if picture else backoff)
        self._queue(lease.camera_id, camera)

    def wait_s(self, now: float) -> float:
        """Seconds until something is due or a lease expires; infinite when nothing ever will be."""
        while self._heap and self._is_stale(*self._heap[0][1:]):
            heapq.heappop(self._heap)
        while self._expiries and self._expiries[0][1] not in self._leases:
            heapq.heappop(self._expiries)
        upcoming = [heap[0][0] for heap in (self._heap, self._expiries) if heap]
        return max(0.0, min(upcoming) - now) if upcoming else float("inf")

    def _expire(self, now: float) -> None:
        while self._expiries and self._expiries[0][0] <= now:
            _, lease_id = heapq.heappop(self._expiries)
            lease = self._leases.pop(lease_id, None)
            camera = self._cameras.get(lease.camera_id) if lease else None
            if lease and camera and camera.lease == lease_id:
                camera.lease = None
                self._queue(lease.camera_id, camera)

    def _queue(self, camera_id: int, camera: _Camera) -> None:
        camera.revision += 1
        if camera.due and camera.lease is None:
            heapq.heappush(self._heap, (min(camera.due.values()), camera_id, camera.revision))

    def _is_stale(self, camera_id: int, revision: int) -> bool:
        """Whether a heap entry was overtaken: entries are left where they are and passed over when met."""
        camera = self._cameras.get(camera_id)
        return camera is None or camera.revision != revision or camera.lease is not None

    def _forget(self, camera_id: int) -> None:
        camera = self._cameras.pop(camera_id)
        if camera.lease is not None:
            self._leases.pop(camera.lease, None)


def _first_due(watch: PlannedWatch, now: float) -> float:
    if watch.seen_at is not None:
        return watch.seen_at + watch.cadence_s
    # Knuth's multiplicative hash spreads neighbouring ids evenly.
    return now + watch.cadence_s * ((watch.camera_id * 2654435761 % (1 << 32)) / (1 << 32))
