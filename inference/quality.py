"""The picture-quality gate: says cheaply when a picture shows too little to recognise anything in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLES_ACROSS = 128
"""Pixels looked at in each direction: mean and deviation of a camera picture settle well before that."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured of one picture, all in levels 0–255.

    Attributes:
        luma: Mean brightness.
        contrast: Standard deviation of the brightness.
        highlight: 99th percentile of the strongest colour: a blue screen is dark in luma, and not black.
    """

    luma: float
    contrast: float
    highlight: float


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """Presets, luma levels; a site changes them where its cameras need it.

    Attributes:
        black_highlight: Nothing as bright as this: lens covered, sensor dead, lamp out.
        dark_luma: Darker on the whole (the trade's preset for a brightness fault).
        bright_luma: Brighter on the whole (the same).
        flat_contrast: Less variation: one colour all over, as encoders send when the camera's signal is lost.
            The trade's preset of 25 for a *maintenance* fault would silence pictures that are perfectly
            judged: a clip of cars on plain asphalt measures 21.
    """

    black_highlight: float = 40.0
    dark_luma: float = 30.0
    bright_luma: float = 220.0
    flat_contrast: float = 8.0

    def fault(self, quality: Quality) -> str | None:
        """Why the picture cannot be judged: ``black``, ``flat``, ``dark`` or ``bright``; None if it can."""
        if quality.highlight < self.black_highlight:
            return "black"
        if quality.contrast < self.flat_contrast:
            return "flat"
        if quality.luma < self.dark_luma:
            return "dark"
        return "bright" if quality.luma > self.bright_luma else None


def measure(pixels: NDArray[np.uint8]) -> Quality:
    """Measure a picture (height × width × 3, BGR) on an even sample of its pixels."""
    height, width = pixels.shape[:2]
    down, across = max(1, height // SAMPLES_ACROSS), max(1, width // SAMPLES_ACROSS)
    sample = np.ascontiguousarray(pixels[::down, ::across])
    luma = cv2.cvtColor(sample, cv2.COLOR_BGR2GRAY)
    mean, deviation = cv2.meanStdDev(luma)
    # A percentile by counting levels: sorting the sample would cost more than all the rest.
    blue, green, red = cv2.split(sample)
    strongest = cv2.max(cv2.max(blue, green), red)
    share = np.cumsum(np.bincount(strongest.reshape(-1), minlength=256)) / luma.size
    return Quality(float(mean[0, 0]), float(deviation[0, 0]), float(np.searchsorted(share, 0.99)))
