"""What a camera's name says: frozen values, with the stretch of text that each part was read from."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from camera_registry.names.compass import turn_between

if TYPE_CHECKING:
    from camera_registry.names.compass import Compass

AGREES_WITHIN_DEG = 45.0
"""A name knows eight winds (22.5 degrees either way), and brackets are screwed on by hand."""


class PartKind(StrEnum):
    """What a stretch of a name is."""

    CITY = "city"
    DISTRICT = "district"
    TOWNSHIP = "township"
    ROAD = "road"
    JUNCTION = "junction"
    SECTION = "section"
    CHAINAGE = "chainage"
    HOUSE = "house"
    PLACE = "place"
    SPOT = "spot"
    SIDE = "side"
    DIRECTION = "direction"
    FORM = "form"
    ORDINAL = "ordinal"
    DEVICE = "device"
    JOINER = "joiner"
    REST = "rest"


class Part(NamedTuple):
    """A stretch of the name: ``given[start:end]``, as the text was handed in.

    Attributes:
        kind: What it is; ``rest`` is what was not understood.
        text: Its normal form, which may differ from the stretch in width and case.
        start: First character.
        end: After the last character.
    """

    kind: PartKind
    text: str
    start: int
    end: int


class Road(NamedTuple):
    """A road.

    Attributes:
        text: As written, e.g. ``S11烟海高速``.
        name: Without its number, e.g. ``烟海高速``, or None where only the number stands.
        code: Its number in the national form, e.g. ``S11`` or ``G206``, or None.
    """

    text: str
    name: str | None
    code: str | None


class Sense(StrEnum):
    """What a direction is the direction of."""

    VIEW = "view"
    """The camera looks there."""
    TRAFFIC = "traffic"
    """Traffic moves there; the camera may look along with it or against it."""


class Flow(StrEnum):
    """Directions that no compass names."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    UP = "up"
    DOWN = "down"
    ONCOMING = "oncoming"
    RECEDING = "receding"
    BOTH = "both"


class Direction(NamedTuple):
    """Where something is headed.

    Attributes:
        sense: The camera's view, or the traffic.
        to: The wind it is headed to, or None where the name gives a place or a flow instead.
        towards: The place it is headed to, e.g. ``莱山``.
        flow: Into town, out of it, up or down the line, towards the camera or away from it.
    """

    sense: Sense
    to: Compass | None = None
    towards: str | None = None
    flow: Flow | None = None

    @property
    def degrees(self) -> float | None:
        """Bearing clockwise from north, of what :attr:`sense` says; None where the name has no wind."""
        return None if self.to is None else self.to.degrees

    def deviation_deg(self, heading_deg: float) -> float | None:
        """How far a camera with that heading looks away from what the name says, 0 to 180 degrees.

        Traffic is seen from the front or from behind, so there the nearer of the two counts (0 to 90).
        None where the name has no wind to compare with.
        """
        if self.to is None:
            return None
        off = turn_between(self.to.degrees, heading_deg)
        return off if self.sense is Sense.VIEW else min(off, 180 - off)


class CameraName(NamedTuple):
    """A name and what it says; what it does not say is None or empty.

    Attributes:
        given: The text as it was handed in.
        is_name: Whether it names a place at all; recorders' channels and blank texts do not.
        why_not: Why it is no name: ``blank``, ``number``, ``device``, ``nowhere`` (a side or direction
            alone) or ``nonsense``; empty if it is one.
        city: E.g. ``烟台``.
        district: The district in its short form, e.g. ``芝罘``.
        township: E.g. ``向阳街道``.
        roads: In the order of the text; two of them with :attr:`at_junction` cross there.
        at_junction: Whether it stands at a junction.
        section: Whether it stands on the stretch between the roads, or on a named stretch.
        chainage_m: Metres from the road's kilometre zero: K12+300 is 12,300.
        house: House number, e.g. ``12`` or ``甲7-3``.
        place: A named place, e.g. ``凤凰台小学``.
        place_kind: What kind of place, e.g. ``school``; the words are those of ``words.PLACES``.
        spot: Where at it, e.g. ``南门``.
        side: On which side of the road, junction or place it hangs.
        offset_m: How far to that side.
        direction: Where it looks, or where the traffic goes.
        form: What kind of camera, e.g. ``枪机``.
        ptz_type: GB/T 28181 PTZType that the form means.
        ordinal: Which of several.
        core: The normal form of what stands between the leads (city, district, …) and the form.
        parts: The stretches that were understood, in order.
        rest: Those that were not.
    """

    given: str
    is_name: bool = True
    why_not: str = ""
    city: str | None = None
    district: str | None = None
    township: str | None = None
    roads: tuple[Road, ...] = ()
    at_junction: bool = False
    section: bool = False
    chainage_m: int | None = None
    house: str | None = None
    place: str | None = None
    place_kind: str | None = None
    spot: str | None = None
    side: Compass | None = None
    offset_m: float | None = None
    direction: Direction | None = None
    form: str | None = None
    ptz_type: int | None = None
    ordinal: int | None = None
    core: str = ""
    parts: tuple[Part, ...] = ()
    rest: tuple[Part, ...] = ()

    def agrees_with_heading(self, heading_deg: float | None) -> bool | None:
        """Whether the record's heading fits the name; None where one of them says nothing."""
        if self.direction is None or heading_deg is None:
            return None
        off = self.direction.deviation_deg(heading_deg)
        return None if off is None else off <= AGREES_WITHIN_DEG
