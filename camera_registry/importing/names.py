"""Names of cameras: those that a device or platform gave say nothing of the place."""

from __future__ import annotations

import re
from typing import Any

from camera_registry.importing.report import Severity
from camera_registry.importing.values import Noted, Plain, Problem, plain_text, text_of

MOST = 200
"""Letters of a name."""

_CHINESE = "通道|摄像机|网络摄像机|新建设备|设备|监控点|摄像头|默认|测试"
_FACTORY = re.compile(
    rf"(?:ip)?\s*(?:camera|cam|ipc|ipcamera|channel|ch|d|nvr|ipdome|test|{_CHINESE})[\s_-]*(?:ch)?[\s_-]*\d*",
    re.IGNORECASE,
)
_FACTORY_NAME = Problem(
    "factory-name",
    "The name says nothing of the place: it is the device's or platform's default.",
    "Name it by district, road or place, and direction.",
    Severity.WARNING,
)
_text = text_of(MOST)

_FIRST_LETTERS = "".join({word[0] for word in _CHINESE.split("|")})
PLAIN_NAME = Plain(
    re.compile(rf"(?:(?![{_FIRST_LETTERS}])|(?!{_CHINESE})){plain_text(MOST).pattern.pattern}")
)
"""Most names. The first letter alone tells most of them from a factory's."""


def camera_name(text: str) -> Any:
    """A camera's name."""
    value = _text(text)
    bare = value.value if type(value) is Noted else value
    if type(bare) is not str or not _FACTORY.fullmatch(bare):
        return value
    return Noted(bare, (*(value.problems if type(value) is Noted else ()), _FACTORY_NAME))
