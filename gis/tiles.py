"""Vector tiles (Mapbox Vector Tile 2.1): the arithmetic of a tile, and the statements that draw it."""

# ruff: noqa: S608 - only constants of this module are put into the statements

from __future__ import annotations

import re
from dataclasses import dataclass

from base.errors import InvalidInputError
from models.tables import MERCATOR_BITS

EXTENT_BITS = 12
EXTENT = 1 << EXTENT_BITS
"""Units to a tile's side, the specification's usual 4096."""

BUFFER = 64
"""Units around a tile in which lines and areas are drawn too, so that no seam shows. Cameras have none: each
is in one tile of a zoom, and MapLibre draws a point's sign whole beyond its tile."""

CELL_BITS = 5
"""32 cells to a tile's side: with 512 pixels a tile, a cluster every 16 pixels at most."""

POINTS_FROM_ZOOM = 13
"""Below it cameras are counted by cells; from it on each is drawn."""

DETAILS_FROM_ZOOM = 14
"""From it on a camera's scene and heading are told; before, a tile holds thousands and signs are dots."""

CAMERA_MAX_ZOOM = 16
BASE_MAX_ZOOM = 14

TOWNSHIPS_FROM_ZOOM = 10
ROADS_FROM_ZOOM = 9
ALL_ROADS_FROM_ZOOM = 12

WORLD_M = 40_075_016.685_578_5
"""Width of the web mercator square, metres."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A square of the web mercator pyramid; ``y`` counts from the north (XYZ scheme).

    Raises:
        InvalidInputError: There is no such tile.
    """

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if not 0 <= self.z <= MERCATOR_BITS - CELL_BITS:
            raise InvalidInputError(f"There are no tiles of zoom {self.z}.")
        if not (0 <= self.x < 1 << self.z and 0 <= self.y < 1 << self.z):
            raise InvalidInputError(f"Zoom {self.z} has no tile {self.x}/{self.y}.")

    @classmethod
    def of_code(cls, z: int, code: int) -> Tile:
        """The tile of zoom ``z`` with this Morton code.

        Raises:
            InvalidInputError: There is none.
        """
        bits = range(code.bit_length() + 1 >> 1)
        x = sum((code >> 2 * bit & 1) << bit for bit in bits)
        return cls(z, x, sum((code >> 2 * bit + 1 & 1) << bit for bit in bits))

    @property
    def side_bits(self) -> int:
        """Log2 of the tile's side in the integer units of ``camera.tile_x``."""
        return MERCATOR_BITS - self.z

    @property
    def origin(self) -> tuple[int, int]:
        """Its north-western corner in those units."""
        return self.x << self.side_bits, self.y << self.side_bits

    @property
    def scale(self) -> float:
        """Tile units to one of those units."""
        return 2.0 ** (EXTENT_BITS - self.side_bits)

    @property
    def cell_bits(self) -> int:
        """Log2 of a cluster cell's side in those units."""
        return self.side_bits - CELL_BITS

    @property
    def places(self) -> tuple[int, int]:
        """First and last ``camera_tile.place`` in it: in Morton order a tile is one range."""
        first = morton(self.x, self.y) << 2 * self.side_bits
        return first, first + (1 << 2 * self.side_bits) - 1

    @property
    def quarter_pixel_m(self) -> float:
        """What nobody can see at this zoom, in web mercator metres: lines are simplified by it."""
        return WORLD_M / (1 << self.z) / 2048


def morton(x: int, y: int) -> int:
    """The bits of two numbers in turn, y's before x's; ``tile_place`` in the store."""
    return sum((x >> bit & 1 | (y >> bit & 1) << 1) << 2 * bit for bit in range(max(x, y).bit_length()))


_CLUSTER = """ST_MakePoint(floor((total_x / n - $1) * $3::float8),
                        floor((total_y / n - $2) * $3::float8)) geom,
           n::int, n_online::int online, n_degraded::int degraded, n_offline::int offline,
           (n - n_online - n_degraded - n_offline)::int unknown"""
