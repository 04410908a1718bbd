"""The events that leave Dengta: CloudEvents 1.0 around an incident, version 1."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

SCHEMA = "urn:dengta:schema:incident:1"
STREAM = "DENGTA_EVENTS"
SUBJECTS = "dengta.events.>"


class _Part(BaseModel):
    """A reader passes over what a newer version says more, so that versions can live side by side."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Place(_Part):
    """Where it is: WGS-84 degrees, and the radius in metres that holds the true place."""

    longitude: float = Field(ge=-180, le=180)
    latitude: float = Field(ge=-90, le=90)
    crs: Literal["WGS-84"] = "WGS-84"
    accuracy_m: float | None = Field(default=None, ge=0, description="null is unknown")


class Unit(_Part):
    """The responsible unit, and the units above it from the city down."""

    code: str
    name: str
    level: int = Field(ge=0, le=2, description="0 city, 1 district, 2 township")
    path: tuple[str, ...]


class SeenBy(_Part):
    """The camera that saw it."""

    id: int
    code: str | None
    name: str


class Evidence(_Part):
    """The picture that decided it."""

    sha256: str
    path: str = Field(description="under the API's address; needs a login")


class IncidentData(_Part):
    """What is known of the incident as of this event."""

    incident_id: int
    kind: str
    state: str = Field(description="suspected, confirmed or closed; later versions may know more")
    severity: int = Field(ge=1, le=4, description="GB/T 28181 alarm priority, 1 highest")
    confidence: float = Field(ge=0, le=1)
    scene_id: int | None
    place: Place | None = Field(description="null when the camera's place is not known")
    address: str | None
    unit: Unit | None
    camera: SeenBy
    evidence: Evidence | None
    facts: dict[str, Any]
    looked_at: AwareDatetime | None = Field(description="when the deciding look began; null: no picture did")
    captured_at: AwareDatetime | None = Field(description="when its picture was taken")
    recognised_at: AwareDatetime | None = Field(description="when the recogniser had answered")
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None


class Event(_Part):
    """A CloudEvent in structured JSON; ``sequence`` counts the events of one incident from 1."""

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str
    type: str = Field(
        pattern=r"^cn\.dengta\.", description="cn.dengta.incident.opened.v1 or cn.dengta.incident.closed.v1"
    )
    subject: str
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str = SCHEMA
    sequence: int = Field(ge=1)
    exercise: bool = Field(description="true for simulated cameras, replays and drills")
    data: IncidentData


def source_of(site: str) -> str:
    """The events' source: this installation."""
    return f"/dengta/{site}"


def subject_of(kind: str, district_code: str | None) -> str:
    """The JetStream subject: by kind, then district, so that a consumer may filter by either."""
    return f"dengta.events.{_token(kind)}.{_token(district_code or 'none')}"


def _token(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in text) or "none"
