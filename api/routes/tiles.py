"""Vector tiles: cameras within the asker's scope, the offline base map, and what changed on the map."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response

from api.context import Authenticated, CameraReader, Context, Ctx
from api.cursor import MAX_ID
from api.filters import FilterQuery
from api.queries import overview
from api.schemas import TileJson, VectorLayer
from api.schemas_tiles import TileChanges
from base.errors import NotFoundError
from gis import tile_sets, tiles
from gis.tile_sets import MEDIA_TYPE, TileSet
from gis.tiles import Tile
from models.scope import Scope

router = APIRouter(prefix="/tiles", tags=["tiles"])

CAMERA_CACHING = "private, no-cache"
"""Kept by browsers, and asked for each time whether it is still right: that costs no drawing."""

BASE_CACHING = "private, max-age=600"

LONGEST_WAIT_S = 25

Zoom = Annotated[int, Path(ge=0, le=tiles.CAMERA_MAX_ZOOM, description="zoom", examples=[10])]
Column = Annotated[
    int, Path(ge=0, lt=1 << tiles.CAMERA_MAX_ZOOM, description="column, from the west", examples=[857])
]
Row = Annotated[
    int, Path(ge=0, lt=1 << tiles.CAMERA_MAX_ZOOM, description="row, from the north", examples=[396])
]
IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", max_length=1000, description="ETags of tiles that the asker has"),
]

TILE_ANSWER: dict[int | str, dict[str, object]] = {
    200: {
        "description": "A Mapbox Vector Tile 2.1; empty where there is nothing.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "The tile that `If-None-Match` names is still right."},
}


@router.get("/cameras.json", summary="The camera tiles' description", response_model_exclude_none=True)
async def camera_tile_set(
    request: Request, context: Ctx, scope: CameraReader, _chosen: FilterQuery
) -> TileJson:
    """TileJSON 3.0, with the bounds of the asker's unit. A filter that is asked for stands in `tiles`."""
    return await tile_json(request, context, scope, tile_sets.CAMERAS, query=request.url.query)


@router.get("/base.json", summary="The base map's description", response_model_exclude_none=True)
async def base_tile_set(request: Request, context: Ctx, asker: Authenticated) -> TileJson:
    """TileJSON 3.0."""
    return await tile_json(request, context, asker.scope, tile_sets.BASE)


@router.get(
    "/cameras/{z}/{x}/{y}.mvt",
    summary="Cameras in a tile",
    response_class=Response,
    responses=TILE_ANSWER,
)
async def camera_tile(  # noqa: PLR0913, PLR0917 - a tile has three coordinates
    context: Ctx,
    scope: CameraReader,
    chosen: FilterQuery,
    z: Zoom,
    x: Column,
    y: Row,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Below zoom 13 layer `cluster`: cameras counted by cells and state. From 13 on `camera`: one by one.

    Each camera is in exactly one tile of a zoom. Those whose place is unknown are in none; `/counts` says
    how many there are.
    """
    drawn = await context.drawing.cameras(Tile(z, x, y), scope, chosen)
    return drawn.answer(if_none_match, CAMERA_CACHING)


@router.get("/base/{z}/{x}/{y}.mvt", summary="The base map", response_class=Response, responses=TILE_ANSWER)
async def base_tile(
    context: Ctx, _asker: Authenticated, z: Zoom, x: Column, y: Row, if_none_match: IfNoneMatch = None
) -> Response:
    """Districts, townships, roads and names, from what the city itself has: nothing is fetched elsewhere."""
    if z > tiles.BASE_MAX_ZOOM:
        raise NotFoundError(f"The base map ends at zoom {tiles.BASE_MAX_ZOOM}.")
    return (await context.drawing.base(Tile(z, x, y))).answer(if_none_match, BASE_CACHING)


@router.get("/changes", summary="Which camera tiles changed")
async def tile_changes(
    context: Ctx,
    scope: CameraReader,
    since: Annotated[
        int | None,
        Query(
            ge=0, le=MAX_ID, description="`version` of the answer before; none: begin now", examples=[4711]
        ),
    ] = None,
    wait: Annotated[
        float, Query(ge=0, le=LONGEST_WAIT_S, description="seconds to wait for a change", examples=[20])
    ] = 0,
) -> TileChanges:
    """Parts of the map where cameras within the asker's scope changed, gathered for some seconds.

    A map on show asks again and again, each time with the `version` of the answer before, and fetches the
    tiles that touch one of `tiles` anew. `all` says that every tile may have changed.
    """
    with context.tile_waits.place(scope.account_id):
        found = await context.tile_watch.changes(since, scope, wait_s=wait)
    return TileChanges.of(found)


async def tile_json(
    request: Request, context: Context, scope: Scope, described: TileSet, *, query: str = ""
) -> TileJson:
    """TileJSON 3.0 of a tile set, with the bounds of the asker's unit."""
    scheme = "https" if context.settings.cookie_secure else request.url.scheme
    address = f"{scheme}://{request.url.netloc}/api/v1/tiles/{described.name}/{{z}}/{{x}}/{{y}}.mvt"
    async with context.database.begin() as connection:
        bounds = await overview.bounds(connection, scope)
    return TileJson(
        name=described.name,
        tiles=[f"{address}?{query}" if query else address],
        vector_layers=[
            VectorLayer(id=each.id, fields=dict(each.fields), minzoom=each.minzoom, maxzoom=each.maxzoom)
            for each in described.layers
        ],
        maxzoom=described.maxzoom,
        minzoom=0,
        bounds=bounds,
    )
