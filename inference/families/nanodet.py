"""NanoDet (RangiLyu, 2020): a class score and four distance distributions for each cell of three levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from inference.families.candidates import Candidates, best_class, expected_distances, grid
from inference.families.preparation import Fit, Preparation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class NanoDet:
    """Outputs: scores (cells × 80) of strides 8, 16, 32, then distributions (cells × 4·bins) of the same."""

    preparation: ClassVar = Preparation(
        Fit.CENTRED, mean=(103.53, 116.28, 123.675), deviation=(57.375, 57.12, 58.395)
    )
    strides: ClassVar = (8, 16, 32)

    def decode(self, outputs: Sequence[NDArray[np.float32]], size: int, floor: float) -> Candidates:
        """One picture's candidates."""
        cells, steps = grid(size, self.strides)
        rows, scores, classes = best_class(np.concatenate(outputs[:3]), floor)
        distances = expected_distances(np.concatenate(outputs[3:])[rows]) * steps[rows]
        centres = cells[rows] * steps[rows] + (steps[rows] - 1) / 2
        boxes = np.concatenate([centres - distances[:, :2], centres + distances[:, 2:]], axis=1)
        return Candidates(boxes, scores, classes)
