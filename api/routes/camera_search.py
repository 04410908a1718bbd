"""Questions about many cameras: searches, counts, the nearest, those along a road, those that see a place."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from fastapi import APIRouter, Body, Path, Query

from api.context import CameraReader, Context, Ctx
from api.cursor import MAX_ID
from api.filter_parts import line_of
from api.filters import (
    ROADSIDE_M,
    AlongLine,
    FilterQuery,
    Latitude,
    Longitude,
    Metres,
)
from api.queries import camera_places, facets
from api.queries.camera_places import Road
from api.queries.camera_rows import driver_of, read_summaries
from api.queries.camera_search import Wanted, listed, search_cameras
from api.schemas import CameraSummary, Line, Page
from api.schemas_search import (
    EVERY_FACET,
    AlongBody,
    CameraAlong,
    CamerasAlong,
    FacetCounts,
    FacetName,
    FacetsBody,
    NearCamera,
    NearCameras,
    SearchBody,
    SeeingCamera,
    SeeingCameras,
    ViewFeature,
)
from camera_registry.selection import CameraFilter
from models.scope import Scope

if TYPE_CHECKING:
    import asyncpg

router = APIRouter(prefix="/cameras", tags=["cameras"])

Driver: TypeAlias = "asyncpg.Connection[Any]"

MOST_NEAR = 500
MOST_ALONG = 1_000

AtLongitude = Annotated[Longitude, Query(description="WGS-84 degrees", examples=[121.4068])]
AtLatitude = Annotated[Latitude, Query(description="WGS-84 degrees", examples=[37.523])]
Exact = Annotated[bool, Query(description="neither pinyin nor typing errors", examples=[False])]
Most = Annotated[int, Query(ge=1, le=MOST_NEAR, description="most cameras in the answer", examples=[50])]


@router.post("/search", summary="Search cameras")
async def search(
    context: Ctx, scope: CameraReader, body: Annotated[SearchBody, Body()]
) -> Page[CameraSummary]:
    """As `GET /cameras`, with a filter that may hold a lasso. Nothing is written."""
    wanted = Wanted(listed(body.cameras.filter()), body.cursor, body.limit, body.exact)
    async with context.database.begin() as connection:
        driver = await driver_of(connection)
        return await search_cameras(driver, scope, await context.search.vocabulary(driver), wanted)


@router.get("/facets", summary="Count cameras by their facets")
async def count(
    context: Ctx,
    scope: CameraReader,
    wanted: FilterQuery,
    facet: Annotated[
        list[FacetName] | None, Query(description="which; all of them if none", examples=[["unit", "state"]])
    ] = None,
    exact: Exact = False,
) -> FacetCounts:
    """Exact counts of the cameras that the filter lets through, by each facet, and how many they are."""
    return await _count(context, scope, wanted, facet or EVERY_FACET, exact=exact)


@router.post("/facets", summary="Count cameras by their facets, with a long filter")
async def count_long(context: Ctx, scope: CameraReader, body: Annotated[FacetsBody, Body()]) -> FacetCounts:
    """As `GET /cameras/facets`, with a filter that may hold a lasso. Nothing is written."""
    return await _count(context, scope, body.cameras.filter(), body.facets, exact=body.exact)


async def _count(
    context: Context,
    scope: Scope,
    wanted: CameraFilter,
    names: Sequence[FacetName],
    *,
    exact: bool,
) -> FacetCounts:
    async with context.database.begin() as connection:
        driver = await driver_of(connection)
        vocabulary = await context.search.vocabulary(driver)
        return await facets.count(driver, scope, vocabulary, listed(wanted), names, exact=exact)


@router.get("/nearest", summary="The nearest cameras to a place")
async def nearest(  # noqa: PLR0913, PLR0917 - a place, how far, how many, and which
    context: Ctx,
    scope: CameraReader,
    wanted: FilterQuery,
    longitude: AtLongitude,
    latitude: AtLatitude,
    within_m: Annotated[
        Metres | None, Query(description="nothing farther away, true metres", examples=[500])
    ] = None,
    limit: Most = 20,
) -> NearCameras:
    """Exact by distance on the ellipsoid, each with its bearing from the place."""
    async with context.database.begin() as connection:
        driver = await driver_of(connection)
        found = await camera_places.nearest(
            driver, scope, listed(wanted), (longitude, latitude), limit=limit, within_m=within_m
        )
        cameras = await _cameras(driver, scope, [one.camera_id for one in found])
    return NearCameras(
        items=[
            NearCamera(distance_m=one.metres, bearing_deg=one.bearing_deg, camera=cameras[one.camera_id])
            for one in found
            if one.camera_id in cameras
        ]
    )


@router.get("/along", summary="Cameras along a road")
async def along_road(  # noqa: PLR0913, PLR0917 - the road, how far, how many, and which
    context: Ctx,
    scope: CameraReader,
    wanted: FilterQuery,
    name: Annotated[list[Line] | None, Query(description="names of roads", examples=[["红旗路"]])] = None,
    road_id: Annotated[
        list[Annotated[int, Path(ge=1, le=2**31 - 1)]] | None,
        Query(description="numbers of roads", examples=[[17]]),
    ] = None,
    within_m: Annotated[
        Metres, Query(description="how far beside it, true metres", examples=[50])
    ] = ROADSIDE_M,
    limit: Annotated[int, Query(ge=1, le=MOST_ALONG, description="most cameras", examples=[200])] = 200,
) -> CamerasAlong:
    """In the order in which one passes them, with metres from the road's beginning, and the side."""
    async with context.database.begin() as connection:
        driver = await driver_of(connection)
        roads = await camera_places.roads_named(driver, name or [], road_id or [])
        return await _along(driver, scope, listed(wanted), roads, within_m, limit)


