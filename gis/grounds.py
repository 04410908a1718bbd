"""Whose ground many places are, in memory: for lists that are placed while they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable

    import asyncpg
    from numpy.typing import NDArray

_UNITS = """
select level, tree_left, ST_AsBinary(geom) as ground from organisation where geom is not null and level > 0
"""
NOBODY = -1


class Ground(NamedTuple):
    """A unit's ground.

    Attributes:
        level: 1 district, 2 township.
        tree_left: Its position in the tree of units.
        area: A polygon or several, WGS-84.
    """

    level: int
    tree_left: int
    area: shapely.Geometry


class Grounds:
    """The boundaries of a city's units, prepared.

    They answer as :data:`gis.jurisdiction.UNITS_OF` does, with GEOS's exact predicate in place of PostGIS's
    own for points: the two can differ for a place within a millionth of a millimetre of a boundary.

    Args:
        grounds: Of all units below the city that have one.
    """

    def __init__(self, grounds: Iterable[Ground]) -> None:
        # A township goes before its district, and on a shared boundary the first in the tree's order wins.
        self._grounds = sorted(grounds, key=lambda ground: (-ground.level, ground.tree_left))
        shapely.prepare([ground.area for ground in self._grounds])

    def units_of(self, longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.int64]:
        """The position (``tree_left``) of each place's lowest unit, or :data:`NOBODY`.

        Args:
            longitude: Degrees, WGS-84, (n,); NaN is nowhere.
            latitude: Degrees, WGS-84, (n,).
        """
        found = np.full(len(longitude), NOBODY, dtype=np.int64)
        left = np.flatnonzero(~np.isnan(longitude))
        x, y = longitude[left], latitude[left]
        for _, tree_left, area in self._grounds:
            west, south, east, north = area.bounds
            near = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
            inside = near[shapely.intersects_xy(area, x[near], y[near])]
            if len(inside):
                found[left[inside]] = tree_left
                x[inside] = np.nan  # nobody else's any more: NaN lies in no box
        return found


async def read_grounds(connection: asyncpg.Connection[asyncpg.Record]) -> Grounds:
    """The boundaries that the store holds."""
    rows = await connection.fetch(_UNITS)
    areas = shapely.from_wkb([row["ground"] for row in rows])
    return Grounds(
        Ground(row["level"], row["tree_left"], area) for row, area in zip(rows, areas, strict=True)
    )
