"""The middle of a name: first the phrases that mean the same anywhere, then roads and places between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from camera_registry.names import patterns, words
from camera_registry.names.anchor_patterns import BY_FIRST, CANDIDATE
from camera_registry.names.anchors import READERS
from camera_registry.names.compass import WINDS
from camera_registry.names.reading import Reading
from camera_registry.names.value import PartKind

if TYPE_CHECKING:
    import re

_MOST_BARE_STEM = 4  # characters before 路口 that are taken for a road without its 路

_SPOT_LIKE = frozenset(words.SPOTS)
_WINDS = frozenset("东南西北")
_DIGITS = frozenset("0123456789")
_NAMED_BY_DISTRICT = frozenset(
    {"station", "airport", "port", "toll", "interchange", "service-area", "ramp", "hospital", "school"}
    | {"stadium", "scenic", "bridge", "tunnel"}
)
"""Kinds of which the bare word says too little: 火车站 is 莱山火车站."""
_NEVER_PART = frozenset({"public-toilet", "parking", "bus-stop", "transfer-station"})
"""Kinds of place that stand at another place and are no part of its name."""


def read_middle(text: str, start: int, end: int, lead: int | None) -> Reading:
    """Read ``text[start:end]``; ``lead`` is where the district before it stands, if it does."""
    reading = Reading(text, lead)
    at = start
    for begins in CANDIDATE.finditer(text, start, end):
        first = begins.start()
        if first < at:
            continue
        if begins.lastgroup:
            if first > at:
                _read_gap(reading, at, first, before="")
            at = begins.end()
            continue
        match = BY_FIRST[begins[0]].match(text, first, end)
        if match is None:
            continue
        kind = match.lastgroup
        assert kind is not None
        if first == at or not _read_gap(reading, at, first, before=kind):
            READERS[kind](reading, match)
        at = match.end()
        reading.lead = None
    if at < end:
        _read_gap(reading, at, end, before="")
    return reading


def _read_gap(reading: Reading, start: int, end: int, *, before: str) -> bool:
    """Roads, places and spots between two anchors; ``before`` names the anchor that follows.

    Where the place is known already, a spot of it comes before another road or place.

    Returns:
        Whether that anchor was taken as well.
    """
    at = start
    text = reading.text
    while at < end:
        whole = before == "CROSSING" and patterns.PLACE_ENDING.fullmatch(text, at, end)
        if whole and _road_without_ending(reading, at, end):  # 花园路口, 市场路口
            return True
        step = (
            (end - at < 3 and text[at] in _WINDS and before != "BARE" and _read_wind(reading, at, end))
            or (reading.place is not None and _read_spot(reading, at, end))
            or _read_road_or_place(reading, at, end)
            or _read_spot(reading, at, end)
            or 0
        )
        if not step and before in {"CROSSING", "STRETCH"} and _road_without_ending(reading, at, end):
            return True
        if step := step or _read_short_place(reading, at, end):
            at += step
        else:
            reading.add_rest(at, at + 1)
            at += 1
        reading.lead = None
    return False


def _road_without_ending(reading: Reading, start: int, end: int) -> bool:
    """红旗路口, 红旗路段: the road's own 路 went to the word behind it. 王家庄路口 is a village's."""
    stem = reading.text[start:end]
    if reading.text[end] not in "路街" or len(stem) > _MOST_BARE_STEM or not _is_han(stem):
        return False
    joined = bool(reading.parts) and reading.parts[-1][0] is PartKind.JOINER
    begun = bool(reading.rest) and reading.rest[-1][1] == start
    if begun or stem[-1] in "路街道巷线" or (not joined and words.SHORT_PLACES.get(stem[-1]) == "village"):
        return False
    reading.add_road(start, end + 1)
    if reading.text.startswith("段", end + 1):
        reading.section = True
        reading.note(PartKind.SECTION, end + 1, end + 2)
    elif reading.text.startswith("口", end + 1):
        reading.at_junction = True
        reading.note(PartKind.JUNCTION, end + 1, end + 2)
    return True


def _is_han(text: str) -> bool:
    return all("\u3400" <= c <= "\u9fff" for c in text)


def _read_road_or_place(reading: Reading, at: int, end: int) -> int:
    text = reading.text
    road = _road_ending(text, at, end)
    place = patterns.PLACE_ENDING.search(text, at, min(end, at + patterns.LONGEST_PLACE))
    if place and (road is None or _place_first(text, place, road)):
        return _take_place(reading, at, place, end)
    if road is None:
        return 0
    reading.add_road(at, road.end())
    return road.end() - at


def _road_ending(text: str, at: int, end: int) -> re.Match[str] | None:
    """Where the first road from ``at`` on ends, if that stretch can be a road's name."""
    last = min(end, at + patterns.LONGEST_ROAD)
    road = patterns.ROAD_ENDING.search(text, at + 1, last)
    if road is None or patterns.STEM.fullmatch(text, at, road.start()) is None:
        return None
    return None if patterns.NO_ROAD.search(text[at : road.end()]) else road


