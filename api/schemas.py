"""What goes over the wire, with an example each: the OpenAPI document is made of these."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
)

from api.accounts import MAX_NAME
from api.passwords import MAX_LENGTH
from base.errors import InvalidInputError
from models.camera import CameraState

Item = TypeVar("Item")

MAX_LATITUDE = 85.0
"""Web mercator ends at 85.05 degrees; no camera is nearer to a pole."""


def _writable(text: str) -> str:
    """Refuse control characters: the store cannot hold all of them, and no name needs any."""
    if not text.isprintable():
        raise ValueError("has characters that cannot be printed")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_writable)]
"""One line of text."""

StateName = Literal["unknown", "online", "degraded", "offline"]
IncidentState = Literal["suspected", "confirmed", "closed"]


STATE_NAMES: dict[CameraState, StateName] = {
    CameraState.UNKNOWN: "unknown",
    CameraState.ONLINE: "online",
    CameraState.DEGRADED: "degraded",
    CameraState.OFFLINE: "offline",
}


def state_name(state: int) -> StateName:
    """A camera state's name on the wire."""
    return STATE_NAMES[CameraState(state)]


class Wire(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True)


class Sent(BaseModel):
    """A part of a request: unknown fields are refused, so that a typing error is not silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(Wire):
    """A problem document (RFC 9457)."""

    type: str = Field(examples=["urn:dengta:problem:not-found"], description="stable: programs switch on it")
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no such camera."])
    remedy: str | None = Field(default=None, examples=["Read the list again."])
    instance: str | None = Field(default=None, examples=["urn:uuid:0198c0de-0000-7000-8000-000000000000"])
    errors: list[dict[str, str]] | None = Field(
        default=None, examples=[[{"field": "query.limit", "reason": "Input should be less than 201"}]]
    )


class Page(Wire, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next: str | None = Field(
        default=None, description="cursor of the next page; null on the last", examples=["WzE3XQ"]
    )


class Health(Wire):
    """Whether the service can answer."""

    status: Literal["ok", "unavailable"] = Field(examples=["ok"])


class Login(Sent):
    """A user name and its password."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME), AfterValidator(_writable)]
    password: SecretStr = Field(max_length=MAX_LENGTH)
    bearer: bool = Field(default=False, description="return the token in the body, for programs")

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"username": "zhou.hang", "password": "a long passphrase"}]}
    )


class UnitRef(Wire):
    """A unit of the organisation tree."""

    code: str = Field(examples=["370602001"])
    name: str = Field(examples=["向阳街道"])
    path: list[str] = Field(
        default=[], examples=[["烟台市", "芝罘区", "向阳街道"]], description="names from the city down"
    )


class Me(Wire):
    """Who is logged in, and what they may do and see."""

    username: str = Field(examples=["zhou.hang"])
    display_name: str = Field(examples=["周航"])
    roles: list[str] = Field(examples=[["operator"]])
    permissions: list[str] = Field(examples=[["read-cameras", "read-events", "view-pictures"]])
    unit: UnitRef
    max_sensitivity: int = Field(examples=[0])
    expires_at: datetime = Field(examples=["2026-01-17T17:06:42Z"])
    token: str | None = Field(
        default=None, description="only when a login asked for it", examples=["kq3Jv0…"]
    )


class Place(Wire):
    """WGS-84 degrees and the radius in metres that holds the true place."""

    longitude: float = Field(examples=[121.4068])
    latitude: float = Field(examples=[37.523])
    accuracy_m: float | None = Field(examples=[12.0], description="null is unknown")


FoundHow = Literal["begins", "name", "elsewhere", "code", "sound", "similar"]


class Found(Wire):
    """How a camera answers the words that were looked for."""

    how: FoundHow = Field(
        examples=["name"],
        description="closest first: its name or device id begins with them, its name has them, its address "
        "or owner has them, its device id has them, its name sounds like them, its name is similar",
    )
    marks: list[tuple[int, int]] = Field(
        examples=[[[2, 5]]], description="parts of the name, from and to, in characters; none if elsewhere"
    )


class CameraSummary(Wire):
    """A camera as lists show it."""

    id: int = Field(examples=[17])
    code: str | None = Field(examples=["37060200081326000001"])
    name: str = Field(examples=["红旗路坡道西"])
    place: Place | None
    heading_deg: float | None = Field(examples=[135.0], description="clockwise from north")
    state: StateName = Field(examples=["online"])
    unit: UnitRef | None
    scenes: list[str] = Field(examples=[["snow-point"]], description="scene codes")
    sensitivity: int = Field(examples=[0])
    simulated: bool = Field(examples=[False])
    found: Found | None = Field(default=None, description="of a list that was searched by words")


class Declared(Wire):
    """The place as it was declared, in the reference system it was declared in."""

    longitude: float | None = Field(examples=[121.4123])
    latitude: float | None = Field(examples=[37.5236])
    crs: str | None = Field(examples=["GCJ-02"])


class Classification(Wire):
    """A scene that a camera serves, and who says so."""

    code: str = Field(examples=["snow-point"])
    name: str = Field(examples=["清雪重点"])
    source: str = Field(examples=["person"])
    confidence: float | None = Field(examples=[None])


