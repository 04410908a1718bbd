"""The patterns of the phrases that mean the same wherever they stand, by the characters they begin with.

Trying every phrase at every character is what would make a parser slow: most characters begin none.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from camera_registry.names import words
from camera_registry.names.patterns import HAN, NUMERAL, WIND, one_of


class Phrase(NamedTuple):
    """A phrase.

    Attributes:
        name: As in ``anchors.READERS``.
        first: The characters it may begin with.
        pattern: The phrase; the names of its groups are its own.
    """

    name: str
    first: str
    pattern: str


_METRES = r"(?:米|M)(?:处|左右|远)?"
_NOT_A_NAME = r"(?!路(?!口)|街(?!口)|大街|大道|村|庄|镇|乡|家|门|桥|山|海|河|小区|社区|小学|中学|[东西南北])"
"""After a wind: 朝北 looks north, 朝北路 is a road."""
_NO_CITY = "(?<![济河湖云海淮越江山陕广丹鲁胶定])"
"""Before a wind: 济南方向 is the way to a city."""
_WINDS = "东南西北"
_DIGITS = "0123456789"

# Numbers ------------------------------------------------------------------------------------------------

_CHAINAGE = (
    r"(?:桩号)?[AZY]?K\s?(?P<km>\d{1,4})"
    r"(?:\s?\+\s?(?P<m>\d{1,3})(?:\.\d+)?|\.(?P<tenths>\d{1,3}))?(?!\d)M?(?:处|米处|米)?"
)
_CHAINAGE_IN_WORDS = (
    r"(?<![\d.])(?P<km2>\d{1,4})(?:KM?\+?(?P<m2>\d{1,3})(?!\d)|\.(?P<tenths2>\d{1,3})(?:公里|千米|KM)"
    r"|(?:公里|千米|KM)(?:\+?(?P<m3>\d{1,3})米?)?)(?:处)?"
)
_NUMBERED = (
    r"(?<![A-Z\d])(?:(?P<code>[GSXYC]\d{1,5})(?!\d)(?P<way>国道|省道|县道|乡道|线(?!路))?"
    r"|(?P<digits>\d{3})(?P<rank>国道|省道|县道|乡道)"
    r"|(?P<rank2>国道|省道|县道|乡道)(?P<code2>[GSXY]?\d{1,4}))"
)
_SPOT_NUMBER = (
    rf"(?<![\d第])(?:\d{{1,3}}(?:号|#)|{NUMERAL}号)"
    r"(?:楼|门|岗|库|厅|泊位|出入口|出口|入口|单元|车间|站台|塔|仓|罐|棚|坝|闸|洞|公寓|码头|桥(?!路|街|梁))"
    r"(?:\d{1,2}单元|门口|门)?"
)
_HOUSE = (
    r"(?<!\d)(?P<house>[甲乙丙丁]?\d{1,5}(?:-\d{1,4})?)号(?:甲|乙|院)?"
    r"(?![机枪球楼门井塔线路桥岗亭厅厂库台站口仓棚泊池闸隧洞坝探摄监半点柜煤矿公高街区小])"
)

# Directions ---------------------------------------------------------------------------------------------

_FLOW = (
    rf"(?:由|自|从)?正?(?P<from>{WIND})(?:至|到|往|向|去|朝|=?->?|=>|→|>)正?(?P<to>{WIND})"
    rf"(?:方向|行驶|行|向)?{_NOT_A_NAME}"
)
_LOOK = (
    r"(?:朝向|面朝|面向|朝|看向|看|拍摄|拍|照向|照|监视|镜头向|镜头朝)"
    rf"正?(?P<look>{WIND})(?:方向|方|向|面|侧|边)?{_NOT_A_NAME}"
)
_MOVE = (
    rf"(?:去往|驶往|开往|往|去)正?(?P<move>{WIND})(?:方向|行驶|行|向|方|去)?{_NOT_A_NAME}"
    rf"|向(?P<move2>{WIND})(?:行驶|行)|(?P<move3>{WIND})行(?![政人走道车街])(?:方向|驶|向)?"
    rf"|(?P<move4>{WIND})向(?:车道|车流|行驶)"
)
_FACING = (
    rf"{_NO_CITY}(?P<face>{WIND})[朝方]?向(?![阳前荣海上东西南北])|{_NO_CITY}正?(?P<face2>{WIND})方向"
    rf"|向(?P<face3>{WIND})(?:方向)?{_NOT_A_NAME}"
)
_PASSING = (
    r"(?P<flowword>来车方向|去车方向|来车|去车|迎车|背车|车头方?向?|车尾方?向?|逆向|顺向|双向"
    r"|进城(?:方向)?(?!路|街)|入城(?:方向)?|进市区?方向|出城(?:方向)?(?!路|街)|出市区?方向"
    r"|上行(?:线|方向)?|下行(?:线|方向)?)"
)
_TOWARDS = (
    r"(?:去往|开往|驶往|通往|往|去|[到至向朝](?!阳))"
    rf"(?P<towards>(?:(?![往去向至到朝与路]){HAN}){{1,8}}?路?)方向"
)

# Junctions and sides ------------------------------------------------------------------------------------

_CROSSING = (
    rf"{one_of(words.CROSSINGS)}|T[字型]?口|路口|街口(?!村|镇)|(?<=[路街道线巷同])口"
    r"|十字(?!街|路(?!口))(?:路口)?|丁字(?!街|湾|路(?!口))(?:路口)?"
)
_OFFSET = rf"(?:以|往|向|偏|正)?(?P<off>{WIND})(?:侧|边|面|方|行)?约?(?P<offm>\d{{1,4}}){_METRES}"
_SIDE = (
    rf"(?:以|(?<=[路街道巷线])路|正)?(?P<side>{WIND})(?:侧|边|面|首|头|端|部|半幅|幅|半侧)"
    r"(?!村|庄|家|屯|镇|路|街|小区|社区|山|桥)"
    rf"|(?P<side2>{WIND})口(?!村|镇|路|街|子|岸)|以(?P<side3>{WIND})"
    rf"|(?<=[路街道巷线])路(?P<side4>{WIND})(?!{HAN})"
)
_STRETCH = rf"(?P<stretch>{WIND}|中)段(?!路)|(?<![雪点洼发水易险坡故])路段(?!口)"
_JOIN = (
    rf"与|@|&|×|\+|(?<={HAN})X(?={HAN})"
    rf"|(?<=[路街道线巷桥速同)])(?:和(?!平[路街大东西南北中]|谐|睦)|及|同|跟)(?={HAN})"
    rf"|(?<=[路街道线巷桥速同口)])[至到](?={HAN})|至(?={HAN}{{1,6}}(?:路|街|大道)段?)"
)

PHRASES = (
    Phrase("CHAINAGE", "桩AZYK", _CHAINAGE),
    Phrase("CHAINAGE2", _DIGITS, _CHAINAGE_IN_WORDS),
    Phrase("NUMBERED", "GSXYC国省县乡" + _DIGITS, _NUMBERED),
    Phrase("AXIS", "东南", r"(?:东西|南北)双?方?向(?!阳)(?:双向)?"),
    Phrase("FLOW", "由自从正" + _WINDS, _FLOW),
    Phrase("LOOK", "朝面看拍照监镜", _LOOK),
    Phrase("OFFSET", "以往向偏正" + _WINDS, _OFFSET),
    Phrase("MOVE", "去驶开往向" + _WINDS, _MOVE),
    Phrase("APPROACH", _WINDS, rf"(?P<arm>{WIND})进口(?:道|方向)?"),
    Phrase("EXIT", _WINDS, rf"(?P<exitarm>{WIND})出口道"),
    Phrase("FACING", "正向" + _WINDS, _FACING),
    Phrase("PASSING", "来去迎背车逆顺双进入出上下", _PASSING),
    Phrase("TOWARDS", "去开驶通往到至向朝", _TOWARDS),
    Phrase("BARE", "方", r"方向"),
    Phrase("CROSSING", "".join({word[0] for word in words.CROSSINGS}) + "T路街口十丁", _CROSSING),
    Phrase("CORNER", _WINDS, rf"(?P<corner>{WIND})(?:拐角|角)(?!村|庄|家)"),
    Phrase("SIDE", "以路正" + _WINDS, _SIDE),
    Phrase("STRETCH", "中路" + _WINDS, _STRETCH),
    Phrase("SPOTNUMBER", _DIGITS + "一二三四五六七八九十", _SPOT_NUMBER),
    Phrase("HOUSE", "甲乙丙丁" + _DIGITS, _HOUSE),
    Phrase("AWAY", _DIGITS, rf"(?P<away>\d{{1,4}}){_METRES}"),
    Phrase("JOIN", "与@&×+X和及同跟至到", _JOIN),
)
"""The earlier one is tried first."""


def _by_first() -> dict[str, re.Pattern[str]]:
    shared: dict[str, re.Pattern[str]] = {}
    table = {}
    for letter in sorted({letter for phrase in PHRASES for letter in phrase.first}):
        mine = "|".join(f"(?P<{name}>{pattern})" for name, first, pattern in PHRASES if letter in first)
        table[letter] = shared.setdefault(mine, re.compile(mine))
    return table


BY_FIRST = _by_first()
"""The phrases that may begin with a character; the last group that matched names the phrase."""

CANDIDATE = re.compile(
    rf"(?P<BREAK>[\s()\-_,,、。.;:：；/\\|·~'\"“”‘’#*→>=!?]+)|[{re.escape(''.join(BY_FIRST))}]"
)
"""Where a phrase may begin, or a run of punctuation."""
