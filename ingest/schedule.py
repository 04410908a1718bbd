"""The calendar: which cameras to look at next. Pure: it reads no clock and does no I/O."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from base.errors import InvalidInputError
from base.ids import new_id
from ingest.backoff import pause_s
from ingest.breaker import Breakers, groups_of
from ingest.class_queue import ClassQueue, PlanCamera, PlanWatch
from ingest.shares import WEIGHTS, frame
from models.look import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

EARLY = 0.1
"""A look serves a watch that falls due within this share of its cadence too: one look now, or two soon."""

RETURN_S = 60.0
"""Cameras whose breaker closes are spread over so long, or over their cadence where that is shorter."""


class PlannedWatch(NamedTuple):
    """What the calendar needs to know of a watch; a tuple, since a city makes half a million for each plan.

    Attributes:
        id: The watch.
        camera_id: Whose picture it wants.
        cadence_s: Seconds between looks.
        seen_at: When it judged its newest picture, on the calendar's clock, or None.
        priority: Its class, 1 (highest) to 5.
        authority: Host and port of the camera's address, as its URL has them; empty if it has none.
    """

    id: int
    camera_id: int
    cadence_s: float
    seen_at: float | None = None
    priority: int = 3
    authority: str = ""


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

    A camera that fails is left alone for longer each time (:mod:`ingest.backoff`). Cameras behind a fallen
    switch or recorder wait behind its breaker (:mod:`ingest.breaker`), of which one at a time is let through;
    the bound on lateness is for all others.

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
        self._breakers = Breakers()

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
            watch_id, camera_id, cadence_s, _, priority, authority = watch
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
            if mine.camera.authority != authority:
                self._move(mine.camera, authority)
        if met < len(known):
            for mine in [mine for mine in known.values() if mine.plan != self._plan]:
                self._remove(mine)

    def lease(self, count: int, now: float) -> list[Leased]:
        """Give out up to ``count`` looks, those that are most due of the classes whose turn it is."""
        self._expire(now)
        for camera_id in self._breakers.probes(now):
            self._release(camera_id, let_through=True)
        given: list[Leased] = []
        while len(given) < count and (watch := self._next(now)) is not None:
            camera = watch.camera
            camera.let_through = False
            serves = tuple([mine.id for mine in camera.watches if mine.due <= now + EARLY * mine.cadence_s])
            lease = Leased(new_id(), camera.id, serves, watch.due, now + self._lease_s)
            camera.lease = lease.id
            self._leases[lease.id] = lease
            self._expiries.append(lease)
            given.append(lease)
        return given

    def complete(self, lease_id: UUID, now: float, outcome: Outcome) -> None:
        """Take a lease back, its effects committed. An unknown or expired lease changes nothing."""
        lease = self._leases.pop(lease_id, None)
        if lease is None:
            return
        camera = self._cameras[lease.camera_id]
        camera.lease = None
        camera.failures = 0 if outcome is Outcome.PICTURE else camera.failures + 1
        for watch in camera.watches:
            if watch.id in lease.watches:
                watch.due = now + pause_s(watch.cadence_s, camera.failures, outcome, camera.id)
            self._queues[watch.priority].push(watch)
        if camera.groups:
            waiting, excused = self._breakers.told(camera.id, camera.groups, outcome, now)
            for camera_id in excused:
                self._excuse(camera_id, now)
            for camera_id in waiting:
                self._release(camera_id)

    @property
    def silent_groups(self) -> tuple[str, ...]:
        """Hosts and subnets whose cameras are not looked at because nobody there answers."""
        return self._breakers.open

    @property
    def silent_cameras(self) -> list[int]:
        """Cameras that are due and not looked at because nobody there answers."""
        return self._breakers.waiting

    def wait_s(self, now: float) -> float:
        """Seconds until something is due or a lease expires; infinite when nothing ever will be."""
        while self._expiries and self._expiries[0].id not in self._leases:
            self._expiries.popleft()
        upcoming = [head.due for queue in self._queues.values() if (head := queue.head()) is not None]
        if self._expiries:
            upcoming.append(self._expiries[0].expires_at)
        if (probe := self._breakers.next_probe()) is not None:
            upcoming.append(probe)
        return max(0.0, min(upcoming) - now) if upcoming else float("inf")

    def _next(self, now: float) -> PlanWatch | None:
        """Take the most due watch of the first class that has one, in the order of this turn."""
        for priority in self._frame[self._turn]:
            queue = self._queues[priority]
            while (watch := queue.head()) is not None and watch.due <= now:
                queue.drop(watch)
                camera = watch.camera
                if not camera.let_through and self._breakers.parks(camera.id, camera.groups):
                    continue
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
        camera = self._cameras.get(watch.camera_id)
        if camera is None:
            camera = PlanCamera(watch.camera_id, watch.authority, groups_of(watch.authority))
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

    def _move(self, camera: PlanCamera, authority: str) -> None:
        """The camera has another address: it waits for nobody at the old one."""
        camera.authority, camera.groups = authority, groups_of(authority)
        self._release(camera.id)

    def _release(self, camera_id: int, *, let_through: bool = False) -> None:
        """Let a camera that waited behind a breaker take its turn again."""
        camera = self._cameras.get(camera_id)
        if camera is not None:
            camera.let_through = let_through
            for watch in camera.watches:
                self._queues[watch.priority].push(watch)

    def _excuse(self, camera_id: int, now: float) -> None:
        """A camera failed because of what it is behind: it returns soon, and not with all others at once."""
        camera = self._cameras.get(camera_id)
        if camera is None or not camera.failures:
            return
        camera.failures = 0
        for watch in camera.watches:
            watch.due = min(watch.due, _within(min(watch.cadence_s, RETURN_S), camera_id, now))
            self._queues[watch.priority].push(watch)

    def _class_of(self, watch: PlannedWatch) -> ClassQueue:
        queue = self._queues.get(watch.priority)
        if queue is None:
            raise InvalidInputError(f"Watch {watch.id} has priority {watch.priority}, which is no class.")
        return queue


def _spread(watch: PlannedWatch, now: float) -> float:
    """A time within the next cadence."""
    return _within(watch.cadence_s, watch.camera_id, now)


def _within(seconds: float, camera_id: int, now: float) -> float:
    """A time within the next ``seconds``: Knuth's multiplicative hash spreads neighbouring ids evenly."""
    return now + seconds * ((camera_id * 2654435761 % (1 << 32)) / (1 << 32))