class SceneRef(Wire):
    """A scene, shortly."""

    code: str = Field(examples=["snow-point"])
    name: str = Field(examples=["清雪重点"])


class CameraRef(Wire):
    """A camera, shortly."""

    id: int = Field(examples=[17])
    name: str = Field(examples=["红旗路坡道西"])


class Incident(Wire):
    """A matter that somebody must act on."""

    id: int = Field(examples=[386])
    kind: str = Field(examples=["crowd"])
    state: IncidentState = Field(examples=["suspected"])
    severity: int = Field(examples=[2], description="GB/T 28181 alarm priority, 1 highest")
    confidence: float = Field(examples=[0.94])
    scene: SceneRef | None
    camera: CameraRef
    unit: UnitRef | None = Field(description="the responsible unit")
    place: Place | None
    address: str | None = Field(examples=["红旗路坡道,海港路口东 140 m"])
    evidence: str | None = Field(examples=["/api/v1/evidence/" + "0a" * 32 + ".jpg"])
    facts: dict[str, Any] = Field(examples=[{"persons": 31}], description="what the rule weighed")
    exercise: bool = Field(examples=[False])
    sequence: int = Field(examples=[1], description="of its newest event")
    opened_at: datetime = Field(examples=["2026-01-17T17:03:10Z"])
    updated_at: datetime = Field(examples=["2026-01-17T17:03:10Z"])
    closed_at: datetime | None = Field(examples=[None])


class SceneCount(SceneRef):
    """How many cameras serve a scene."""

    cameras: int = Field(examples=[8123])


class IncidentCount(Wire):
    """How many incidents of a kind and severity are open."""

    kind: str = Field(examples=["crowd"])
    severity: int = Field(examples=[2])
    open: int = Field(examples=[4])


class Counts(Wire):
    """What there is within the asker's scope."""

    cameras: int = Field(examples=[230000])
    by_state: dict[StateName, int] = Field(
        examples=[{"unknown": 1207, "online": 219488, "degraded": 3918, "offline": 5387}]
    )
    without_place: int = Field(examples=[412], description="cameras that no map can show")
    by_scene: list[SceneCount]
    incidents: list[IncidentCount] = Field(description="not closed; empty for who may not read events")


class Organisation(Wire):
    """A unit and the units below it."""

    code: str = Field(examples=["370602"])
    name: str = Field(examples=["芝罘区"])
    name_en: str = Field(examples=["Zhifu"])
    civil_code: str | None = Field(examples=["370602"])
    level: int = Field(examples=[1], description="0 city, 1 district, 2 township")
    bounds: list[float] | None = Field(
        examples=[[121.2, 37.4, 121.6, 37.7]], description="west, south, east, north"
    )
    children: list["Organisation"] = Field(default=[], examples=[[]])


class Scene(SceneRef):
    """An application scene."""

    id: int = Field(examples=[5])
    name_en: str = Field(examples=["Snow-clearing point"])
    family: str = Field(examples=["snow"])
    looks_for: list[str] = Field(examples=[["snow cover", "ice"]])
    cadence_s: int = Field(examples=[600])
    alert_cadence_s: int | None = Field(examples=[300])
    priority: int = Field(examples=[1])


class AuditEntry(Wire):
    """Something that was done."""

    id: int = Field(examples=[90210])
    at: datetime = Field(examples=["2026-01-17T17:06:42Z"])
    account: str | None = Field(examples=["zhou.hang"], description="null when nobody was known")
    action: str = Field(examples=["evidence.view"])
    object: str | None = Field(examples=["incident/386"])
    detail: dict[str, Any] = Field(examples=[{}])
    client: str | None = Field(examples=["10.4.0.17"])


class VectorLayer(Wire):
    """A layer of a tile set and its attributes."""

    id: str = Field(examples=["cluster"])
    fields: dict[str, str] = Field(examples=[{"n": "cameras in the cell"}])
    minzoom: int = Field(examples=[0])
    maxzoom: int = Field(examples=[12])


class TileJson(Wire):
    """A tile set (TileJSON 3.0)."""

    tilejson: Literal["3.0.0"] = Field(default="3.0.0", examples=["3.0.0"])
    name: str = Field(examples=["cameras"])
    tiles: list[str] = Field(examples=[["http://127.0.0.1:8420/api/v1/tiles/cameras/{z}/{x}/{y}.mvt"]])
    vector_layers: list[VectorLayer]
    minzoom: int = Field(examples=[0])
    maxzoom: int = Field(examples=[16])
    bounds: list[float] | None = Field(default=None, examples=[[119.6, 36.6, 121.9, 38.4]])


class Box(Wire):
    """A rectangle in WGS-84 degrees."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """The box of ``west,south,east,north``.

        Raises:
            InvalidInputError: That is none.
        """
        try:
            west, south, east, north = (float(part) for part in text.split(","))
        except ValueError as err:
            raise InvalidInputError("bbox: four numbers, west,south,east,north, in degrees.") from err
        # The comparisons refuse NaN as well.
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            raise InvalidInputError("bbox: west is not above east, south not above north, all in degrees.")
        return cls(west=west, south=south, east=east, north=north)
