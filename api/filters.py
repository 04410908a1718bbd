"""Which cameras a request means: the same filter in a query string and in a body."""

from typing import Annotated, Any, Literal, Self

import shapely
from fastapi import Depends, Query
from pydantic import Field, model_validator

from api.cursor import MAX_ID
from api.filter_parts import MAX_METRES, MAX_VERTICES, area_of, line_of, numbers_of
from api.schemas import STATE_NAMES, Box, Line, Sent, StateName
from camera_registry.selection import Along, CameraFilter, Near, NearPoints, SeenPlace

__all__ = ["MAX_LISTED", "MAX_VERTICES", "CameraFilterBody", "FilterQuery", "area_of", "filter_of_query"]

STATES = {name: state for state, name in STATE_NAMES.items()}

MAX_LISTED = 50_000
"""Cameras that one request may name one by one."""

ROADSIDE_M = 50.0
"""How far beside a road its cameras are looked for, unless somebody says: the widest is 60 m across."""

Words = Annotated[Line, Field(max_length=64)]
Protocol = Literal["rtsp", "onvif", "gb28181", "http", "vendor"]
PtzType = Annotated[int, Field(ge=1, le=7)]
RoomType = Annotated[int, Field(ge=1, le=2)]
Direction = Annotated[int, Field(ge=1, le=8)]
Sensitivity = Annotated[int, Field(ge=0, le=3)]
Metres = Annotated[float, Field(ge=0, le=MAX_METRES, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Score = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class NearPlace(Sent):
    """Around a place."""

    longitude: Longitude = Field(examples=[121.4068], description="WGS-84")
    latitude: Latitude = Field(examples=[37.523])
    metres: Metres = Field(examples=[300], description="true metres")


class PlaceSeen(Sent):
    """A place that is to be seen."""

    longitude: Longitude = Field(examples=[121.4068], description="WGS-84")
    latitude: Latitude = Field(examples=[37.523])


class AlongLine(Sent):
    """Beside a line, or beside roads of these names or numbers; at least one is given."""

    line: dict[str, Any] | None = Field(
        default=None,
        description="a GeoJSON LineString or MultiLineString, WGS-84",
        examples=[{"type": "LineString", "coordinates": [[121.3, 37.5], [121.4, 37.52]]}],
    )
    roads: list[Line] = Field(default=[], max_length=50, examples=[["红旗路"]], description="names of roads")
    road_ids: list[Annotated[int, Field(ge=1, le=2**31 - 1)]] = Field(
        default=[], max_length=50, examples=[[17]]
    )
    metres: Metres = Field(default=ROADSIDE_M, examples=[50], description="true metres to either side")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.line is None and not self.roads and not self.road_ids:
            raise ValueError("a line or a road is needed")
        return self


class PointsNear(Sent):
    """Around points of interest."""

    layers: list[Line] = Field(
        min_length=1, max_length=38, examples=[["school"]], description="codes of layers"
    )
    metres: Metres = Field(examples=[100], description="true metres")


class CameraFilterBody(Sent):
    """Which cameras are meant; what is left out lets all through, and all parts must hold."""

    units: list[Line] = Field(default=[], max_length=200, examples=[["370602"]], description="their subtrees")
    scenes: list[Line] = Field(default=[], max_length=100, examples=[["snow-point"]])
    classified: bool | None = Field(default=None, examples=[False])
    states: list[StateName] = Field(default=[], max_length=4, examples=[["offline"]])
    owners: list[Line] = Field(default=[], max_length=200, examples=[["公安局"]])
    manufacturers: list[Line] = Field(default=[], max_length=200, examples=[["海康威视"]])
    models: list[Line] = Field(default=[], max_length=200, examples=[["DS-2CD3T45"]])
    sources: list[Line] = Field(default=[], max_length=200, examples=[["police-2026"]])
    ptz_types: list[PtzType] = Field(
        default=[], max_length=7, examples=[[1]], description="GB/T 28181 PTZType"
    )
    room_types: list[RoomType] = Field(
        default=[], max_length=2, examples=[[1]], description="1 outdoor, 2 indoor"
    )
    directions: list[Direction] = Field(
        default=[], max_length=8, examples=[[3]], description="GB/T 28181 DirectionType: 1 E, 2 W, 3 S, 4 N …"
    )
    protocols: list[Protocol] = Field(default=[], max_length=5, examples=[["rtsp"]])
    sensitivities: list[Sensitivity] = Field(default=[], max_length=4, examples=[[0, 1]])
    simulated: bool | None = Field(default=None, examples=[False])
    has_stream: bool | None = Field(default=None, examples=[True])
    has_place: bool | None = Field(default=None, examples=[True])
    gone: bool | None = Field(
        default=None, examples=[False], description="their source ceased to list them, or they were retired"
    )
    ids: list[Annotated[int, Field(ge=1, le=MAX_ID)]] | None = Field(
        default=None, max_length=MAX_LISTED, examples=[[17, 18]]
    )
    codes: list[Line] | None = Field(
        default=None, max_length=MAX_LISTED, examples=[["37060200081326000001"]], description="device ids"
    )
    area: dict[str, Any] | None = Field(
        default=None,
        description="a GeoJSON Polygon or MultiPolygon, WGS-84",
        examples=[
            {"type": "Polygon", "coordinates": [[[121.3, 37.4], [121.5, 37.4], [121.5, 37.6], [121.3, 37.4]]]}
        ],
    )
    near: NearPlace | None = None
    along: AlongLine | None = None
    near_points: PointsNear | None = None
    sees: PlaceSeen | None = Field(default=None, description="they see it, or can be turned to it")
    faults: list[Line] = Field(
        default=[], max_length=100, examples=[["no-place"]], description="codes of rules that found a fault"
    )
    faulty: bool | None = Field(default=None, examples=[True], description="whether any fault is open")
    score: tuple[Score, Score] | None = Field(
        default=None, examples=[[0, 60]], description="least and greatest score of the record"
    )
    q: Words | None = Field(
        default=None,
        examples=["红旗"],
        description="words that stand in the name, address, owner or device id, as they are written",
    )

    def filter(self) -> CameraFilter:
        """In the catalogue's terms.

        Raises:
            InvalidInputError: The area is none, or the line.
        """
        listed: tuple[str, ...] = (
            "units",
            "scenes",
            "owners",
            "manufacturers",
            "models",
            "sources",
            "ptz_types",
            "room_types",
        )
        listed += ("directions", "protocols", "sensitivities", "faults", "ids", "codes")
        values = {name: getattr(self, name) for name in listed}
        parts: dict[str, Any] = {
            name: None if value is None else tuple(value) for name, value in values.items()
        }
        same = ("classified", "simulated", "has_stream", "has_place", "gone", "faulty", "score")
        parts |= {name: getattr(self, name) for name in same}
        near, seen, points = self.near, self.sees, self.near_points
        return CameraFilter(
            **parts,
            states=tuple(STATES[state] for state in self.states),
            area=None if self.area is None else area_of(self.area),
            near=Near(near.longitude, near.latitude, near.metres) if near else None,
            along=_along(self.along) if self.along else None,
            near_points=NearPoints(tuple(points.layers), points.metres) if points else None,
            sees=SeenPlace(seen.longitude, seen.latitude) if seen else None,
            words=self.q,
        )


def _along(along: AlongLine) -> Along:
    line = None if along.line is None else line_of(along.line)
    return Along(along.metres, line, tuple(along.roads), tuple(along.road_ids))


def filter_of_query(  # noqa: PLR0913, PLR0917 - each is one filter of the query string
    unit: Annotated[list[Line] | None, Query(description="codes of units", examples=[["370602"]])] = None,
    scene: Annotated[
        list[Line] | None, Query(description="codes of scenes", examples=[["snow-point"]])
    ] = None,
    classified: Annotated[
        bool | None, Query(description="whether they serve any scene", examples=[False])
    ] = None,
    state: Annotated[list[StateName] | None, Query(examples=[["offline"]])] = None,
    owner: Annotated[list[Line] | None, Query(description="departments", examples=[["公安局"]])] = None,
    manufacturer: Annotated[list[Line] | None, Query(examples=[["海康威视"]])] = None,
    model: Annotated[list[Line] | None, Query(examples=[["DS-2CD3T45"]])] = None,
    source: Annotated[
        list[Line] | None, Query(description="lists they came from", examples=[["police-2026"]])
    ] = None,
    ptz_type: Annotated[list[PtzType] | None, Query(description="GB/T 28181 PTZType", examples=[[1]])] = None,
    room_type: Annotated[
        list[RoomType] | None, Query(description="1 outdoor, 2 indoor", examples=[[1]])
    ] = None,
    direction: Annotated[
        list[Direction] | None, Query(description="GB/T 28181 DirectionType", examples=[[3]])
    ] = None,
    protocol: Annotated[list[Protocol] | None, Query(examples=[["rtsp"]])] = None,
    sensitivity: Annotated[list[Sensitivity] | None, Query(examples=[[0]])] = None,
    simulated: Annotated[bool | None, Query(examples=[False])] = None,
    has_stream: Annotated[bool | None, Query(examples=[True])] = None,
    has_place: Annotated[bool | None, Query(examples=[True])] = None,
    gone: Annotated[
        bool | None,
        Query(description="their source ceased to list them, or they were retired", examples=[False]),
    ] = None,
    fault: Annotated[
        list[Line] | None, Query(description="codes of rules that found a fault", examples=[["no-place"]])
    ] = None,
    faulty: Annotated[bool | None, Query(description="whether any fault is open", examples=[True])] = None,
    score_below: Annotated[
        Score | None, Query(description="the record's score is at most this", examples=[60])
    ] = None,
    bbox: Annotated[
        str | None,
        Query(
            max_length=120, description="west,south,east,north in degrees", examples=["121.3,37.4,121.5,37.6"]
        ),
    ] = None,
    near: Annotated[
        str | None,
        Query(max_length=80, description="longitude,latitude,metres", examples=["121.4068,37.523,300"]),
    ] = None,
    road: Annotated[list[Line] | None, Query(description="names of roads", examples=[["红旗路"]])] = None,
    road_within_m: Annotated[
        Metres, Query(description="how far beside the road, true metres", examples=[50])
    ] = ROADSIDE_M,
    near_layer: Annotated[
        list[Line] | None,
        Query(description="codes of layers: beside a point of one of them", examples=[["school"]]),
    ] = None,
    near_layer_m: Annotated[
        Metres, Query(description="how far from the point, true metres", examples=[100])
    ] = 100.0,
    sees: Annotated[
        str | None,
        Query(
            max_length=60,
            description="longitude,latitude of a place that they see or can be turned to",
            examples=["121.4068,37.523"],
        ),
    ] = None,
    q: Annotated[Words | None, Query(description="words to look for", examples=["红旗"])] = None,
) -> CameraFilter:
    """The filter of a query string.

    Raises:
        InvalidInputError: A place or a box is none.
    """
    box = Box.parse(bbox) if bbox is not None else None
    lists: dict[str, list[Any] | None] = {
        "units": unit,
        "scenes": scene,
        "owners": owner,
        "manufacturers": manufacturer,
        "models": model,
        "sources": source,
        "ptz_types": ptz_type,
        "room_types": room_type,
        "directions": direction,
        "protocols": protocol,
        "sensitivities": sensitivity,
        "faults": fault,
    }
    parts: dict[str, Any] = {name: tuple(values or ()) for name, values in lists.items()}
    return CameraFilter(
        **parts,
        classified=classified,
        states=tuple(STATES[each] for each in state or ()),
        simulated=simulated,
        has_stream=has_stream,
        has_place=has_place,
        gone=gone,
        faulty=faulty,
        score=None if score_below is None else (0.0, score_below),
        area=shapely.box(box.west, box.south, box.east, box.north) if box else None,
        near=None if near is None else Near(*numbers_of(near, "near", ("longitude", "latitude", "metres"))),
        along=Along(road_within_m, roads=tuple(road)) if road else None,
        near_points=NearPoints(tuple(near_layer), near_layer_m) if near_layer else None,
        sees=None if sees is None else SeenPlace(*numbers_of(sees, "sees", ("longitude", "latitude"))),
        words=q,
    )


FilterQuery = Annotated[CameraFilter, Depends(filter_of_query)]
