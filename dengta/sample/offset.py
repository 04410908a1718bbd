"""The GCJ-02 offset of Chinese web maps, forward: how a record comes to stand 450 m beside its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dengta.sample.plane import Floats

_A = 6378245.0  # semi-major axis of the Krasovsky 1940 ellipsoid, metres
_E2 = 0.00669342162296594323  # its first eccentricity, squared


def to_gcj02(degrees: Floats) -> Floats:
    """WGS-84 longitude and latitude (n, 2) → GCJ-02, by the approximation in common use."""
    x, y = degrees[:, 0] - 105.0, degrees[:, 1] - 35.0
    common = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    root = np.sqrt(np.abs(x))

    def waves(value: Floats, lengths: tuple[float, float, float, float]) -> Floats:
        a, b, c, d = lengths
        total: Floats = a * np.sin(np.pi * value) + b * np.sin(np.pi * value / 3)
        return total + c * np.sin(np.pi * value / 12) + d * np.sin(np.pi * value / 30)

    north = -100 + 2 * x + 3 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * root
    north += (common + waves(y, (20, 40, 160, 320))) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * root
    east += (common + waves(x, (20, 40, 150, 300))) * 2 / 3
    latitude = np.radians(degrees[:, 1])
    curve = 1 - _E2 * np.sin(latitude) ** 2
    north_degrees = np.degrees(north * curve**1.5 / (_A * (1 - _E2)))
    east_degrees = np.degrees(east * np.sqrt(curve) / (_A * np.cos(latitude)))
    shifted: Floats = degrees + np.column_stack([east_degrees, north_degrees])
    return shifted
