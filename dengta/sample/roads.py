"""The sample city's roads: highways between towns, roads along the shore, grids of streets in towns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.ops import substring

from dengta.sample.coast import blob, roughen
from dengta.sample.names import COAST_STEMS, DISTRICTS, STREET_STEMS
from dengta.sample.plane import bearing, unit_vector

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dengta.sample.coast import Land
    from dengta.sample.geography import Unit
    from dengta.sample.plane import Floats

    Ints = NDArray[np.int64]

BLOCK_KM = 0.42  # between parallel streets of a town
SHORE_ROAD_INLAND_KM = 0.25
SHORE_ROAD_KM = (4.0, 16.0)
WANDER = 0.07  # displacement of a country road per length
FINEST_ROAD_KM = 0.5
SHORTEST_KM = 0.3
WEIGHTS = {"expressway": 1.2, "arterial": 2.2, "secondary": 2.0, "branch": 1.2, "coastal": 3.0}
"""Cameras per kilometre, relative to each other."""


@dataclass(frozen=True)
class Road:
    """One road.

    Attributes:
        name: As on its signs; unique within its district.
        road_class: As in the table ``road``.
        district: Index in ``DISTRICTS`` of the district it belongs to.
        line: Its course in the kilometre plane.
        weight: Cameras per kilometre, relative to other roads.
    """

    name: str
    road_class: str
    district: int
    line: shapely.LineString
    weight: float


@dataclass(frozen=True)
class Junctions:
    """Where two roads cross: ``first`` and ``second`` index the roads (n,), ``places`` are km (n, 2)."""

    first: Ints
    second: Ints
    places: Floats


def make_roads(land: Land, units: Sequence[Unit], rng: np.random.Generator) -> list[Road]:
    """Every road of the city."""
    ground = land.everything.buffer(-0.05)
    shapely.prepare(ground)
    towns = [unit for unit in units if unit.level == 2]
    names = _Names(rng)
    roads = [*_between_towns(towns, ground, names, rng), *_along_the_shore(land, units, names, rng)]
    for town in towns:
        roads += _grid(town, ground, names, rng)
    return roads


def junctions(roads: Sequence[Road]) -> Junctions:
    """The crossings of all roads, each pair of roads once."""
    lines = np.array([road.line for road in roads])
    first, second = shapely.STRtree(lines).query(lines, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    crossing = shapely.intersection(lines[first], lines[second])
    places = shapely.get_coordinates(shapely.centroid(crossing))
    order = np.lexsort((second, first))
    return Junctions(first[order], second[order], places[order])


class _Names:
    """Deals out names that no other road of the same district has."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._taken: list[set[str]] = [set() for _ in DISTRICTS]
        self._stems = [[str(stem) for stem in rng.permutation(STREET_STEMS)] for _ in DISTRICTS]

    def claim(self, district: int, stem: str, ending: str) -> str:
        """``stem`` + ``ending``, told apart by 东中西 or a numeral where it is taken."""
        for middle in ("", "中", "东", "西", "南", "北", *(f"{n}号" for n in range(2, 99))):
            name = f"{stem}{middle}{ending}"
            if name not in self._taken[district]:
                self._taken[district].add(name)
                return name
        raise AssertionError(f"a district with 104 roads called {stem}")

    def street(self, district: int, ending: str) -> str:
        """A fresh street name; the stems come round again when they run out."""
        stems = self._stems[district]
        stems.append(stems.pop(0))
        return self.claim(district, stems[-1], ending)


def _between_towns(
    towns: Sequence[Unit], ground: shapely.Geometry, names: _Names, rng: np.random.Generator
) -> Iterator[Road]:
    """Roads along the Gabriel graph of the towns, and expressways along that of the district seats."""
    heads = [next(town for town in towns if town.district == index) for index in range(len(DISTRICTS))]
    for nodes, is_expressway in ((heads, True), (list(towns), False)):
        for a, b in _gabriel(np.array([node.seat for node in nodes])):
            one, other = nodes[a], nodes[b]
            course = np.array([one.seat, other.seat])
            if is_expressway:  # it passes beside the towns, not through their middle
                course = course + rng.normal(0, 1.2, (2, 2))
            crooked = shapely.LineString(roughen(course, np.array([WANDER]), rng, FINEST_ROAD_KM))
            for line in _on_land(crooked, ground):
                yield _between(one, other, line, is_expressway, names)


def _between(one: Unit, other: Unit, line: shapely.LineString, is_expressway: bool, names: _Names) -> Road:
    if is_expressway:
        stem, ending = DISTRICTS[one.district].short[0] + DISTRICTS[other.district].short[0], "高速"
        return Road(
            names.claim(one.district, stem, ending), "expressway", one.district, line, WEIGHTS["expressway"]
        )
    across = one.district != other.district
    kind, ending = ("arterial", "公路") if across else ("secondary", "线")
    urban = max(one.urbanity, other.urbanity)
    if urban > 0.5:
        ending = "大街"
    stem = one.name[0] + other.name[0]
    return Road(
        names.claim(one.district, stem, ending), kind, one.district, line, WEIGHTS[kind] * (0.25 + 3 * urban)
    )


def _gabriel(nodes: Floats) -> list[tuple[int, int]]:
    """Pairs with no third node inside the circle on their diameter (Gabriel and Sokal 1969)."""
    square = ((nodes[:, None] - nodes[None]) ** 2).sum(axis=-1)
    through = (square[:, None, :] + square[None, :, :]).min(axis=2, where=_third(len(nodes)), initial=np.inf)
    first, second = np.nonzero(np.triu(through >= square, k=1))
    return list(zip(first.tolist(), second.tolist(), strict=True))


