"""YOLOX (Ge et al., 2021): centre and logarithmic extent relative to a cell, objectness times class score."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from inference.families.candidates import Candidates, best_class, grid
from inference.families.preparation import Fit, Preparation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class YoloX:
    """Output: cells × (x, y, log width, log height, objectness, 80 class scores), strides 8, 16 and 32."""

    preparation: ClassVar = Preparation(Fit.TOP_LEFT, padding=114)
    strides: ClassVar = (8, 16, 32)

    def decode(self, outputs: Sequence[NDArray[np.float32]], size: int, floor: float) -> Candidates:
        """One picture's candidates."""
        cells, steps = grid(size, self.strides)
        likely = np.flatnonzero(outputs[0][:, 4] >= floor)  # a class score is at most one
        raw = outputs[0][likely]
        rows, scores, classes = best_class(raw[:, 4:5] * raw[:, 5:], floor)
        cells, steps = cells[likely[rows]], steps[likely[rows]]
        centres = (raw[rows, :2] + cells) * steps
        halves = (
            np.exp(np.minimum(raw[rows, 2:4], 20)) * steps / 2
        )  # e^20 px is beyond any picture, and finite
        return Candidates(np.concatenate([centres - halves, centres + halves], axis=1), scores, classes)
