"""One name, from text to value; pure, and it takes any text."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from camera_registry.names import patterns
from camera_registry.names.ends import read_head, read_tail
from camera_registry.names.gazetteer import preset_gazetteer
from camera_registry.names.middle import read_middle
from camera_registry.names.normal import normalise
from camera_registry.names.value import CameraName, Part, PartKind

if TYPE_CHECKING:
    from camera_registry.names.ends import Head, Stretch, Tail
    from camera_registry.names.gazetteer import Gazetteer
    from camera_registry.names.normal import Normal
    from camera_registry.names.reading import Reading

MOST_READ = 200
"""Characters; the national standard gives a name 256 bytes, and what is longer is no name but a text."""

_FIRST_HAN = "\u3400"
_SHORTEST = 12
"""Characters before the form; a channel has no more, e.g. 视频通道01球机."""


def parse_name(given: str, gazetteer: Gazetteer | None = None) -> CameraName:
    """What a camera's name says.

    Args:
        given: The name, in any width, with any punctuation.
        gazetteer: The city's own proper names; the preset's if None.
    """
    normal = normalise(given)
    text = normal.text[:MOST_READ]
    if why := _why_no_name(text):
        return CameraName(given, is_name=False, why_not=why)
    tail = read_tail(text)
    if tail.start <= _SHORTEST and tail.parts and _why_no_name(text[: tail.start]) == "device":
        return CameraName(given, is_name=False, why_not="device")
    head = read_head(text, tail.start, gazetteer or preset_gazetteer())
    last = head.parts[-1] if head.parts else None
    lead = last[1] if last and last[0] is PartKind.DISTRICT and last[2] == head.end else None
    reading = read_middle(text, head.end, tail.start, lead)
    return _value(given, normal, head, tail, reading)


def _why_no_name(text: str) -> str:
    """Why a text names no place, or nothing."""
    bare = text.strip(" ()-_.,#*:/")
    if not bare:
        return "blank"
    if bare[0] >= _FIRST_HAN and bare[0] not in patterns.FIRST_OF_CHANNEL:  # most names, quickly
        return ""
    if patterns.ADDRESS_OR_NUMBER.fullmatch(bare):
        return "number"
    if patterns.CHANNEL.fullmatch(bare) or patterns.MODEL.fullmatch(bare):
        return "device"
    return "" if patterns.HAN_OR_LETTER.search(bare) else "nonsense"


def _value(given: str, normal: Normal, head: Head, tail: Tail, reading: Reading) -> CameraName:
    text = normal.text
    understood = [*head.parts, *reading.parts, *tail.parts]
    rest = list(reading.rest)
    if len(text) > MOST_READ:
        rest.append((MOST_READ, len(text)))
    says_where = bool(reading.crossings or reading.place or reading.spot or reading.rest or head.parts)
    is_name = says_where or reading.chainage_m is not None or reading.house is not None
    says_anything = is_name or reading.direction or reading.side

    return CameraName(
        given,
        is_name=is_name,
        why_not="" if is_name else "nowhere" if says_anything else "device",
        city=head.city,
        district=head.district,
        township=head.township,
        roads=tuple(crossing.road for crossing in reading.crossings),
        at_junction=_at_junction(reading),
        section=reading.section,
        chainage_m=reading.chainage_m,
        house=reading.house,
        place=_words(text, reading.place),
        place_kind=reading.place_kind,
        spot=_words(text, reading.spot),
        side=reading.side,
        offset_m=reading.offset_m,
        direction=reading.direction,
        form=tail.form,
        ptz_type=tail.ptz_type,
        ordinal=tail.ordinal,
        core=text[head.end : tail.start].strip(),
        parts=_parts(normal, sorted(understood, key=_position)),
        rest=_parts(normal, [(PartKind.REST, *stretch) for stretch in rest]),
    )


_position = itemgetter(1, 2)


def _parts(normal: Normal, stretches: list[Stretch]) -> tuple[Part, ...]:
    text = normal.text
    if normal.origins is None:
        return tuple([Part(kind, text[start:end], start, end) for kind, start, end in stretches])
    return tuple(
        [Part(kind, text[start:end], normal.origin(start), normal.end(end)) for kind, start, end in stretches]
    )


def _words(text: str, stretch: tuple[int, int] | None) -> str | None:
    return text[slice(*stretch)].strip() if stretch else None


def _at_junction(reading: Reading) -> bool:
    """A word for it says so, and so do two roads side by side, unless it is the stretch between them."""
    if reading.at_junction:
        return True
    if reading.section or reading.chainage_m is not None or reading.house is not None:
        return False
    pairs = zip(reading.crossings, reading.crossings[1:], strict=False)
    return any(_adjacent(reading.text[one.end : other.start]) for one, other in pairs)


def _adjacent(between: str) -> bool:
    return between.strip(" ()-_/,、.&@+×与和及X同跟|·~") == ""
