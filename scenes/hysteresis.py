"""When a matter opens and closes: N of the last M judged pictures, with two borders and a memory."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from models.verdict import Act

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scenes.rule import RuleSettings


@dataclass(frozen=True, slots=True)
class Vote:
    """One judged picture's say.

    Attributes:
        at: Seconds since the epoch when the picture was taken.
        value: The measured value.
        confidence: The recogniser's, 0-1.
    """

    at: float
    value: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a threshold rule remembers of one watch.

    Attributes:
        is_open: Whether a matter is held open.
        votes: The pictures that count, oldest first.
    """

    is_open: bool = False
    votes: tuple[Vote, ...] = ()

    @classmethod
    def read(cls, state: Mapping[str, Any]) -> Ballot:
        """From the JSON form; an empty state is a fresh ballot."""
        return cls(bool(state.get("open")), tuple(Vote(*vote) for vote in state.get("votes", ())))

    def write(self) -> dict[str, Any]:
        """To the JSON form."""
        return {
            "open": self.is_open,
            "votes": [[v.at, round(v.value, 4), round(v.confidence, 4)] for v in self.votes],
        }

    def cast(self, vote: Vote, settings: RuleSettings) -> tuple[Ballot, Act]:
        """Count one more picture, forget those that are too many, too old or from the future, and decide."""
        kept = (*(v for v in self.votes if 0 <= vote.at - v.at <= settings.memory_s), vote)[-settings.of :]
        ballot = Ballot(self.is_open, kept)
        if self.is_open:
            if sum(v.value <= settings.close_at for v in kept) >= settings.votes:
                return Ballot(is_open=False, votes=kept), Act.CLOSE
            return ballot, Act.NOTHING
        high = ballot.reaching(settings.open_at)
        if len(high) >= settings.votes and high[-1].at - high[0].at >= settings.span_s:
            return Ballot(is_open=True, votes=kept), Act.OPEN
        return ballot, Act.NOTHING

    def reaching(self, border: float) -> Sequence[Vote]:
        """The votes at or above ``border``, oldest first."""
        return [v for v in self.votes if v.value >= border]


def matter_confidence(ballot: Ballot, border: float) -> float:
    """How sure the window is of the matter, 0-1.

    The mean confidence of the pictures that speak for it, times their share among all that were judged: a
    doubtful picture and a dissenting picture both lower it.
    """
    high = ballot.reaching(border)
    if not high:
        return 0.0
    return fmean(v.confidence for v in high) * len(high) / len(ballot.votes)


def severity_by_ratio(value: float, border: float) -> int:
    """GB/T 28181 priority from how far a value lies above its border: 4 from 1x, 3 from 1.5x, 2 from 3x.

    1 is left to people and to rules that know of danger to life.
    """
    ratio = value / border
    return 2 if ratio >= 3 else 3 if ratio >= 1.5 else 4
