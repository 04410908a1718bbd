"""Vector tiles of points of interest: counted by cells at low zooms, each drawn above."""

# ruff: noqa: S608 - only constants of this module are put into the statements

from __future__ import annotations

from typing import TYPE_CHECKING

from gis.tiles import EXTENT, EXTENT_BITS, POINTS_FROM_ZOOM, Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis.tiles import Tile

MAX_ZOOM = 16

NAMES_FROM_ZOOM = 15
"""Below it no label has room."""

_SEEN = """p.tile_x between $1 and $2 and p.tile_y between $3 and $4 and p.gone_since is null
       and (p.unit_tree between $8 and $9 or ($10 and p.unit_tree is null))"""

_CLUSTERS = f"""
select ST_AsMVT(cell, 'point_cluster', {EXTENT}, 'geom') from (
    select ST_MakePoint(floor((avg(p.tile_x) - $5) * $7::float8),
                        floor((avg(p.tile_y) - $6) * $7::float8)) geom,
           count(*)::int n, mode() within group (order by p.layer_id)::int layer,
           count(distinct p.layer_id)::int layers
      from point p join point_layer l on l.id = p.layer_id
     where {_SEEN} and {{wanted}}
     group by p.tile_x >> $11::int, p.tile_y >> $11::int
     order by n desc) cell
"""

# Layers drawn last lie on top, so rows come in the order of layers.
_POINTS = f"""
select ST_AsMVT(point, 'point', {EXTENT}, 'geom', 'id') from (
    select ST_MakePoint(floor((p.tile_x - $5) * $7::float8), floor((p.tile_y - $6) * $7::float8)) geom,
           p.id, p.layer_id::int layer, l.symbol, case when $11 then p.name end as name
      from point p join point_layer l on l.id = p.layer_id
     where {_SEEN} and {{wanted}}
     order by l.position, p.id) point
"""

_UNLESS_HIDDEN = "l.visible and l.min_zoom <= $12"
_NAMED = "l.code = any($12::text[])"


def point_statement(
    tile: Tile, layers: Sequence[str] | None, *, tree: tuple[int, int], whole_city: bool
) -> Statement:
    """What draws the points of ``tile``: layer ``point_cluster`` or ``point``.

    Args:
        tile: The square.
        layers: Codes of layers, drawn at every zoom; None is those that are visible until hidden, each from
            its own ``min_zoom`` on.
        tree: First and last position of the asker's scope.
        whole_city: Whether points in no unit are within it.
    """
    west, north = tile.origin
    side = 1 << tile.side_bits
    scale = 2.0 ** (EXTENT_BITS - tile.side_bits)
    where = (west, west + side - 1, north, north + side - 1, west, north, scale, *tree, whole_city)
    wanted, chosen = (_UNLESS_HIDDEN, tile.z) if layers is None else (_NAMED, list(layers))
    if tile.z < POINTS_FROM_ZOOM:
        return Statement(_CLUSTERS.format(wanted=wanted), (*where, tile.cell_bits, chosen))
    return Statement(_POINTS.format(wanted=wanted), (*where, tile.z >= NAMES_FROM_ZOOM, chosen))
