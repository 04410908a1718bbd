"""Where the sample city's cameras hang, what they look at, and which scene they would serve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from dengta.sample.points import KINDS
from dengta.sample.roads import Courses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dengta.sample.geography import Unit
    from dengta.sample.places import Places
    from dengta.sample.plane import Floats
    from dengta.sample.points import Sites
    from dengta.sample.roads import Road

    Ints = NDArray[np.int64]

JUNCTION, STREET, SHORE, SITE = range(4)
SHARES = {JUNCTION: 0.24, STREET: 0.34, SHORE: 0.03, SITE: 0.39}
"""Of all cameras."""

POLE_M = (5.0, 16.0)  # from the middle of the road to the pole
SITE_SPREAD_M = 30.0
CLASSIFIED = 100 / 230
"""Share of the cameras that somebody has classified."""

TWICE_CLASSIFIED = 0.03
NONE = 0

JUNCTION_SCENES = ((2, 0.8), (5, 0.06), (6, 0.04), (21, 0.05), (22, 0.05))
STREET_SCENES = ((2, 0.46), (5, 0.18), (6, 0.08), (21, 0.16), (22, 0.12))
SHORE_SCENES = ((19, 0.85), (10, 0.15))
SECOND_SCENES = (2, 5, 21, 22)
SITE_EAGERNESS = 1.7
"""How much likelier than a street camera a site's camera is to be classified: its purpose is plain."""


@dataclass(frozen=True)
class Mounts:
    """The cameras as they truly hang (n of each), in the order of the catalogue.

    Attributes:
        setting: JUNCTION, STREET, SHORE or SITE.
        place: Kilometres (n, 2).
        heading: Degrees clockwise from north.
        road: Index of the road it stands on or nearest to.
        along: Kilometres from that road's start.
        crossing: Index of the road that crosses there, or -1.
        site: Index of the site it looks at, or -1.
        town: Index of the township in the list of units.
        scene: The scene it is classified into, or 0.
        second_scene: Another one, or 0.
    """

    setting: Ints
    place: Floats
    heading: Floats
    road: Ints
    along: Floats
    crossing: Ints
    site: Ints
    town: Ints
    scene: Ints
    second_scene: Ints


def mount(
    count: int,
    places: Places,
    sites: Sites,
    units: Sequence[Unit],
    roads: Sequence[Road],
    rng: np.random.Generator,
) -> Mounts:
    """Hang up ``count`` cameras."""
    numbers = {setting: int(share * count) for setting, share in SHARES.items()}
    numbers[STREET] += count - sum(numbers.values())
    courses = Courses([road.line for road in roads])
    parts = [
        _at_junctions(numbers[JUNCTION], places, courses, roads, rng),
        _on_streets(numbers[STREET], places, rng),
        _on_shore(numbers[SHORE], places, rng),
        _at_sites(numbers[SITE], places, sites, units, rng),
    ]
    place, heading, road, along, crossing, site = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    setting = np.repeat(list(numbers), list(numbers.values()))
    town = places.township(place)
    order = np.lexsort((np.arange(count), along, road, town))  # as a registry is kept: place by place
    scene, second = _classify(setting, road, site, sites, roads, rng)
    columns = (setting, place, heading, road, along, crossing, site, town, scene, second)
    ordered: tuple[Any, ...] = tuple(column[order] for column in columns)
    return Mounts(*ordered)


_Part = tuple["Floats", "Floats", "Ints", "Floats", "Ints", "Ints"]
"""Place, heading, road, along, crossing road, site."""


def _at_junctions(
    count: int, places: Places, courses: Courses, roads: Sequence[Road], rng: np.random.Generator
) -> _Part:
    which = places.at_junctions(count)
    swap = rng.random(count) < 0.5
    first, second = places.crossings.first[which], places.crossings.second[which]
    road, crossing = np.where(swap, second, first), np.where(swap, first, second)
    middle = places.crossings.places[which]
    lines = np.array([road.line for road in roads])
    along = shapely.line_locate_point(lines[road], shapely.points(middle))
    _, bearing = courses.at(road, along)
    place = places.beside(middle, bearing, (8, 22))
    return place, _up_or_down(bearing, rng), road, along, crossing, np.full(count, -1)


def _on_streets(count: int, places: Places, rng: np.random.Generator) -> _Part:
    drawn = places.on_roads(count, ("expressway", "arterial", "secondary", "branch", "coastal"))
    place = places.beside(drawn.place, drawn.bearing, POLE_M)
    nobody = np.full(count, -1)
    return place, _up_or_down(drawn.bearing, rng), drawn.road, drawn.along, nobody, nobody


def _on_shore(count: int, places: Places, rng: np.random.Generator) -> _Part:
    place, nobody = places.on_shore(count), np.full(count, -1)
    return (
        place,
        rng.uniform(0, 360, count),
        places.nearest_road(place),
        rng.uniform(0, 5, count),
        nobody,
        nobody,
    )


def _at_sites(
    count: int, places: Places, sites: Sites, units: Sequence[Unit], rng: np.random.Generator
) -> _Part:
    urbanity = np.array([unit.urbanity for unit in units])[sites.town]
    weight = np.array([kind.cameras for kind in KINDS])[sites.kind] * (0.35 + 1.3 * urbanity)
    site = rng.choice(len(weight), count, p=weight / weight.sum())
    place = places.around(sites.place[site], SITE_SPREAD_M)
    along = rng.uniform(0, 4, count)
    return place, rng.uniform(0, 360, count), sites.road[site], along, np.full(count, -1), site


def _up_or_down(bearing: Floats, rng: np.random.Generator) -> Floats:
    """Along the road, one way or the other, give or take how well it was screwed on."""
    turned: Floats = (bearing + rng.choice([0, 180], len(bearing)) + rng.normal(0, 8, len(bearing))) % 360
    return turned


def _classify(
    setting: Ints, road: Ints, site: Ints, sites: Sites, roads: Sequence[Road], rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """The scene of each camera that somebody got round to classifying, and a second one for a few."""
    count = len(setting)
    fitting = np.zeros(count, dtype=np.int64)
    for which, table in ((JUNCTION, JUNCTION_SCENES), (STREET, STREET_SCENES), (SHORE, SHORE_SCENES)):
        members = np.flatnonzero(setting == which)
        numbers, chances = zip(*table, strict=True)
        fitting[members] = rng.choice(numbers, len(members), p=chances)
    highway = np.array([road.road_class == "expressway" or road.name.endswith("公路") for road in roads])
    fitting[np.isin(setting, (JUNCTION, STREET)) & highway[road]] = 3
    at_site = setting == SITE
    fitting[at_site] = np.array([kind.scene for kind in KINDS])[sites.kind[site[at_site]]]
    # The largest of random keys raised to 1 / weight: weighted choice without replacement (Efraimidis).
    keys = rng.random(count) ** (1 / np.where(at_site, SITE_EAGERNESS, 1.0)) * (fitting != NONE)
    chosen = np.argsort(-keys, kind="stable")[: round(count * CLASSIFIED)]
    scene = np.zeros(count, dtype=np.int64)
    scene[chosen] = fitting[chosen]
    second = np.zeros(count, dtype=np.int64)
    twice = chosen[rng.random(len(chosen)) < TWICE_CLASSIFIED]
    second[twice] = rng.choice(SECOND_SCENES, len(twice))
    second[second == scene] = NONE
    return scene, second
