"""Boundaries of units: their area in square metres, and how a broken one is mended or refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Transformer
from shapely.errors import GEOSException

from base.errors import InvalidInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_VERTICES = 500_000
"""Of one boundary; the whole coast of China at 1:1,000,000 has fewer."""

REPAIR_LIMIT = 0.01
"""Share of its area by which a repair may change a boundary. A loop at a corner is far below it; where half
of a shape is in question, only its maker knows what was meant."""

CRUMB_M2 = 1.0
"""Pieces smaller than this are what repairs leave behind, not ground."""

_REFERENCE_LATITUDE = 35.0
"""Of the plane in which areas are taken: it is true to area everywhere, and to shape at this latitude."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A boundary that can be used, and what was done to it.

    Attributes:
        shape: Valid, outer rings counter-clockwise (RFC 7946), WGS-84 degrees.
        area_m2: Its area, square metres.
        changed_m2: By how much the repair changed the area, square metres; ring directions and repeated
            corners change none.
        done: What was mended, in words; empty if nothing was.
    """

    shape: shapely.MultiPolygon
    area_m2: float
    changed_m2: float = 0.0
    done: tuple[str, ...] = field(default=())


def plane(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Shapes in degrees → the same in a plane in metres that is true to area (cylindrical equal-area)."""
    projected: NDArray[np.object_] = shapely.transform(shapes, _project)
    return projected


def area_m2(shape: shapely.Geometry) -> float:
    """Area of a shape in degrees, square metres on the ellipsoid of WGS-84."""
    return float(shapely.area(shapely.transform(shape, _project)))


def mend(shape: shapely.Geometry | None, *, limit: float = REPAIR_LIMIT) -> Repair:
    """Make a boundary valid.

    Repeated corners go, rings are turned, self-crossings are noded, holes that lie outside are dropped.

    Args:
        shape: What a file holds: WGS-84 degrees, valid or not.
        limit: Share of its area that a repair may change.

    Raises:
        InvalidInputError: It encloses no ground, it is none of this world, it is too large, or a repair would
            change more than ``limit`` of its area; the sentence says where it is broken.
    """
    _require_usable(shape)
    done: list[str] = []
    polygons = _polygons(shape, done)
    plain = _without_repeats(polygons, done)
    before = area_m2(plain)
    whole, reason = plain, ""
    if not shapely.is_valid(plain):
        reason = _in_words(shapely.is_valid_reason(plain))
        whole = _polygons(_made_valid(plain), [])
        done.append(reason)
    whole = _without_crumbs(whole, done)
    after = area_m2(whole)
    changed = abs(after - before)
    if changed > limit * max(after, before):
        raise InvalidInputError(
            f"It is broken ({reason or done[-1]}): a repair would change "
            f"{changed / max(after, before):.0%} of its area, {changed:,.0f} m².",
            remedy="Correct it where it was drawn, or allow the repair with a higher limit.",
        )
    turned = shapely.orient_polygons(whole, exterior_cw=False)
    if not shapely.equals_exact(turned, whole):
        done.append("rings turned (outer ones counter-clockwise)")
    return Repair(turned, after, changed, tuple(done))


def _require_usable(shape: shapely.Geometry | None) -> None:
    if shape is None or shapely.is_empty(shape):
        raise InvalidInputError("It has no geometry.", remedy="Draw its boundary, or leave it out.")
    vertices = int(shapely.get_num_coordinates(shape))
    if vertices > MOST_VERTICES:
        raise InvalidInputError(
            f"It has {vertices:,} corners; {MOST_VERTICES:,} is the most.", remedy="Simplify it."
        )
    corners = shapely.get_coordinates(shape)
    if not np.isfinite(corners).all():
        raise InvalidInputError("It has corners that are no numbers.")
    if not ((np.abs(corners[:, 0]) <= 180) & (np.abs(corners[:, 1]) <= 90)).all():
        raise InvalidInputError(
            "It has corners beyond 180 degrees of longitude or 90 of latitude.",
            remedy="Name the reference system that its coordinates are counted in.",
        )


def _polygons(shape: shapely.Geometry, done: list[str]) -> shapely.MultiPolygon:
    """The ground of a shape; lines and points in a collection enclose none."""
    parts = shapely.get_parts(shape)
    while any(part.geom_type in {"GeometryCollection", "MultiPolygon"} for part in parts):
        parts = shapely.get_parts(parts)
    ground = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
    if not ground:
        raise InvalidInputError(f"It is a {shape.geom_type}, which encloses no ground.")
    if len(ground) < len(parts):
        done.append("lines and points beside its polygons dropped")
    return shapely.MultiPolygon(ground)


def _without_repeats(shape: shapely.MultiPolygon, done: list[str]) -> shapely.MultiPolygon:
    try:
        plain: shapely.MultiPolygon = shapely.remove_repeated_points(shape, 0)
    except GEOSException:  # nothing would be left of one of its rings: what follows drops that ring
        return shape
    repeated = int(shapely.get_num_coordinates(shape) - shapely.get_num_coordinates(plain))
    if repeated:
        done.append(f"{repeated} repeated corner{'s' * (repeated != 1)} removed")
    return plain


def _made_valid(shape: shapely.MultiPolygon) -> shapely.Geometry:
    try:
        return shapely.make_valid(shape, method="structure", keep_collapsed=False)
    except GEOSException as err:
        raise InvalidInputError("It is broken beyond repair.", remedy="Draw it anew.") from err


def _without_crumbs(shape: shapely.MultiPolygon, done: list[str]) -> shapely.MultiPolygon:
    parts = shapely.get_parts(shape)
    large = shapely.area(plane(parts)) >= CRUMB_M2
    if not large.any():
        raise InvalidInputError("It encloses no ground: its area is less than 1 m².")
    if not large.all():
        done.append(f"{int((~large).sum())} pieces of less than 1 m² dropped")
        return shapely.MultiPolygon(list(parts[large]))
    return shape


_REASONS = {
    "Self-intersection": "its outline crosses itself",
    "Ring Self-intersection": "its outline touches itself",
    "Hole lies outside shell": "a hole lies outside of it",
    "Holes are nested": "its holes lie in each other",
    "Interior is disconnected": "a hole cuts it in two",
    "Nested shells": "its pieces lie in each other",
    "Too few points in geometry component": "a ring has too few corners",
}


def _in_words(reason: str) -> str:
    """GEOS's reason, such as ``Self-intersection[121.3 37.4]``, as a sentence's part."""
    name, _, where = reason.partition("[")
    told = _REASONS.get(name.strip(), name.strip().lower())
    try:
        longitude, latitude = (float(part) for part in where.rstrip("]").split()[:2])
    except ValueError:
        return told
    return f"{told} at {longitude:.6f}, {latitude:.6f}"


@lru_cache(maxsize=1)
def _transformer() -> Transformer:
    metres = f"+proj=cea +lat_ts={_REFERENCE_LATITUDE} +datum=WGS84 +units=m"
    return Transformer.from_crs("EPSG:4326", metres, always_xy=True)


def _project(corners: Floats) -> Floats:
    x, y = _transformer().transform(corners[:, 0], corners[:, 1])
    return np.column_stack([x, y])
