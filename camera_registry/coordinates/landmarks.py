"""Roads and points of the city by their names and by where they are, for records that name them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from gis.crs_evidence import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import asyncpg
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

FAR_M = 600.0
"""How far a road is sought; one further away says nothing of a camera."""

LEAST_NAME = 2
"""Letters of a name that is sought in texts: a single one stands in half of all texts."""

MOST_OF_A_NAME = 40
"""A name that so many points have, such as 公厕, tells none of them."""

_ROADS = "select name, ST_AsBinary(geom) as wkb from road"
_POINTS = """
select name, ST_X(geom) as x, ST_Y(geom) as y from point where gone_since is null and length(name) >= 3
"""
_GROUND = """
select ST_AsBinary(coalesce((select geom from organisation where level = 0 and geom is not null limit 1),
                            (select ST_Union(geom) from organisation))) as wkb
"""


class Names:
    """Finds known names in texts: at each place the longest, as a person reads."""

    def __init__(self, names: Iterable[str]) -> None:
        self._number = {name: number for number, name in enumerate(names) if len(name) >= LEAST_NAME}
        lengths: dict[str, set[int]] = {}
        for name in self._number:
            lengths.setdefault(name[:LEAST_NAME], set()).add(len(name))
        self._lengths = {start: sorted(found, reverse=True) for start, found in lengths.items()}

    def find(self, text: str) -> set[int]:
        """The numbers of the names in ``text``, counted as they were given."""
        found = set()
        position = 0
        while position + LEAST_NAME <= len(text):
            step = 1
            for length in self._lengths.get(text[position : position + LEAST_NAME], ()):
                number = self._number.get(text[position : position + length])
                if number is not None:
                    found.add(number)
                    step = length
                    break
            position += step
        return found


class Landmarks:
    """What a city has that records can be weighed against.

    Distances are measured in a plane that is true at the city's middle, to some permille across it.

    Args:
        roads: Name and line of each, WGS-84 degrees.
        points: Name, longitude and latitude of each.
        ground: The jurisdiction, or None where nobody has drawn it: then everything is inside.
    """

    def __init__(
        self,
        roads: Sequence[tuple[str, shapely.Geometry]],
        points: Sequence[tuple[str, float, float]],
        ground: shapely.Geometry | None,
    ) -> None:
        self._ground = ground
        if ground is not None:
            shapely.prepare(ground)
        lines = np.array([line for _, line in roads], dtype=object)
        self._scale = _scale_at(lines)
        lines = self._flat(lines)
        self._tree = shapely.STRtree(lines)
        self._roads = _by_name([name for name, _ in roads], lines)
        spots = self._flat(shapely.points([place[1:] for place in points])) if points else np.empty(0, object)
        self._points = _by_name([place[0] for place in points], spots, most=MOST_OF_A_NAME)
        self.road_names, self.point_names = Names(self._roads), Names(self._points)
        self._road_shapes = np.array(list(self._roads.values()), dtype=object)
        self._point_shapes = np.array(list(self._points.values()), dtype=object)

    def seen_by(self, names: Sequence[str], addresses: Sequence[str]) -> Lookout:
        """Who looks around for records with these names and addresses (n each), in this order."""
        roads = [self.road_names.find(name) for name in names]
        by_address = [self.road_names.find(address) for address in addresses]
        points = [self.point_names.find(name) for name in names]
        return Lookout(self, (roads, by_address, points))

    def inside(self, degrees: Floats) -> Flags:
        """Whether places (n, 2) are within the jurisdiction."""
        if self._ground is None:
            return np.ones(len(degrees), dtype=bool)
        within: Flags = shapely.contains_xy(self._ground, degrees)
        return within

    def around(
        self, degrees: Floats, named: tuple[Sequence[set[int]], Sequence[set[int]], Sequence[set[int]]]
    ) -> Surroundings:
        """What places (n, 2) have around them, and how far what they name is."""
        spots = shapely.points(degrees * self._scale)
        roads, by_address, points = named
        roads_m = _metres(spots, roads, self._road_shapes, farthest=True)
        address_m = _metres(spots, by_address, self._road_shapes)
        point_m = _metres(spots, points, self._point_shapes)
        silent = np.isnan(roads_m) & np.isnan(address_m) & np.isnan(point_m)
        road_m = np.full(len(spots), np.inf)
        road_m[silent] = self._nearest_road(spots[silent])
        return Surroundings(road_m, self.inside(degrees), roads_m, address_m, point_m)

    def _nearest_road(self, spots: NDArray[np.object_]) -> Floats:
        metres = np.full(len(spots), np.inf)
        if len(spots):
            (index, _), found = self._tree.query_nearest(
                spots, max_distance=FAR_M, return_distance=True, all_matches=False
            )
            metres[index] = found
        return metres

    def _flat(self, shapes: NDArray[np.object_]) -> NDArray[np.object_]:
        flat: NDArray[np.object_] = shapely.transform(shapes, lambda corners: corners * self._scale)
        return flat


class Lookout:
    """Looks around places of records, each with what its record names.

    Args:
        landmarks: Of the city.
        named: Of each record, the roads in its name, the roads in its address, the points in its name.
    """

    def __init__(
        self, landmarks: Landmarks, named: tuple[list[set[int]], list[set[int]], list[set[int]]]
    ) -> None:
        self._landmarks = landmarks
        self._named = named

    def __call__(self, degrees: Floats) -> Surroundings:
        """What the records' places (n, 2), WGS-84 degrees, have around them."""
        return self._landmarks.around(degrees, self._named)

    @property
    def backed(self) -> int:
        """How many records name a road or a point in their name."""
        roads, _, points = self._named
        return sum(bool(a or b) for a, b in zip(roads, points, strict=True))


