"""What staff have decided, as labels: which cameras teach which scene, and how much.

A camera that nobody has classified says nothing: it is not a negative for any scene, since more than half of
a city's cameras simply wait (positive and unlabelled data, Elkan and Noto 2008). What teaches is

- a classified camera: for its scenes, and, somewhat less surely, against the others: staff may not have got
  round to a second scene;
- a refused suggestion: against that scene, five times as strongly, whether its camera is classified or not;
- an accepted suggestion: for its scene at half weight, since it may have been accepted among thousands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

REFUSED, UNSAID, ACCEPTED, SERVES = -1, 0, 1, 2

REFUSAL_WEIGHT = 5.0
ACCEPTED_WEIGHT = 0.5


@dataclass(frozen=True)
class Lessons:
    """Decisions on n cameras and k scenes.

    Attributes:
        scenes: Codes of the scenes (k).
        said: ``SERVES``, ``ACCEPTED``, ``REFUSED`` or ``UNSAID`` (n, k), int8.
    """

    scenes: tuple[str, ...]
    said: NDArray[np.int8]

    @property
    def classified(self) -> NDArray[np.bool_]:
        """Which cameras (n,) serve a scene by somebody's word."""
        found: NDArray[np.bool_] = np.any(self.said > UNSAID, axis=1)
        return found

    @property
    def serves(self) -> NDArray[np.bool_]:
        """Which scenes they serve (n, k)."""
        return self.said > UNSAID

    def teaching(self, scene: int) -> NDArray[np.int64]:
        """The cameras that say something of a scene."""
        return np.flatnonzero(self.classified | (self.said[:, scene] == REFUSED))

    def weights(self, rows: NDArray[np.int64], scene: int) -> NDArray[np.float64]:
        """How much each of these cameras counts for a scene."""
        said = self.said[rows, scene]
        return np.select([said == REFUSED, said == ACCEPTED], [REFUSAL_WEIGHT, ACCEPTED_WEIGHT], 1.0)

    def take(self, rows: NDArray[np.int64]) -> Lessons:
        """The decisions on these cameras."""
        return Lessons(self.scenes, self.said[rows])
