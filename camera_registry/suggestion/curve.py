"""From score to probability, and how well such probabilities do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

MOST_CERTAIN = 0.99
"""No confidence is higher: every list of a city has wrong names in it."""
BINS = 10


@dataclass(frozen=True)
class Curve:
    """A rising curve from score to probability, straight between its points.

    Attributes:
        scores: Ascending (m,).
        probabilities: 0 to :data:`MOST_CERTAIN` (m,).
    """

    scores: Floats
    probabilities: Floats

    def __call__(self, scores: NDArray[np.floating]) -> Floats:
        """The probabilities of these scores."""
        found: Floats = np.interp(scores, self.scores, self.probabilities)
        return found


@dataclass(frozen=True)
class Bin:
    """Predictions of similar confidence.

    Attributes:
        low: Least confidence.
        high: Most.
        count: How many.
        stated: Their mean confidence.
        happened: The share that came true.
    """

    low: float
    high: float
    count: int
    stated: float
    happened: float


def reliability(probabilities: Floats, happened: Flags) -> list[Bin]:
    """What was said against what happened, in :data:`BINS` bins of equal width; empty ones are left out."""
    which = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    bins = []
    for number in range(BINS):
        chosen = which == number
        count = int(chosen.sum())
        if count:
            stated, came = float(probabilities[chosen].mean()), float(happened[chosen].mean())
            bins.append(Bin(number / BINS, (number + 1) / BINS, count, round(stated, 4), round(came, 4)))
    return bins


def expected_calibration_error(bins: list[Bin]) -> float:
    """Mean distance between what was said and what happened (Naeini et al. 2015); 0 is perfect."""
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.stated - each.happened) for each in bins) / total if total else 0.0
