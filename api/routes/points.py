"""Points of interest: layers and their style, lists, one record, what is near, editing."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from api.camera_edit import etag
from api.context import Authenticated, CameraEditor, CameraReader, Ctx, Cursor, Limit
from api.cursor import MAX_ID
from api.errors import PreconditionRequiredError
from api.idempotency import Write, once
from api.point_edit import add_point, delete_point, edit_layer, edit_point, order_layers
from api.queries.points import (
    PointFilter,
    describe_near,
    layers_tag,
    list_layers,
    list_points,
    origin_of,
    read_point,
)
from api.routes.cameras import IfMatch, Key
from api.schemas import MAX_LATITUDE, Box, Line, Page
from api.schemas_points import (
    LayerCode,
    LayerEdit,
    LayerOrder,
    NearPoints,
    Origin,
    PointEdit,
    PointLayer,
    PointNew,
    PointRecord,
    PointSummary,
)
from base.errors import InvalidInputError
from gis.nearest import nearest_points

router = APIRouter(tags=["points"])

MOST_NEAR = 100
MOST_M = 100_000.0

PointId = Annotated[int, Path(ge=1, le=MAX_ID, description="its number", examples=[4711])]
LayerPath = Annotated[LayerCode, Path(description="a layer's code", examples=["manhole"])]
Layers = Annotated[
    list[LayerCode] | None,
    Query(max_length=200, description="codes of layers", examples=[["hospital", "fire-station"]]),
]


@router.get("/point-layers", summary="The professional map layers")
async def point_layers(context: Ctx, _asker: Authenticated, response: Response) -> list[PointLayer]:
    """The table of layers, in drawing order. The `ETag` is the whole table's, for putting it in order."""
    async with context.database.begin() as connection:
        layers = await list_layers(connection)
    response.headers["ETag"] = layers_tag(layers)
    return layers


@router.put("/point-layers/order", summary="Put the layers in order", response_model=list[PointLayer])
async def order(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: CameraEditor,
    wanted: Annotated[LayerOrder, Body()],
    if_match: IfMatch = None,
    key: Key = None,
) -> Response:
    """All layers at once, the one that is drawn lowest first. `If-Match` carries the table's `ETag`."""
    match = _required(if_match)
    write = await _write_of(request, asker.scope.account_id, key, match)
    async with context.database.begin() as connection:

        async def work() -> Response:
            await order_layers(connection, asker, wanted, match)
            layers = await list_layers(connection)
            content = [layer.model_dump(mode="json") for layer in layers]
            return JSONResponse(content, headers={"ETag": layers_tag(layers)})

        return await once(connection, context.clock, write, work)


@router.patch("/point-layers/{code}", summary="Edit a layer's names and style", response_model=PointLayer)
async def style(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: CameraEditor,
    code: LayerPath,
    change: Annotated[LayerEdit, Body()],
    if_match: IfMatch = None,
    key: Key = None,
) -> Response:
    """Change what the body names. `If-Match` carries the layer's version, as `"3"`."""
    match = _required(if_match)
    write = await _write_of(request, asker.scope.account_id, key, match)
    async with context.database.begin() as connection:

        async def work() -> Response:
            await edit_layer(connection, asker, code, change, match)
            layer = next(each for each in await list_layers(connection) if each.code == code)
            return JSONResponse(layer.model_dump(mode="json"), headers={"ETag": etag(layer.version)})

        return await once(connection, context.clock, write, work)


@router.get("/points", summary="List points")
async def points(  # noqa: PLR0913, PLR0917 - each is one filter of the query string
    context: Ctx,
    scope: CameraReader,
    layer: Layers = None,
    unit: Annotated[Line | None, Query(description="a unit's code; its subtree", examples=["YT-ZF"])] = None,
    bbox: Annotated[
        str | None,
        Query(
            max_length=120, description="west,south,east,north in degrees", examples=["121.3,37.4,121.5,37.6"]
        ),
    ] = None,
    q: Annotated[
        Line | None,
        Query(max_length=64, description="of name, address or code", examples=["医院"]),
    ] = None,
    gone: Annotated[
        bool | None, Query(description="whether their list ceased to have them", examples=[False])
    ] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PointSummary]:
    """Points within the asker's scope, by id."""
    box = Box.parse(bbox) if bbox is not None else None
    wanted = PointFilter(layers=tuple(layer or ()), unit=unit, box=box, words=q, gone=gone)
    async with context.database.begin() as connection:
        return await list_points(connection, scope, wanted, after=cursor, limit=limit)


