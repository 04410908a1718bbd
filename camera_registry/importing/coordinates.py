"""Declared coordinates judged and brought to WGS-84, a column at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from camera_registry.importing.report import Severity
from camera_registry.importing.values import Problem
from gis.crs import CHINA, ReferenceSystem, to_wgs84

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

Extent = tuple[float, float, float, float]
"""West, south, east, north, degrees WGS-84."""

BEYOND_DEG = 0.3
"""How far beyond the city's own extent a camera may stand: about 30 km, for its islands and approaches."""

_SAME_AS_WGS84 = {ReferenceSystem.WGS_84.value, ReferenceSystem.CGCS2000.value}

SAME_PLACE_DEG = 5e-5
"""Difference, about 5 m, up to which a geometry and the declared coordinates mean the same place."""

HALF = Problem(
    "coordinate-half", "Only one of longitude and latitude is given.", "Give both, or leave both empty."
)
ZERO = Problem(
    "coordinate-zero",
    "A coordinate of 0 means that none was reported; the record has no place.",
    "Measure the place, or leave both empty.",
    Severity.WARNING,
)
PROJECTED = Problem(
    "coordinate-projected",
    "The coordinates are no degrees: they look like a projected system's metres, or degrees times a million.",
    "Convert them to decimal degrees first.",
)
SWAPPED = Problem(
    "coordinate-swapped",
    "Longitude and latitude (经度, 纬度) look swapped: exchanged they lie in China.",
    "Exchange longitude and latitude.",
)
NOT_ON_EARTH = Problem(
    "coordinate-impossible",
    "The coordinates are beyond ±180 and ±90 degrees.",
    "Correct them, in decimal degrees.",
)
NOT_IN_CHINA = Problem(
    "coordinate-outside-china", "The place lies outside China.", "Correct it; a sign or a digit may be wrong."
)
NOT_IN_CITY = Problem(
    "coordinate-outside-city",
    f"The place lies far outside the city, by more than {BEYOND_DEG} degrees.",
    "Correct it: a platform's default place, another city's record, or a wrong digit.",
)
MOVED = Problem(
    "geometry-differs",
    "Its geometry and its coordinate columns mean different places; the geometry is taken.",
    "Bring the columns up to date, or leave them out.",
    Severity.WARNING,
)


@dataclass(slots=True)
class Placed:
    """Coordinates of some rows.

    Attributes:
        declared: Longitude and latitude as declared (n, 2); NaN where there are none.
        wgs84: The same, normalised (n, 2); NaN where there are none or they cannot be used.
        problems: Row → what is wrong.
        from_geometry: Rows whose declared coordinates are those of the geometry.
    """

    declared: Floats
    wgs84: Floats
    problems: dict[int, Problem] = field(default_factory=dict)
    from_geometry: Flags | None = None


def judge(
    longitude: Sequence[float | None],
    latitude: Sequence[float | None],
    systems: Sequence[str | None] | None,
    default: str,
    extent: Extent | None,
) -> Placed:
    """Judge the coordinates of some rows.

    Args:
        longitude: As declared, degrees.
        latitude: As declared, degrees.
        systems: What each row declares; None for no column.
        default: The system of rows that declare none.
        extent: Of the city, or None where no boundaries are loaded.
    """
    declared = np.array([longitude, latitude], dtype=np.float64).T.reshape(-1, 2)
    placed = Placed(declared, declared.copy())
    x, y = declared[:, 0], declared[:, 1]
    unjudged = ~np.isnan(declared).any(axis=1)
    half: Flags = np.not_equal(np.isnan(x), np.isnan(y))
    _mark(placed, half, HALF)
    for condition, problem in (
        ((np.abs(declared) < 1e-4).any(axis=1), ZERO),
        ((np.abs(declared) > 360).any(axis=1), PROJECTED),
        (_within(y, x, CHINA) & ~_within(x, y, CHINA), SWAPPED),
        ((np.abs(x) > 180) | (np.abs(y) > 90), NOT_ON_EARTH),
        (~_within(x, y, CHINA), NOT_IN_CHINA),
    ):
        found: Flags = np.logical_and(unjudged, condition)
        _mark(placed, found, problem)
        unjudged &= ~found
    placed.wgs84[~unjudged] = np.nan
    _normalise(placed.wgs84, systems, default)
    if extent:
        west, south, east, north = extent
        city = (west - BEYOND_DEG, south - BEYOND_DEG, east + BEYOND_DEG, north + BEYOND_DEG)
        _mark(placed, unjudged & ~_within(placed.wgs84[:, 0], placed.wgs84[:, 1], city), NOT_IN_CITY)
    return placed


def prefer_geometry(told: Placed, geometry: Placed) -> None:
    """Where the geometry means another place than the columns, or they say nothing, the geometry is taken."""
    known: Flags = np.logical_not(np.isnan(geometry.wgs84).any(axis=1))
    silent = known & np.isnan(told.declared).all(axis=1)
    with np.errstate(invalid="ignore"):
        near = (np.abs(told.wgs84 - geometry.wgs84) <= SAME_PLACE_DEG).all(axis=1)
    moved: Flags = known & ~silent & ~near
    taken: Flags = silent | moved
    told.from_geometry = taken
    for row in np.flatnonzero(taken).tolist():
        told.problems.pop(row, None)
    _mark(told, moved, MOVED)
    told.declared[taken] = geometry.declared[taken]
    told.wgs84[taken] = geometry.wgs84[taken]
    for row, problem in geometry.problems.items():
        told.problems.setdefault(row, problem)


def _mark(placed: Placed, rows: Flags, problem: Problem) -> None:
    for row in np.flatnonzero(rows).tolist():
        placed.problems[row] = problem


def _within(x: Floats, y: Floats, extent: Extent) -> Flags:
    west, south, east, north = extent
    inside: Flags = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    return inside


def _normalise(places: Floats, systems: Sequence[str | None] | None, default: str) -> None:
    """Bring places (n, 2) to WGS-84 where they stand."""
    if systems is None:
        places[:] = to_wgs84(places, ReferenceSystem(default))
        return
    told = set(systems)
    for system in {system or default for system in told} - _SAME_AS_WGS84:
        meant = {system, None} if system == default else {system}
        rows = [index for index, declared in enumerate(systems) if declared in meant]
        places[rows] = to_wgs84(places[rows], ReferenceSystem(system))
