"""PicoDet (Yu et al., 2021), as PaddleDetection exports it: four levels, the picture stretched."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from inference.families.candidates import Candidates, best_class, expected_distances, grid
from inference.families.preparation import Fit, Preparation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class PicoDet:
    """Outputs: scores (cells × 80) of strides 8 to 64, then distributions (cells × 4·8) of the same."""

    preparation: ClassVar = Preparation(
        Fit.STRETCH, rgb=True, mean=(123.675, 116.28, 103.53), deviation=(58.395, 57.12, 57.375)
    )
    strides: ClassVar = (8, 16, 32, 64)

    def decode(self, outputs: Sequence[NDArray[np.float32]], size: int, floor: float) -> Candidates:
        """One picture's candidates."""
        cells, steps = grid(size, self.strides)
        rows, scores, classes = best_class(np.concatenate(outputs[:4]), floor)
        distances = expected_distances(np.concatenate(outputs[4:])[rows]) * steps[rows]
        centres = (cells[rows] + 0.5) * steps[rows]
        boxes = np.concatenate([centres - distances[:, :2], centres + distances[:, 2:]], axis=1)
        return Candidates(boxes, scores, classes)
