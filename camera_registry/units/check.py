"""Overlaps, gaps and overreach of a tree's boundaries, told for people and drawn for maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import shapely

from gis.boundaries import area_m2
from gis.coverage import Ground, check_coverage, mismatches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from camera_registry.units.tree import Unit
    from gis.coverage import Defect

DRAWN_DIGITS = 6
"""Decimals of a degree on the wire: 0.1 m."""


def grounds(units: Iterable[Unit]) -> list[Ground]:
    """The claims of units that have a boundary; one that is invalid in the store is taken as repaired."""
    return [
        Ground(unit.code, unit.level, unit.parent, _valid(unit.shape))
        for unit in units
        if unit.shape is not None and not unit.shape.is_empty
    ]


def _valid(shape: shapely.Geometry) -> shapely.Geometry:
    return shape if shapely.is_valid(shape) else shapely.make_valid(shape)


def find_defects(units: Iterable[Unit]) -> tuple[list[Defect], dict[str, float]]:
    """The flaws of a tree, and for each parent the square metres by which its units exceed it together."""
    claims = grounds(units)
    areas = {claim.code: area_m2(claim.shape) for claim in claims}
    excess = {code: by for code, by in mismatches(areas, claims).items() if abs(by) >= 1}
    return check_coverage(claims), excess


def tell(defects: Sequence[Defect], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The flaws that are more than slivers.

    Each is ``{"flaw", "level", "units", "names", "area_m2", "width_m", "place"}``, where ``place`` is a
    longitude and latitude within it.
    """
    return [
        {
            "flaw": str(defect.flaw),
            "level": defect.level,
            "units": list(defect.units),
            "names": [names.get(code, code) for code in defect.units],
            "area_m2": round(defect.area_m2, 1),
            "width_m": round(defect.width_m, 2),
            "place": _within(defect.shape),
        }
        for defect in defects
        if not defect.sliver
    ]


def slivers(defects: Sequence[Defect]) -> dict[str, float]:
    """How many flaws are no wider than the error of drawing, and their square metres together."""
    thin = [defect for defect in defects if defect.sliver]
    return {"count": len(thin), "area_m2": round(sum(defect.area_m2 for defect in thin), 1)}


def draw(defects: Sequence[Defect], names: Mapping[str, str]) -> dict[str, Any]:
    """All flaws as a GeoJSON FeatureCollection (RFC 7946), slivers marked."""
    features = [
        {
            "type": "Feature",
            "geometry": outline(defect.shape),
            "properties": {
                "flaw": str(defect.flaw),
                "level": defect.level,
                "units": list(defect.units),
                "names": [names.get(code, code) for code in defect.units],
                "area_m2": round(defect.area_m2, 1),
                "width_m": round(defect.width_m, 2),
                "sliver": defect.sliver,
            },
        }
        for defect in defects
    ]
    return {"type": "FeatureCollection", "features": features}


def outline(shape: shapely.Geometry, digits: int = DRAWN_DIGITS) -> dict[str, Any]:
    """A shape as GeoJSON geometry, to a decimetre or to more ``digits`` of a degree."""
    rounded: dict[str, Any] = shapely.geometry.mapping(
        shapely.transform(shape, lambda corners: corners.round(digits))
    )
    return rounded


def _within(shape: shapely.Geometry) -> list[float]:
    inner = shapely.point_on_surface(shape)
    return [round(inner.x, DRAWN_DIGITS), round(inner.y, DRAWN_DIGITS)]
