"""The ``objects`` recogniser: counts persons and vehicles in pictures, or says why it cannot judge."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Protocol, TypeAlias
from uuid import UUID

import numpy as np

from inference.detector import Detector
from inference.quality import Quality, QualityLimits, measure
from models.look import Frame
from models.observation import Detection, Observation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from inference.folder import Stock

RECOGNISER = "objects"
PERSONS = frozenset({"person"})
VEHICLES = frozenset({"car", "bus", "truck", "motorcycle"})
CYCLES = frozenset({"bicycle"})
COUNTED = PERSONS | VEHICLES | CYCLES
FLOOR_SHARE = 0.5
"""Candidates are kept down to this share of the threshold: they tell how sure an empty picture is."""

SAME_VEHICLE = 0.6
"""Intersection over union above which two vehicles are one: vans are often called car and truck both."""

Sight: TypeAlias = tuple[int, UUID, Frame]
"""A camera's id, the look's id, and the picture it brought."""


class Detects(Protocol):
    """What the recogniser needs of a detector."""

    def detect(self, pictures: Sequence[NDArray[np.uint8]], floor: float) -> list[list[Detection]]:
        """Objects of each picture with at least that score, best first."""
        ...


class ObjectRecogniser:
    """Turns pictures into counts.

    Each observation's values are ``persons``, ``vehicles`` (cars, buses, trucks, motorcycles), ``cycles``,
    ``vehicle_cover`` (the share of the picture that vehicles' boxes cover together, 0–1: boxes that overlap
    count once), and the picture's ``luma`` and ``contrast``.

    Its confidence is the mean score of what was counted; where nothing was counted, one minus the best score
    that was *not* enough. It is the detector's own estimate, not a calibrated probability.

    Args:
        detector: Finds objects.
        model: Name and version of the weights, as observations carry it.
        threshold: Score from which an object counts, 0–1.
        limits: When a picture is not judged at all.
    """

    def __init__(
        self, detector: Detects, model: str, threshold: float, limits: QualityLimits | None = None
    ) -> None:
        self._detector = detector
        self._model = model
        self._threshold = threshold
        self._limits = limits or QualityLimits()

    @classmethod
    def load(cls, stock: Stock, *, batch: int = 4, threads: int = 1) -> ObjectRecogniser:
        """Load the model that the shelf gave, and warm it up.

        Raises:
            ModelError: There is no file, or it cannot be run here.
        """
        detector = Detector.load(stock, batch=batch, threads=threads)
        return cls(detector, stock.label, stock.card.threshold)

    def recognise(self, sights: Sequence[Sight]) -> list[Observation]:
        """Judge a batch; the answers are in the order of the questions.

        Raises:
            ModelError: The model could not be run.
        """
        qualities = [measure(frame.pixels) for _, _, frame in sights]
        faults = [self._limits.fault(quality) for quality in qualities]
        judged = [frame.pixels for (_, _, frame), fault in zip(sights, faults, strict=True) if fault is None]
        found = iter(self._detector.detect(judged, self._threshold * FLOOR_SHARE))
        return [
            self._abstention(sight, quality, fault)
            if fault
            else self._observation(sight, quality, next(found))
            for sight, quality, fault in zip(sights, qualities, faults, strict=True)
        ]

    def _observation(self, sight: Sight, quality: Quality, found: list[Detection]) -> Observation:
        camera_id, look_id, frame = sight
        relevant = one_a_vehicle([d for d in found if d.label in COUNTED])
        counted = tuple(d for d in relevant if d.score >= self._threshold)
        vehicles = [d for d in counted if d.label in VEHICLES]
        values = {
            "persons": float(sum(d.label in PERSONS for d in counted)),
            "vehicles": float(len(vehicles)),
            "cycles": float(sum(d.label in CYCLES for d in counted)),
            "vehicle_cover": union_area(d.box for d in vehicles),
            **_measurements(quality),
        }
        if counted:
            confidence = fmean(d.score for d in counted)
        else:
            confidence = 1 - max((d.score for d in relevant), default=0.0)
        return Observation(
            camera_id, look_id, frame.captured_at, RECOGNISER, self._model, values, confidence, None, counted
        )

    def _abstention(self, sight: Sight, quality: Quality, fault: str) -> Observation:
        camera_id, look_id, frame = sight
        return Observation(
            camera_id, look_id, frame.captured_at, RECOGNISER, self._model, _measurements(quality), 0.0, fault
        )


def _measurements(quality: Quality) -> dict[str, float]:
    return {"luma": round(quality.luma, 1), "contrast": round(quality.contrast, 1)}


def one_a_vehicle(found: list[Detection]) -> list[Detection]:
    """Of boxes that call one vehicle both car and truck, the surer; everything else as it is.

    Args:
        found: Detections, best first.
    """
    kept: list[Detection] = []
    for detection in found:
        rivals = kept if detection.label in VEHICLES else []
        if not any(rival.label in VEHICLES and _overlap(rival, detection) > SAME_VEHICLE for rival in rivals):
            kept.append(detection)
    return kept


def _overlap(a: Detection, b: Detection) -> float:
    """Intersection over union."""
    wide = min(a.box[2], b.box[2]) - max(a.box[0], b.box[0])
    high = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])
    shared = max(0.0, wide) * max(0.0, high)
    union = a.area + b.area - shared
    return shared / union if union > 0 else 0.0


def union_area(boxes: Iterable[tuple[float, float, float, float]]) -> float:
    """Area that boxes (left, top, right, bottom) cover together, in square units of their coordinates.

    Exact: the boxes' edges cut the plane into cells, and each cell is covered or not.
    """
    corners = np.array(list(boxes), np.float64).reshape(-1, 4)
    if not len(corners):
        return 0.0
    xs, ys = np.unique(corners[:, [0, 2]]), np.unique(corners[:, [1, 3]])
    covered = np.zeros((len(ys) - 1, len(xs) - 1), bool)
    columns, rows = np.searchsorted(xs, corners[:, [0, 2]]), np.searchsorted(ys, corners[:, [1, 3]])
    for (left, right), (top, bottom) in zip(columns, rows, strict=True):
        covered[top:bottom, left:right] = True
    return float(np.diff(ys) @ covered @ np.diff(xs))
