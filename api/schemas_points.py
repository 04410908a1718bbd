"""Points of interest and their layers on the wire."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from api.schemas import MAX_LATITUDE, Declared, Line, Place, SceneRef, Sent, UnitRef, Wire
from camera_registry.reference import FAMILIES

Family = Literal["traffic", "weather", "crowd", "public", "safety", "nature", "street"]
assert set(Family.__args__) == set(FAMILIES)  # type: ignore[attr-defined]  # what typing makes of it has them

Symbol = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
LayerCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
Direction = Literal["N", "NE", "E", "SE", "S", "SW", "W", "NW"]


class PointLayer(SceneRef):
    """A professional map layer, and how it is drawn."""

    code: str = Field(examples=["manhole"])
    name: str = Field(examples=["井盖"])
    id: int = Field(examples=[14])
    name_en: str = Field(examples=["Manhole"])
    family: str = Field(examples=["street"], description="by which the console colours it")
    position: int = Field(examples=[140], description="drawing order, lowest first")
    symbol: str = Field(examples=["manhole"], description="name of the sign that maps draw")
    color: str | None = Field(examples=[None], description="#rrggbb; null is the family's")
    min_zoom: int = Field(examples=[15], description="drawn from this zoom on")
    visible: bool = Field(examples=[False], description="drawn until somebody hides it")
    version: int = Field(examples=[1], description="the number in the ETag")


class LayerEdit(Sent):
    """What of a layer is to be changed; what is left out stays as it is."""

    name: Annotated[Line, StringConstraints(min_length=1, max_length=40)] | None = None
    name_en: Annotated[Line, StringConstraints(min_length=1, max_length=60)] | None = None
    family: Family | None = None
    symbol: Symbol | None = None
    color: Color | None = Field(default=None, description="null is the family's")
    min_zoom: int | None = Field(default=None, ge=0, le=22)
    visible: bool | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"symbol": "manhole", "color": "#cb683a"}]})

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = self.model_fields_set
        if not given:
            raise ValueError("names nothing to change")
        empty = sorted(field for field in given - {"color"} if getattr(self, field) is None)
        if empty:
            raise ValueError(f"{', '.join(empty)} cannot be emptied")
        return self


class LayerOrder(Sent):
    """All layers in the order in which they are drawn, the lowest first."""

    codes: list[LayerCode] = Field(
        min_length=1, max_length=200, examples=[["key-road", "bridge", "manhole"]], description="each once"
    )


class PointSummary(Wire):
    """A point as lists show it."""

    id: int = Field(examples=[4711])
    layer: str = Field(examples=["hospital"], description="code of its layer")
    code: str | None = Field(examples=["30-00017"])
    name: str = Field(examples=["芝罘区人民医院"])
    address: str | None = Field(examples=["向阳街道红旗路 12 号"])
    place: Place
    unit: UnitRef | None


class PointRecord(PointSummary):
    """Everything that is held of one point."""

    declared: Declared
    source: str | None = Field(examples=["卫健委"], description="the list it came from; null: by hand")
    gone_since: datetime | None = Field(
        examples=[None], description="when its list ceased to have it; null is listed"
    )
    version: int = Field(examples=[3], description="the number in the ETag")
    updated_at: datetime = Field(examples=["2026-01-17T17:06:42Z"])


class NearPoint(PointSummary):
    """A point near a place."""

    distance_m: float = Field(examples=[182.4], description="on the ellipsoid, metres")
    bearing_deg: float | None = Field(
        examples=[47.5], description="from the place, clockwise from north; null: it is there"
    )
    direction: Direction | None = Field(examples=["NE"], description="the bearing, by eight winds")


class Origin(Wire):
    """What the points are near to."""

    longitude: float = Field(examples=[121.4068], description="WGS-84")
    latitude: float = Field(examples=[37.523])
    camera: int | None = Field(default=None, examples=[17])
    incident: int | None = Field(default=None, examples=[386])


class NearPoints(Wire):
    """The points nearest to a place, nearest first."""

    origin: Origin
    items: list[NearPoint]


class PointNew(Sent):
    """A point that is entered by hand."""

    layer: LayerCode = Field(examples=["hospital"])
    name: Annotated[Line, StringConstraints(min_length=1)] = Field(examples=["芝罘区人民医院"])
    code: Annotated[Line, StringConstraints(min_length=1, max_length=64)] | None = Field(
        default=None, examples=["30-00017"], description="unique in its layer"
    )
    address: Line | None = Field(default=None, examples=["向阳街道红旗路 12 号"])
    longitude: float = Field(ge=-180, le=180, examples=[121.4068], description="as declared, in `crs`")
    latitude: float = Field(ge=-MAX_LATITUDE, le=MAX_LATITUDE, examples=[37.523])
    crs: Line = Field(default="WGS-84", examples=["GCJ-02"], description="WGS-84, CGCS2000, GCJ-02 or BD-09")


class PointEdit(Sent):
    """What of a point is to be changed; what is left out stays as it is."""

    layer: LayerCode | None = None
    name: Annotated[Line, StringConstraints(min_length=1)] | None = None
    code: Annotated[Line, StringConstraints(min_length=1, max_length=64)] | None = None
    address: Line | None = None
    longitude: float | None = Field(default=None, ge=-180, le=180, description="with latitude, in `crs`")
    latitude: float | None = Field(default=None, ge=-MAX_LATITUDE, le=MAX_LATITUDE)
    crs: Line = Field(default="WGS-84", description="of longitude and latitude")

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "烟台山医院", "code": "30-00017"}]})

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = self.model_fields_set - {"crs"}
        if not given:
            raise ValueError("names nothing to change")
        if ("longitude" in given) != ("latitude" in given):
            raise ValueError("longitude and latitude are given together")
        empty = sorted(field for field in given - {"code", "address"} if getattr(self, field) is None)
        if empty:
            raise ValueError(f"{', '.join(empty)} cannot be emptied")
        return self
