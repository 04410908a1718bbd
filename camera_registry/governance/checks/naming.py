"""Names: there, not a device's default, led by the district, and saying where the camera is."""

from __future__ import annotations

from camera_registry.governance.checks.check import Check, blank

_LATIN = "camera|cam|ipc|ipcamera|ipdome|dome|bullet|nvr|dvr|encoder|channel|chan|ch|device|dev|video|av|d"
_DEVICE = "通道|摄像机|摄像头|像机|相机|镜头|监控点|监控|设备|枪机|球机|半球|视频"
_KIND = "网络|高清|数字|模拟|视频|监控"
_NEW = "新建|新增|默认|测试|未命名|无名|未知"
_NUMERALS = "一二三四五六七八九十０１２３４５６７８９"

DEFAULT_NAME = (
    rf"^((ip|hd|net|network)?[ _-]*({_LATIN})[ _-]*[0-9]*([ _-]*(channel|camera|cam|ch|d)[ _-]*[0-9]+)?"
    rf"|({_KIND})?({_DEVICE})[ _#号-]*[0-9{_NUMERALS}]*号?"
    rf"|({_NEW})({_DEVICE}|点位|名称)?[ _-]*[0-9]*"
    r"|(test|new)[ _-]*(camera|device)?[ _-]*[0-9]*|[0-9 ._:/-]+)$"
)
"""What devices and platforms call a camera before anybody named it, in small letters."""

_LONGEST_DEFAULT = 36
"""Bytes, twelve Chinese characters: a longer name was given by somebody. Asked first, as it costs nothing."""

_UNNAMED = blank("c.name")
_DEFAULT = f"(octet_length(c.title) <= {_LONGEST_DEFAULT} and lower(c.title) ~ '{DEFAULT_NAME}')"
_GARBLED = " or ".join(f"strpos(c.title, '{left}') > 0" for left in ("\ufffd", "锟斤", "烫烫", "??", "Ã"))
"""Leavings of a text that was read in another encoding than it was written in."""

NAMED = f"(not {_UNNAMED} and not {_DEFAULT})"
"""Whether somebody gave it this name, so that it can be compared with others."""

_PLACE_WORDS = (
    "'[路街道巷弄桥站场园厂校院馆楼门口店村庄库港山河湖湾岛塔寺堤坝岸号所局厅关隧井滩厦]"
    "|[小社景园库]区|公司|工地|项目|[Kk][0-9]+'"
)
"""A name that tells a place has one of these in it."""


def _begins_like(name: str) -> str:
    """Whether the first two characters stand in a unit's name, in this order: 高新 for 烟台高新技术开发区."""
    return (
        f"strpos({name}, left(c.lead, 1)) > 0"
        f" and strpos(substr({name}, strpos({name}, left(c.lead, 1)) + 1), right(c.lead, 1)) > 0"
    )


CHECKS = {
    "name-missing": Check(_UNNAMED),
    "name-default": Check(f"not c.named and not {_UNNAMED}", "c.name"),
    "name-garbled": Check(f"c.named and ({_GARBLED})", "c.name"),
    "name-short": Check("c.named and length(c.title) < :threshold", "c.name"),
    "name-unled": Check(
        "c.named and c.district_name is not null and length(c.lead) > 1"
        f" and not ({_begins_like('c.district_name')}) and not ({_begins_like('c.unit_name')})",
        "c.name",
    ),
    "name-form": Check(f"c.named and c.title !~ {_PLACE_WORDS}", "c.name"),
}
