"""Scores made into probabilities that mean something.

A score is calibrated by a curve through what happened at such scores in units that the scorer had not seen:
isotonic where there is enough to see (Zadrozny and Elkan 2002), a sigmoid where there is little (Platt 1999).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from camera_registry.suggestion.curve import MOST_CERTAIN, Curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

ENOUGH_FOR_ISOTONIC = 300
"""Positives; with fewer the steps of an isotonic curve follow single cameras."""
SIGMOID_POINTS = 65


def fit_curve(scores: Floats, happened: Flags) -> Curve:
    """The curve through what happened.

    Args:
        scores: (n,).
        happened: Whether the scene was served (n,).
    """
    if happened.all() or not happened.any():
        share = min(float(happened.mean()), MOST_CERTAIN) if len(happened) else 0.0
        return Curve(np.array([0.0, 1.0]), np.array([share, share]))
    if int(happened.sum()) >= ENOUGH_FOR_ISOTONIC:
        fitted = IsotonicRegression(y_min=0, y_max=MOST_CERTAIN, out_of_bounds="clip").fit(scores, happened)
        return Curve(fitted.X_thresholds_.astype(np.float64), fitted.y_thresholds_.astype(np.float64))
    fitted = LogisticRegression(C=1e3).fit(scores[:, None], happened)
    slope = max(float(fitted.coef_[0, 0]), 0.0)
    points = np.linspace(scores.min() - 1, scores.max() + 1, SIGMOID_POINTS)
    probabilities = 1 / (1 + np.exp(-(slope * points + float(fitted.intercept_[0]))))
    return Curve(points, np.minimum(probabilities, MOST_CERTAIN))