@router.get("/points/nearest", summary="The nearest points")
async def nearest(  # noqa: PLR0913, PLR0917 - each is one part of the question
    context: Ctx,
    scope: CameraReader,
    camera: Annotated[int | None, Query(ge=1, le=MAX_ID, description="to a camera", examples=[17])] = None,
    incident: Annotated[int | None, Query(ge=1, le=MAX_ID, description="to an event", examples=[386])] = None,
    longitude: Annotated[
        float | None, Query(ge=-180, le=180, description="to a place, WGS-84", examples=[121.4068])
    ] = None,
    latitude: Annotated[
        float | None,
        Query(ge=-MAX_LATITUDE, le=MAX_LATITUDE, description="with longitude", examples=[37.523]),
    ] = None,
    layers: Layers = None,
    limit: Annotated[int, Query(ge=1, le=MOST_NEAR, description="how many", examples=[10])] = 10,
    within_m: Annotated[
        float, Query(gt=0, le=MOST_M, description="nothing further away, metres", examples=[2000])
    ] = 5000.0,
) -> NearPoints:
    """Nearest first, to exactly one of a camera, an event, or a place; distances are exact.

    Points outside the asker's scope are not told; a camera or event outside of it does not exist.
    """
    asked = (camera is not None, incident is not None, longitude is not None or latitude is not None)
    if sum(asked) != 1 or (longitude is None) != (latitude is None):
        raise InvalidInputError(
            "Name one of: camera, incident, or longitude with latitude.",
            remedy="Such as ?camera=17 or ?longitude=121.4068&latitude=37.523.",
        )
    async with context.database.begin() as connection:
        if longitude is not None and latitude is not None:
            origin = Origin(longitude=longitude, latitude=latitude)
        else:
            origin = await origin_of(connection, scope, camera_id=camera, incident_id=incident)
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        found = await nearest_points(
            driver,
            *(origin.longitude, origin.latitude),
            layers=layers,
            limit=limit,
            within_m=within_m,
            tree=(scope.tree_left, scope.tree_right),
            whole_city=scope.whole_city,
        )
        return NearPoints(origin=origin, items=await describe_near(connection, found))


@router.post("/points", summary="Enter a point", status_code=201, response_model=PointRecord)
async def add(
    request: Request, context: Ctx, asker: CameraEditor, new: Annotated[PointNew, Body()], key: Key = None
) -> Response:
    """A point that no list has. Its place assigns the unit whose ground it is."""
    write = await _write_of(request, asker.scope.account_id, key, "")
    async with context.database.begin() as connection:

        async def work() -> Response:
            point_id = await add_point(connection, context.clock, asker, new)
            found = await read_point(connection, asker.scope, point_id)
            headers = {"ETag": etag(found.version), "Location": f"/api/v1/points/{point_id}"}
            return JSONResponse(found.model_dump(mode="json"), 201, headers=headers)

        return await once(connection, context.clock, write, work)


@router.get("/points/{point_id}", summary="One point's record")
async def point(context: Ctx, scope: CameraReader, point_id: PointId, response: Response) -> PointRecord:
    """Everything that is held of it. The `ETag` names the version, for editing."""
    async with context.database.begin() as connection:
        found = await read_point(connection, scope, point_id)
    response.headers["ETag"] = etag(found.version)
    return found


@router.patch("/points/{point_id}", summary="Edit a point", response_model=PointRecord)
async def edit(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: CameraEditor,
    point_id: PointId,
    change: Annotated[PointEdit, Body()],
    if_match: IfMatch = None,
    key: Key = None,
) -> Response:
    """Change what the body names. A new place assigns the unit whose ground it is.

    `If-Match` carries the `ETag` that was read: 412 tells who edited in between, 428 that it is missing.
    """
    match = _required(if_match)
    write = await _write_of(request, asker.scope.account_id, key, match)
    async with context.database.begin() as connection:

        async def work() -> Response:
            await edit_point(connection, context.clock, asker, point_id, change, match)
            found = await read_point(connection, asker.scope, point_id)
            return JSONResponse(found.model_dump(mode="json"), headers={"ETag": etag(found.version)})

        return await once(connection, context.clock, write, work)


@router.delete("/points/{point_id}", summary="Delete a point", status_code=204)
async def remove(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: CameraEditor,
    point_id: PointId,
    if_match: IfMatch = None,
    key: Key = None,
) -> Response:
    """It is gone at once; the audit record keeps what it was."""
    match = _required(if_match)
    write = await _write_of(request, asker.scope.account_id, key, match)
    async with context.database.begin() as connection:

        async def work() -> Response:
            await delete_point(connection, asker, point_id, match)
            return Response(status_code=204)

        return await once(connection, context.clock, write, work)


def _required(if_match: str | None) -> str:
    if if_match is None:
        raise PreconditionRequiredError(
            "An edit says which version it is meant for.", remedy="Send the ETag you read as If-Match."
        )
    return if_match


async def _write_of(request: Request, account_id: int, key: str | None, if_match: str) -> Write:
    parts = (request.method.encode(), request.url.path.encode(), if_match.encode(), await request.body())
    return Write.of(account_id, key, *parts)
