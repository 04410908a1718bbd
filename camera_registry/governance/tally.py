"""Counts that add up: what an assessment says of any set of cameras, from a township to the city."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from camera_registry.governance.rules import Indicator


@dataclass(frozen=True, slots=True)
class Checked:
    """How the cameras of a set did by one indicator.

    Attributes:
        checked: Cameras with a check that is not too old; the others are neither passed nor failed.
        passed: Of these, the ones that passed.
        total: Sum of what they reached, 0 to 1 each.
    """

    checked: int = 0
    passed: int = 0
    total: float = 0.0

    def __add__(self, other: Checked) -> Checked:
        return Checked(self.checked + other.checked, self.passed + other.passed, self.total + other.total)

    def rate(self, indicator: Indicator) -> float | None:
        """The indicator's rate among the checked, 0 to 1; None where nothing was checked."""
        if not self.checked:
            return None
        return (self.passed if indicator.measure == "share" else self.total) / self.checked

    def meets(self, indicator: Indicator) -> bool | None:
        """Whether the rate passes; None where nothing was checked."""
        rate = self.rate(indicator)
        return None if rate is None else rate >= indicator.threshold


NOTHING = Checked()


@dataclass(frozen=True, slots=True)
class Tally:
    """What there is to say of a set of cameras.

    Attributes:
        cameras: How many they are.
        assessed: How many of them have a score.
        score: Sum of the scores.
        excused: Records that pass by an excuse alone.
        checks: By the code of the indicator.
        faults: Open faults by the number of the rule.
        excuses: Excused faults by the number of the rule.
    """

    cameras: int = 0
    assessed: int = 0
    score: float = 0.0
    excused: int = 0
    checks: dict[str, Checked] = field(default_factory=dict)
    faults: dict[int, int] = field(default_factory=dict)
    excuses: dict[int, int] = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.cameras + other.cameras,
            self.assessed + other.assessed,
            self.score + other.score,
            self.excused + other.excused,
            {code: self.of(code) + other.of(code) for code in {**self.checks, **other.checks}},
            _added(self.faults, other.faults),
            _added(self.excuses, other.excuses),
        )

    def of(self, indicator: str) -> Checked:
        """How they did by one indicator."""
        return self.checks.get(indicator, NOTHING)

    @property
    def mean_score(self) -> float | None:
        """Mean of the scores; None where there is none."""
        return self.score / self.assessed if self.assessed else None


def together(tallies: Iterable[Tally]) -> Tally:
    """The tally of sets that have no camera in common."""
    return sum(tallies, Tally())


def _added(one: dict[int, int], other: dict[int, int]) -> dict[int, int]:
    return {number: one.get(number, 0) + other.get(number, 0) for number in {**one, **other}}
