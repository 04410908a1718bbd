"""The documents by which a map client finds its way, from the landing page to the queryables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.ogc import tiling
from api.ogc.collections import COLLECTIONS, GEOMETRY, JSON_TYPES
from api.ogc.parameters import CRS84, DEFAULT_LIMIT, MAX_LIMIT
from gis.tile_sets import MEDIA_TYPE as MVT

if TYPE_CHECKING:
    from api.ogc.collections import Collection

JSON = "application/json"
GEOJSON = "application/geo+json"
SCHEMA = "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"

TITLE = "Dengta 灯塔"
REL = "http://www.opengis.net/def/rel/ogc/1.0/"

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    *(
        f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{each}"
        for each in ("core", "oas30", "geojson")
    ),
    *(
        f"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/{each}"
        for each in ("filter", "features-filter", "queryables", "queryables-query-parameters")
    ),
    *tiling.CONFORMANCE,
    *(
        f"http://www.opengis.net/spec/cql2/1.0/conf/{each}"
        for each in (
            "cql2-text",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "property-property",
            "arithmetic",
            # The name that basic-spatial-functions had before the standard was final; QGIS asks for it.
            "basic-spatial-operators",
        )
    ),
)
"""What is kept, and nothing that is not: what stands here, a client leaves to the server."""


@dataclass(frozen=True, slots=True)
class Links:
    """Makes addresses.

    Attributes:
        root: Address of the landing page, without a slash at its end.
    """

    root: str

    def to(self, path: str, rel: str, media_type: str = JSON, title: str = "") -> dict[str, str]:
        """A link (RFC 8288) to ``path`` below the landing page."""
        link = {"href": self.root + path, "rel": rel, "type": media_type}
        return {**link, "title": title} if title else link


def landing(links: Links) -> dict[str, Any]:
    """The landing page."""
    return {
        "title": TITLE,
        "description": "The camera catalogue of the city, for reading and filtering in a GIS.",
        "links": [
            links.to("", "self", title="This document"),
            links.to("/api", "service-desc", OPENAPI, "The API's definition"),
            links.to("/api", "service-doc", OPENAPI, "The API's definition"),
            links.to("/conformance", "conformance", title="What this server conforms to"),
            links.to("/conformance", REL + "conformance", title="What this server conforms to"),
            links.to("/collections", "data", title="The collections"),
            links.to("/collections", REL + "data", title="The collections"),
            links.to("/tileMatrixSets", REL + "tiling-schemes", title="The tiling schemes"),
        ],
    }


def collection_document(collection: Collection, extent: list[float] | None, links: Links) -> dict[str, Any]:
    """What one collection is, where it lies and how to get it."""
    path = f"/collections/{collection.id}"
    document: dict[str, Any] = {
        "id": collection.id,
        "title": collection.title,
        "description": collection.description,
        "itemType": "feature",
        "crs": [CRS84],
        "storageCrs": CRS84,
        "links": [
            links.to(path, "self"),
            links.to(f"{path}/items", "items", GEOJSON, collection.title),
            links.to(f"{path}/queryables", REL + "queryables", SCHEMA, "What can be filtered"),
        ],
    }
    if collection.id in tiling.TILED:
        document["links"].append(links.to(f"{path}/tiles", tiling.TILESETS_VECTOR))
    if extent is not None:
        document["extent"] = {"spatial": {"bbox": [extent], "crs": CRS84}}
    return document


def queryables_document(collection: Collection, links: Links) -> dict[str, Any]:
    """What a filter may ask for (19-079r2, 6.2), as a JSON Schema."""
    shape = {
        "title": "位置 place",
        "$ref": f"https://geojson.org/schema/{collection.shape}.json",
        "format": f"geometry-{collection.shape.lower()}",
        "x-ogc-role": "primary-geometry",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{links.root}/collections/{collection.id}/queryables",
        "type": "object",
        "title": collection.title,
        "properties": {
            GEOMETRY: shape,
            "id": {"title": "id", "type": "integer", "x-ogc-role": "id"},
            **{each.name: {"title": each.title, **JSON_TYPES[each.kind]} for each in collection.properties},
        },
        "additionalProperties": False,
    }


def api_document(links: Links) -> dict[str, Any]:
    """OpenAPI 3.0 of these routes alone, which is the version that map clients read."""
    paths: dict[str, Any] = {
        "/": _get("The landing page", []),
        "/conformance": _get("What this server conforms to", []),
        "/collections": _get("The collections", []),
        "/tileMatrixSets": _get("The tiling schemes", []),
        f"/tileMatrixSets/{tiling.MATRIX_SET}": _get("Web mercator", []),
    }
    for collection in COLLECTIONS.values():
        path = f"/collections/{collection.id}"
        common = [{"$ref": f"#/components/parameters/{name}"} for name in PARAMETERS]
        own = [_parameter(each.name, JSON_TYPES[each.kind], each.title) for each in collection.properties]
        feature_id = {
            **_parameter("featureId", {"type": "integer"}, "a feature's id"),
            "in": "path",
            "required": True,
        }
        del feature_id["style"], feature_id["explode"]
        paths[path] = _get(collection.title, [])
        if collection.id in tiling.TILED:
            paths |= _tile_paths(path, collection.title)
        paths[f"{path}/queryables"] = _get("What can be filtered", [], SCHEMA)
        paths[f"{path}/items"] = _get(collection.title, [*common, *own], GEOJSON)
        paths[f"{path}/items/{{featureId}}"] = _get("One feature", [feature_id], GEOJSON)
    return {
        "openapi": "3.0.3",
        "info": {"title": TITLE, "version": "1"},
        "servers": [{"url": links.root}],
        "security": [{"basic": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "parameters": PARAMETERS,
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _tile_paths(path: str, title: str) -> dict[str, Any]:
    tile = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}
        for name in ("tileMatrix", "tileRow", "tileCol")
    ]
    tiles = f"{path}/tiles"
    return {
        tiles: _get(f"Tile sets: {title}", []),
        f"{tiles}/{tiling.MATRIX_SET}": _get(f"Tile set: {title}", []),
        f"{tiles}/{tiling.MATRIX_SET}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": _get("A tile", tile, MVT),
    }


def _get(summary: str, parameters: list[dict[str, Any]], media_type: str = JSON) -> dict[str, Any]:
    done = {"description": summary, "content": {media_type: {"schema": {"type": "object"}}}}
    refused = {"description": "What is wrong (RFC 9457).", "content": {"application/problem+json": {}}}
    return {"get": {"summary": summary, "parameters": parameters, "responses": {"200": done, "4XX": refused}}}


def _parameter(name: str, schema: dict[str, Any], description: str, example: object = None) -> dict[str, Any]:
    form = {"name": name, "in": "query", "style": "form", "explode": False, "schema": schema}
    return {**form, "description": description, **({} if example is None else {"example": example})}


PARAMETERS = {
    "limit": _parameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        "most features on a page",
        1000,
    ),
    "bbox": _parameter(
        "bbox",
        {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6},
        "west,south,east,north in degrees",
        [121.3, 37.4, 121.5, 37.6],
    ),
    "datetime": _parameter(
        "datetime", {"type": "string"}, "a moment or an interval (RFC 3339)", "2026-01-01/.."
    ),
    "filter": _parameter(
        "filter", {"type": "string"}, "CQL2 text", "state = 'offline' AND name LIKE '%路口%'"
    ),
    "filter-lang": _parameter(
        "filter-lang",
        {"type": "string", "enum": ["cql2-text"], "default": "cql2-text"},
        "the filter's language",
        "cql2-text",
    ),
    "filter-crs": _parameter(
        "filter-crs",
        {"type": "string", "enum": [CRS84], "default": CRS84},
        "reference system of the filter's shapes",
        CRS84,
    ),
    "cursor": _parameter(
        "cursor", {"type": "string"}, "where a page begins; take it from the link `next`", "WzE3XQ"
    ),
    "f": _parameter("f", {"type": "string", "enum": ["json"], "default": "json"}, "form", "json"),
}
