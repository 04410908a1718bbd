"""OGC API Tiles: the map's vector tiles for clients that find their way by the standard."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response

from api.context import Ctx
from api.ogc import tiling
from api.ogc.parameters import require_known
from api.ogc.route import (
    CollectionId,
    LinkMaker,
    MapClientRoute,
    MapReader,
    collection_of,
    extent_within,
    json_answer,
)
from api.routes.tiles import CAMERA_CACHING
from base.errors import InvalidInputError, NotFoundError
from gis.tile_sets import MEDIA_TYPE, POINTS
from gis.tiles import Tile

router = APIRouter(prefix="/ogc", tags=["OGC API"], route_class=MapClientRoute)

NO_CONTENT = 204

MatrixSet = Annotated[str, Path(description="WebMercatorQuad", examples=["WebMercatorQuad"], max_length=40)]
Matrix = Annotated[int, Path(ge=0, le=30, description="zoom", examples=[10])]
TileRow = Annotated[int, Path(ge=0, lt=1 << 30, description="row, from the north", examples=[396])]
TileColumn = Annotated[int, Path(ge=0, lt=1 << 30, description="column, from the west", examples=[857])]


@router.get("/tileMatrixSets", summary="The tiling schemes", response_class=Response)
async def matrix_sets(request: Request, links: LinkMaker, _scope: MapReader) -> Response:
    """WebMercatorQuad alone."""
    require_known(request.query_params)
    return json_answer(tiling.matrix_sets_document(links))


@router.get("/tileMatrixSets/{matrix_set}", summary="One tiling scheme", response_class=Response)
async def matrix_set(request: Request, _scope: MapReader, matrix_set: MatrixSet) -> Response:
    """Its matrices, from zoom 0 on."""
    require_known(request.query_params)
    _require_mercator(matrix_set)
    return json_answer(tiling.matrix_set_document())


@router.get("/collections/{collection_id}/tiles", summary="A collection's tile sets", response_class=Response)
async def tilesets(
    request: Request, links: LinkMaker, _scope: MapReader, collection_id: CollectionId
) -> Response:
    """Vector tiles on WebMercatorQuad."""
    require_known(request.query_params)
    _require_tiles(collection_id)
    return json_answer(tiling.tilesets_document(collection_id, links))


@router.get(
    "/collections/{collection_id}/tiles/{matrix_set}", summary="One tile set", response_class=Response
)
async def tileset(  # noqa: PLR0913, PLR0917 - two are the address, the others who asks and where
    request: Request,
    context: Ctx,
    links: LinkMaker,
    scope: MapReader,
    collection_id: CollectionId,
    matrix_set: MatrixSet,
) -> Response:
    """Its layers, its bounds, and the template of its tiles' addresses."""
    require_known(request.query_params)
    _require_tiles(collection_id)
    _require_mercator(matrix_set)
    extent = await extent_within(context, scope, collection_of(collection_id))
    return json_answer(tiling.tileset_document(collection_id, extent, links))


@router.get(
    "/collections/{collection_id}/tiles/{matrix_set}/{matrix}/{row}/{column}",
    summary="A tile",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {}}}, 204: {"description": "Nothing lies there."}},
)
async def tile(  # noqa: PLR0913, PLR0917 - a tile's address has five parts
    request: Request,
    context: Ctx,
    scope: MapReader,
    collection_id: CollectionId,
    matrix_set: MatrixSet,
    matrix: Matrix,
    row: TileRow,
    column: TileColumn,
    if_none_match: Annotated[
        str | None, Header(alias="If-None-Match", max_length=1000, description="ETags that the asker has")
    ] = None,
) -> Response:
    """A Mapbox Vector Tile: the same as the console's, row before column as the standard has it."""
    require_known(request.query_params)
    _require_tiles(collection_id)
    _require_mercator(matrix_set)
    if matrix > tiling.TILED[collection_id].maxzoom:
        raise NotFoundError(f"The tiles end at zoom {tiling.TILED[collection_id].maxzoom}.")
    try:
        place = Tile(matrix, column, row)
    except InvalidInputError as err:
        raise NotFoundError(err.detail) from err
    draw = context.drawing.points if collection_id == POINTS.name else context.drawing.cameras
    drawn = await draw(place, scope)
    return drawn.answer(if_none_match, CAMERA_CACHING) if drawn.body else Response(status_code=NO_CONTENT)


def _require_tiles(collection_id: str) -> None:
    collection_of(collection_id)
    if collection_id not in tiling.TILED:
        raise NotFoundError(
            f"{collection_id} has no tiles.", remedy=f"There are those of {', '.join(tiling.TILED)}."
        )


def _require_mercator(matrix_set: str) -> None:
    if matrix_set != tiling.MATRIX_SET:
        raise NotFoundError("There is no such tiling scheme.", remedy=f"There is {tiling.MATRIX_SET}.")
