"""Vector tiles of points of interest, by layer."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response

from api.context import CameraReader, Ctx
from api.queries import overview
from api.routes.points import Layers
from api.schemas import TileJson, VectorLayer
from gis.point_tiles import MAX_ZOOM, point_statement
from gis.tiles import POINTS_FROM_ZOOM, Tile

router = APIRouter(prefix="/tiles", tags=["tiles"])

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"

TILE_KEPT_S = 30
"""Points change by hand and by import, a few times a day."""

Zoom = Annotated[int, Path(ge=0, le=MAX_ZOOM, description="zoom", examples=[10])]
Column = Annotated[int, Path(ge=0, lt=1 << MAX_ZOOM, description="from the west", examples=[857])]
Row = Annotated[int, Path(ge=0, lt=1 << MAX_ZOOM, description="from the north", examples=[396])]
_TILE_ANSWER: dict[int | str, dict[str, object]] = {
    200: {
        "description": "A Mapbox Vector Tile 2.1; empty where there is nothing.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "The tile that `If-None-Match` names is still right."},
}
_LAYER = "id of its layer"
_VECTOR_LAYERS = [
    VectorLayer(
        id="point_cluster",
        fields={
            "n": "points in the cell",
            "layer": "id of the layer with most of them",
            "layers": "how many",
        },
        minzoom=0,
        maxzoom=POINTS_FROM_ZOOM - 1,
    ),
    VectorLayer(
        id="point",
        fields={"layer": _LAYER, "symbol": "its layer's sign", "name": "from zoom 15 on"},
        minzoom=POINTS_FROM_ZOOM,
        maxzoom=MAX_ZOOM,
    ),
]


@router.get("/points.json", summary="The point tiles' description", response_model_exclude_none=True)
async def tile_set(request: Request, context: Ctx, scope: CameraReader, layers: Layers = None) -> TileJson:
    """TileJSON 3.0, with the bounds of the asker's unit. Layers that are asked for stand in `tiles`."""
    del layers  # they are in the query, which goes into the address
    scheme = "https" if context.settings.cookie_secure else request.url.scheme
    query = f"?{request.url.query}" if request.url.query else ""
    address = f"{scheme}://{request.url.netloc}/api/v1/tiles/points/{{z}}/{{x}}/{{y}}.mvt{query}"
    async with context.database.begin() as connection:
        bounds = await overview.bounds(connection, scope)
    return TileJson(
        name="points",
        tiles=[address],
        vector_layers=_VECTOR_LAYERS,
        maxzoom=MAX_ZOOM,
        minzoom=0,
        bounds=bounds,
    )


@router.get(
    "/points/{z}/{x}/{y}.mvt",
    summary="Points in a tile",
    response_class=Response,
    responses=_TILE_ANSWER,
)
async def tile(  # noqa: PLR0913, PLR0917 - a tile has three coordinates
    context: Ctx,
    scope: CameraReader,
    z: Zoom,
    x: Column,
    y: Row,
    layers: Layers = None,
    if_none_match: Annotated[
        str | None, Header(alias="If-None-Match", max_length=1000, description="ETags that the asker has")
    ] = None,
) -> Response:
    """Below zoom 13 layer `point_cluster`: points counted by cells. From 13 on `point`.

    Without `layers` those that are visible until somebody hides them, each from its own `min_zoom` on.
    """
    statement = point_statement(
        Tile(z, x, y), layers, tree=(scope.tree_left, scope.tree_right), whole_city=scope.whole_city
    )

    async def draw() -> bytes:
        async with context.database.raw() as connection:
            body: bytes = await connection.fetchval(statement.sql, *statement.values)
            return body

    chosen = None if layers is None else tuple(sorted(set(layers)))
    key = ("points", z, x, y, chosen, scope.tree_left, scope.tree_right)
    body = await context.cache.get(key, draw, ttl_s=TILE_KEPT_S)
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": f"private, max-age={TILE_KEPT_S}",
        "Vary": "Cookie, Authorization",  # who asks decides what is drawn
    }
    given = (if_none_match or "").split(",")
    if tag in (each.strip().removeprefix("W/") for each in given):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=MEDIA_TYPE, headers=headers)
