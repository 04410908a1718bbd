"""Places along a line: how far from its beginning, how far beside it and on which side. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely

from gis.view import GEOD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Side = Literal["left", "right", "on"]

ON_M = 0.5
"""Nearer than this a place is on the line, not beside it."""


@dataclass(frozen=True, slots=True)
class Station:
    """Where a place is along a line.

    Attributes:
        line: Which line, by its number in the order they were given.
        chainage_m: From the beginning of that line, along it.
        offset_m: From the nearest point of the line.
        side: As one goes along it.
    """

    line: int
    chainage_m: float
    offset_m: float
    side: Side


class Lines:
    """Lines that places are told along; each place belongs to the nearest.

    Degrees are squeezed to one scale around the middle of each line, in which nearest is nearest to a part in
    a thousand over a district; distances themselves are measured on the ellipsoid.

    Args:
        lines: LineStrings of WGS-84 degrees, one at least.
    """

    def __init__(self, lines: Sequence[shapely.LineString]) -> None:
        self._measured = [_Measured(line) for line in lines]

    def locate(self, places: NDArray[np.float64]) -> list[Station]:
        """The stations of places: an array (n, 2) of longitudes and latitudes."""
        found = [line.locate(places) for line in self._measured]
        nearest = np.argmin(np.stack([offsets for _, offsets, _ in found]), axis=0) if len(places) else []
        stations = []
        for index, line in enumerate(nearest):
            chainages, offsets, sides = found[line]
            offset = float(offsets[index])
            side: Side = "on" if offset < ON_M else "left" if sides[index] > 0 else "right"
            stations.append(Station(int(line), float(chainages[index]), offset, side))
        return stations


class _Measured:
    """A line with the length of each of its pieces."""

    def __init__(self, line: shapely.LineString) -> None:
        corners = shapely.get_coordinates(line)
        _, south, _, north = line.bounds
        self._scale = np.array([cos(radians((south + north) / 2)), 1.0])
        self._corners = corners
        starts, ends = corners[:-1], corners[1:]
        _, _, lengths = GEOD.inv(starts[:, 0], starts[:, 1], ends[:, 0], ends[:, 1])
        self._from_start = np.concatenate([[0.0], np.cumsum(lengths)])
        flat = np.diff(corners * self._scale, axis=0)
        self._flat_from_start = np.concatenate([[0.0], np.cumsum(np.hypot(flat[:, 0], flat[:, 1]))])
        self._flat = shapely.LineString(corners * self._scale)

    def locate(
        self, places: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Metres along and beside, and the sign of the side: left is positive."""
        flat = places * self._scale
        along = shapely.line_locate_point(self._flat, shapely.points(flat))
        feet = shapely.get_coordinates(shapely.line_interpolate_point(self._flat, along))
        degrees = feet / self._scale
        _, _, offsets = GEOD.inv(places[:, 0], places[:, 1], degrees[:, 0], degrees[:, 1])
        piece = np.clip(
            np.searchsorted(self._flat_from_start, along, side="right") - 1, 0, len(self._corners) - 2
        )
        corner = self._corners[piece]
        _, _, beyond = GEOD.inv(corner[:, 0], corner[:, 1], degrees[:, 0], degrees[:, 1])
        direction = (self._corners[piece + 1] - corner) * self._scale
        aside = flat - corner * self._scale
        sides = direction[:, 0] * aside[:, 1] - direction[:, 1] * aside[:, 0]
        return self._from_start[piece] + beyond, np.asarray(offsets), sides
