"""Drawing places in the sample city: along streets, at junctions, on the shore, in the country."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from dengta.sample.roads import Courses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dengta.sample.coast import Land
    from dengta.sample.geography import Unit
    from dengta.sample.plane import Floats
    from dengta.sample.relief import Relief
    from dengta.sample.roads import Junctions, Road

    Ints = NDArray[np.int64]

STREETS = ("arterial", "secondary", "branch", "coastal")
HIGHWAYS = ("expressway", "arterial")
DRY_KM = 0.02  # nothing is drawn closer to the water


@dataclass(frozen=True)
class OnRoads:
    """Places along roads (n of each): index of the road, km from its start, place in km (n, 2), bearing."""

    road: Ints
    along: Floats
    place: Floats
    bearing: Floats


class Places:
    """Draws places in a finished geography."""

    def __init__(
        self,
        land: Land,
        relief: Relief,
        units: Sequence[Unit],
        roads: Sequence[Road],
        crossings: Junctions,
        rng: np.random.Generator,
    ) -> None:
        self._rng, self._relief, self.crossings = rng, relief, crossings
        self._ground = land.everything.buffer(-DRY_KM)
        shapely.prepare(self._ground)
        self._shores = Courses(land.shores)
        self._roads = Courses([road.line for road in roads])
        self._road_tree = shapely.STRtree([road.line for road in roads])
        self._class = np.array([road.road_class for road in roads])
        self._weight = np.array([road.weight for road in roads])
        self._towns = [(index, unit) for index, unit in enumerate(units) if unit.level == 2]
        shapely.prepare([unit.shape for _, unit in self._towns])
        self._crossing_weight = self._weight[crossings.first] * self._weight[crossings.second]

    def dry(self, wanted: Floats, instead: Floats) -> Floats:
        """``wanted`` where it is on land, ``instead`` where it fell into the sea."""
        kept: Floats = np.where(shapely.contains_xy(self._ground, wanted)[:, None], wanted, instead)
        return kept

    def on_roads(self, count: int, classes: Sequence[str] = STREETS) -> OnRoads:
        """Places along roads of some classes, more where more is to be seen."""
        weight = self._roads.lengths * self._weight * np.isin(self._class, classes)
        road = self._rng.choice(len(weight), count, p=weight / weight.sum())
        along = self._rng.uniform(0, 1, count) * self._roads.lengths[road]
        place, bearing = self._roads.at(road, along)
        return OnRoads(road, along, place, bearing)

    def at_junctions(self, count: int) -> Ints:
        """Indices of crossings, more often of busy ones."""
        weight = self._crossing_weight
        chosen: Ints = self._rng.choice(len(weight), count, p=weight / weight.sum())
        return chosen

    def beside(self, places: Floats, bearing: Floats, metres: tuple[float, float]) -> Floats:
        """Off the road on either side, between so many metres from its middle; never in the sea."""
        turn = np.radians(bearing + self._rng.choice([-90, 90], len(places)))
        away = self._rng.uniform(*metres, len(places)) / 1000
        return self.dry(places + np.column_stack([np.sin(turn), np.cos(turn)]) * away[:, None], places)

    def around(self, places: Floats, metres: float) -> Floats:
        """Some metres (standard deviation) from each place, never in the sea."""
        return self.dry(places + self._rng.normal(0, metres / 1000, places.shape), places)

    def on_shore(self, count: int, inland_m: tuple[float, float] = (30, 160)) -> Floats:
        """Places a little inland of the waterline."""
        found = np.empty((0, 2))
        while len(found) < count:
            shore = self._rng.choice(2, count, p=self._shores.lengths / self._shores.lengths.sum())
            line, bearing = self._shores.at(
                shore, self._rng.uniform(0, 1, count) * self._shores.lengths[shore]
            )
            turn = np.radians(bearing + self._rng.choice([-90, 90], count))
            away = self._rng.uniform(*inland_m, count) / 1000
            tried = line + np.column_stack([np.sin(turn), np.cos(turn)]) * away[:, None]
            found = np.vstack([found, tried[shapely.contains_xy(self._ground, tried)]])
        return found[:count]

    def in_country(self, count: int, *, uphill: float = 0.0) -> Floats:
        """Places anywhere; ``uphill`` above 0 prefers crests, below 0 valleys."""
        left, bottom, right, top = self._ground.bounds
        found = np.empty((0, 2))
        while len(found) < count:
            tried = self._rng.uniform([left, bottom], [right, top], (4 * count, 2))
            height = self._relief(tried)
            liked = np.where(uphill > 0, height, 1 - height) ** (4 * abs(uphill))
            kept = (self._rng.uniform(0, 1, len(tried)) < liked) & shapely.contains_xy(self._ground, tried)
            found = np.vstack([found, tried[kept]])
        return found[:count]

    def nearest_road(self, places: Floats) -> Ints:
        """Index of the road nearest to each place."""
        nearest: Ints = self._road_tree.nearest(shapely.points(places))
        return nearest

    def township(self, places: Floats) -> Ints:
        """Index in the list of units of the township at each place; of the nearest seat outside them all."""
        tree = shapely.STRtree(shapely.points(places))
        town, place = tree.query([unit.shape for _, unit in self._towns], predicate="covers")
        index = np.array([index for index, _ in self._towns])
        found = np.full(len(places), -1)
        found[place] = index[town]
        lost = np.flatnonzero(found < 0)
        if len(lost):
            seats = shapely.STRtree(shapely.points([unit.seat for _, unit in self._towns]))
            found[lost] = index[seats.nearest(shapely.points(places[lost]))]
        return found