async def read_landmarks(connection: asyncpg.Connection[Any]) -> Landmarks:
    """The roads, points and ground of the store."""
    roads = [(row["name"], shapely.from_wkb(row["wkb"])) for row in await connection.fetch(_ROADS)]
    points = [(row["name"], row["x"], row["y"]) for row in await connection.fetch(_POINTS)]
    ground = await connection.fetchval(_GROUND)
    return Landmarks(roads, points, shapely.from_wkb(ground) if ground else None)


def _scale_at(lines: NDArray[np.object_]) -> Floats:
    """Metres to a degree of longitude and of latitude in the middle of what there is (WGS-84)."""
    middle = math.radians(float(shapely.total_bounds(lines)[[1, 3]].mean())) if len(lines) else 0.0
    latitude = 111_132.95 - 559.85 * math.cos(2 * middle) + 1.18 * math.cos(4 * middle)
    longitude = 111_412.88 * math.cos(middle) - 93.5 * math.cos(3 * middle)
    return np.array([longitude, latitude])


def _by_name(
    names: Sequence[str], shapes: NDArray[np.object_], *, most: int | None = None
) -> dict[str, shapely.Geometry]:
    """All that bears a name as one shape."""
    found: dict[str, list[shapely.Geometry]] = {}
    for name, shape in zip(names, shapes, strict=True):
        if name:
            found.setdefault(name, []).append(shape)
    return {
        name: shapely.GeometryCollection(same) if len(same) > 1 else same[0]
        for name, same in found.items()
        if most is None or len(same) <= most
    }


def _metres(
    spots: NDArray[np.object_],
    named: Sequence[set[int]],
    shapes: NDArray[np.object_],
    *,
    farthest: bool = False,
) -> Floats:
    """From each spot to the nearest, or to the ``farthest``, of what it names; NaN where it names nothing."""
    metres = np.full(len(spots), np.nan)
    counts = np.fromiter((len(each) for each in named), np.intp, len(named))
    which = np.fromiter((number for each in named for number in each), np.intp, int(counts.sum()))
    who = np.repeat(np.arange(len(spots)), counts)
    if len(which):
        found = shapely.distance(spots[who], shapes[which])
        # NaN is passed over by both.
        (np.fmax if farthest else np.fmin).at(metres, who, found)
    return metres
