"""Vector tiles: cameras within the asker's scope, and the offline base map."""

import hashlib
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response

from api.context import Authenticated, CameraReader, Context, Ctx
from api.queries import overview
from api.schemas import TileJson, VectorLayer
from base.errors import NotFoundError
from gis import tiles
from gis.tiles import Statement, Tile
from models.scope import Scope

router = APIRouter(prefix="/tiles", tags=["tiles"])

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"

CAMERA_TTL_S = 5
"""How old a state on the map may be, here and once more in the browser."""

BASE_TTL_S = 600

Zoom = Annotated[int, Path(ge=0, le=tiles.CAMERA_MAX_ZOOM, examples=[10])]
Column = Annotated[int, Path(ge=0, lt=1 << tiles.CAMERA_MAX_ZOOM, examples=[857])]
Row = Annotated[int, Path(ge=0, lt=1 << tiles.CAMERA_MAX_ZOOM, examples=[396])]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=1000)]

_TILE_ANSWER: dict[int | str, dict[str, object]] = {
    200: {
        "description": "A Mapbox Vector Tile 2.1; empty where there is nothing.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "The tile that `If-None-Match` names is still right."},
}

_COUNTS = dict.fromkeys(("online", "degraded", "offline", "unknown"), "cameras of this state")
_CAMERA_LAYERS = [
    VectorLayer(
        id="cluster",
        fields={"n": "cameras in the cell", **_COUNTS},
        minzoom=0,
        maxzoom=tiles.POINTS_FROM_ZOOM - 1,
    ),
    VectorLayer(
        id="camera",
        fields={
            "state": "0 unknown, 1 online, 2 degraded, 3 offline",
            "scene": "id of its first scene",
            "heading": "degrees clockwise from north",
        },
        minzoom=tiles.POINTS_FROM_ZOOM,
        maxzoom=tiles.CAMERA_MAX_ZOOM,
    ),
]
_NAMED = {"code": "the unit's code", "name": "its name"}
_BASE_LAYERS = [
    VectorLayer(id="district", fields=_NAMED, minzoom=0, maxzoom=tiles.BASE_MAX_ZOOM),
    VectorLayer(id="township", fields=_NAMED, minzoom=tiles.TOWNSHIPS_FROM_ZOOM, maxzoom=tiles.BASE_MAX_ZOOM),
    VectorLayer(
        id="road",
        fields={"name": "its name", "road_class": "expressway, arterial, coastal, secondary or branch"},
        minzoom=tiles.ROADS_FROM_ZOOM,
        maxzoom=tiles.BASE_MAX_ZOOM,
    ),
    VectorLayer(
        id="unit_label",
        fields={**_NAMED, "name_en": "in English", "level": "1 district, 2 township"},
        minzoom=0,
        maxzoom=tiles.BASE_MAX_ZOOM,
    ),
]


@router.get("/cameras.json", summary="The camera tiles' description", response_model_exclude_none=True)
async def camera_tile_set(request: Request, context: Ctx, scope: CameraReader) -> TileJson:
    """TileJSON 3.0, with the bounds of the asker's unit."""
    return await _tile_set(request, context, scope, "cameras", _CAMERA_LAYERS, tiles.CAMERA_MAX_ZOOM)


@router.get("/base.json", summary="The base map's description", response_model_exclude_none=True)
async def base_tile_set(request: Request, context: Ctx, asker: Authenticated) -> TileJson:
    """TileJSON 3.0."""
    return await _tile_set(request, context, asker.scope, "base", _BASE_LAYERS, tiles.BASE_MAX_ZOOM)


@router.get(
    "/cameras/{z}/{x}/{y}.mvt",
    summary="Cameras in a tile",
    response_class=Response,
    responses=_TILE_ANSWER,
)
async def camera_tile(  # noqa: PLR0913, PLR0917 - a tile has three coordinates
    context: Ctx, scope: CameraReader, z: Zoom, x: Column, y: Row, if_none_match: IfNoneMatch = None
) -> Response:
    """Below zoom 13 layer `cluster`: cameras counted by cells and state, each once. From 13 on `camera`.

    Cameras whose place is unknown are in no tile; `/counts` says how many there are.
    """
    statement = tiles.camera_statement(
        Tile(z, x, y),
        tree_left=scope.tree_left,
        tree_right=scope.tree_right,
        whole_city=scope.whole_city,
        max_sensitivity=scope.max_sensitivity,
    )
    key = ("cameras", z, x, y, scope.tree_left, scope.tree_right, scope.max_sensitivity)
    body = await _drawn(context, key, [statement], CAMERA_TTL_S)
    return _tile(body, CAMERA_TTL_S, if_none_match)


@router.get("/base/{z}/{x}/{y}.mvt", summary="The base map", response_class=Response, responses=_TILE_ANSWER)
async def base_tile(
    context: Ctx, _asker: Authenticated, z: Zoom, x: Column, y: Row, if_none_match: IfNoneMatch = None
) -> Response:
    """Districts, townships, roads and names, from what the city itself has: nothing is fetched elsewhere."""
    if z > tiles.BASE_MAX_ZOOM:
        raise NotFoundError(f"The base map ends at zoom {tiles.BASE_MAX_ZOOM}.")
    body = await _drawn(context, ("base", z, x, y), tiles.base_statements(Tile(z, x, y)), BASE_TTL_S)
    return _tile(body, BASE_TTL_S, if_none_match)


async def _drawn(
    context: Context, key: tuple[str | int, ...], statements: Sequence[Statement], ttl_s: float
) -> bytes:
    async def draw() -> bytes:
        async with context.database.raw() as connection:
            # Layers one after the other are a tile: that is how the format is made.
            return b"".join([await connection.fetchval(each.sql, *each.values) for each in statements])

    return await context.cache.get(key, draw, ttl_s=ttl_s)


def _tile(body: bytes, ttl_s: int, if_none_match: str | None) -> Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": f"private, max-age={ttl_s}",
        "Vary": "Cookie, Authorization",  # who asks decides what is drawn
    }
    if if_none_match and tag in (given.strip().removeprefix("W/") for given in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=MEDIA_TYPE, headers=headers)


async def _tile_set(  # noqa: PLR0913, PLR0917 - only used above
    request: Request, context: Context, scope: Scope, name: str, layers: list[VectorLayer], maxzoom: int
) -> TileJson:
    scheme = "https" if context.settings.cookie_secure else request.url.scheme
    address = f"{scheme}://{request.url.netloc}/api/v1/tiles/{name}"
    async with context.database.begin() as connection:
        bounds = await overview.bounds(connection, scope)
    return TileJson(
        name=name,
        tiles=[f"{address}/{{z}}/{{x}}/{{y}}.mvt"],
        vector_layers=layers,
        maxzoom=maxzoom,
        minzoom=0,
        bounds=bounds,
    )
