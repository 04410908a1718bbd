"""The patterns that the vocabulary is compiled to: heads and tails of names, roads, places and spots.

A name may come from anybody, so no pattern may take more than linear time: repeated groups are possessive.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from camera_registry.names import words

if TYPE_CHECKING:
    from collections.abc import Iterable

HAN = "[\u3400-\u9fff々〇]"
WIND = "(?:[东西][南北]?|[南北][东西]?)"
NUMERAL = "[一二三四五六七八九十]"


def one_of(options: Iterable[str]) -> str:
    """A pattern that matches the longest of these words; a tree of their letters, so that it is quick."""
    below: dict[str, set[str]] = {}
    for option in options:
        below.setdefault(option[:1], set()).add(option[1:])
    ways = [re.escape(letter) + one_of(rest) for letter, rest in sorted(below.items()) if letter]
    if not ways:
        return ""
    return f"(?:{'|'.join(ways)}){'?' if '' in below else ''}"


# Roads and places ---------------------------------------------------------------------------------------

AFTER_PLACE = re.compile("[东南西北中前后新老一二三四五六七八九十内外]{1,2}")
"""What may stand between a place and 路 in a road's name: 火车站北路, 大学二路."""

LONGEST_ROAD, LONGEST_PLACE = 11, 16
"""Characters, with the ending."""

_ALWAYS = [ending for ending in words.ROAD_ENDINGS if ending not in {"线", "路", "街"}]
ROAD_ENDING = re.compile(
    rf"(?:{one_of(_ALWAYS)}|路(?![灯政况面标牌管网障基肩由局障长段口边旁中])|街(?!道|办|心|坊|区|边)"
    r"|(?<=[^岸压管热专视警沿道上下跨])线(?![索路缆杆下上桥]))"
    rf"(?:(?:大街|大道|高速|公路|街(?!道|办|口|边)|路(?![口段边旁中灯东南西北]))(?!{HAN}*?(?:路|街)口))?"
)
NO_ROAD = re.compile(
    r"(?:^|[^钢])铁路$|道路$|主街$|主路$|中心街$|^[上下前后本沿]?[路街巷线]$|公路局|支路$|应急通道$"
)
STEM = re.compile(rf"{HAN}{{1,9}}|{HAN}{{0,4}}\d{{1,2}}号?")

PLACE_ENDING = re.compile(
    rf"{one_of(words.PLACES)}|{NUMERAL}中(?![学小路街心段])|河{HAN}{{1,4}}段|{NUMERAL}号井|[A-Z]匝道"
    r"|站(?=[东南西北]?广场|出站口|进站口)"
)


_KINDS_BY_LAST = {"中": "school", "段": "water-body", "井": "manhole", "道": "ramp", "站": "station"}


def kind_of(ending: str) -> str:
    """The kind of place that this ending means."""
    return words.PLACES.get(ending) or _KINDS_BY_LAST[ending[-1]]


SHORT_PLACE = re.compile(rf"{HAN}{{1,8}}(?P<ending>[{''.join(words.SHORT_PLACES)}])")

_LONG_SPOTS = one_of(w for w in words.SPOTS if len(w) > 1)
_SHORT_SPOTS = "".join(w for w in words.SPOTS if len(w) == 1)
SPOT = re.compile(
    rf"{_LONG_SPOTS}"
    rf"|{WIND}(?:{_LONG_SPOTS}|门口|门|通道|看台|场|院|区|坡|岸|塔|楼)"
    rf"|(?:{NUMERAL}|\d{{1,2}})(?:楼|层|门|单元)|[{_SHORT_SPOTS}](?!{HAN})"
)
WIND_AT_END = re.compile(rf"{WIND}$")

# Heads --------------------------------------------------------------------------------------------------

TOWNSHIP = re.compile(
    rf"{HAN}{{2,4}}?(?:街道办事处|街道办|街道|镇|乡)(?![东西南北中]?(?:路|街|大街|大道|关)|中学|[村口长集])"
)
PART_OF_NAME_AFTER_LEAD = re.compile(
    rf"{HAN}?(?:路|街(?!道)|巷|胡同|大街|大道|高速|公路|高架|快速路|线(?!路)|{NUMERAL}路)"
    r"|立交|互通|收费站|服务区|方向"
    r"|(?:隧道|大桥|港|湾|[东南西北]?站|机场|火车站|汽车站|客运站|汽车总站|长途站)"
    rf"(?!{HAN}{{0,2}}(?:路|街|大道|小区|村))"
)
"""What makes a district's name at the start the first half of another name: 福山路, 莱山收费站, 龙口港."""
BEGINS_BEFORE = re.compile(rf"市[民场区]|[市县区]{HAN}(?:路|街)")
WHOLE_AFTER_LEAD = re.compile(
    r"[东南西北](?:大街|马路|大道)|[东南西北]?(?:火车站|汽车站|客运站|长途站|汽车总站)|机场"
)
"""What is a whole name by itself: 南大街 is a street of 芝罘 in 芝罘南大街."""

_LATIN_CHANNEL = one_of(w for w in words.CHANNEL_WORDS if w.isascii() and len(w) > 1)
DEVICE_LEAD = re.compile(
    rf"(?:{_LATIN_CHANNEL}(?:[-_ .:#]*+{_LATIN_CHANNEL})*+|通道|视频通道|模拟通道|数字通道)"
    rf"[-_ .:#]*+\d{{0,4}}[-_ .:#)]*+(?={HAN})"
    rf"|[A-Z]{{0,6}}[-_]?\d{{1,20}}[-_ .:#)]++(?={HAN})|0\d{{1,5}}(?={HAN})(?!号|公里|米|国道|省道)"
    rf"|[A-Z]{{2,6}}[-_ .:]++(?={HAN})"
)
DEPARTMENT_LEAD = re.compile(rf"{one_of(words.DEPARTMENTS)}(?=[-_\s:()/·])")

# Tails --------------------------------------------------------------------------------------------------

FORM_AT_END = re.compile(rf"{one_of([*words.FORMS, *words.GENERIC_WORDS])}$")
SHORT_FORM_AT_END = re.compile(r"(?:(?<=[\d#号东南西北侧角向)\s_-])|(?<=路口|门口|入口|出口))[枪球]$")
NUMBER_AT_END = re.compile(
    r"(?:(?:NO\.?|#|-|_|\s)*+(?P<digits>(?<![\d.+K])\d{1,4})(?:号机位|号机|机|#|号位)?"
    rf"|(?P<han>{NUMERAL})号?机|-(?P<letter>[A-H]))$"
)
GUN_NUMBER_AT_END = re.compile(r"(?<![\d.+K-])(?P<digits>\d{1,3})(?:号|#)$")
CLOSERS = " ()-_.,,、;:·"

# No name at all -----------------------------------------------------------------------------------------

FIRST_OF_CHANNEL = frozenset(word[0] for word in words.CHANNEL_WORDS)
CHANNEL = re.compile(rf"(?:(?>{one_of(words.CHANNEL_WORDS)})[\s\d_.:#()号路-]*+)++(?:\d+[A-Z]?)?")
ADDRESS_OR_NUMBER = re.compile(r"[\d\s_.:#()/+-]+|(?:[0-9A-F]{2}[:-]){5}[0-9A-F]{2}")
MODEL = re.compile(r"(?:DS|DH|IPC|TC|HIC|SN|X)-?[0-9A-Z][0-9A-Z()/.-]*")
HAN_OR_LETTER = re.compile(rf"{HAN}|[A-Z]")