def _place_first(text: str, place: re.Match[str], road: re.Match[str]) -> bool:
    """Whether the place ends before the road's own name begins (人民医院 | 红旗路, but 火车站北路)."""
    between = text[place.end() : road.start()]
    return bool(between) and patterns.AFTER_PLACE.fullmatch(between) is None


def _take_place(reading: Reading, start: int, place: re.Match[str], end: int) -> int:
    """A place, with the words that follow at once and belong to its name (花园小区, 小区幼儿园)."""
    at, kind = place.end(), patterns.kind_of(place[0])
    bare = place.start() == start
    while more := patterns.PLACE_ENDING.match(reading.text, at, end):
        if more[0] in _SPOT_LIKE or patterns.kind_of(more[0]) in _NEVER_PART:
            break
        kind, at, bare = patterns.kind_of(more[0]), more.end(), False
    while at < end and reading.text[at] in _DIGITS:  # 停车场2, 消火栓767
        at += 1
    if reading.place is not None:
        reading.add_spot(start, at)
        return at - start
    reading.place_kind = kind
    return _note_place(reading, start, at, bare=bare)


def _read_short_place(reading: Reading, at: int, end: int) -> int:
    """王家庄, 辛安河: one character says what it is, and nothing of the name may be left behind it."""
    if reading.place is not None:
        return 0
    found = None
    last = end
    while short := patterns.SHORT_PLACE.match(reading.text, at, last):
        spot = patterns.SPOT.match(reading.text, short.end(), end)
        if spot and len(spot[0]) > 1:  # 王家村 | 村口 rather than 王家村村 | 口
            found = short
            break
        if found is None and (spot or _only_wind(reading.text, short.end(), end)):
            found = short
        last = short.end() - 1
    if found is None:
        return 0
    reading.place_kind = words.SHORT_PLACES[found["ending"]]
    return _note_place(reading, at, found.end(), bare=False)


def _only_wind(text: str, at: int, end: int) -> bool:
    return at == end or patterns.WIND_AT_END.match(text, at, end) is not None


def _note_place(reading: Reading, start: int, end: int, *, bare: bool) -> int:
    """Where the word alone stands, what precedes it is part of the name (红旗路加油站, 莱山火车站)."""
    first = start
    last = reading.crossings[-1] if reading.crossings else None
    if bare and last and last.end == start:
        first = last.start
    elif bare and reading.lead is not None and reading.place_kind in _NAMED_BY_DISTRICT:
        first = reading.lead
    reading.place = (first, end)
    reading.note(PartKind.PLACE, start, end)
    return end - start


def _read_spot(reading: Reading, at: int, end: int) -> int:
    match = patterns.SPOT.match(reading.text, at, end)
    if match is None:
        return 0
    if match[0] == "段" and _stretch_of_road(reading, at):
        reading.note(PartKind.SECTION, *match.span())
    else:
        reading.add_spot(*match.span())
    return match.end() - at


def _stretch_of_road(reading: Reading, at: int) -> bool:
    """红旗路段, and 红旗路凤和段 with the stretch's own name."""
    road_end = reading.crossings[-1].end if reading.crossings else -1
    if reading.rest and reading.rest[-1] == (road_end, at):
        reading.rest.pop()
        reading.note(PartKind.SECTION, road_end, at)
    elif road_end != at:
        return False
    reading.section = True
    return True


def _read_wind(reading: Reading, at: int, end: int) -> int:
    """A wind that ends the stretch: the side it hangs on (路口东, 桥头西)."""
    match = patterns.WIND_AT_END.match(reading.text, at, end)
    if match is None or reading.side is not None:
        return 0
    reading.side = WINDS[match[0]]
    reading.note(PartKind.SIDE, *match.span())
    return match.end() - at
