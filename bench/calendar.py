"""Bench ``calendar``: what a decision costs, and who is late when twice as much is due as can be done.

230,000 cameras with a watch each in five classes. ``decisions`` is CPU for 1,000 looks given and taken back,
and the memory of the plan; the floor is one heap push and pop for each. ``lateness`` is simulated time: a
city's hour at half of the looks that it needs, then for each watch the most that it was late in the second
half hour, waits that are not over included. The lines are medians over the watches of a class; ``lateness``
itself is the top class. An hour is too short for the two lowest classes to become as late as they would.
"""

from __future__ import annotations

import tracemalloc
from collections import deque
from heapq import heapify, heappop, heappush
from statistics import median
from typing import TYPE_CHECKING, Protocol

from base.errors import DengtaError
from bench.harness import Case, Line, Result, Tell, interquartile_range
from ingest.schedule import Calendar, PlannedWatch
from ingest.shares import most_looks_to_wait
from models.look import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "calendar"
CASES = ("decisions", "lateness")
FLEET = {1: (3_000, 60), 2: (12_000, 120), 3: (35_000, 300), 4: (80_000, 600), 5: (100_000, 900)}
"""Watches and seconds between their looks, by class."""
NEEDED_PER_S = sum(size / cadence for size, cadence in FLEET.values())
OVERLOAD = 2
STEP_S = 0.2
"""Workers ask so often; a look is done when the next ask comes."""
HORIZON_S = 3600.0
LATE_FROM_S = 1800.0
DECISIONS = 10_000


def measure(case: str, tell: Tell) -> Iterator[Line]:
    """The lines of one case."""
    yield from {"decisions": decisions, "lateness": lateness}[case](tell)


def city() -> list[PlannedWatch]:
    """The watches, none of them seen yet."""
    planned: list[PlannedWatch] = []
    for priority, (size, cadence) in FLEET.items():
        ids = range(len(planned), len(planned) + size)
        planned += [
            PlannedWatch(k, k, cadence, None, priority, f"10.{k >> 16}.{k >> 8 & 255}.{k & 255}") for k in ids
        ]
    return planned


def decisions(tell: Tell) -> Iterator[Line]:
    """CPU of looks decided and of the floor's heap in turn; then what each keeps in memory."""
    ours, floor = deciding(), pushing()
    work = Case(NAME, "decisions", ours=ours, floor=floor, per=DECISIONS / 1000)
    yield from work.measure(tell)
    yield Result(NAME, "decisions", memory_mb(deciding), None, None, memory_mb(pushing), "MB", 1, 0.0)


