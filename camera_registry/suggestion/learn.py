"""Training the classifier: a logistic regression a scene, calibrated and measured on unseen units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, KFold

from base.errors import ConflictError
from camera_registry.suggestion.calibration import fit_curve
from camera_registry.suggestion.features import Space
from camera_registry.suggestion.figures import figures
from camera_registry.suggestion.lessons import REFUSED
from camera_registry.suggestion.model import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from camera_registry.suggestion.curve import Curve
    from camera_registry.suggestion.evidence import Evidence
    from camera_registry.suggestion.lessons import Lessons

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

FEWEST_CAMERAS = 100
"""Classified ones, below which nothing can be learned that would hold elsewhere."""
FEWEST_PER_SCENE = 20
FOLDS = 3
NEGATIVES_PER_POSITIVE = 4
FEWEST_NEGATIVES = 5_000
"""Easy negatives beyond this teach nothing; calibration, on all cameras, sets the level right again."""
INVERSE_REGULARISATION = 0.1
"""Chosen on units held out, from 0.01, 0.03, 0.1, 0.3 and 1."""
MOST_STEPS = 100
TOLERANCE = 1e-3
SEED = 7


@dataclass(frozen=True)
class Trained:
    """What training came to.

    Attributes:
        model: The classifier.
        card: Sizes, figures on units held out, calibration; as JSON.
    """

    model: Model
    card: dict[str, Any]


def train(
    evidence: Evidence,
    lessons: Lessons,
    layers: Sequence[tuple[int, str]],
    tell: Callable[[float], None] = lambda _share: None,
) -> Trained:
    """Learn from what staff decided.

    Args:
        evidence: The cameras that were decided on, others are left out before.
        lessons: The decisions.
        layers: Number and code of each point layer.
        tell: Told the finished share.

    Raises:
        ConflictError: Too few cameras are classified to learn from.
    """
    positives = lessons.serves.sum(axis=0)
    chosen = np.flatnonzero(positives >= FEWEST_PER_SCENE)
    if lessons.classified.sum() < FEWEST_CAMERAS or not len(chosen):
        raise ConflictError(
            f"{int(lessons.classified.sum()):,} cameras are classified; a classifier needs {FEWEST_CAMERAS}, "
            f"{FEWEST_PER_SCENE} of them in one scene.",
            remedy="Classify some by hand, or accept what the rules suggest.",
        )
    space = Space.learn(evidence, layers)
    matrix = sparse.csr_matrix(space.matrix(evidence))
    folds = list(_folds(evidence.unit_ids))
    fitted = []
    for done, scene in enumerate(chosen.tolist()):
        tell(0.1 + 0.9 * done / len(chosen))
        fitted.append(_learn_scene(matrix, lessons, scene, folds))
    scenes = tuple(lessons.scenes[scene] for scene in chosen.tolist())
    model = Model(
        space,
        scenes,
        np.array([each.weights for each in fitted], np.float32),
        np.array([each.intercept for each in fitted], np.float32),
        tuple(each.curve for each in fitted),
    )
    rows = np.flatnonzero(lessons.classified)
    held_out = np.column_stack([each.held_out for each in fitted])
    units = len(np.unique(evidence.unit_ids))
    card = {
        "cameras": len(rows),
        "refusals": int((lessons.said == REFUSED).sum()),
        "units": units,
        "columns": space.width,
        "held_out_by": "unit" if units >= FOLDS else "camera",
        "folds": len(folds),
        **figures(scenes, held_out[rows], lessons.serves[np.ix_(rows, chosen)]),
        "not_learned": [lessons.scenes[s] for s in np.flatnonzero(positives < FEWEST_PER_SCENE).tolist()],
    }
    return Trained(model, card)


@dataclass(frozen=True)
class _Scene:
    """One scene's regression, and what it says of cameras in units that were held out (n,)."""

    weights: Floats
    intercept: float
    curve: Curve
    held_out: Floats


def _learn_scene(
    matrix: sparse.csr_matrix, lessons: Lessons, scene: int, folds: Sequence[tuple[Ints, Ints]]
) -> _Scene:
    everybody = np.arange(matrix.shape[0])
    scores = np.empty(len(everybody))
    for rest, out in folds:
        weights, intercept = _fit(matrix, lessons, scene, rest)
        scores[out] = matrix[out] @ weights + intercept
    held_out = np.empty(len(everybody))
    for rest, out in folds:  # with a curve that has not seen these units either
        held_out[out] = _curve(scores, lessons, scene, rest)(scores[out])
    weights, intercept = _fit(matrix, lessons, scene, everybody)
    return _Scene(weights, intercept, _curve(scores, lessons, scene, everybody), held_out)


def _folds(units: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Whole units are held out: cameras of one township share their names' words."""
    if len(np.unique(units)) >= FOLDS:
        yield from GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(units, groups=units)
    else:
        yield from KFold(FOLDS, shuffle=True, random_state=SEED).split(units)


def _fit(matrix: sparse.csr_matrix, lessons: Lessons, scene: int, rows: Ints) -> tuple[Floats, float]:
    """Weights and intercept of one scene, from these cameras."""
    rows = np.intersect1d(rows, lessons.teaching(scene), assume_unique=True)
    rows = _thinned(rows, lessons, scene)
    serves = lessons.serves[rows, scene]
    if serves.all() or not serves.any():
        return np.zeros(matrix.shape[1]), 4.0 if serves.any() else -4.0
    regression = LogisticRegression(
        C=INVERSE_REGULARISATION, solver="newton-cg", max_iter=MOST_STEPS, tol=TOLERANCE
    )
    regression.fit(matrix[rows], serves, sample_weight=lessons.weights(rows, scene))
    return regression.coef_[0], float(regression.intercept_[0])


def _thinned(rows: Ints, lessons: Lessons, scene: int) -> Ints:
    """All that speaks for the scene or was refused, and as many of the rest as teach something."""
    said = lessons.said[rows, scene]
    telling, rest = rows[said != 0], rows[said == 0]
    most = max(FEWEST_NEGATIVES, NEGATIVES_PER_POSITIVE * len(telling))
    if len(rest) > most:
        rest = np.random.default_rng(SEED).choice(rest, most, replace=False)
    return np.sort(np.concatenate([telling, rest]))


def _curve(scores: Floats, lessons: Lessons, scene: int, rows: Ints) -> Curve:
    """Calibrated on every decision alike: a refusal counts five times in learning, and once here."""
    rows = np.intersect1d(rows, lessons.teaching(scene), assume_unique=True)
    return fit_curve(scores[rows], lessons.serves[rows, scene])
