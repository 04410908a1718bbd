"""What stands before and behind the place in a name: the city and district, the form and the number."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from camera_registry.names import patterns, words
from camera_registry.names.value import PartKind

if TYPE_CHECKING:
    from camera_registry.names.gazetteer import Gazetteer

Stretch = tuple[PartKind, int, int]
"""Kind, first character, after the last: in the normal text."""

_NUMERALS = "一二三四五六七八九十"
_OPENERS = " ()-_.,,、;:·/#*"
_LAST_OF_FORM = frozenset(word[-1] for word in (*words.FORMS, *words.GENERIC_WORDS))
_LAST_OF_NUMBER = frozenset("0123456789号机#位ABCDEFGH")
_LONGEST_TAIL = 12  # stretches: a number, several words for the same thing, once more a number


class Head(NamedTuple):
    """What a name begins with; ``end`` is where the place begins."""

    end: int
    city: str | None = None
    district: str | None = None
    township: str | None = None
    parts: tuple[Stretch, ...] = ()


class Tail(NamedTuple):
    """What a name ends with; ``start`` is where the place has ended."""

    start: int
    form: str | None = None
    ptz_type: int | None = None
    ordinal: int | None = None
    parts: tuple[Stretch, ...] = ()


def read_head(text: str, end: int, gazetteer: Gazetteer) -> Head:
    """The leads of ``text[:end]``: a channel, a department, the city, the district, the township."""
    parts: list[Stretch] = []
    city = district = township = None
    at = _skip(text, 0, end)
    while at < end:
        start = at
        if city is None and district is None and (found := _city(text, at, end, gazetteer)):
            city, at = found
            parts.append((PartKind.CITY, start, at))
        elif district is None and (lead := _district(text, at, end, gazetteer)):
            district, at = lead
            parts.append((PartKind.DISTRICT, start, at))
        elif township is None and (match := patterns.TOWNSHIP.match(text, at, end)):
            township, at = match[0], match.end()
            parts.append((PartKind.TOWNSHIP, start, at))
            if match.end() == end:
                break
        elif match := patterns.DEPARTMENT_LEAD.match(text, at, end) or patterns.DEVICE_LEAD.match(
            text, at, end
        ):
            at = match.end()
            parts.append((PartKind.DEVICE, start, at))
        else:
            break
        at = _skip(text, at, end)
    return Head(at, city, district, township, tuple(parts))


def _skip(text: str, at: int, end: int) -> int:
    while at < end and text[at] in _OPENERS:
        at += 1
    return at


def _city(text: str, at: int, end: int, gazetteer: Gazetteer) -> tuple[str, int] | None:
    """The city, where it is a lead and not the first half of another name (烟台山, 烟台大学)."""
    if text.startswith("山东省", at):
        at += 3
    for city in gazetteer.cities:
        if not text.startswith(city, at):
            continue
        after = at + len(city)
        if text.startswith("市", after) and text[after + 1 : after + 2] not in {"民", "场", "区"}:
            return city, after + 1
        follows = _skip(text, after, end)
        if follows > after or gazetteer.leads.match(text, follows, end):
            return (city, after) if gazetteer.leads.match(text, at, end) is None else None
    return None


def _district(text: str, at: int, end: int, gazetteer: Gazetteer) -> tuple[str, int] | None:
    """The district, unless what follows makes it a road's or a place's own name (福山路, 莱山收费站)."""
    match = gazetteer.leads.match(text, at, end)
    if match is None:
        return None
    after = match.end()
    form = match[0]
    if form not in gazetteer.districts:
        if patterns.BEGINS_BEFORE.match(text, after - 1, end):  # 龙口 | 市场路, 长岛 | 县府街
            after -= 1
        return gazetteer.short_of[form], after
    if text.startswith(("街道", "镇"), after):  # 莱山街道 is a unit below the district
        return None
    joined = patterns.PART_OF_NAME_AFTER_LEAD.match(text, after, end)
    if joined and not patterns.WHOLE_AFTER_LEAD.match(text, after, end):
        return None
    return gazetteer.short_of[form], after


def read_tail(text: str) -> Tail:
    """The words at the end that say what kind of camera it is, and which of several."""
    form = ptz_type = ordinal = None
    parts: list[Stretch] = []
    at = len(text)
    for _ in range(_LONGEST_TAIL):
        at = _back(text, at)
        last = text[at - 1] if at else ""
        if last in _LAST_OF_FORM and (match := patterns.FORM_AT_END.search(text, max(0, at - 8), at)):
            known = words.FORMS.get(match[0])
            if known and form is None:
                form, ptz_type = known
            parts.append((PartKind.FORM, match.start(), match.end()))
        elif (
            last in "枪球"
            and form is None
            and (match := patterns.SHORT_FORM_AT_END.search(text, max(0, at - 4), at))
        ):
            form, ptz_type = words.FORMS[f"{match[0]}机"]
            parts.append((PartKind.FORM, match.start(), match.end()))
        elif (
            last in _LAST_OF_NUMBER
            and ordinal is None
            and (found := _number(text, at, after_form=bool(parts)))
        ):
            ordinal, start = found
            parts.append((PartKind.ORDINAL, start, at))
        else:
            break
        at = parts[-1][1]
    return Tail(at, form, ptz_type, ordinal, tuple(reversed(parts)))


def _back(text: str, at: int) -> int:
    """Over the punctuation before ``at``."""
    while at and text[at - 1] in patterns.CLOSERS:
        at -= 1
    return at


def _number(text: str, at: int, *, after_form: bool) -> tuple[int, int] | None:
    """The number that ends at ``at`` and where it starts; a house number is none."""
    first = max(0, at - 10)
    if after_form and (match := patterns.GUN_NUMBER_AT_END.search(text, first, at)):
        before = text[: match.start()].rstrip()
        road = before[-1:] in {"路", "街", "道", "巷", "线", "弄"} and not before.endswith("车道")
        return None if road or not before else (int(match["digits"]), match.start())
    match = patterns.NUMBER_AT_END.search(text, first, at)
    if match is None or (match.start() == 0 and not after_form):
        return None
    if match["han"]:
        return _NUMERALS.index(match["han"]) + 1, match.start()
    if match["letter"]:
        return ord(match["letter"]) - ord("A") + 1, match.start("letter") - 1
    before = text[: match.start("digits")]
    if (
        before[-1:] in {".", "+"}
        or before.endswith(("第", "K"))
        or (before[-1:].isascii() and before[-1:].isalpha())
    ):
        return None
    return int(match["digits"]), match.start()
