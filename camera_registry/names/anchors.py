"""The phrases that mean the same wherever they stand in a name, and what each adds to the reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from camera_registry.names.compass import WINDS
from camera_registry.names.value import Direction, Flow, PartKind, Road, Sense

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from camera_registry.names.reading import Reading

_RANKS = {"国道": "G", "省道": "S", "县道": "X", "乡道": "Y"}

_FLOWS = (
    ("来车", Flow.ONCOMING), ("迎车", Flow.ONCOMING), ("车头", Flow.ONCOMING), ("逆向", Flow.ONCOMING),
    ("去车", Flow.RECEDING), ("背车", Flow.RECEDING), ("车尾", Flow.RECEDING), ("顺向", Flow.RECEDING),
    ("进", Flow.INBOUND), ("入城", Flow.INBOUND), ("出", Flow.OUTBOUND), ("上行", Flow.UP),
    ("下行", Flow.DOWN), ("双向", Flow.BOTH),
)  # fmt: skip


def _direction(reading: Reading, match: re.Match[str], direction: Direction) -> None:
    """The first direction with a wind counts; a flow or a place gives way to it."""
    known = reading.direction
    if known is None or (known.to is None and direction.to is not None):
        if known is not None:
            direction = direction._replace(towards=known.towards, flow=known.flow)
        reading.direction = direction
    elif known.towards is None and direction.towards is not None:
        reading.direction = known._replace(towards=direction.towards)
    elif known.flow is None and direction.flow is not None:
        reading.direction = known._replace(flow=direction.flow)
    reading.note(PartKind.DIRECTION, *match.span())


def _flow(reading: Reading, match: re.Match[str]) -> None:
    _direction(reading, match, Direction(Sense.TRAFFIC, to=WINDS[match["to"]]))


def _axis(reading: Reading, match: re.Match[str]) -> None:
    _direction(reading, match, Direction(Sense.TRAFFIC, flow=Flow.BOTH))


def _look(reading: Reading, match: re.Match[str]) -> None:
    _direction(reading, match, Direction(Sense.VIEW, to=WINDS[match["look"]]))


def _face(reading: Reading, match: re.Match[str]) -> None:
    wind = match["face"] or match["face2"] or match["face3"]
    _direction(reading, match, Direction(Sense.VIEW, to=WINDS[wind]))


def _move(reading: Reading, match: re.Match[str]) -> None:
    wind = match["move"] or match["move2"] or match["move3"] or match["move4"]
    _direction(reading, match, Direction(Sense.TRAFFIC, to=WINDS[wind]))


def _approach(reading: Reading, match: re.Match[str]) -> None:
    """东进口: the junction's eastern arm, on which traffic comes westwards."""
    arm = WINDS[match["arm"]]
    reading.side = reading.side or arm
    _direction(reading, match, Direction(Sense.TRAFFIC, to=arm.opposite))


def _exit(reading: Reading, match: re.Match[str]) -> None:
    arm = WINDS[match["exitarm"]]
    reading.side = reading.side or arm
    _direction(reading, match, Direction(Sense.TRAFFIC, to=arm))


def _passing(reading: Reading, match: re.Match[str]) -> None:
    word = match["flowword"]
    flow = next(flow for begins, flow in _FLOWS if word.startswith(begins))
    _direction(reading, match, Direction(Sense.TRAFFIC, flow=flow))


def _towards(reading: Reading, match: re.Match[str]) -> None:
    _direction(reading, match, Direction(Sense.TRAFFIC, towards=match["towards"]))


def _bare(reading: Reading, match: re.Match[str]) -> None:
    """栖霞方向 without a verb: what stands right before it is where it leads."""
    start = match.start()
    if reading.rest and reading.rest[-1][1] == start:
        first, _ = reading.rest.pop()
    elif reading.crossings and reading.crossings[-1].end == start:
        first = reading.crossings.pop().start
    elif reading.place and reading.place[1] == start:
        first, _ = reading.place
        reading.place = reading.place_kind = None
    elif reading.lead is not None:
        first = reading.lead
    else:
        reading.add_rest(*match.span())
        return
    reading.parts = [part for part in reading.parts if part[1] < first]
    _direction(reading, match, Direction(Sense.TRAFFIC, towards=reading.text[first:start]))
    kind, _, end = reading.parts.pop()
    reading.note(kind, first, end)


