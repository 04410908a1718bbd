"""What has been read of a name so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from camera_registry.names.value import Direction, PartKind, Road

if TYPE_CHECKING:
    from camera_registry.names.compass import Compass
    from camera_registry.names.ends import Stretch


class Crossing(NamedTuple):
    """A road of the name and where it stands in it."""

    road: Road
    start: int
    end: int


@dataclass(slots=True)
class Reading:
    """What has been read so far; the names are those of ``CameraName``.

    Attributes:
        text: The normal text.
        lead: Where a district stands that may belong to what follows it (莱山 in 莱山火车站), or None.
    """

    text: str
    lead: int | None = None
    crossings: list[Crossing] = field(default_factory=list)
    at_junction: bool = False
    corner: bool = False
    section: bool = False
    chainage_m: int | None = None
    house: str | None = None
    place: tuple[int, int] | None = None
    place_kind: str | None = None
    spot: tuple[int, int] | None = None
    side: Compass | None = None
    offset_m: float | None = None
    direction: Direction | None = None
    parts: list[Stretch] = field(default_factory=list)
    rest: list[tuple[int, int]] = field(default_factory=list)

    def note(self, kind: PartKind, start: int, end: int) -> None:
        """A stretch that was understood."""
        self.parts.append((kind, start, end))

    def add_road(self, start: int, end: int, road: Road | None = None) -> None:
        """A road; what carries its number before its name is one road (S11 烟海高速)."""
        written = self.text[start:end]
        last = self.crossings[-1] if self.crossings else None
        if last and last.road.name is None and not self.text[last.end : start].strip(" ()") and road is None:
            self.crossings[-1] = Crossing(
                Road(f"{last.road.text}{written}", written, last.road.code), last.start, end
            )
        else:
            self.crossings.append(Crossing(road or Road(written, written, None), start, end))
        self.note(PartKind.ROAD, start, end)

    def add_spot(self, start: int, end: int) -> None:
        """A spot; those that stand together are one."""
        if self.spot is None:
            self.spot = (start, end)
        elif self.spot[1] == start:
            self.spot = (self.spot[0], end)
        self.note(PartKind.SPOT, start, end)

    def add_rest(self, start: int, end: int) -> None:
        """Characters that were not understood; those that stand together are one stretch."""
        if self.rest and self.rest[-1][1] == start:
            self.rest[-1] = (self.rest[-1][0], end)
        else:
            self.rest.append((start, end))