"""A cluster lies at its cameras' mean, hence within its cell."""

_POINT = """ST_MakePoint(floor((x - $1) * $3::float8), floor((y - $2) * $3::float8)) geom,
           camera id, known_state::int state"""
_DETAILS = ", azimuth::int heading, served::int scene"

CAMERA_CLUSTERS = f"""
select ST_AsMVT(cluster, 'cluster', {EXTENT}, 'geom') from (
    select {_CLUSTER}
      from camera_tile_cells($4, $5, $6, $7, $8, $9, $10)) cluster
"""
"""Cameras counted by cells of a tile: each camera is in one cell of one tile."""

CAMERA_POINTS = f"""
select ST_AsMVT(camera, 'camera', {EXTENT}, 'geom', 'id') from (
    select {_POINT}{{details}}
      from camera_tile_points($4, $5, $6, $7, $8, $9)) camera
"""
"""Each camera of a tile, with no more than is needed to draw it."""

_NARROW = """(select camera_id as id, place, tile_x, tile_y, unit_tree, sensitivity, state, heading, scene
               from camera_seen) camera"""
_WIDE = """(select camera_id, place, state as known, heading, scene as first from camera_seen) seen
      join camera on camera.id = seen.camera_id"""
_WITHIN = """place between $4 and $5
       and (camera.unit_tree between $6 and $7 or ($8 and camera.unit_tree is null))
       and camera.sensitivity <= $9"""

NARROW_COLUMNS = frozenset({"id", "unit_tree", "sensitivity"})
"""What a filter may ask of a camera without its whole record being read."""

FIRST_OF_FILTER = 10
"""Number of a filter's first parameter in the statement that draws what it lets through."""

_FILTERED_CLUSTERS = """
select ST_AsMVT(cluster, 'cluster', {extent}, 'geom') from (
    select {cluster} from (
        select place >> {cell_bits}::int cell, count(*) n, count(*) filter (where {state} = 1) n_online,
               count(*) filter (where {state} = 2) n_degraded, count(*) filter (where {state} = 3) n_offline,
               sum(camera.tile_x)::float8 total_x, sum(camera.tile_y)::float8 total_y
          from {source}
         where {within} and ({condition})
         group by 1 order by 1) cells) cluster
"""

_FILTERED_POINTS = """
select ST_AsMVT(camera, 'camera', {extent}, 'geom', 'id') from (
    select {point}{details} from (
        select camera.id camera, camera.tile_x x, camera.tile_y y, {state} known_state, {heading} azimuth,
               {scene} served
          from {source}
         where {within} and ({condition})
         order by place, camera.id) points) camera
"""


_UNITS = f"""
select ST_AsMVT(unit, $5, {EXTENT}, 'geom', 'id') from (
    select id, code, name, ST_AsMVTGeom(
               ST_SimplifyPreserveTopology(ST_Transform(geom, 3857), $4),
               ST_TileEnvelope($1, $2, $3), {EXTENT}, {BUFFER}) geom
      from organisation
     where level = $6 and geom && ST_Transform(ST_TileEnvelope($1, $2, $3, margin => 0.02), 4326)) unit
 where geom is not null
"""

_UNIT_LABELS = f"""
select ST_AsMVT(label, 'unit_label', {EXTENT}, 'geom', 'id') from (
    select id, code, name, name_en, level, ST_AsMVTGeom(
               ST_Transform(ST_PointOnSurface(geom), 3857), ST_TileEnvelope($1, $2, $3), {EXTENT}, 0) geom
      from organisation
     where level between 1 and $4 and geom && ST_Transform(ST_TileEnvelope($1, $2, $3), 4326)) label
 where geom is not null
"""

