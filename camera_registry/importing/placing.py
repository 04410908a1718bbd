"""The unit of each row of a list: whose ground it stands on, or for want of a place the one that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gis.grounds import read_grounds

if TYPE_CHECKING:
    import asyncpg

    from gis.grounds import Grounds

_UNITS = "select id, tree_left, tree_right, name, geom is not null as bounded from organisation"


class Unit(NamedTuple):
    """A unit as rows are held against it: its positions in the tree, and its name."""

    tree_left: int
    tree_right: int
    name: str


class Units(NamedTuple):
    """The units of a chunk's rows.

    Attributes:
        ids: Of each row its unit, or None.
        trees: Of each row its unit's position in the tree.
    """

    ids: list[int | None]
    trees: list[int | None]


class Placer:
    """Finds the units of rows.

    Args:
        grounds: The units' boundaries.
        units: All units, by their row in ``organisation``.
        bounded: Whether any unit has a boundary, so that a place in none of them means something.
    """

    def __init__(self, grounds: Grounds, units: dict[int, Unit], *, bounded: bool) -> None:
        self._grounds = grounds
        self._at: dict[int, int] = {unit.tree_left: number for number, unit in units.items()}
        self.units = units
        self.bounded = bounded

    def units_of(self, values: dict[str, list[Any]], size: int) -> Units:
        """Of each row the unit on whose ground it stands, or for want of a place the one that it names.

        Args:
            values: Field → a value for each row.
            size: How many rows there are.
        """
        ids: list[int | None] = list(values.get("unit", [None] * size))
        trees = [None if unit is None else self.units[unit].tree_left for unit in ids]
        if "wgs84_longitude" in values:
            longitude, latitude = (
                np.array(values[f"wgs84_{axis}"], dtype=float) for axis in ("longitude", "latitude")
            )
            found = self._grounds.units_of(longitude, latitude).tolist()
            for index in np.flatnonzero(~np.isnan(longitude)).tolist():
                ids[index] = self._at.get(found[index])
                trees[index] = None if ids[index] is None else found[index]
        return Units(ids, trees)


async def read_placer(connection: asyncpg.Connection[Any]) -> Placer:
    """A placer by the units that the store holds."""
    rows = await connection.fetch(_UNITS)
    units = {row["id"]: Unit(row["tree_left"], row["tree_right"], row["name"]) for row in rows}
    return Placer(await read_grounds(connection), units, bounded=any(row["bounded"] for row in rows))
