"""What every benchmark shares: works measured in turn, and lines that say what came out."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from statistics import median, quantiles

Work = Callable[[], object]
"""Does once what is measured, whole: what it starts has ended, and its processes are waited for."""

Tell = Callable[[int, int], None]
"""Told between measurements how many of how many rounds are done."""

WARM_UPS = 2
"""Rounds that are not counted: imports, page faults, caches."""


@dataclass(frozen=True)
class Result:
    """What a case came to. Ours, peer and floor are costs in ``unit``: medians, lower is better.

    Attributes:
        bench: Name of the benchmark.
        case: Name of the case.
        ours: What Dengta spends.
        peer: What the peer spends, or None where there is nobody to compare with.
        peer_name: Who that is.
        floor: What nothing could save: the physical work alone, or None where it has no name.
        unit: ``cpu_ms``, ``ms`` or ``MB``.
        n: Measurements behind each median.
        spread: Interquartile range of ours.
    """

    bench: str
    case: str
    ours: float
    peer: float | None
    peer_name: str | None
    floor: float | None
    unit: str
    n: int
    spread: float

    def line(self) -> str:
        """The JSON object that a program reads; four digits are more than a shared machine can tell."""
        return json.dumps({k: _four_digits(v) for k, v in asdict(self).items()}, ensure_ascii=False)


@dataclass(frozen=True)
class Skipped:
    """A case, or a peer of a case, that cannot run here."""

    bench: str
    case: str
    skipped: str

    def line(self) -> str:
        """The JSON object that a program reads."""
        return json.dumps(asdict(self), ensure_ascii=False)


Line = Result | Skipped


@dataclass(frozen=True)
class Case:
    """Works that do the same, to be measured in turn in this process.

    Attributes:
        bench: Name of the benchmark.
        name: Name of the case.
        ours: What Dengta does.
        floor: The physical work alone.
        peers: What others do, by bare name.
        absent: Why a peer cannot run here, by its name.
        unit: A key of ``METERS``.
        rounds: Measurements of each work.
        per: What one work counts as: its cost is divided by this. 0.2 where a work does 200 rows and the
            cost of 1,000 is told.
    """

    bench: str
    name: str
    ours: Work
    floor: Work | None = None
    peers: Mapping[str, Work] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    unit: str = "cpu_ms"
    rounds: int = 15
    per: float = 1.0

    def measure(self, tell: Tell) -> Iterator[Line]:
        """Measure all works and give a line for each peer, or one if there is none."""
        works = {"ours": self.ours, **{f"peer {name}": work for name, work in self.peers.items()}}
        if self.floor is not None:
            works["floor"] = self.floor
        samples = measure_in_turn(works, self.rounds, METERS[self.unit], tell)
        yield from lines(self, {name: [cost / self.per for cost in costs] for name, costs in samples.items()})


def lines(case: Case, samples: Mapping[str, list[float]]) -> Iterator[Line]:
    """The lines of a case from its samples, by ``ours``, ``floor`` and ``peer NAME``."""
    for name, reason in case.absent.items():
        yield Skipped(case.bench, case.name, f"peer {name}: {reason}")
    ours, floor = samples["ours"], samples.get("floor")
    peers: list[str | None] = [*case.peers] or [None]
    for peer in peers:
        yield Result(
            bench=case.bench,
            case=case.name,
            ours=median(ours),
            peer=median(samples[f"peer {peer}"]) if peer else None,
            peer_name=peer,
            floor=median(floor) if floor else None,
            unit=case.unit,
            n=len(ours),
            spread=interquartile_range(ours),
        )


def measure_in_turn(
    works: Mapping[str, Work], rounds: int, meter: Callable[[], float], tell: Tell
) -> dict[str, list[float]]:
    """Each work's costs, one a round, so that a busy minute of the machine strikes all of them alike."""
    samples: dict[str, list[float]] = {name: [] for name in works}
    for number in range(-WARM_UPS, rounds):
        tell(max(number, 0), rounds)
        for name in turn(list(works), number):
            before = meter()
            works[name]()
            spent = meter() - before
            if number >= 0:
                samples[name].append(spent)
    tell(rounds, rounds)
    return samples


def turn(names: list[str], number: int) -> list[str]:
    """The order of a round: each begins with another, so that nobody always follows the same neighbour."""
    first = number % len(names)
    return names[first:] + names[:first]


def cpu_ms() -> float:
    """CPU milliseconds that this process, all its threads, and the children it waited for have used."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used) * 1e3


def wall_ms() -> float:
    """Milliseconds on a clock that only goes forward."""
    return time.perf_counter() * 1e3


METERS: dict[str, Callable[[], float]] = {"cpu_ms": cpu_ms, "ms": wall_ms}


def interquartile_range(values: list[float]) -> float:
    """The width of the middle half; 0 for a single value."""
    if len(values) < 2:
        return 0.0
    low, _, high = quantiles(values, n=4, method="inclusive")
    return high - low


def _four_digits(value: object) -> object:
    return float(f"{value:.4g}") if isinstance(value, float) else value
