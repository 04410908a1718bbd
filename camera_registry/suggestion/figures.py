"""How right a classifier is: by scene, at its top suggestion, and in what it says of its own confidence."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from camera_registry.suggestion.curve import expected_calibration_error, reliability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEAST_CONFIDENCE = 0.3
"""Below it nothing is suggested: more than two of three would be wrong."""


def figures(
    scenes: Sequence[str], probabilities: NDArray[np.float64], serves: NDArray[np.bool_]
) -> dict[str, Any]:
    """The figures of predictions on cameras whose scenes are known.

    Args:
        scenes: Codes (k).
        probabilities: What was predicted (n, k).
        serves: What is true (n, k).

    Returns:
        ``top1`` is the share of cameras whose likeliest scene is one of theirs; ``by_scene`` has precision
        and recall at one half and at :data:`LEAST_CONFIDENCE`; ``calibration_error`` and ``reliability``
        are over everything that would be suggested.
    """
    top = probabilities.argmax(axis=1)
    right = serves[np.arange(len(top)), top]
    shown = probabilities >= LEAST_CONFIDENCE
    bins = reliability(probabilities[shown], serves[shown])
    return {
        "measured_on": len(top),
        "top1": _share(right.sum(), len(right)),
        "suggested": _share(shown.any(axis=1).sum(), len(top)),
        "suggested_right": _share((shown & serves).sum(), shown.sum()),
        "calibration_error": round(expected_calibration_error(bins), 4),
        "reliability": [asdict(each) for each in bins],
        "by_scene": {
            scene: _of_scene(probabilities[:, place], serves[:, place]) for place, scene in enumerate(scenes)
        },
    }


def _of_scene(probability: NDArray[np.float64], serves: NDArray[np.bool_]) -> dict[str, Any]:
    likely, shown = probability >= 0.5, probability >= LEAST_CONFIDENCE
    return {
        "cameras": int(serves.sum()),
        "precision": _share((likely & serves).sum(), likely.sum()),
        "recall": _share((likely & serves).sum(), serves.sum()),
        "precision_suggested": _share((shown & serves).sum(), shown.sum()),
        "recall_suggested": _share((shown & serves).sum(), serves.sum()),
    }


def _share(part: np.integer | int, whole: np.integer | int) -> float | None:
    return round(float(part) / float(whole), 4) if whole else None
