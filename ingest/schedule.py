"""The calendar: which cameras to look at next. Pure: it reads no clock and does no I/O."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from base.errors import InvalidInputError
from base.ids import new_id
from ingest.class_queue import ClassQueue, PlanCamera, PlanWatch
from ingest.shares import WEIGHTS, frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

LONGEST_BACKOFF_S = 600.0
"""A camera that fails is tried at least this often, or at its own cadence where that is longer."""


class PlannedWatch(NamedTuple):
    """What the calendar needs to know of a watch; a tuple, since a city makes half a million for each plan.

    Attributes:
        id: The watch.
        camera_id: Whose picture it wants.
        cadence_s: Seconds between looks.
        seen_at: When it judged its newest picture, on the calendar's clock, or None.
        priority: Its class, 1 (highest) to 5.
    """

    id: int
    camera_id: int
    cadence_s: float
    seen_at: float | None = None
    priority: int = 3


@dataclass(frozen=True, slots=True)
class Leased:
    """A look given to a worker until ``expires_at``; it serves every watch that is due on the camera.

    ``due`` is when the watch whose turn it was fell due.
    """

    id: UUID
    camera_id: int
    watches: tuple[int, ...]
    due: float
    expires_at: float


class Calendar:
    """A weighted fair queue over priority classes, earliest due first in each; one look for all that is due.

    Every class is sure of its share of the looks, and what it does not use goes to the others by priority.
    So no watch starves: :func:`ingest.shares.most_looks_to_wait` bounds how late a class becomes while a plan
    holds. A lease that expires makes its camera due again from that moment, behind those that are late
    already: a dead worker costs one lease time, a camera that kills workers delays nobody, and nothing stale
    is ever queued. Times are seconds on one clock that never goes back, handed in by the caller.

    Args:
        lease_s: Seconds that a worker may keep a look.
        weights: Looks of one frame by priority class.
    """

    def __init__(self, *, lease_s: float, weights: Mapping[int, int] = WEIGHTS) -> None:
        self._lease_s = lease_s
        self._frame = frame(weights)
        self._turn = 0
        self._cameras: dict[int, PlanCamera] = {}
        self._watches: dict[int, PlanWatch] = {}
        self._queues = {priority: ClassQueue(priority, self._watches) for priority in weights}
        self._plan = 0
        self._leases: dict[UUID, Leased] = {}
        self._expiries: deque[Leased] = deque()  # leases are equally long, so they expire in this order

    def __len__(self) -> int:
        return len(self._cameras)

    def replan(self, watches: Iterable[PlannedWatch], now: float) -> None:
        """Take ``watches`` as all there are, keeping what is known of those that stay.

        New ones that were never seen are spread over their cadence, so that a restart makes no stampede, and
        so are those that are to be seen more often from now on.

        Raises:
            InvalidInputError: A watch has a priority that is no class.
        """
        self._plan += 1
        met = 0
        known = self._watches
        for watch in watches:
            watch_id, camera_id, cadence_s, _, priority = watch
            mine = known.get(watch_id)
            if mine is None:
                self._add(watch, now)
                met += 1
                continue
            if mine.plan != self._plan:
                mine.plan = self._plan
                met += 1
            if mine.cadence_s != cadence_s or mine.priority != priority or mine.camera.id != camera_id:
                self._change(mine, watch, now)
        if met < len(known):
            for mine in [mine for mine in known.values() if mine.plan != self._plan]:
                self._remove(mine)

    def lease(self, count: int, now: float) -> list[Leased]:
        """Give out up to ``count`` looks, those that are most due of the classes whose turn it is."""
        self._expire(now)
        given: list[Leased] = []
        while len(given) < count and (watch := self._next(now)) is not None:
            camera = watch.camera
            serves = tuple([mine.id for mine in camera.watches if mine.due <= now])
            lease = Leased(new_id(), camera.id, serves, watch.due, now + self._lease_s)
            camera.lease = lease.id
            self._leases[lease.id] = lease
            self._expiries.append(lease)
            given.append(lease)
        return given

    def complete(self, lease_id: UUID, now: float, *, picture: bool) -> None:
        """Take a lease back, its effects committed. An unknown or expired lease changes nothing."""
        lease = self._leases.pop(lease_id, None)
        if lease is None:
            return
        camera = self._cameras[lease.camera_id]
        camera.lease = None
        camera.failures = 0 if picture else camera.failures + 1
        for watch in camera.watches:
            if watch.id in lease.watches:
                watch.due = now + _pause_s(watch.cadence_s, camera.failures)
            self._queues[watch.priority].push(watch)

    def wait_s(self, now: float) -> float:
        """Seconds until something is due or a lease expires; infinite when nothing ever will be."""
        while self._expiries and self._expiries[0].id not in self._leases:
            self._expiries.popleft()
        upcoming = [head.due for queue in self._queues.values() if (head := queue.head()) is not None]
        if self._expiries:
            upcoming.append(self._expiries[0].expires_at)
        return max(0.0, min(upcoming) - now) if upcoming else float("inf")

    def _next(self, now: float) -> PlanWatch | None:
        """Take the most due watch of the first class that has one, in the order of this turn."""
        for priority in self._frame[self._turn]:
            queue = self._queues[priority]
            watch = queue.head()
            if watch is not None and watch.due <= now:
                queue.drop(watch)
                self._turn = (self._turn + 1) % len(self._frame)
                return watch
        return None

    def _expire(self, now: float) -> None:
        expiries = self._expiries
        while expiries and (expiries[0].expires_at <= now or expiries[0].id not in self._leases):
            lease = expiries.popleft()
            if self._leases.pop(lease.id, None) is None:
                continue
            camera = self._cameras[lease.camera_id]
            camera.lease = None
            for watch in camera.watches:
                if watch.id in lease.watches:
                    watch.due = lease.expires_at
                self._queues[watch.priority].push(watch)

    def _add(self, watch: PlannedWatch, now: float) -> None:
        camera = self._cameras.get(watch.camera_id) or PlanCamera(watch.camera_id)
        due = _spread(watch, now) if watch.seen_at is None else watch.seen_at + watch.cadence_s
        mine = PlanWatch(watch.id, camera, watch.cadence_s, watch.priority, due, self._plan)
        queue = self._class_of(watch)
        queue.watches += 1
        camera.watches += (mine,)
        self._cameras[camera.id] = camera
        self._watches[mine.id] = mine
        queue.push(mine)

    def _change(self, mine: PlanWatch, watch: PlannedWatch, now: float) -> None:
        if mine.camera.id != watch.camera_id:
            self._remove(mine)
            self._add(watch, now)
            return
        if mine.priority != watch.priority:
            self._class_of(watch).watches += 1
            self._queues[mine.priority].watches -= 1
            mine.priority, mine.queued = watch.priority, None
        if watch.cadence_s < mine.cadence_s:
            mine.due = min(mine.due, _spread(watch, now))
        mine.cadence_s = watch.cadence_s
        self._queues[mine.priority].push(mine)

    def _remove(self, mine: PlanWatch) -> None:
        camera = mine.camera
        del self._watches[mine.id]
        self._queues[mine.priority].watches -= 1
        camera.watches = tuple(other for other in camera.watches if other is not mine)
        if not camera.watches:
            del self._cameras[camera.id]
            if camera.lease is not None:
                self._leases.pop(camera.lease, None)

    def _class_of(self, watch: PlannedWatch) -> ClassQueue:
        queue = self._queues.get(watch.priority)
        if queue is None:
            raise InvalidInputError(f"Watch {watch.id} has priority {watch.priority}, which is no class.")
        return queue


def _pause_s(cadence_s: float, failures: int) -> float:
    """Seconds to the next look: the cadence, doubled for each failure in a row up to a limit."""
    if not failures:
        return cadence_s
    return min(cadence_s * (1 << min(failures, 16)), max(cadence_s, LONGEST_BACKOFF_S))


def _spread(watch: PlannedWatch, now: float) -> float:
    """A time within the next cadence: Knuth's multiplicative hash spreads neighbouring ids evenly."""
    return now + watch.cadence_s * ((watch.camera_id * 2654435761 % (1 << 32)) / (1 << 32))
