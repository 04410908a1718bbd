"""What searches, counts and questions about places answer."""

from typing import Any, Literal, get_args

from pydantic import Field

from api.filters import AlongLine, CameraFilterBody
from api.schemas import CameraSummary, FoundHow, Sent, Wire

FacetName = Literal[
    "unit", "state", "owner", "manufacturer", "model", "source", "ptz_type", "room_type", "direction",
    "protocol", "sensitivity", "has_stream", "has_place", "gone", "scene",
]  # fmt: skip
EVERY_FACET: tuple[FacetName, ...] = get_args(FacetName)

MAX_VALUES = 500
"""Values of a facet that are listed; the rest are counted together."""


class SearchBody(Sent):
    """A list that is asked for with a filter too long for an address."""

    cameras: CameraFilterBody = CameraFilterBody()
    exact: bool = Field(default=False, examples=[False], description="neither pinyin nor typing errors")
    cursor: str | None = Field(default=None, max_length=4000, examples=["WzE3XQ"])
    limit: int = Field(default=50, ge=1, le=200, examples=[50])


class FacetsBody(Sent):
    """Counts that are asked for with a filter too long for an address."""

    cameras: CameraFilterBody = CameraFilterBody()
    exact: bool = Field(default=False, examples=[False], description="neither pinyin nor typing errors")
    facets: list[FacetName] = Field(
        default=list(EVERY_FACET), max_length=len(EVERY_FACET), examples=[["unit", "state"]]
    )


class FacetCount(Wire):
    """How many cameras have a value."""

    value: str | int | bool | None = Field(
        examples=["370602"], description="null: not reported, in no unit, or serving no scene"
    )
    name: str | None = Field(
        default=None, examples=["芝罘区"], description="where there is one beside the code"
    )
    level: int | None = Field(
        default=None, examples=[1], description="of a unit: 0 city, 1 district, 2 township"
    )
    cameras: int = Field(examples=[56886])


class Facet(Wire):
    """The counts of one facet, most cameras first; units in the order of the tree."""

    values: list[FacetCount]
    others: int = Field(default=0, examples=[0], description="cameras of values that are not listed")


class FacetCounts(Wire):
    """Exact counts of the cameras that a filter lets through."""

    cameras: int = Field(examples=[230000])
    found: FoundHow | Literal["exact"] | None = Field(
        default=None,
        examples=["exact"],
        description="of words: whether they are counted as they are written, or, if nobody has them so, what "
        "sounds like them or is similar",
    )
    facets: dict[FacetName, Facet]


class NearCamera(Wire):
    """A camera near a place."""

    distance_m: float = Field(examples=[41.3], description="on the ellipsoid of WGS-84")
    bearing_deg: float | None = Field(
        examples=[213.0],
        description="from the place to the camera, clockwise from north; null where they are one",
    )
    camera: CameraSummary


class NearCameras(Wire):
    """The nearest cameras, nearest first."""

    items: list[NearCamera]


class AlongBody(Sent):
    """A line that somebody drew, and which cameras along it are meant."""

    along: AlongLine
    cameras: CameraFilterBody = CameraFilterBody()


class CameraAlong(Wire):
    """A camera beside a line."""

    road: str | None = Field(examples=["红旗路"], description="null for a line that was drawn")
    road_id: int | None = Field(examples=[17])
    line: int = Field(examples=[0], description="which of the lines, from 0")
    chainage_m: float = Field(examples=[1240.5], description="along the line from its beginning")
    offset_m: float = Field(examples=[12.0], description="beside the line")
    side: Literal["left", "right", "on"] = Field(examples=["left"], description="as one goes along the line")
    camera: CameraSummary


class CamerasAlong(Wire):
    """Cameras in the order in which one passes them."""

    cameras: int = Field(examples=[128], description="how many there are")
    items: list[CameraAlong]


class SeeingCamera(Wire):
    """A camera that sees a place, or might."""

    sight: Literal["sees", "turns", "may"] = Field(
        examples=["sees"],
        description="it lies in its field · it can be turned there · its heading is unknown or in error",
    )
    probability: float = Field(examples=[0.93], description="given the errors of place and heading")
    distance_m: float = Field(examples=[41.3])
    bearing_deg: float = Field(examples=[33.0], description="from the camera to the place")
    off_axis_deg: float | None = Field(
        examples=[-4.2], description="from the camera's axis, clockwise positive; null without one"
    )
    camera: CameraSummary


class SeeingCameras(Wire):
    """Cameras that see a place, the best first."""

    cameras: int = Field(examples=[9], description="how many there are")
    items: list[SeeingCamera]


Assumed = Literal["heading", "field", "range", "accuracy"]


class ViewProperties(Wire):
    """What a camera's field is made of."""

    camera_id: int = Field(examples=[17])
    heading_deg: float | None = Field(
        examples=[135.0],
        description="of its axis; null if it looks all around, can be turned, or nobody knows",
    )
    field_deg: float = Field(examples=[80.0], description="width; 360 is a circle")
    range_m: float = Field(examples=[60.0])
    turns: bool = Field(examples=[False], description="whether it must be turned to see a part of it")
    heading_error_deg: float = Field(examples=[8.0], description="standard deviation of the axis")
    place_error_m: float = Field(examples=[6.1], description="standard deviation of its point")
    assumed: list[Assumed] = Field(
        examples=[["range"]], description="what nobody reported and was taken from a preset or derived"
    )


class ViewFeature(Wire):
    """The ground that a camera sees, as GeoJSON (RFC 7946)."""

    type: Literal["Feature"] = "Feature"
    geometry: dict[str, Any] = Field(
        examples=[
            {
                "type": "Polygon",
                "coordinates": [[[121.4, 37.5], [121.401, 37.5], [121.4, 37.501], [121.4, 37.5]]],
            }
        ]
    )
    properties: ViewProperties