_ROADS = f"""
select ST_AsMVT(line, 'road', {EXTENT}, 'geom', 'id') from (
    select id, name, road_class, ST_AsMVTGeom(
               ST_Simplify(ST_Transform(geom, 3857), $4),
               ST_TileEnvelope($1, $2, $3), {EXTENT}, {BUFFER}) geom
      from road
     where road_class = any($5::text[])
       and geom && ST_Transform(ST_TileEnvelope($1, $2, $3, margin => 0.02), 4326)) line
 where geom is not null
"""

MAIN_ROADS = ("expressway", "arterial", "coastal")
ALL_ROADS = (*MAIN_ROADS, "secondary", "branch")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with its values; it returns one MVT layer, possibly empty."""

    sql: str
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """Which cameras are drawn, as text: a condition on a table that is called ``camera``.

    Attributes:
        sql: The condition; its parameters are numbered from ``FIRST_OF_FILTER``.
        values: Theirs.
    """

    sql: str
    values: tuple[object, ...]


def camera_statement(  # noqa: PLR0913 - a scope has four parts
    tile: Tile,
    *,
    tree_left: int,
    tree_right: int,
    whole_city: bool,
    max_sensitivity: int,
    condition: Condition | None = None,
) -> Statement:
    """What draws the cameras of ``tile`` that lie within a scope: layer ``cluster`` or ``camera``.

    Args:
        tile: The square.
        tree_left: First position of the scope in the organisation tree.
        tree_right: Last position of it.
        whole_city: Whether cameras that lie in no unit are within it.
        max_sensitivity: Cameras above it are not.
        condition: Draw only these; None draws all.
    """
    clusters = tile.z < POINTS_FROM_ZOOM
    scope = (tree_left, tree_right, whole_city, max_sensitivity)
    values = (*tile.origin, tile.scale, *tile.places, *scope)
    of_cells = (2 * tile.cell_bits,) if clusters else ()
    details = _DETAILS if tile.z >= DETAILS_FROM_ZOOM else ""
    if condition is None:
        drawing = CAMERA_CLUSTERS if clusters else CAMERA_POINTS.format(details=details)
        return Statement(drawing, (*values, *of_cells))
    drawing = _filtered(condition, details, clusters=clusters)
    return Statement(drawing, (*values, *condition.values, *of_cells))


def _filtered(condition: Condition, details: str, *, clusters: bool) -> str:
    asked = set(re.findall(r"\bcamera\.(\w+)", condition.sql))
    narrow = asked <= NARROW_COLUMNS
    return (_FILTERED_CLUSTERS if clusters else _FILTERED_POINTS).format(
        extent=EXTENT,
        cluster=_CLUSTER,
        point=_POINT,
        details=details,
        source=_NARROW if narrow else _WIDE,
        within=_WITHIN,
        condition=condition.sql,
        cell_bits=f"${FIRST_OF_FILTER + len(condition.values)}",
        state="camera.state" if narrow else "seen.known",
        heading="camera.heading" if narrow else "seen.heading",
        scene="camera.scene" if narrow else "seen.first",
    )


def base_statements(tile: Tile) -> tuple[Statement, ...]:
    """What draws the offline base map of ``tile``; layers one after the other are a tile."""
    where = (tile.z, tile.x, tile.y)
    townships = tile.z >= TOWNSHIPS_FROM_ZOOM
    found = [Statement(_UNITS, (*where, tile.quarter_pixel_m, "district", 1))]
    if townships:
        found.append(Statement(_UNITS, (*where, tile.quarter_pixel_m, "township", 2)))
    if tile.z >= ROADS_FROM_ZOOM:
        classes = ALL_ROADS if tile.z >= ALL_ROADS_FROM_ZOOM else MAIN_ROADS
        found.append(Statement(_ROADS, (*where, tile.quarter_pixel_m, list(classes))))
    found.append(Statement(_UNIT_LABELS, (*where, 2 if townships else 1)))
    return tuple(found)
