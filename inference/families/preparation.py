"""Pictures made into a detector's input, in place, and the way back from its coordinates to the picture's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Fit(StrEnum):
    """How a picture of any shape is brought to the square input."""

    STRETCH = "stretch"
    CENTRED = "centred"
    """Aspect kept, padding on both sides."""
    TOP_LEFT = "top-left"
    """Aspect kept, padding at the right and the bottom."""


class Placement(NamedTuple):
    """Where the picture lies in the input, input pixels."""

    left: int
    top: int
    width: int
    height: int

    def fractions(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (n × left, top, right, bottom) from input pixels to fractions of the picture, 0–1."""
        origin = np.array([self.left, self.top] * 2, np.float32)
        extent = np.array([self.width, self.height] * 2, np.float32)
        fractions: NDArray[np.float32] = np.clip((boxes - origin) / extent, 0, 1)
        return fractions


@dataclass(frozen=True, slots=True)
class Preparation:
    """How one family wants its pictures.

    Attributes:
        fit: How the picture is brought to the input's shape.
        rgb: Channels in the order red, green, blue instead of OpenCV's blue, green, red.
        mean: What is subtracted, in the input's channel order, 0–255.
        deviation: What the difference is divided by, in the same order.
        padding: Grey of the area that the picture leaves free, 0–255.
    """

    fit: Fit
    rgb: bool = False
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    deviation: tuple[float, float, float] = (1.0, 1.0, 1.0)
    padding: int = 0

    def place(self, pixels: NDArray[np.uint8], out: NDArray[np.float32]) -> Placement:
        """Write one picture into its slot of a batch.

        Args:
            pixels: Height × width × 3, BGR.
            out: 3 × height × width, overwritten.
        """
        placement = self.placement(pixels.shape[1], pixels.shape[0], out.shape[2], out.shape[1])
        left, top, width, height = placement
        scaled = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)
        inside = out[:, top : top + height, left : left + width]
        channels = cv2.split(scaled)
        for plane, channel in enumerate(channels[::-1] if self.rgb else channels):
            factor = np.float32(1 / self.deviation[plane])
            shift = np.float32(-self.mean[plane] / self.deviation[plane])
            if inside.shape != out.shape:
                out[plane] = self.padding * factor + shift
            np.multiply(channel, factor, out=inside[plane])
            if shift:
                inside[plane] += shift
        return placement

    def placement(self, width: int, height: int, input_width: int, input_height: int) -> Placement:
        """Where a picture of that size goes; at least one pixel wide and high."""
        if self.fit is Fit.STRETCH:
            return Placement(0, 0, input_width, input_height)
        ratio = min(input_width / width, input_height / height)
        wide, high = max(1, round(width * ratio)), max(1, round(height * ratio))
        if self.fit is Fit.TOP_LEFT:
            return Placement(0, 0, wide, high)
        return Placement((input_width - wide) // 2, (input_height - high) // 2, wide, high)
