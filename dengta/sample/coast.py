"""The sample city's land: a peninsula and islands, drawn from a few turning points and roughened by chance.

The turning points are rounded to a hundredth of a degree, moved at random and joined by noise: the result
resembles the city's situation and is nobody's map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from dengta.sample.plane import to_plane

if TYPE_CHECKING:
    from dengta.sample.plane import Floats

SHORE = (
    (119.61, 37.10), (119.72, 37.14), (119.86, 37.25), (119.94, 37.40), (120.10, 37.47), (120.24, 37.56),
    (120.30, 37.60), (120.22, 37.65), (120.33, 37.68), (120.46, 37.74), (120.60, 37.78), (120.74, 37.83),
    (120.88, 37.80), (121.00, 37.75), (121.12, 37.66), (121.18, 37.59), (121.28, 37.57), (121.34, 37.585),
    (121.36, 37.62), (121.42, 37.62), (121.385, 37.575), (121.40, 37.545), (121.45, 37.50), (121.48, 37.46),
    (121.57, 37.43), (121.70, 37.45), (121.80, 37.46), (121.89, 37.45),
)  # fmt: skip
"""The northern shore from west to east, degrees."""

SOUTHERN_SHORE = (
    (121.58, 36.84), (121.46, 36.76), (121.34, 36.74), (121.20, 36.68), (121.12, 36.68), (121.02, 36.60),
    (120.94, 36.64), (120.86, 36.62), (120.78, 36.63),
)  # fmt: skip
"""The south-eastern shore from east to west."""

EASTERN_BORDER = ((121.86, 37.30), (121.89, 37.16), (121.78, 37.06), (121.66, 37.00), (121.68, 36.90))
WESTERN_BORDER = (
    (120.72, 36.68), (120.60, 36.71), (120.52, 36.84), (120.49, 36.98), (120.36, 37.04), (120.20, 37.03),
    (120.06, 36.93), (119.88, 36.90), (119.72, 36.96),
)  # fmt: skip

ISLANDS = (
    (120.74, 37.92, 2.9), (120.71, 37.98, 2.1), (120.66, 37.94, 1.2), (120.61, 37.97, 1.7),
    (120.75, 38.16, 1.8),
    (120.82, 38.30, 1.7), (120.85, 38.345, 0.8), (120.89, 38.365, 1.0), (121.61, 37.478, 2.0),
    (121.52, 37.56, 1.0), (120.43, 37.78, 0.9), (121.07, 36.56, 0.6),
)  # fmt: skip
"""Longitude, latitude, mean radius in km; the first eight are the northern archipelago."""

ISLETS = 9
CONTROL_JITTER_KM = 0.9
FINEST_KM = 0.16  # vertices of a shore stand about so far apart
SMOOTH, ROUGH = 0.06, 0.27  # displacement per length, from a long beach to a rocky cape
BORDER_ROUGHNESS = 0.13


@dataclass(frozen=True)
class Land:
    """The land, in the kilometre plane.

    Attributes:
        mainland: The peninsula.
        islands: Everything else, the largest group first as listed.
        shores: The lines where mainland meets sea; the borders with neighbouring cities are not among them.
    """

    mainland: shapely.Polygon
    islands: tuple[shapely.Polygon, ...]
    shores: tuple[shapely.LineString, ...]

    @property
    def everything(self) -> shapely.MultiPolygon:
        """Mainland and islands."""
        return shapely.MultiPolygon([self.mainland, *self.islands])


def roughen(
    line: Floats, roughness: Floats, rng: np.random.Generator, finest_km: float = FINEST_KM
) -> Floats:
    """Midpoint displacement (Fournier et al. 1982) until parts are shorter than ``finest_km``.

    Args:
        line: Vertices (n, 2).
        roughness: Standard deviation of the displacement per length of each of the n - 1 parts.
        rng: Where chance comes from.
        finest_km: Length at which to stop.
    """
    while len(line) < 1 << 16:
        step = np.diff(line, axis=0)
        if np.hypot(*step.T).mean() < finest_km:
            break
        swing = np.clip(rng.normal(0, 1, len(step)), -1.8, 1.8) * roughness
        middle = line[:-1] + step / 2 + np.column_stack([-step[:, 1], step[:, 0]]) * swing[:, None]
        woven = np.empty((2 * len(line) - 1, 2))
        woven[0::2], woven[1::2] = line, middle
        line, roughness = woven, np.repeat(roughness, 2)
    return line


def make_land(rng: np.random.Generator) -> Land:
    """The land of one seed."""
    parts = [np.array(part) for part in (SHORE, EASTERN_BORDER, SOUTHERN_SHORE, WESTERN_BORDER)]
    corners = to_plane(np.vstack(parts))
    corners += rng.normal(0, CONTROL_JITTER_KM, corners.shape).clip(-1.5, 1.5)
    starts = np.cumsum([0] + [len(part) for part in parts])
    ring = np.vstack([corners, corners[:1]])
    lines = []
    for index, is_shore in enumerate((True, False, True, False)):
        # A shore runs between its own first and last points; a border joins the shores on both its sides.
        first, last = starts[index], starts[index + 1] - 1
        span = ring[first : last + 1] if is_shore else ring[first - 1 : last + 2]
        parts_of_it = len(span) - 1
        rough = (
            rng.uniform(SMOOTH, ROUGH, parts_of_it) if is_shore else np.full(parts_of_it, BORDER_ROUGHNESS)
        )
        lines.append(roughen(span, rough, rng))
    outline = np.vstack([line[:-1] for line in lines])
    mainland = _largest(shapely.make_valid(shapely.Polygon(outline)))
    islands = _islands(mainland, rng)
    shores = [_shore_of(mainland, shapely.LineString(lines[index])) for index in (0, 2)]
    return Land(mainland, islands, tuple(shores))


def _largest(shape: shapely.Geometry) -> shapely.Polygon:
    """The biggest polygon: noise may tie off a lagoon or a spit, which is dropped."""
    polygons = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return shapely.Polygon(max(polygons, key=lambda part: part.area).exterior)


def _shore_of(mainland: shapely.Polygon, line: shapely.LineString) -> shapely.LineString:
    """What is left of a shore after loops were dropped: the outline's vertices that the line has too."""
    mine = {tuple(vertex) for vertex in line.coords}
    ring = [tuple(vertex) for vertex in mainland.exterior.coords[:-1]]
    kept = [index for index, vertex in enumerate(ring) if vertex in mine]
    # Start after the longest gap, so that the run is not cut where the ring begins.
    gaps = np.diff([*kept, kept[0] + len(ring)])
    pivot = int(np.argmax(gaps)) + 1
    return shapely.LineString([ring[index] for index in kept[pivot:] + kept[:pivot]])


