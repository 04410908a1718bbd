"""Detector families: how each wants its pictures and how its outputs are read; one file a family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from inference.families.centernet import CenterNet
from inference.families.nanodet import NanoDet
from inference.families.picodet import PicoDet
from inference.families.yolox import YoloX

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from inference.families.candidates import Candidates
    from inference.families.preparation import Preparation


class Family(Protocol):
    """What a detector family is to the rest."""

    @property
    def preparation(self) -> Preparation:
        """How pictures are made into its input."""
        ...

    def decode(self, outputs: Sequence[NDArray[np.float32]], size: int, floor: float) -> Candidates:
        """Read one picture's outputs.

        Args:
            outputs: The model's outputs without the batch dimension, in the model's order.
            size: Side of the square input, pixels.
            floor: Score below which nothing is a candidate.
        """
        ...


FAMILIES: dict[str, Family] = {
    "centernet": CenterNet(),
    "nanodet": NanoDet(),
    "picodet": PicoDet(),
    "yolox": YoloX(),
}

__all__ = ["FAMILIES", "Family"]
