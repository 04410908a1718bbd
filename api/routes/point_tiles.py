"""Vector tiles of points of interest, by layer."""

from fastapi import APIRouter, Request, Response

from api.context import CameraReader, Ctx
from api.routes.points import Layers
from api.routes.tiles import TILE_ANSWER, Column, IfNoneMatch, Row, Zoom, tile_json
from api.schemas import TileJson
from gis import tile_sets
from gis.tiles import Tile

router = APIRouter(prefix="/tiles", tags=["tiles"])

POINT_CACHING = "private, max-age=30"


@router.get("/points.json", summary="The point tiles' description", response_model_exclude_none=True)
async def tile_set(request: Request, context: Ctx, scope: CameraReader, layers: Layers = None) -> TileJson:
    """TileJSON 3.0, with the bounds of the asker's unit. Layers that are asked for stand in `tiles`."""
    del layers  # they are in the query, which goes into the address
    return await tile_json(request, context, scope, tile_sets.POINTS, query=request.url.query)


@router.get(
    "/points/{z}/{x}/{y}.mvt",
    summary="Points in a tile",
    response_class=Response,
    responses=TILE_ANSWER,
)
async def tile(  # noqa: PLR0913, PLR0917 - a tile has three coordinates
    context: Ctx,
    scope: CameraReader,
    z: Zoom,
    x: Column,
    y: Row,
    layers: Layers = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Below zoom 13 layer `point_cluster`: points counted by cells. From 13 on `point`.

    Without `layers` those that are visible until somebody hides them, each from its own `min_zoom` on.
    """
    return (await context.drawing.points(Tile(z, x, y), scope, layers)).answer(if_none_match, POINT_CACHING)
