"""A camera's whole record, and what may be written of it. The field names are those of an import."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from api.cursor import MAX_ID
from api.schemas import MAX_LATITUDE, CameraSummary, Classification, Declared, Line, Sent, Wire
from gis.crs import ReferenceSystem

MAX_BATCH = 500

Text = Annotated[Line, StringConstraints(max_length=200)]
Address = Annotated[Line, StringConstraints(max_length=400)]
Code = Annotated[Line, StringConstraints(max_length=64)]
Angle = Annotated[float, Field(gt=0, le=360, allow_inf_nan=False)]


class RecordFields(Sent):
    """What may be written of a camera; null empties a field. Text is judged by the rules of an import."""

    code: Code | None = Field(default=None, description="GB/T 28181 device id, 20 digits")
    address: Address | None = None
    civil_code: Line | None = Field(default=None, description="administrative code, 2 to 12 digits")
    owner: Text | None = None
    manufacturer: Text | None = None
    model: Text | None = None
    longitude: float | None = Field(default=None, ge=-180, le=180, description="with latitude, in `crs`")
    latitude: float | None = Field(default=None, ge=-MAX_LATITUDE, le=MAX_LATITUDE)
    crs: ReferenceSystem | None = Field(default=None, description="of longitude and latitude; WGS-84 if none")
    accuracy_m: float | None = Field(
        default=None, ge=0, le=100_000, description="radius that holds the place"
    )
    heading_deg: float | None = Field(default=None, ge=0, lt=360, description="clockwise from north")
    pitch_deg: float | None = Field(default=None, ge=-90, le=90, description="above the horizon positive")
    mount_height_m: float | None = Field(default=None, ge=0, le=1000)
    horizontal_field_deg: Angle | None = None
    vertical_field_deg: Angle | None = None
    max_view_distance_m: float | None = Field(default=None, gt=0, le=100_000)
    ptz_type: int | None = Field(default=None, ge=1, le=7, description="PTZType")
    room_type: int | None = Field(default=None, ge=1, le=2, description="RoomType: 1 outdoor, 2 indoor")
    supply_light_type: Literal[1, 2, 3, 4, 9] | None = Field(default=None, description="SupplyLight")
    direction_type: int | None = Field(default=None, ge=1, le=8, description="Direction")
    point_type: Literal[1, 2, 3, 9] | None = Field(default=None, description="PointType")
    point_common_name: Text | None = None
    photoelectric_type: int | None = Field(default=None, ge=1, le=99)
    capture_position_type: Line | None = Field(default=None, description="up to 7 digits")
    stream_url: Line | None = Field(default=None, max_length=400, description="rtsp, without a login in it")
    sub_stream_url: Line | None = Field(default=None, max_length=400)
    snapshot_url: Line | None = Field(default=None, max_length=400, description="http, without a login in it")
    onvif_url: Line | None = Field(default=None, max_length=400)
    protocol: Literal["rtsp", "onvif", "gb28181", "http", "vendor"] | None = None
    ip_address: Line | None = Field(default=None, max_length=45)
    port: int | None = Field(default=None, ge=1, le=65535)
    mac: Line | None = Field(default=None, max_length=30)
    block: Text | None = Field(default=None, description="police district")
    grassroots_code: Line | None = Field(default=None, description="2 digits")
    parent_code: Code | None = None
    business_group_code: Code | None = None
    parental: Literal[0, 1] | None = None
    register_way: int | None = Field(default=None, ge=1, le=3)
    security_level: Literal["A", "B", "C"] | None = None
    secrecy: Literal[0, 1] | None = None
    reported_status: Text | None = None
    resolution: Text | None = None
    stream_numbers: Text | None = None
    download_speed: Text | None = None
    svc_space_mode: int | None = Field(default=None, ge=0, le=3)
    svc_time_mode: int | None = Field(default=None, ge=0, le=3)
    svc_ratio: Text | None = None
    mobile_device_type: int | None = Field(default=None, ge=1, le=99)
    encode_type: Text | None = None
    function_type: Text | None = None
    industrial_class: Text | None = None
    installed_on: date | None = None
    management_unit: Text | None = None
    maintainer: Text | None = None
    contact_info: Text | None = Field(default=None, description="personal: shown to editors only")
    record_save_days: int | None = Field(default=None, ge=1, le=3660)

    @model_validator(mode="after")
    def _whole_place(self) -> Self:
        given = self.model_fields_set
        if ("longitude" in given) != ("latitude" in given):
            raise ValueError("longitude and latitude are given together")
        if (self.longitude is None) != (self.latitude is None):
            raise ValueError("longitude and latitude are emptied together")
        if self.crs is not None and self.longitude is None:
            raise ValueError("crs is given with longitude and latitude")
        return self


Name = Annotated[Line, StringConstraints(min_length=1)]


class CameraEdit(RecordFields):
    """What is to be changed; what is left out stays as it is."""

    name: Name | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"longitude": 121.4068, "latitude": 37.523, "heading_deg": 135}]}
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        given = self.model_fields_set
        if not given:
            raise ValueError("names nothing to change")
        empty = {field for field in ("name", "longitude", "latitude") if getattr(self, field) is None}
        if empty & given:
            raise ValueError(f"{', '.join(sorted(empty & given))} cannot be emptied")
        return self


class NewCamera(RecordFields):
    """A camera that is entered by hand."""

    name: Name
    unit: Line | None = Field(
        default=None, description="code of its unit, where it has no place; else the unit whose ground it is"
    )
    sensitivity: int = Field(
        default=0, ge=0, le=3, description="0 open to 3 highest; not above the asker's own"
    )

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "37060200081326000001",
                    "name": "红旗路与青年路路口东侧枪机",
                    "address": "芝罘区向阳街道红旗路12号",
                    "longitude": 121.4068,
                    "latitude": 37.523,
                    "ptz_type": 3,
                    "stream_url": "rtsp://10.20.30.40:554/stream1",
                }
            ]
        }
    )


class CameraRecord(CameraSummary):
    """Everything the catalogue holds of one camera. Its address on the network is written and never read."""

    address: str | None
    civil_code: str | None
    manufacturer: str | None
    model: str | None
    owner: str | None
    declared: Declared
    mount_height_m: float | None
    pitch_deg: float | None
    horizontal_field_deg: float | None
    vertical_field_deg: float | None
    max_view_distance_m: float | None
    ptz_type: int | None = Field(description="GB/T 28181 PTZType")
    room_type: int | None
    supply_light_type: int | None
    direction_type: int | None
    point_type: int | None
    point_common_name: str | None
    photoelectric_type: int | None
    capture_position_type: str | None
    protocol: str | None
    block: str | None
    grassroots_code: str | None
    parent_code: str | None
    business_group_code: str | None
    parental: int | None
    register_way: int | None
    security_level: str | None
    secrecy: int | None
    reported_status: str | None
    resolution: str | None
    stream_numbers: str | None
    download_speed: str | None
    svc_space_mode: int | None
    svc_time_mode: int | None
    svc_ratio: str | None
    mobile_device_type: int | None
    encode_type: str | None
    function_type: str | None
    industrial_class: str | None
    installed_on: date | None
    management_unit: str | None
    maintainer: str | None
    contact_info: str | None = Field(default=None, description="to editors only")
    record_save_days: int | None
    source: str | None = Field(description="the list it came from; null if it was entered by hand")
    source_key: str | None
    source_seen_at: datetime | None
    gone_since: datetime | None = Field(description="when its source ceased to list it, or it was retired")
    classifications: list[Classification]
    state_since: datetime | None
    looked_at: datetime | None
    outcome: str | None = Field(description="of the last look")
    has_stream: bool
    has_credential: bool
    version: int = Field(description="the number in the ETag: counts edits")
    created_at: datetime
    updated_at: datetime

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "id": 17,
                    "code": "37060200081326000001",
                    "name": "红旗路坡道西",
                    "place": {"longitude": 121.4068, "latitude": 37.523, "accuracy_m": 12.0},
                    "declared": {"longitude": 121.4123, "latitude": 37.5236, "crs": "GCJ-02"},
                    "heading_deg": 135.0,
                    "state": "online",
                    "owner": "芝罘区城管局",
                    "ptz_type": 3,
                    "version": 3,
                }
            ]
        },
    )


class Change(Wire):
    """Something that was done to a camera."""

    id: int = Field(examples=[90210])
    at: datetime = Field(examples=["2026-01-17T17:06:42Z"])
    by: str | None = Field(examples=["zhou.hang"], description="null when a program did it")
    action: str = Field(examples=["camera.edit"])
    before: dict[str, Any] = Field(examples=[{"heading_deg": None}], description="what was different")
    after: dict[str, Any] = Field(examples=[{"heading_deg": 135.0}])


class BatchItem(Sent):
    """One edit of a batch."""

    id: Annotated[int, Field(ge=1, le=MAX_ID)] = Field(examples=[17])
    version: int = Field(ge=1, le=2**31 - 1, examples=[3], description="that was read")
    change: CameraEdit


class CameraBatch(Sent):
    """Edits of several cameras."""

    items: list[BatchItem] = Field(min_length=1, max_length=MAX_BATCH)
    atomic: bool = Field(default=False, examples=[True], description="all of them or none")

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({item.id for item in self.items}) < len(self.items):
            raise ValueError("a camera is named twice")
        return self


class Outcome(Wire):
    """What became of one edit."""

    id: int = Field(examples=[17])
    status: int = Field(examples=[200], description="as an edit of its own would have been answered")
    version: int | None = Field(default=None, examples=[4], description="now, where it is known")
    detail: str | None = Field(
        default=None, examples=["The record was edited by zhou.hang after you read it."]
    )
    errors: list[dict[str, str]] = Field(
        default=[], examples=[[{"field": "change.stream_url", "reason": "It has a login in it."}]]
    )


class BatchOutcome(Wire):
    """What became of a batch."""

    edited: int = Field(examples=[498])
    refused: int = Field(examples=[2])
    items: list[Outcome]