def _third(count: int) -> NDArray[np.bool_]:
    """Mask (n, n, n): true where the third index is neither of the first two."""
    same = np.eye(count, dtype=bool)
    return ~(same[:, None, :] | same[None, :, :])


def _on_land(line: shapely.LineString, ground: shapely.Geometry) -> list[shapely.LineString]:
    """The longest dry part of the line, or nothing when more than a fifth of it is under water."""
    dry = [
        part
        for part in shapely.get_parts(shapely.intersection(line, ground))
        if part.geom_type == "LineString"
    ]
    if not dry:
        return []
    longest = max(dry, key=lambda part: part.length)
    return [longest] if longest.length > max(SHORTEST_KM, 0.8 * line.length) else []


def _along_the_shore(
    land: Land, units: Sequence[Unit], names: _Names, rng: np.random.Generator
) -> Iterator[Road]:
    """Roads a little inland of the shore, smoother than it, cut where districts meet."""
    inland = shapely.buffer(land.mainland, -SHORE_ROAD_INLAND_KM).simplify(0.12)
    near_sea = shapely.union_all(land.shores).buffer(3 * SHORE_ROAD_INLAND_KM)
    whole = shapely.line_merge(shapely.intersection(inland.boundary, near_sea))
    ring_roads = [shapely.buffer(island, -0.12).exterior for island in land.islands if island.area > 2]
    for district in (unit for unit in units if unit.level == 1):
        pieces = shapely.get_parts(shapely.intersection([whole, *ring_roads], district.shape))
        for piece in pieces:
            for line in _lengths(piece, rng):
                stem = COAST_STEMS[int(rng.integers(len(COAST_STEMS)))]
                weight = WEIGHTS["coastal"] * (0.35 + 2.4 * district.urbanity)
                yield Road(
                    names.claim(district.district, stem, "路"), "coastal", district.district, line, weight
                )


def _lengths(piece: shapely.Geometry, rng: np.random.Generator) -> Iterator[shapely.LineString]:
    """A line cut to lengths that one name would carry."""
    for line in shapely.get_parts(shapely.line_merge(piece) if piece.geom_type != "LineString" else piece):
        start = 0.0
        while line.geom_type == "LineString" and line.length - start > 1.0:
            end = start + rng.uniform(*SHORE_ROAD_KM)
            end = line.length if line.length - end < SHORE_ROAD_KM[0] else end
            yield substring(line, start, end)
            start = end


def _grid(town: Unit, ground: shapely.Geometry, names: _Names, rng: np.random.Generator) -> Iterator[Road]:
    """A town's streets: a grid around its seat, turned a little, denser and larger the more urban it is."""
    reach = float(np.clip(0.52 * town.shape.area**0.5, 0.5, 2.3)) * town.urbanity**0.4
    lanes = max(1, round(2 * reach / BLOCK_KM)) if town.urbanity > 0.3 else 1 + round(12 * town.urbanity)
    turn = rng.normal(0, 9)
    outskirts = blob(town.seat, 1.25 * reach, rng)
    middle = shapely.intersection(shapely.intersection(town.shape, ground), outskirts)
    for count, towards, ending in ((lanes, 90.0 + turn, "街"), (lanes, turn, "路")):
        ahead, aside = unit_vector(towards), unit_vector(towards + 90)
        for rank in range(count):
            offset = (rank - (count - 1) / 2 + rng.normal(0, 0.13)) * BLOCK_KM
            ends = town.seat + aside * offset + np.outer(rng.uniform(0.75, 1.15, 2) * [-reach, reach], ahead)
            bent = np.insert(ends, 1, ends.mean(axis=0) + aside * rng.normal(0, 0.05), axis=0)
            for line in shapely.get_parts(shapely.intersection(shapely.LineString(bent), middle)):
                if line.length > SHORTEST_KM:
                    main = abs(offset) < 0.6 * BLOCK_KM and town.urbanity > 0.3
                    kind = "arterial" if main else "secondary" if town.urbanity > 0.3 else "branch"
                    name = names.street(town.district, "大街" if main and ending == "街" else ending)
                    busy = (0.6 + 6 * town.urbanity) * (0.35 + 1.3 * math.exp(-2 * (offset / reach) ** 2))
                    yield Road(name, kind, town.district, line, WEIGHTS[kind] * busy)


class Courses:
    """Positions along many lines at once.

    Args:
        lines: The lines, in the kilometre plane.

    Attributes:
        lengths: Of each line, km.
    """

    def __init__(self, lines: Sequence[shapely.LineString]) -> None:
        self._vertices, owner = shapely.get_coordinates(np.array(lines), return_index=True)
        self._step = np.diff(self._vertices, axis=0)
        self._step_length = np.hypot(*self._step.T)
        same_line = owner[:-1] == owner[1:]
        # All lines end to end on one axis: a position on any of them is found by one binary search.
        self._reached = np.concatenate([[0.0], np.cumsum(np.where(same_line, self._step_length, 0.0))])
        self._first = np.searchsorted(owner, np.arange(len(lines)))
        self._last = np.append(self._first[1:], len(owner)) - 1
        self.lengths: Floats = self._reached[self._last] - self._reached[self._first]

    def at(self, which: Ints, distance: Floats) -> tuple[Floats, Floats]:
        """Places (n, 2) in km and the bearings of the lines there (n,), ``distance`` km from their starts."""
        position = self._reached[self._first[which]] + distance
        step = np.searchsorted(self._reached, position, side="right") - 1
        step = np.clip(step, self._first[which], self._last[which] - 1)
        part = (position - self._reached[step]) / np.maximum(self._step_length[step], 1e-12)
        places = self._vertices[step] + self._step[step] * part.clip(0, 1)[:, None]
        return places, bearing(self._step[step])
