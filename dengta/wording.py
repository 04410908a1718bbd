"""How matters are told to people in the terminal, in Chinese and English."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.event import Event

KINDS = {"crowd": "人群聚集 crowd", "congestion": "交通拥堵 congestion"}
STATES = {"suspected": "疑似 suspected", "confirmed": "确认 confirmed", "closed": "解除 closed"}


def kind_words(kind: str) -> str:
    """The kind of a matter in words; one without words is told by its name."""
    return KINDS.get(kind, kind)


def state_words(state: str) -> str:
    """A state in words; one without words is told by its name."""
    return STATES.get(state, state)


def place_words(event: Event) -> str:
    """Where it is: the unit from the district down, the address, and how exact that is."""
    data = event.data
    parts = list(data.unit.path[1:] or data.unit.path) if data.unit else ["辖区不明 no jurisdiction"]
    if data.address:
        parts.append(_without(data.address, parts))
    elif data.place:
        parts.append(f"{data.place.longitude:.5f}, {data.place.latitude:.5f} {data.place.crs}")
    if data.place and data.place.accuracy_m is not None:
        parts.append(f"±{data.place.accuracy_m:.0f} m")
    return " ".join(parts)


def _without(address: str, units: list[str]) -> str:
    """The address without the units that it begins with, which are told already."""
    for unit in units:
        address = address.removeprefix(unit)
    return address


def event_line(event: Event) -> str:
    """One event in one line."""
    data = event.data
    drill = "  [演练 EXERCISE]" if event.exercise else ""
    return (
        f"{event.time:%Y-%m-%d %H:%M:%S}Z  {data.incident_id}.{event.sequence}  {kind_words(data.kind)}  "
        f"{state_words(data.state)}  {place_words(event)}  {data.confidence:.2f}  {data.camera.name}{drill}"
    )
