"""Pictures in, detections out: a model's engine together with its family's preparation and decoding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from base.errors import ModelError
from inference.engine import Engine
from inference.families import FAMILIES
from inference.families.candidates import detections

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from inference.folder import Stock
    from models.observation import Detection

OVERLAP = 0.6
"""Intersection over union above which two boxes of one class are one object."""


class Detector:
    """Finds COCO's objects in pictures.

    Args:
        engine: The loaded model.
        family: Name of its family.

    Raises:
        ModelError: No such family is known.
    """

    def __init__(self, engine: Engine, family: str) -> None:
        if family not in FAMILIES:
            raise ModelError(f"No detector family named {family} is known.")
        self._engine = engine
        self._family = FAMILIES[family]

    @classmethod
    def load(cls, stock: Stock, *, batch: int = 4, threads: int = 1) -> Detector:
        """Load the verified file that the shelf gave, and warm it up.

        Raises:
            ModelError: There is none, or it cannot be loaded or run here.
        """
        if stock.path is None:
            raise ModelError(stock.detail)
        engine = Engine(stock.path, batch=batch, threads=threads)
        engine.warm_up()
        return cls(engine, stock.card.family)

    @property
    def provider(self) -> str:
        """What the model runs on, as ONNX Runtime names it."""
        return self._engine.provider

    def detect(self, pictures: Sequence[NDArray[np.uint8]], floor: float) -> list[list[Detection]]:
        """Find objects.

        Args:
            pictures: Each height × width × 3, BGR, of any size.
            floor: Score below which nothing is reported, 0–1.

        Returns:
            For each picture what was found, best first.

        Raises:
            ModelError: The run failed.
        """
        step = self._engine.batch
        return [
            found
            for start in range(0, len(pictures), step)
            for found in self._batch(pictures[start : start + step], floor)
        ]

    def _batch(self, pictures: Sequence[NDArray[np.uint8]], floor: float) -> list[list[Detection]]:
        count, size = len(pictures), self._engine.size
        slots = self._engine.slots(count)
        placements = [
            self._family.preparation.place(pixels, slot) for pixels, slot in zip(pictures, slots, strict=True)
        ]
        outputs = self._engine.run(count)
        return [
            detections(
                self._family.decode([output[k] for output in outputs], size, floor), placement, OVERLAP
            )
            for k, placement in enumerate(placements)
        ]
