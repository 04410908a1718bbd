"""A camera's name taken apart, on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from api.schemas import Wire

if TYPE_CHECKING:
    from camera_registry.names import CameraName

WindName = Literal["N", "NE", "E", "SE", "S", "SW", "W", "NW"]


class NamePart(Wire):
    """A stretch of the name."""

    kind: str = Field(examples=["road"], description="`rest` is what was not understood")
    text: str = Field(examples=["红旗路"], description="its normal form")
    start: int = Field(examples=[2], description="its first character in the name")
    end: int = Field(examples=[5], description="after its last")


class NamedRoad(Wire):
    """A road that the name speaks of."""

    text: str = Field(examples=["S11烟海高速"])
    name: str | None = Field(examples=["烟海高速"])
    code: str | None = Field(examples=["S11"], description="its national number")


class NamedDirection(Wire):
    """Where the name says that something is headed."""

    sense: Literal["view", "traffic"] = Field(
        examples=["view"], description="where the camera looks, or where the traffic goes"
    )
    to: WindName | None = Field(examples=["SE"])
    degrees: float | None = Field(examples=[135.0], description="clockwise from north, of what `sense` says")
    towards: str | None = Field(examples=["莱山"])
    flow: str | None = Field(
        examples=["inbound"], description="inbound, outbound, up, down, oncoming, receding or both"
    )


class NameReading(Wire):
    """What a camera's name says; null and empty is what it does not say."""

    name: str = Field(examples=["芝罘红旗路与青年路路口东南角球机02"])
    is_name: bool = Field(examples=[True], description="recorders' channels and blank texts are none")
    why_not: str = Field(examples=[""], description="`blank`, `number`, `device`, `nowhere` or `nonsense`")
    city: str | None = Field(examples=["烟台"])
    district: str | None = Field(examples=["芝罘"])
    township: str | None = Field(examples=["向阳街道"])
    roads: list[NamedRoad]
    at_junction: bool = Field(examples=[True])
    section: bool = Field(examples=[False], description="on a stretch of the road")
    chainage_m: int | None = Field(examples=[12300], description="K12+300 is 12300")
    house: str | None = Field(examples=["12"])
    place: str | None = Field(examples=["凤凰台小学"])
    place_kind: str | None = Field(examples=["school"])
    spot: str | None = Field(examples=["南门"])
    side: WindName | None = Field(examples=["SE"])
    offset_m: float | None = Field(examples=[50.0])
    direction: NamedDirection | None
    form: str | None = Field(examples=["球机"])
    ptz_type: int | None = Field(examples=[1], description="GB/T 28181 PTZType")
    ordinal: int | None = Field(examples=[2])
    heading_deg: float | None = Field(default=None, examples=[128.0], description="of the record")
    deviation_deg: float | None = Field(
        default=None,
        examples=[7.0],
        description="between record and name: 0 to 180 for a view, 0 to 90 for traffic, seen from either end",
    )
    agrees: bool | None = Field(
        default=None, examples=[True], description="whether record and name agree; null if one says nothing"
    )
    parts: list[NamePart]
    rest: list[NamePart] = Field(description="what was not understood")

    @classmethod
    def of(cls, name: CameraName, heading_deg: float | None = None) -> NameReading:
        """On the wire, compared with the record's heading."""
        direction = name.direction
        off = None if direction is None or heading_deg is None else direction.deviation_deg(heading_deg)
        same = (
            *("is_name", "why_not", "city", "district", "township", "at_junction", "section"),
            *("chainage_m", "house", "place", "place_kind", "spot", "offset_m", "form", "ptz_type"),
            "ordinal",
        )
        return cls(
            name=name.given,
            roads=[NamedRoad(**road._asdict()) for road in name.roads],
            side=None if name.side is None else name.side.value,
            direction=None
            if direction is None
            else NamedDirection(
                sense=direction.sense.value,
                to=None if direction.to is None else direction.to.value,
                degrees=direction.degrees,
                towards=direction.towards,
                flow=None if direction.flow is None else direction.flow.value,
            ),
            heading_deg=heading_deg,
            deviation_deg=None if off is None else round(off, 1),
            agrees=name.agrees_with_heading(heading_deg),
            parts=[NamePart(**part._asdict()) for part in name.parts],
            rest=[NamePart(**part._asdict()) for part in name.rest],
            **{field: getattr(name, field) for field in same},
        )
