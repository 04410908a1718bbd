"""What OGC API Tiles (20-057) says of the tiles of a collection: Mapbox Vector Tiles on WebMercatorQuad."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gis.tile_sets import CAMERAS, MEDIA_TYPE, POINTS
from gis.tiles import WORLD_M

if TYPE_CHECKING:
    from api.ogc.documents import Links
    from gis.tile_sets import TileSet

TILED: dict[str, TileSet] = {"cameras": CAMERAS, "points": POINTS}
"""Tile sets by the collections whose tiles they are."""

MATRIX_SET = "WebMercatorQuad"
_URI = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
_CRS = "http://www.opengis.net/def/crs/EPSG/0/3857"
_REL = "http://www.opengis.net/def/rel/ogc/1.0/"
TILESETS_VECTOR = _REL + "tilesets-vector"
_DEEPEST = 24
_TILE_PIXELS = 256
_PIXEL_M = 0.00028
"""The pixel of the standard's scale denominators, metres (17-083r4, 6.1)."""

CONFORMANCE = tuple(
    f"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/{each}"
    for each in ("core", "tileset", "tilesets-list", "geodata-tilesets", "mvt")
)


def tilesets_document(collection_id: str, links: Links) -> dict[str, Any]:
    """The tile sets of a collection: one."""
    path = f"/collections/{collection_id}/tiles"
    return {
        "tilesets": [_item(collection_id, links)],
        "links": [links.to(path, "self"), links.to(f"/collections/{collection_id}", "collection")],
    }


def tileset_document(collection_id: str, bounds: list[float] | None, links: Links) -> dict[str, Any]:
    """What is in a collection's tiles, and how to ask for one."""
    tile_set = TILED[collection_id]
    path = f"/collections/{collection_id}/tiles/{MATRIX_SET}"
    template = links.to(f"{path}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "item", MEDIA_TYPE)
    document = _item(collection_id, links)
    document["links"] = [
        links.to(path, "self"),
        {**template, "templated": True},
        links.to(f"/tileMatrixSets/{MATRIX_SET}", _REL + "tiling-scheme"),
        links.to(f"/collections/{collection_id}", _REL + "geodata"),
    ]
    document["layers"] = [
        {
            "id": layer.id,
            "dataType": "vector",
            "geometryDimension": {"point": 0, "line": 1, "polygon": 2}[layer.geometry],
            "minTileMatrix": str(layer.minzoom),
            "maxTileMatrix": str(layer.maxzoom),
            "propertiesSchema": {
                "type": "object",
                "properties": {name: {"title": told} for name, told in layer.fields.items()},
            },
        }
        for layer in tile_set.layers
    ]
    if bounds is not None:
        document["boundingBox"] = {"lowerLeft": bounds[:2], "upperRight": bounds[2:]}
    return document


def _item(collection_id: str, links: Links) -> dict[str, Any]:
    return {
        "title": TILED[collection_id].title,
        "dataType": "vector",
        "crs": _CRS,
        "tileMatrixSetURI": _URI,
        "links": [
            links.to(f"/collections/{collection_id}/tiles/{MATRIX_SET}", "self"),
            links.to(f"/tileMatrixSets/{MATRIX_SET}", _REL + "tiling-scheme"),
        ],
    }


def matrix_sets_document(links: Links) -> dict[str, Any]:
    """The tiling schemes: one."""
    link = links.to(f"/tileMatrixSets/{MATRIX_SET}", "self")
    return {"tileMatrixSets": [{"id": MATRIX_SET, "title": "Web mercator", "uri": _URI, "links": [link]}]}


def matrix_set_document() -> dict[str, Any]:
    """WebMercatorQuad (17-083r4, annex D.1)."""
    half = WORLD_M / 2
    return {
        "id": MATRIX_SET,
        "title": "Web mercator",
        "uri": _URI,
        "crs": _CRS,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [
            {
                "id": str(zoom),
                "scaleDenominator": WORLD_M / (_TILE_PIXELS << zoom) / _PIXEL_M,
                "cellSize": WORLD_M / (_TILE_PIXELS << zoom),
                "pointOfOrigin": [-half, half],
                "tileWidth": _TILE_PIXELS,
                "tileHeight": _TILE_PIXELS,
                "matrixWidth": 1 << zoom,
                "matrixHeight": 1 << zoom,
            }
            for zoom in range(_DEEPEST + 1)
        ],
    }