def _chainage(reading: Reading, match: re.Match[str]) -> None:
    _along(reading, match, match["km"], match["m"], match["tenths"])


def _chainage_in_words(reading: Reading, match: re.Match[str]) -> None:
    _along(reading, match, match["km2"], match["m2"] or match["m3"], match["tenths2"])


def _along(
    reading: Reading, match: re.Match[str], kilometres: str, metres: str | None, fraction: str | None
) -> None:
    beyond = int(metres) if metres else round(float(f"0.{fraction}") * 1000) if fraction else 0
    reading.chainage_m = int(kilometres) * 1000 + beyond
    reading.note(PartKind.CHAINAGE, *match.span())


def _numbered(reading: Reading, match: re.Match[str]) -> None:
    if match["digits"]:
        code = f"{_RANKS[match['rank']]}{match['digits']}"
    elif match["rank2"]:
        code = match["code2"]
        code = code if code[0].isalpha() else f"{_RANKS[match['rank2']]}{code}"
    else:
        code = match["code"]
    reading.add_road(*match.span(), Road(match[0], None, code))


def _crossing(reading: Reading, match: re.Match[str]) -> None:
    """A junction; but where one road alone is a motorway, the way onto it (莱山高速路口)."""
    start, end = match.span()
    only = reading.crossings[0] if len(reading.crossings) == 1 else None
    if match[0] == "路口" and only and only.end == start and only.road.text.endswith("高速"):
        reading.crossings.clear()
        reading.place, reading.place_kind = (only.start, end), "interchange"
        reading.parts = [part for part in reading.parts if part[1] != only.start]
        reading.note(PartKind.PLACE, only.start, end)
        return
    reading.at_junction = True
    reading.note(PartKind.JUNCTION, *match.span())


def _corner(reading: Reading, match: re.Match[str]) -> None:
    reading.side = reading.side or WINDS[match["corner"]]
    reading.note(PartKind.SIDE, *match.span())


def _side(reading: Reading, match: re.Match[str]) -> None:
    wind = match["side"] or match["side2"] or match["side3"] or match["side4"]
    reading.side = reading.side or WINDS[wind]
    reading.note(PartKind.SIDE, *match.span())


def _offset(reading: Reading, match: re.Match[str]) -> None:
    reading.side = reading.side or WINDS[match["off"]]
    reading.offset_m = float(match["offm"])
    reading.note(PartKind.SIDE, *match.span())


def _away(reading: Reading, match: re.Match[str]) -> None:
    reading.offset_m = float(match["away"])
    reading.note(PartKind.SIDE, *match.span())


def _stretch(reading: Reading, match: re.Match[str]) -> None:
    reading.section = True
    if match["stretch"] in WINDS:
        reading.side = reading.side or WINDS[match["stretch"]]
    reading.note(PartKind.SECTION, *match.span())


def _spot_number(reading: Reading, match: re.Match[str]) -> None:
    reading.add_spot(*match.span())


def _house(reading: Reading, match: re.Match[str]) -> None:
    """A number behind a road is a house's; behind a place it is a spot of it (洞内1号)."""
    road_before = bool(reading.crossings) and reading.crossings[-1].end == match.start()
    if road_before or reading.place is None:
        reading.house = reading.house or match["house"]
        reading.note(PartKind.HOUSE, *match.span())
    else:
        reading.add_spot(*match.span())


def _join(reading: Reading, match: re.Match[str]) -> None:
    if match[0] in {"至", "到"}:
        reading.section = True
    reading.note(PartKind.JOINER, *match.span())


READERS: dict[str, Callable[[Reading, re.Match[str]], None]] = {
    "CHAINAGE": _chainage,
    "CHAINAGE2": _chainage_in_words,
    "NUMBERED": _numbered,
    "AXIS": _axis,
    "FLOW": _flow,
    "LOOK": _look,
    "OFFSET": _offset,
    "MOVE": _move,
    "APPROACH": _approach,
    "EXIT": _exit,
    "FACING": _face,
    "PASSING": _passing,
    "TOWARDS": _towards,
    "BARE": _bare,
    "CROSSING": _crossing,
    "CORNER": _corner,
    "SIDE": _side,
    "STRETCH": _stretch,
    "SPOTNUMBER": _spot_number,
    "HOUSE": _house,
    "AWAY": _away,
    "JOIN": _join,
}
"""By the name of the pattern in ``anchor_patterns``."""
