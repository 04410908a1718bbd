"""What a recogniser says of one picture: values with a confidence, or an abstention with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing found in a picture.

    Attributes:
        label: COCO's name of the class, e.g. ``person``.
        score: The model's score, 0–1.
        box: Left, top, right, bottom as fractions of width and height, 0–1.
    """

    label: str
    score: float
    box: tuple[float, float, float, float]

    @property
    def area(self) -> float:
        """Share of the picture that the box covers, 0–1."""
        left, top, right, bottom = self.box
        return max(0.0, right - left) * max(0.0, bottom - top)


@dataclass(frozen=True, slots=True)
class Observation:
    """One recogniser's word on one look.

    Attributes:
        camera_id: The camera that was looked at.
        look_id: The look; with ``captured_at`` it orders observations of one watch.
        captured_at: When the picture was taken, UTC.
        recogniser: The recogniser's name, e.g. ``objects``.
        model: Name and first sha256 digits of the weights, e.g. ``nanodet-g@1a2b3c4d``.
        values: Named measurements, e.g. ``{"persons": 6, "vehicles": 0, "vehicle_cover": 0.0}``.
        confidence: 0–1; how sure the recogniser is of its values.
        abstained: Why nothing can be judged, or None.
        detections: What was found and where, best first.
    """

    camera_id: int
    look_id: UUID
    captured_at: datetime
    recogniser: str
    model: str
    values: Mapping[str, float]
    confidence: float
    abstained: str | None = None
    detections: tuple[Detection, ...] = ()
