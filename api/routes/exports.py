"""Exports: any filtered set of cameras or points as a file."""

from dataclasses import replace
from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Body, Depends, Path, Query, Response
from pydantic import Field

from api.audit import record
from api.context import Authenticated, Context, Ctx
from api.file_names import attachment
from api.filters import CameraFilterBody, FilterQuery, area_of
from api.schemas import Box, Line, Sent
from api.sessions import Asker
from api.spool import ExportResponse
from camera_registry.exporting import (
    Crs,
    Encoding,
    ExportRequest,
    Form,
    Language,
    PointFilter,
    columns_of,
)
from camera_registry.exporting.request import MEDIA_TYPES
from camera_registry.importing import Kind
from models.scope import Permission

router = APIRouter(prefix="/exports", tags=["exports"])

MAX_FIELDS = 100
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, sent while it is made.",
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in MEDIA_TYPES.values()
        },
    }
}


class ExportOptions(Sent):
    """How a file is to be written."""

    fields: list[Line] = Field(
        default=[],
        max_length=MAX_FIELDS,
        examples=[["code", "name", "longitude", "latitude"]],
        description="columns, in order; none is all that the asker may see",
    )
    crs: Crs = Field(
        default=Crs.DECLARED,
        examples=["wgs84"],
        description="of the columns longitude and latitude; geometries are WGS-84",
    )
    lang: Language | None = Field(
        default=None, examples=["zh"], description="of the headers; else zh in tables, en in map files"
    )
    encoding: Encoding = Field(default=Encoding.UTF_8_BOM, examples=["gb18030"], description="of CSV")


def _options(
    fields: Annotated[
        str | None,
        Query(
            pattern=rf"^[^,]{{1,40}}(,[^,]{{1,40}}){{0,{MAX_FIELDS - 1}}}$",
            description="columns, in order, separated by commas; none is all that the asker may see",
            examples=["code,name,longitude,latitude"],
        ),
    ] = None,
    crs: Annotated[
        Crs,
        Query(description="of the columns longitude and latitude; geometries are WGS-84", examples=["wgs84"]),
    ] = Crs.DECLARED,
    lang: Annotated[
        Language | None,
        Query(description="of the headers; else zh in tables, en in map files", examples=["zh"]),
    ] = None,
    encoding: Annotated[Encoding, Query(description="of CSV", examples=["gb18030"])] = Encoding.UTF_8_BOM,
) -> ExportOptions:
    names = [name.strip() for name in fields.split(",")] if fields else []
    return ExportOptions(fields=names, crs=crs, lang=lang, encoding=encoding)


Options = Annotated[ExportOptions, Depends(_options)]
FormInPath = Annotated[Form, Path(description="of the file", examples=["xlsx"])]


def _points(
    layer: Annotated[list[Line] | None, Query(description="codes of layers", examples=[["hospital"]])] = None,
    unit: Annotated[list[Line] | None, Query(description="codes of units", examples=[["370602"]])] = None,
    bbox: Annotated[
        str | None,
        Query(
            max_length=120, description="west,south,east,north in degrees", examples=["121.3,37.4,121.5,37.6"]
        ),
    ] = None,
    q: Annotated[Line | None, Query(max_length=64, examples=["医院"])] = None,
) -> PointFilter:
    box = Box.parse(bbox) if bbox is not None else None
    area = shapely.box(box.west, box.south, box.east, box.north) if box else None
    return PointFilter(tuple(layer or ()), tuple(unit or ()), area, q)


class CameraExport(Sent):
    """Which cameras, and how."""

    filter: CameraFilterBody = CameraFilterBody()
    options: ExportOptions = ExportOptions()


class PointFilterBody(Sent):
    """Which points are meant; what is left out lets all through, and all parts must hold."""

    layers: list[Line] = Field(default=[], max_length=100, examples=[["hospital"]], description="codes")
    units: list[Line] = Field(default=[], max_length=200, examples=[["370602"]], description="their subtrees")
    area: dict[str, Any] | None = Field(
        default=None,
        description="a GeoJSON Polygon or MultiPolygon, WGS-84",
        examples=[
            {"type": "Polygon", "coordinates": [[[121.3, 37.4], [121.5, 37.4], [121.5, 37.6], [121.3, 37.4]]]}
        ],
    )
    q: Line | None = Field(default=None, max_length=64, examples=["医院"])

    def filter(self) -> PointFilter:
        """In the catalogue's terms.

        Raises:
            InvalidInputError: The area is none.
        """
        area = None if self.area is None else area_of(self.area)
        return PointFilter(tuple(self.layers), tuple(self.units), area, self.q)


class PointExport(Sent):
    """Which points, and how."""

    filter: PointFilterBody = PointFilterBody()
    options: ExportOptions = ExportOptions()


@router.get("/cameras.{form}", summary="Export cameras", response_class=Response, responses=_FILES)
async def cameras(
    context: Ctx, asker: Authenticated, form: FormInPath, wanted: FilterQuery, options: Options
) -> Response:
    """The filter of the camera list. What is exported can be imported again, and changes nothing."""
    return _answer(context, asker, ExportRequest(form, asker.scope, cameras=wanted), options)


@router.post(
    "/cameras.{form}", summary="Export cameras of a lasso", response_class=Response, responses=_FILES
)
async def cameras_within(
    context: Ctx, asker: Authenticated, form: FormInPath, wanted: Annotated[CameraExport, Body()]
) -> Response:
    """As the other way, for filters that no address can hold: a polygon, a long list. It changes nothing."""
    request = ExportRequest(form, asker.scope, cameras=wanted.filter.filter())
    return _answer(context, asker, request, wanted.options)


@router.get("/points.{form}", summary="Export points", response_class=Response, responses=_FILES)
async def points(
    context: Ctx,
    asker: Authenticated,
    form: FormInPath,
    wanted: Annotated[PointFilter, Depends(_points)],
    options: Options,
) -> Response:
    """Points of interest of any layers. What is exported can be imported again, and changes nothing."""
    request = ExportRequest(form, asker.scope, Kind.POINTS, points=wanted)
    return _answer(context, asker, request, options)


@router.post("/points.{form}", summary="Export points of a lasso", response_class=Response, responses=_FILES)
async def points_within(
    context: Ctx, asker: Authenticated, form: FormInPath, wanted: Annotated[PointExport, Body()]
) -> Response:
    """As the other way, for filters that no address can hold. It changes nothing."""
    request = ExportRequest(form, asker.scope, Kind.POINTS, points=wanted.filter.filter())
    return _answer(context, asker, request, wanted.options)


def _answer(context: Context, asker: Asker, request: ExportRequest, options: ExportOptions) -> Response:
    asker.scope.require(Permission.READ_CAMERAS)
    spoken = Language.ENGLISH if request.form.for_maps else Language.CHINESE
    request = replace(
        request,
        fields=tuple(options.fields),
        crs=options.crs,
        language=options.lang or spoken,
        encoding=options.encoding,
    )
    columns_of(request)  # what cannot be exported is told now

    async def note(count: int) -> None:
        detail = {
            "form": request.form.value,
            "filter": request.told(),
            "fields": list(request.fields),
            "rows": count,
        }
        async with context.database.begin() as connection:
            await record(connection, asker.deed("export", request.kind.value, detail))

    moment = context.clock.now().strftime("%Y%m%d-%H%M%S")
    name = attachment(f"{request.kind.value}-{moment}.{request.form.value}")
    return ExportResponse(context, request, note, name)
