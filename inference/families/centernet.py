"""CenterNet (Zhou et al., 2019): objects are peaks of heat maps, with distances to the four sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from inference.families.candidates import CANDIDATES_MAX, Candidates
from inference.families.preparation import Fit, Preparation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class CenterNet:
    """Outputs: heat maps (rows × columns × 80), and distances left, top, right, bottom in pixels."""

    preparation: ClassVar = Preparation(Fit.CENTRED, rgb=True)
    stride: ClassVar = 4

    def decode(self, outputs: Sequence[NDArray[np.float32]], size: int, floor: float) -> Candidates:  # noqa: ARG002 -- a family's signature; here the outputs tell the size
        """One picture's candidates: cells that are the highest of their 3 × 3 neighbours."""
        heat, distances = outputs
        places = np.argwhere(heat >= floor)
        if len(places) > 9 * CANDIDATES_MAX:  # noise all over: the best are enough
            strongest = np.argpartition(-heat[tuple(places.T)], 9 * CANDIDATES_MAX)[: 9 * CANDIDATES_MAX]
            places = places[strongest]
        rows, columns, classes = places.T
        scores = heat[rows, columns, classes]
        peaks = scores >= _neighbourhood_maximum(heat, rows, columns, classes)
        rows, columns, classes, scores = rows[peaks], columns[peaks], classes[peaks], scores[peaks]
        centres = np.stack([columns, rows], axis=1).astype(np.float32) * self.stride
        sides = distances[rows, columns]
        boxes = np.concatenate([centres - sides[:, :2], centres + sides[:, 2:]], axis=1)
        return Candidates(boxes, scores, classes)


def _neighbourhood_maximum(
    heat: NDArray[np.float32], rows: NDArray[np.intp], columns: NDArray[np.intp], classes: NDArray[np.intp]
) -> NDArray[np.float32]:
    height, width = heat.shape[:2]
    around = [
        heat[np.clip(rows + dy, 0, height - 1), np.clip(columns + dx, 0, width - 1), classes]
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    ]
    maximum: NDArray[np.float32] = np.max(around, axis=0)
    return maximum