def _islands(mainland: shapely.Polygon, rng: np.random.Generator) -> tuple[shapely.Polygon, ...]:
    made: list[shapely.Polygon] = []
    wanted = [(to_plane(np.array([lon, lat])), radius) for lon, lat, radius in ISLANDS]
    shore = mainland.exterior
    while len(wanted) < len(ISLANDS) + ISLETS:
        place = np.array(shore.interpolate(rng.uniform(0, 1), normalized=True).coords[0]) + rng.normal(
            0, 4, 2
        )
        # North of the peninsula or off its south-eastern corner: never in a neighbouring city's land.
        if place[1] > 0 or (place[0] > 20 and place[1] < -80):
            wanted.append((place, rng.uniform(0.15, 0.5)))
    taken = mainland
    for place, radius in wanted:
        island = blob(place, radius, rng)
        if island.distance(taken) > 0.25:
            made.append(island)
            taken = shapely.union(taken, island)
    return tuple(made)


def blob(centre: Floats, radius: float, rng: np.random.Generator) -> shapely.Polygon:
    """A roundish shape about ``radius`` km around ``centre``."""
    angles = np.linspace(0, 2 * np.pi, 9)[:-1]
    reach = radius * rng.uniform(0.6, 1.35, 8)
    turn, stretch = rng.uniform(0, np.pi), rng.uniform(0.55, 0.95)
    corners = np.column_stack([np.cos(angles) * reach, np.sin(angles) * reach * stretch])
    corners = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + centre
    ring = np.vstack([corners, corners[:1]])
    rough = roughen(ring, np.full(8, 0.13), rng, min(FINEST_KM, radius / 6))
    return _largest(shapely.make_valid(shapely.Polygon(rough)))
