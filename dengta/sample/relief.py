"""The sample city's hills, as a smooth height."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dengta.sample.plane import Floats

WAVES = 9
WAVELENGTH_KM = (7, 28)  # crest to crest


class Relief:
    """Smooth hills: borders follow them, forests and reservoirs lie on them."""

    def __init__(self, rng: np.random.Generator) -> None:
        length = rng.uniform(*WAVELENGTH_KM, WAVES)
        turn = rng.uniform(0, 2 * np.pi, WAVES)
        self._wave = np.column_stack([np.cos(turn), np.sin(turn)]) * (2 * np.pi / length)[:, None]
        self._phase = rng.uniform(0, 2 * np.pi, WAVES)

    def __call__(self, points: Floats) -> Floats:
        """Height at points (n, 2) in km: 0 valley to 1 crest."""
        height = np.sin(points @ self._wave.T + self._phase).sum(axis=1) / (WAVES / 2) ** 0.5
        level: Floats = 1 / (1 + np.exp(-1.6 * height))
        return level
