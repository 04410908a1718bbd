"""The sample city: made of a number of cameras and a seed, the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from base.errors import InvalidInputError
from dengta.sample.cameras import Mounts, mount
from dengta.sample.coast import make_land
from dengta.sample.geography import divide
from dengta.sample.places import Places
from dengta.sample.plane import shapes_to_degrees, to_degrees
from dengta.sample.points import KINDS, make_sites
from dengta.sample.records import CameraRow, camera_rows
from dengta.sample.relief import Relief
from dengta.sample.roads import junctions, make_roads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import shapely

    from dengta.sample.geography import Unit
    from dengta.sample.plane import Floats
    from dengta.sample.points import Sites
    from dengta.sample.roads import Road

FULL_SIZE = 230_000
POINTS_AT_FULL_SIZE = 30_000
MOST_CAMERAS = 2_000_000
STAGES = ("coast and districts", "roads", "points of interest", "cameras")
"""What :func:`make_city` tells its progress, in order."""

FEWEST_POINTS = 500  # so that even a small city has every layer


class OrganisationRow(NamedTuple):
    """One unit as it is copied into ``organisation``; ``shape`` is WGS-84, ``parent_id`` comes before it."""

    id: int
    code: str
    civil_code: str | None
    name: str
    name_en: str
    level: int
    parent_id: int | None
    tree_left: int
    tree_right: int
    shape: shapely.MultiPolygon


class RoadRow(NamedTuple):
    """One road as it is copied into ``road``."""

    id: int
    name: str
    road_class: str
    shape: shapely.LineString


class PointRow(NamedTuple):
    """One point of interest as it is copied into ``point``."""

    id: int
    layer_id: int
    code: str
    name: str
    address: str
    longitude: float
    latitude: float


class SceneRow(NamedTuple):
    """One classification as it is copied into ``camera_scene``."""

    camera_id: int
    scene_id: int


@dataclass(frozen=True)
class City:
    """Everything that is loaded; coordinates are WGS-84 degrees."""

    organisations: list[OrganisationRow]
    roads: list[RoadRow]
    points: list[PointRow]
    cameras: list[CameraRow]
    scenes: list[SceneRow]


def make_city(cameras: int, seed: int, progress: Callable[[str], None] = lambda _: None) -> City:
    """Make a city.

    Args:
        cameras: How many it has, 1 to 2,000,000. Points of interest keep the proportion 30,000 to 230,000.
        seed: The same seed makes the same city.
        progress: Told each of :data:`STAGES` as it begins.

    Raises:
        InvalidInputError: The number or the seed cannot be used.
    """
    if not 1 <= cameras <= MOST_CAMERAS:
        raise InvalidInputError(f"A sample city has 1 to {MOST_CAMERAS:,} cameras, not {cameras:,}.")
    if seed < 0:
        raise InvalidInputError(f"The seed must not be negative; it is {seed}.")
    # One stream of chance for each stage: a change to one leaves those before it as they were.
    chance = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(7)]
    progress("coast and districts")
    land, relief = make_land(chance[0]), Relief(chance[1])
    units = divide(land, relief, chance[1])
    progress("roads")
    roads = make_roads(land, units, chance[2])
    places = Places(land, relief, units, roads, junctions(roads), chance[3])
    progress("points of interest")
    count = max(FEWEST_POINTS, round(cameras * POINTS_AT_FULL_SIZE / FULL_SIZE))
    sites = make_sites(count, places, units, roads, chance[4])
    progress("cameras")
    mounts = mount(cameras, places, sites, units, roads, chance[5])
    rows = camera_rows(mounts, sites, units, roads, chance[6])
    return City(_organisations(units), _roads(roads), _points(sites, units, roads), rows, _scenes(mounts))


def _organisations(units: Sequence[Unit]) -> list[OrganisationRow]:
    shapes = shapes_to_degrees(np.array([unit.shape for unit in units]))
    return [
        OrganisationRow(
            index, unit.code, unit.civil_code, unit.name, unit.english, unit.level,
            None if unit.parent is None else unit.parent + 1, unit.tree_left, unit.tree_right, shape,
        )
        for index, (unit, shape) in enumerate(zip(units, shapes, strict=True), start=1)
    ]  # fmt: skip


def _roads(roads: Sequence[Road]) -> list[RoadRow]:
    shapes = shapes_to_degrees(np.array([road.line for road in roads]))
    return [
        RoadRow(index, road.name, road.road_class, shape)
        for index, (road, shape) in enumerate(zip(roads, shapes, strict=True), start=1)
    ]


def _points(sites: Sites, units: Sequence[Unit], roads: Sequence[Road]) -> list[PointRow]:
    degrees: Floats = to_degrees(sites.place)
    serial: dict[int, int] = {}
    rows: list[PointRow] = []
    for kind, town, road, name, (lon, lat) in zip(
        sites.kind.tolist(),
        sites.town.tolist(),
        sites.road.tolist(),
        sites.names,
        degrees.tolist(),
        strict=True,
    ):
        layer = KINDS[kind].layer
        if layer:
            serial[layer] = number = serial.get(layer, 0) + 1
            address = f"{units[town].name}{roads[road].name}"
            rows.append(PointRow(len(rows) + 1, layer, f"{layer:02d}-{number:05d}", name, address, lon, lat))
    return rows


def _scenes(mounts: Mounts) -> list[SceneRow]:
    return [
        SceneRow(camera, scene)
        for camera, pair in enumerate(
            zip(mounts.scene.tolist(), mounts.second_scene.tolist(), strict=True), start=1
        )
        for scene in pair
        if scene
    ]