def deciding() -> Callable[[], None]:
    """Gives looks and takes them back in asks of 500, in a city that always has more due than is asked."""
    calendar, now = Calendar(lease_s=30), 0.0
    calendar.replan(city(), now)

    def work() -> None:
        nonlocal now
        for _ in range(DECISIONS // 500):
            now += 500 * OVERLOAD / NEEDED_PER_S
            leases = calendar.lease(500, now)
            for lease in leases:
                calendar.complete(lease.id, now, Outcome.PICTURE)

    now = 900.0
    return work


def pushing() -> Callable[[], None]:
    """One heap with as many entries: pop the earliest, push it again a cadence later."""
    heap = [(watch.id % watch.cadence_s, watch.id) for watch in city()]
    heapify(heap)

    def work() -> None:
        for _ in range(DECISIONS):
            due, watch = heappop(heap)
            heappush(heap, (due + 600.0, watch))

    return work


def memory_mb(make: Callable[[], object]) -> float:
    """Megabytes that what ``make`` gives holds on to."""
    tracemalloc.start()
    held = make()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del held
    return size / 1e6


class Scheduler(Protocol):
    """Decides looks that are done at once."""

    def looks(self, count: int, now: float) -> list[int]: ...


class Ours:
    def __init__(self, watches: list[PlannedWatch]) -> None:
        self._calendar = Calendar(lease_s=30)
        self._calendar.replan(watches, 0.0)

    def looks(self, count: int, now: float) -> list[int]:
        leases = self._calendar.lease(count, now)
        for lease in leases:
            self._calendar.complete(lease.id, now, Outcome.PICTURE)
        return [watch for lease in leases for watch in lease.watches]


class RoundRobin:
    """Goes round all cameras, passing over those that are not due."""

    def __init__(self, watches: list[PlannedWatch], due: list[float]) -> None:
        self._round = deque(watch.id for watch in watches)
        self._due = due

    def looks(self, count: int, now: float) -> list[int]:
        taken: list[int] = []
        for _ in range(len(self._round)):
            if len(taken) == count:
                break
            watch = self._round[0]
            self._round.rotate(-1)
            if self._due[watch] <= now:
                taken.append(watch)
        return taken


class EarliestDeadline:
    """One heap by due time; priorities do not count."""

    def __init__(self, watches: list[PlannedWatch], due: list[float]) -> None:
        self._watches = watches
        self._heap = [(due[watch.id], watch.id) for watch in watches]
        heapify(self._heap)

    def looks(self, count: int, now: float) -> list[int]:
        taken: list[int] = []
        while self._heap[0][0] <= now and len(taken) < count:
            _, watch = heappop(self._heap)
            taken.append(watch)
            heappush(self._heap, (now + self._watches[watch].cadence_s, watch))
        return taken


def lateness(tell: Tell) -> Iterator[Line]:
    """Lateness by class in milliseconds of simulated time: ours, round robin, earliest deadline first."""
    watches = city()
    due = first_due(watches)
    worst: dict[str, list[float]] = {}
    for number, name in enumerate(("ours", "round-robin", "edf")):
        tell(number, 3)
        mine = list(due)
        scheduler: Scheduler = (
            Ours(watches)
            if name == "ours"
            else RoundRobin(watches, mine)
            if name == "round-robin"
            else EarliestDeadline(watches, mine)
        )
        worst[name] = simulate(scheduler, watches, mine)
    tell(3, 3)
    check(by_class(watches, worst["ours"]))
    for priority in FLEET:
        ours = by_class(watches, worst["ours"])[priority]
        for peer in ("round-robin", "edf"):
            theirs = median(by_class(watches, worst[peer])[priority])
            case = "lateness" if priority == 1 else f"lateness-class-{priority}"
            spread = interquartile_range(ours)
            yield Result(NAME, case, median(ours), theirs, peer, None, "ms", len(ours), spread)


def first_due(watches: list[PlannedWatch]) -> list[float]:
    """When the calendar wants each watch for the first time: all are given the same start."""
    calendar = Calendar(lease_s=30)
    calendar.replan(watches, 0.0)
    first = {lease.camera_id: lease.due for lease in calendar.lease(len(watches), HORIZON_S)}
    return [first[watch.camera_id] for watch in watches]


def simulate(scheduler: Scheduler, watches: list[PlannedWatch], due: list[float]) -> list[float]:
    """The most that each watch was late from LATE_FROM_S on, in ms; ``due`` is kept up on the way.

    Those that still wait at the end count as late as they are by then. Less than 1 ms is rounding.
    """
    late = [0.0] * len(watches)
    credit, looks_per_step = 0.0, NEEDED_PER_S / OVERLOAD * STEP_S
    for step in range(1, int(HORIZON_S / STEP_S) + 1):
        now = step * STEP_S
        credit += looks_per_step
        for watch in scheduler.looks(int(credit), now):
            if now >= LATE_FROM_S:
                late[watch] = max(late[watch], now - due[watch])
            due[watch] = now + watches[watch].cadence_s
        credit -= int(credit)
    return [float(round(1e3 * max(was, HORIZON_S - due[k]))) for k, was in enumerate(late)]


def by_class(watches: list[PlannedWatch], late: list[float]) -> dict[int, list[float]]:
    classes: dict[int, list[float]] = {priority: [] for priority in FLEET}
    for watch, ms in zip(watches, late, strict=True):
        classes[watch.priority].append(ms)
    return classes


def check(ours: dict[int, list[float]]) -> None:
    """No class may be later than its bound.

    Raises:
        DengtaError: One is.
    """
    for priority, late in ours.items():
        bound_s = most_looks_to_wait(priority, len(late)) / (NEEDED_PER_S / OVERLOAD) + STEP_S
        if max(late) > 1e3 * bound_s:
            raise DengtaError(
                f"Class {priority} was {max(late) / 1e3:.1f} s late; its bound is {bound_s:.1f} s."
            )
