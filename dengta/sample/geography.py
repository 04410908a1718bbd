"""How the sample city's land is divided: districts and townships that tile it without gap or overlap.

The land is cut once into small cells; districts and townships are sets of cells, grown from their seats over
neighbouring cells. Every boundary is therefore shared, vertex for vertex, by the two units it parts.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from dengta.sample.names import (
    CITY_CIVIL_CODE,
    CITY_CODE,
    CITY_NAME,
    DISTRICTS,
    RURAL_STEMS,
    URBAN_STEMS,
)
from dengta.sample.plane import to_plane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dengta.sample.coast import Land
    from dengta.sample.plane import Floats
    from dengta.sample.relief import Relief

    Ints = NDArray[np.int64]

CELL_KM = 1.0  # spacing of the cells in the country
URBAN_CELL_KM = 0.5
URBAN_GROWTH = 0.7  # districts that spread slower than this are divided into the finer cells
URBAN_REACH_KM = 11.0
RELAXATIONS = 2  # times that townships move to the middle of their land (Lloyd): no seat on a border
WIGGLE = 0.9  # spread of the cost of crossing a cell: what makes borders wander
SMOOTHING_KM2 = 0.12  # corners smaller than this are taken off inner borders (Visvalingam-Whyatt)


@dataclass(frozen=True)
class Unit:
    """One node of the organisation tree.

    Attributes:
        code, name, english, civil_code, level: As in the table ``organisation``.
        parent: Index of the unit above, in the order of the list, or None.
        tree_left, tree_right: Nested-set position.
        shape: Its boundary in the kilometre plane.
        seat: Where its centre lies, km.
        urbanity: 0 rural to 1 the old town.
        district: Index in ``DISTRICTS``, or -1 for the city.
        area_code: First eight digits of the ids of the devices that stand in it.
    """

    code: str
    name: str
    english: str
    civil_code: str | None
    level: int
    parent: int | None
    tree_left: int
    tree_right: int
    shape: shapely.MultiPolygon
    seat: Floats
    urbanity: float
    district: int
    area_code: str


@dataclass(frozen=True)
class _Cells:
    shapes: NDArray[np.object_]
    centres: Floats
    neighbours: list[list[int]]
    cost: Floats


def divide(land: Land, relief: Relief, rng: np.random.Generator) -> list[Unit]:
    """The city, its 16 districts and 153 townships, in the order of the tree."""
    cells = _cut(land, relief, rng)
    district_of = _districts(cells)
    township_of = np.empty(len(cells.centres), dtype=np.int64)
    seats: list[tuple[int, int]] = []  # district, cell
    for index, district in enumerate(DISTRICTS):
        members = np.flatnonzero(district_of == index)
        chosen = members[
            _spread(cells.centres[members], to_plane(np.array(district.centre)), district.townships, rng)
        ]
        for _ in range(RELAXATIONS):
            grown = _grow(cells, chosen, np.ones(len(chosen)), allowed=members)
            chosen[1:] = [_middle(cells, np.flatnonzero(grown == rank)) for rank in range(1, len(chosen))]
        chosen = chosen[
            np.argsort(np.hypot(*(cells.centres[chosen] - cells.centres[chosen[0]]).T), kind="stable")
        ]
        grown = _grow(cells, chosen, np.ones(len(chosen)), allowed=members)
        township_of[members] = grown[members] + len(seats)
        seats += [(index, int(cell)) for cell in chosen]
    whole = [shapely.coverage_union_all(cells.shapes[township_of == index]) for index in range(len(seats))]
    smooth = shapely.coverage_simplify(np.array(whole), SMOOTHING_KM2**0.5, simplify_boundary=False)
    return _tree(smooth, seats, cells.centres, rng)


def _cut(land: Land, relief: Relief, rng: np.random.Generator) -> _Cells:
    """The land in small cells: a Voronoi diagram of jittered sites, noded once with the shore."""
    everything = land.everything
    sites = _sites(everything, rng)
    frame = shapely.box(*everything.buffer(3).bounds)
    lines = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(sites), extend_to=frame, only_edges=True)
    )
    shore = everything.boundary
    shapely.prepare(shore)
    crossing = shapely.intersects(shore, lines)
    noded = shapely.union_all([*lines[crossing], shore])
    faces = shapely.get_parts(shapely.polygonize([noded, *lines[~crossing]]))
    shapely.prepare(everything)
    inside = shapely.contains(everything, shapely.point_on_surface(faces))
    shapes = faces[inside]
    centres = shapely.get_coordinates(shapely.centroid(shapes))
    cost = rng.uniform(1 - WIGGLE / 2, 1 + WIGGLE, len(shapes)) * (0.6 + 1.2 * relief(centres) ** 2)
    return _Cells(shapes, centres, _neighbours(shapes), cost)


def _sites(everything: shapely.Geometry, rng: np.random.Generator) -> Floats:
    left, bottom, right, top = everything.bounds

    def lattice(step: float) -> Floats:
        columns, rows = np.arange(left - 2, right + 2, step), np.arange(bottom - 2, top + 2, step)
        points = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
        jittered: Floats = points + rng.uniform(-0.45, 0.45, points.shape) * step
        return jittered

    fine, coarse = lattice(URBAN_CELL_KM), lattice(CELL_KM)
    centres = to_plane(np.array([d.centre for d in DISTRICTS if d.growth < URBAN_GROWTH]))

    def near(points: Floats) -> NDArray[np.bool_]:
        apart = np.hypot(*(points[:, None] - centres[None]).transpose(2, 0, 1)).min(axis=1)
        urban: NDArray[np.bool_] = apart < URBAN_REACH_KM
        return urban

    sites = np.vstack([fine[near(fine)], coarse[~near(coarse)]])
    around = everything.buffer(2)
    shapely.prepare(around)
    kept: Floats = np.round(sites[shapely.contains_xy(around, sites)], 6)
    return kept


def _neighbours(shapes: NDArray[np.object_]) -> list[list[int]]:
    """For each cell, the cells that share an edge with it."""
    rings, owner = shapely.get_coordinates(shapely.get_exterior_ring(shapes), return_index=True)
    keys = np.round(rings * 1e7).astype(np.int64)
    same = owner[:-1] == owner[1:]
    first, second = keys[:-1][same], keys[1:][same]
    swap = (first[:, 0] > second[:, 0]) | ((first[:, 0] == second[:, 0]) & (first[:, 1] > second[:, 1]))
    first[swap], second[swap] = second[swap], first[swap]
    edges, who = np.hstack([first, second]), owner[:-1][same]
    order = np.lexsort(edges.T)
    edges, who = edges[order], who[order]
    shared = np.flatnonzero((edges[:-1] == edges[1:]).all(axis=1))
    neighbours: list[list[int]] = [[] for _ in shapes]
    for a, b in zip(who[shared].tolist(), who[shared + 1].tolist(), strict=True):
        neighbours[a].append(b)
        neighbours[b].append(a)
    return neighbours


def _grow(cells: _Cells, seeds: Sequence[int] | Ints, speed: Floats, allowed: Ints | None = None) -> Ints:
    """Which seed reaches each cell first (Dijkstra from all at once); out of reach, which is nearest."""
    owner = np.full(len(cells.centres), -1)
    open_to = np.ones(len(owner), dtype=bool)
    if allowed is not None:
        open_to[:] = False
        open_to[allowed] = True
    queue = [(0.0, int(seed), index) for index, seed in enumerate(seeds)]
    centres, cost = cells.centres.tolist(), cells.cost.tolist()
    while queue:
        reached, cell, index = heapq.heappop(queue)
        if owner[cell] >= 0:
            continue
        owner[cell] = index
        x, y = centres[cell]
        for other in cells.neighbours[cell]:
            if owner[other] < 0 and open_to[other]:
                far = ((centres[other][0] - x) ** 2 + (centres[other][1] - y) ** 2) ** 0.5
                heapq.heappush(queue, (reached + far * cost[other] / speed[index], other, index))
    lost = np.flatnonzero((owner < 0) & open_to)
    if len(lost):
        held = np.flatnonzero(owner >= 0)
        tree = shapely.STRtree(shapely.points(cells.centres[held]))
        owner[lost] = owner[held[tree.nearest(shapely.points(cells.centres[lost]))]]
    return owner


def _districts(cells: _Cells) -> Ints:
    tree = shapely.STRtree(shapely.points(cells.centres))
    seats = tree.nearest(shapely.points(to_plane(np.array([d.centre for d in DISTRICTS]))))
    return _grow(cells, [int(seat) for seat in seats], np.array([d.growth for d in DISTRICTS]))


def _spread(points: Floats, seat: Floats, count: int, rng: np.random.Generator) -> list[int]:
    """Indices of ``count`` points: the nearest to the seat, then others far apart but closer around it."""
    from_seat = np.hypot(*(points - seat).T)
    chosen = [int(np.argmin(from_seat))]
    # A township's reach grows with its distance from the seat: a county town has several sub-districts.
    reach = 0.35 + from_seat / max(float(from_seat.max()), 1e-9)
    apart = np.hypot(*(points - points[chosen[0]]).T)
    while len(chosen) < count:
        score = apart / reach * rng.uniform(0.75, 1.0, len(points))
        chosen.append(int(np.argmax(score)))
        apart = np.minimum(apart, np.hypot(*(points - points[chosen[-1]]).T))
    return chosen


def _middle(cells: _Cells, members: Ints) -> int:
    """The cell nearest to the middle of several."""
    centres = cells.centres[members]
    return int(members[np.argmin(((centres - centres.mean(axis=0)) ** 2).sum(axis=1))])


def _tree(
    shapes: NDArray[np.object_], seats: list[tuple[int, int]], centres: Floats, rng: np.random.Generator
) -> list[Unit]:
    urban, rural = list(rng.permutation(URBAN_STEMS)), list(rng.permutation(RURAL_STEMS))
    towns = [[i for i, (d, _) in enumerate(seats) if d == index] for index in range(len(DISTRICTS))]
    bodies = [shapely.coverage_union_all(shapes[members]) for members in towns]
    total = 2 * (1 + len(DISTRICTS) + len(seats))
    city = _multi(shapely.coverage_union_all(np.array(bodies)))
    seat = to_plane(np.array(DISTRICTS[0].centre))
    units = [
        Unit(
            CITY_CODE,
            CITY_NAME,
            "Yantai",
            CITY_CIVIL_CODE,
            0,
            None,
            1,
            total,
            city,
            seat,
            0.5,
            -1,
            "37060000",
        )
    ]
    counters: dict[str, int] = {}
    position = 2
    for index, district in enumerate(DISTRICTS):
        own = len(units)
        left, right = position, position + 2 * len(towns[index]) + 1
        where = to_plane(np.array(district.centre))
        units.append(
            Unit(district.code, district.name, district.english, district.civil_code, 1, 0, left, right,
                 _multi(bodies[index]), where, district.urbanity, index, f"{district.carved_from}00")
        )  # fmt: skip
        for rank, member in enumerate(towns[index]):
            is_urban = rank < max(1, round(len(towns[index]) * district.urbanity**1.5))
            name = f"{urban.pop()}街道" if is_urban else f"{rural.pop()}镇"
            counters[district.carved_from] = number = counters.get(district.carved_from, 0) + 1
            urbanity = district.urbanity if is_urban else 0.12 * district.urbanity
            left = position + 1 + 2 * rank
            units.append(
                Unit(f"{district.code}-{rank + 1:02d}", name, "", None, 2, own, left, left + 1,
                     _multi(shapes[member]), centres[seats[member][1]], urbanity, index,
                     f"{district.carved_from}{number:02d}")
            )  # fmt: skip
        position = right + 1
    return units


def _multi(shape: shapely.Geometry) -> shapely.MultiPolygon:
    return shapely.MultiPolygon(list(shapely.get_parts(shape)))