@router.post("/along", summary="Cameras along a line")
async def along_line(
    context: Ctx,
    scope: CameraReader,
    body: Annotated[AlongBody, Body()],
    limit: Annotated[int, Query(ge=1, le=MOST_ALONG, description="most cameras", examples=[200])] = 200,
) -> CamerasAlong:
    """As `GET /cameras/along`, for a line that somebody drew. Nothing is written."""
    asked: AlongLine = body.along
    roads = camera_places.roads_drawn(line_of(asked.line)) if asked.line else []
    async with context.database.begin() as connection:
        driver = await driver_of(connection)
        if asked.roads or asked.road_ids:
            roads += await camera_places.roads_named(driver, asked.roads, asked.road_ids)
        return await _along(driver, scope, listed(body.cameras.filter()), roads, asked.metres, limit)


async def _along(  # noqa: PLR0913, PLR0917 - the lines, how far, how many, and which
    driver: Driver, scope: Scope, wanted: CameraFilter, roads: list[Road], within_m: float, limit: int
) -> CamerasAlong:
    found = await camera_places.along(driver, scope, wanted, roads, within_m)
    cameras = await _cameras(driver, scope, [camera_id for camera_id, _ in found[:limit]])
    items = [
        CameraAlong(
            road=roads[station.line].name,
            road_id=roads[station.line].id,
            line=station.line,
            chainage_m=station.chainage_m,
            offset_m=station.offset_m,
            side=station.side,
            camera=cameras[camera_id],
        )
        for camera_id, station in found[:limit]
        if camera_id in cameras
    ]
    return CamerasAlong(cameras=len(found), items=items)


@router.get("/seeing", summary="Cameras that see a place")
async def seeing(  # noqa: PLR0913, PLR0917 - a place, how many, and which
    context: Ctx,
    scope: CameraReader,
    wanted: FilterQuery,
    longitude: AtLongitude,
    latitude: AtLatitude,
    limit: Most = 20,
) -> SeeingCameras:
    """The best first: those in whose field it lies, those that can be turned to it, those that may see it.

    The ground is taken as open: a house in between is not known.
    """
    async with context.database.begin() as connection:
        driver = await driver_of(connection)
        found = await camera_places.seeing(driver, scope, listed(wanted), longitude, latitude)
        cameras = await _cameras(driver, scope, [camera_id for camera_id, _ in found[:limit]])
    items = [
        SeeingCamera(
            sight=answer.sight.value,
            probability=answer.probability,
            distance_m=answer.distance_m,
            bearing_deg=answer.bearing_deg,
            off_axis_deg=answer.off_axis_deg,
            camera=cameras[camera_id],
        )
        for camera_id, answer in found[:limit]
        if camera_id in cameras
    ]
    return SeeingCameras(cameras=len(found), items=items)


@router.get("/{camera_id}/view", summary="The ground that a camera sees")
async def view(
    context: Ctx, scope: CameraReader, camera_id: Annotated[int, Path(ge=1, le=MAX_ID, examples=[17])]
) -> ViewFeature:
    """A sector, or a circle where it looks or can be turned all around, or nobody knows its heading."""
    async with context.database.begin() as connection:
        driver = await driver_of(connection)
        return camera_places.view_feature(
            camera_id, await camera_places.mounted_camera(driver, scope, camera_id)
        )


async def _cameras(driver: Driver, scope: Scope, ids: list[int]) -> dict[int, CameraSummary]:
    return {summary.id: summary for summary in await read_summaries(driver, scope, ids)}
