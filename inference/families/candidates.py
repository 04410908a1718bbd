"""What the decoders share: candidates above a score, anchor points, and non-maximum suppression."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from inference.coco import LABELS
from models.observation import Detection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from inference.families.preparation import Placement

CANDIDATES_MAX = 1000
"""Boxes that go into suppression, the best ones: bounds its quadratic cost on a picture full of noise."""


class Candidates(NamedTuple):
    """Boxes before suppression: n × (left, top, right, bottom) in input pixels, n scores, n class numbers."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.intp]


@functools.cache
def grid(size: int, strides: tuple[int, ...]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cells of all levels of a square input, level by level, row by row.

    Args:
        size: Side of the input, pixels.
        strides: Pixels a cell covers, by level.

    Returns:
        Column and row of each cell (n × 2), and the stride of its level (n × 1).
    """
    cells, steps = [], []
    for stride in strides:
        side = -(-size // stride)
        rows, columns = np.mgrid[:side, :side]
        cells.append(np.stack([columns, rows], axis=-1).reshape(-1, 2))
        steps.append(np.full((side * side, 1), stride))
    result = np.concatenate(cells).astype(np.float32), np.concatenate(steps).astype(np.float32)
    for array in result:
        array.setflags(write=False)
    return result


def best_class(
    scores: NDArray[np.float32], floor: float
) -> tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.intp]]:
    """Of n × classes scores, the rows whose best class reaches the floor: row numbers, scores, classes."""
    peaks = scores.max(axis=1)
    rows = np.flatnonzero(peaks >= floor)
    return rows, peaks[rows], scores[rows].argmax(axis=1)


def expected_distances(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distances to the four sides from distributions over 0, 1, 2 … cells: n × 4·bins to n × 4.

    The integral of Generalized Focal Loss (Li et al., 2020, eq. 4), in cells.
    """
    bins = logits.reshape(len(logits), 4, logits.shape[1] // 4)
    weights = np.exp(bins - bins.max(axis=-1, keepdims=True))
    positions = np.arange(bins.shape[-1], dtype=np.float32)
    distances: NDArray[np.float32] = (weights @ positions) / weights.sum(axis=-1)
    return distances


def detections(candidates: Candidates, placement: Placement, overlap: float) -> list[Detection]:
    """Suppress doubles class by class, and say what is left in fractions of the picture, best first.

    Args:
        candidates: Boxes in input pixels.
        placement: Where the picture lies in the input.
        overlap: Intersection over union above which the lesser of two boxes of one class goes.
    """
    finite = np.isfinite(candidates.boxes).all(axis=1) & np.isfinite(candidates.scores)
    order = np.flatnonzero(finite)
    order = order[np.argsort(-candidates.scores[order], kind="stable")][:CANDIDATES_MAX]
    boxes, scores, classes = candidates.boxes[order], candidates.scores[order], candidates.classes[order]
    kept = _suppress(boxes, scores, classes, overlap)
    fractions = placement.fractions(boxes[kept])
    visible = (fractions[:, 2] > fractions[:, 0]) & (fractions[:, 3] > fractions[:, 1])
    return [
        Detection(LABELS[label], min(1.0, float(score)), (box[0], box[1], box[2], box[3]))
        for box, score, label in zip(
            fractions[visible].astype(float).tolist(),
            scores[kept][visible],
            classes[kept][visible],
            strict=True,
        )
    ]


def _suppress(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], classes: NDArray[np.intp], overlap: float
) -> NDArray[np.intp]:
    if not len(boxes):
        return np.zeros(0, np.intp)
    extents = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    kept: Sequence[int] = cv2.dnn.NMSBoxesBatched(
        extents.tolist(), scores.tolist(), classes.tolist(), 0.0, overlap
    )
    return np.sort(np.asarray(kept, np.intp).reshape(-1))
