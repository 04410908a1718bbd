"""How well units cover the ground: where two claim the same, where nobody claims any, who reaches beyond."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis.boundaries import plane

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Shapes = NDArray[np.object_]

SLIVER_M = 5.0
"""Width below which a flaw is one of drawing: borders that two people have traced from the same map."""

LEAST_M2 = 1.0
"""Flaws smaller than this are rounding."""


class Flaw(StrEnum):
    """What is wrong with a piece of ground."""

    OVERLAP = "overlap"
    """Two units of a level claim it."""
    GAP = "gap"
    """It is a unit's, but none of the units below it claims it."""
    OUTSIDE = "outside"
    """A unit claims it that its own parent does not."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A unit's claim.

    Attributes:
        code: Which unit.
        level: 0 city, 1 district, 2 township.
        parent: Code of the unit above, or None.
        shape: Its boundary, valid, WGS-84 degrees.
    """

    code: str
    level: int
    parent: str | None
    shape: shapely.MultiPolygon


@dataclass(frozen=True, slots=True)
class Defect:
    """A piece of ground with a flaw; pieces of one flaw between the same units are one.

    Attributes:
        flaw: What is wrong.
        level: Of the units that should have covered it once.
        units: The codes concerned: an overlap's two claimants, a gap's parent and then its neighbours, the
            unit that reaches outside and then its parent.
        shape: Where, WGS-84 degrees.
        area_m2: Square metres.
        width_m: Mean width of its widest piece, metres.
    """

    flaw: Flaw
    level: int
    units: tuple[str, ...]
    shape: shapely.MultiPolygon
    area_m2: float
    width_m: float

    @property
    def sliver(self) -> bool:
        """Whether it is no wider than the error of drawing."""
        return self.width_m < SLIVER_M


def check_coverage(units: Iterable[Ground]) -> list[Defect]:
    """All flaws among units, the largest first.

    Overlaps are sought among all units of a level, whatever their parents: ground must not have two owners.
    Gaps are sought where a unit with a boundary has units below it.
    """
    by_level: dict[int, list[Ground]] = {}
    by_parent: dict[str, list[Ground]] = {}
    shapes = {}
    for unit in units:
        by_level.setdefault(unit.level, []).append(unit)
        shapes[unit.code] = unit.shape
        if unit.parent is not None:
            by_parent.setdefault(unit.parent, []).append(unit)
    found = [defect for level in by_level.values() for defect in _overlaps(level)]
    for parent, children in by_parent.items():
        if parent in shapes:
            found += _against_parent(parent, shapes[parent], children)
    return sorted(found, key=lambda defect: (-defect.area_m2, defect.units))


def _overlaps(units: Sequence[Ground]) -> list[Defect]:
    shapes = np.array([unit.shape for unit in units])
    shapely.prepare(shapes)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    common = shapely.intersection(shapes[first], shapes[second])
    return [
        defect
        for a, b, shape in zip(first.tolist(), second.tolist(), common, strict=True)
        if (defect := _defect(Flaw.OVERLAP, units[a].level, (units[a].code, units[b].code), shape))
    ]


def _against_parent(parent: str, ground: shapely.Geometry, children: Sequence[Ground]) -> list[Defect]:
    shapes = np.array([child.shape for child in children])
    level = children[0].level
    gaps = _ground(shapely.difference(ground, shapely.union_all(shapes)))
    found = [_gap(parent, level, piece, children, shapes) for piece in gaps]
    beyond = shapely.difference(shapes, ground)
    found += [
        _defect(Flaw.OUTSIDE, level, (child.code, parent), shape)
        for child, shape in zip(children, beyond, strict=True)
    ]
    return [defect for defect in found if defect]


def _gap(
    parent: str, level: int, piece: shapely.Polygon, children: Sequence[Ground], shapes: Shapes
) -> Defect | None:
    defect = _defect(Flaw.GAP, level, (parent,), piece)
    if defect is None:
        return None
    beside = np.flatnonzero(shapely.dwithin(shapes, piece, 1e-9))
    around = tuple(children[index].code for index in beside.tolist())
    return Defect(Flaw.GAP, level, (parent, *around), defect.shape, defect.area_m2, defect.width_m)


def _defect(flaw: Flaw, level: int, units: tuple[str, ...], shape: shapely.Geometry) -> Defect | None:
    pieces = _ground(shape)
    flat = plane(pieces)
    areas = shapely.area(flat)
    total = float(areas.sum())
    if total < LEAST_M2:
        return None
    widths = 2 * areas / np.maximum(shapely.length(flat), 1e-9)
    return Defect(flaw, level, units, shapely.MultiPolygon(list(pieces)), total, float(widths.max()))


def _ground(shape: shapely.Geometry) -> Shapes:
    """The polygons of what an overlay left; shared borders leave lines and points as well."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    polygons: Shapes = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return polygons


def mismatches(areas: Mapping[str, float], units: Iterable[Ground]) -> dict[str, float]:
    """For each parent, by how many square metres its children's areas together exceed its own.

    Args:
        areas: Square metres of each unit, by code.
        units: The units.
    """
    total: dict[str, float] = {}
    for unit in units:
        if unit.parent is not None and unit.parent in areas:
            total[unit.parent] = total.get(unit.parent, 0.0) + areas[unit.code]
    return {parent: claimed - areas[parent] for parent, claimed in total.items()}
