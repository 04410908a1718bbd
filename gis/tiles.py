"""Vector tiles (Mapbox Vector Tile 2.1): the arithmetic of a tile, and the statements that draw it."""

# ruff: noqa: S608 - only constants of this module are put into the statements

from __future__ import annotations

from dataclasses import dataclass

from base.errors import InvalidInputError
from models.tables import MERCATOR_BITS

EXTENT_BITS = 12
EXTENT = 1 << EXTENT_BITS
"""Units to a tile's side, the specification's usual 4096."""

BUFFER = 64
"""Units around a tile in which points are drawn too, so that a symbol on an edge is whole in both tiles."""

CELL_BITS = 5
"""32 cells to a tile's side: with 512 pixels a tile, a cluster every 16 pixels at most."""

POINTS_FROM_ZOOM = 13
"""Below it cameras are counted by cells; from it on each is drawn."""

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

    def square(self, buffer: int = 0) -> tuple[int, int, int, int]:
        """First and last column, first and last row that it covers, with ``buffer`` tile units around."""
        left, top = self.origin
        margin = -(-buffer // self.scale)  # rounded up: a point on the buffer's edge is inside
        last = (1 << self.side_bits) - 1
        return (
            left - int(margin),
            left + last + int(margin),
            top - int(margin),
            top + last + int(margin),
        )

    @property
    def quarter_pixel_m(self) -> float:
        """What nobody can see at this zoom, in web mercator metres: lines are simplified by it."""
        return WORLD_M / (1 << self.z) / 2048


_SEEN = """c.tile_x between $1 and $2 and c.tile_y between $3 and $4
       and (c.unit_tree between $8 and $9 or ($10 and c.unit_tree is null)) and c.sensitivity <= $11"""
"""In the square and within the asker's scope. Both read from the covering index alone."""

CAMERA_CLUSTERS = f"""
select ST_AsMVT(cell, 'cluster', {EXTENT}, 'geom') from (
    select ST_MakePoint(floor((avg(tile_x) - $5) * $7::float8), floor((avg(tile_y) - $6) * $7::float8)) geom,
           count(*)::int n,
           (count(*) filter (where state = 1))::int online,
           (count(*) filter (where state = 2))::int degraded,
           (count(*) filter (where state = 3))::int offline,
           (count(*) filter (where state = 0))::int unknown
      from (select c.tile_x, c.tile_y, coalesce(s.state, 0) state
              from camera c left join camera_state s on s.camera_id = c.id and s.state <> 0
             where {_SEEN}) seen
     group by tile_x >> $12::int, tile_y >> $12::int) cell
"""
"""Cameras counted by cells of a tile without a buffer: each camera is in one cell of one tile. A cluster lies
at its cameras' mean, hence within its cell. Cameras never looked at are left out of the join, not of the
count: that halves the time while a city is young."""

CAMERA_POINTS = f"""
select ST_AsMVT(camera, 'camera', {EXTENT}, 'geom', 'id') from (
    select ST_MakePoint(floor((c.tile_x - $5) * $7::float8), floor((c.tile_y - $6) * $7::float8)) geom,
           c.id, coalesce(s.state, 0) state, round(c.heading_deg)::int heading,
           (select min(scene_id) from camera_scene where camera_id = c.id) scene
      from camera c left join camera_state s on s.camera_id = c.id and s.state <> 0
     where {_SEEN}) camera
"""
"""Each camera of a tile and its buffer, with no more than is needed to draw it."""

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


def camera_statement(
    tile: Tile, *, tree_left: int, tree_right: int, whole_city: bool, max_sensitivity: int
) -> Statement:
    """What draws the cameras of ``tile`` that lie within a scope: layer ``cluster`` or ``camera``.

    Args:
        tile: The square.
        tree_left: First position of the scope in the organisation tree.
        tree_right: Last position of it.
        whole_city: Whether cameras that lie in no unit are within it.
        max_sensitivity: Cameras above it are not.
    """
    scope = (tree_left, tree_right, whole_city, max_sensitivity)
    if tile.z < POINTS_FROM_ZOOM:
        return Statement(CAMERA_CLUSTERS, (*tile.square(), *tile.origin, tile.scale, *scope, tile.cell_bits))
    return Statement(CAMERA_POINTS, (*tile.square(BUFFER), *tile.origin, tile.scale, *scope))


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
