"""The tile sets and what is in them: one description for TileJSON and for every other catalogue of tiles."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from gis.point_tiles import MAX_ZOOM as POINT_MAX_ZOOM
from gis.tiles import (
    BASE_MAX_ZOOM,
    CAMERA_MAX_ZOOM,
    DETAILS_FROM_ZOOM,
    POINTS_FROM_ZOOM,
    ROADS_FROM_ZOOM,
    TOWNSHIPS_FROM_ZOOM,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
"""Mapbox Vector Tile 2.1, as IANA registers it."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a tile set.

    Attributes:
        id: Its name in the tiles.
        fields: Attributes of its features, and what each means.
        minzoom: The first zoom that has it.
        maxzoom: The last.
        geometry: ``point``, ``line`` or ``polygon``.
    """

    id: str
    fields: Mapping[str, str]
    minzoom: int
    maxzoom: int
    geometry: str


@dataclass(frozen=True, slots=True)
class TileSet:
    """Tiles of one kind: web mercator, XYZ scheme, Mapbox Vector Tiles.

    Attributes:
        name: In addresses.
        title: For people.
        layers: What is in them.
        maxzoom: The last zoom that has tiles; the first is 0.
    """

    name: str
    title: str
    layers: tuple[Layer, ...]
    maxzoom: int


_COUNTS = dict.fromkeys(("online", "degraded", "offline", "unknown"), "cameras of this state")
_NAMED = {"code": "the unit's code", "name": "its name"}


def _layer(name: str, geometry: str, fields: dict[str, str], minzoom: int, maxzoom: int) -> Layer:
    return Layer(name, MappingProxyType(fields), minzoom, maxzoom, geometry)


CAMERAS = TileSet(
    name="cameras",
    title="Cameras, counted by cells and state below zoom 13, one by one from it on",
    layers=(
        _layer("cluster", "point", {"n": "cameras in the cell", **_COUNTS}, 0, POINTS_FROM_ZOOM - 1),
        _layer(
            "camera",
            "point",
            {
                "state": "0 unknown, 1 online, 2 degraded, 3 offline",
                "scene": f"id of its first scene, from zoom {DETAILS_FROM_ZOOM} on",
                "heading": f"degrees clockwise from north, from zoom {DETAILS_FROM_ZOOM} on",
            },
            POINTS_FROM_ZOOM,
            CAMERA_MAX_ZOOM,
        ),
    ),
    maxzoom=CAMERA_MAX_ZOOM,
)

BASE = TileSet(
    name="base",
    title="Districts, townships, roads and names",
    layers=(
        _layer("district", "polygon", _NAMED, 0, BASE_MAX_ZOOM),
        _layer("township", "polygon", _NAMED, TOWNSHIPS_FROM_ZOOM, BASE_MAX_ZOOM),
        _layer(
            "road",
            "line",
            {"name": "its name", "road_class": "expressway, arterial, coastal, secondary or branch"},
            ROADS_FROM_ZOOM,
            BASE_MAX_ZOOM,
        ),
        _layer(
            "unit_label",
            "point",
            {**_NAMED, "name_en": "in English", "level": "1 district, 2 township"},
            0,
            BASE_MAX_ZOOM,
        ),
    ),
    maxzoom=BASE_MAX_ZOOM,
)

POINTS = TileSet(
    name="points",
    title="Points of interest, counted by cells below zoom 13, one by one from it on",
    layers=(
        _layer(
            "point_cluster",
            "point",
            {
                "n": "points in the cell",
                "layer": "id of the layer with most of them",
                "layers": "how many layers",
            },
            0,
            POINTS_FROM_ZOOM - 1,
        ),
        _layer(
            "point",
            "point",
            {"layer": "id of its layer", "symbol": "its layer's sign", "name": "from zoom 15 on"},
            POINTS_FROM_ZOOM,
            POINT_MAX_ZOOM,
        ),
    ),
    maxzoom=POINT_MAX_ZOOM,
)
