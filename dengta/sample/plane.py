"""A flat kilometre plane over the sample city, so that distances while building it need no geodesy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ORIGIN_LON, ORIGIN_LAT = 120.75, 37.4
KM_PER_DEGREE_LAT = 111.0  # on the ellipsoid at 37.4 N, to 0.1 %
KM_PER_DEGREE_LON = 88.5  # likewise; the error at the city's edges (1 %) matters to nobody
DEGREE_DIGITS = 7  # 1 cm: what survives a trip through any file format


def to_plane(degrees: Floats) -> Floats:
    """Longitude and latitude (…, 2) in degrees → kilometres east and north of the origin."""
    shifted: Floats = (np.asarray(degrees, dtype=float) - [ORIGIN_LON, ORIGIN_LAT]) * [
        KM_PER_DEGREE_LON,
        KM_PER_DEGREE_LAT,
    ]
    return shifted


def to_degrees(plane: Floats) -> Floats:
    """Kilometres (…, 2) → longitude and latitude in degrees, rounded to a centimetre."""
    degrees = np.asarray(plane, dtype=float) / [KM_PER_DEGREE_LON, KM_PER_DEGREE_LAT]
    rounded: Floats = np.round(degrees + np.array([ORIGIN_LON, ORIGIN_LAT]), DEGREE_DIGITS)
    return rounded


def shapes_to_degrees(shapes: Any) -> Any:
    """Geometries of the plane → the same in WGS-84 degrees; a vertex that two share stays shared."""
    return shapely.transform(shapes, to_degrees)


def bearing(vector: Floats) -> Floats:
    """Compass bearings, degrees clockwise from north, of vectors (n, 2)."""
    degrees: Floats = np.degrees(np.arctan2(vector[:, 0], vector[:, 1])) % 360
    return degrees


def unit_vector(degrees: float) -> Floats:
    """The vector of length one that points to a compass bearing."""
    radians = math.radians(degrees)
    return np.array([math.sin(radians), math.cos(radians)])
