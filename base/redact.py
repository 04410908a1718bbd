"""Taking secrets out of what is written down: logs, errors, command output."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

HIDDEN = "[hidden]"

_SECRET_KEY = re.compile(
    r"passw(or)?d|passwd|secret|token|authorization|cookie|api[-_]?key|credential|sealed|private[-_]?key",
    re.IGNORECASE,
)
_URL_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/\s@\"']*@", re.IGNORECASE)
_HEADER = re.compile(
    r"(?P<name>(?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(?P<sep>[\"']?\s*[:=]\s*[\"']?)[^\r\n\"']+",
    re.IGNORECASE,
)
_SCHEME_VALUE = re.compile(r"\b(?P<scheme>bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"(?P<name>\b[\w-]*(?:passw(?:or)?d|passwd|pwd|secret|token|api[-_]?key)[\"']?\s*[:=]\s*)"
    r"(?:\"[^\"]*\"|'[^']*'|[^\s,;&\"']+)",
    re.IGNORECASE,
)


def redact_text(text: str) -> str:
    """The text with URL credentials, authorization headers and assigned secrets replaced."""
    text = _URL_USERINFO.sub(rf"\g<scheme>{HIDDEN}@", text)
    text = _HEADER.sub(rf"\g<name>\g<sep>{HIDDEN}", text)
    text = _SCHEME_VALUE.sub(rf"\g<scheme> {HIDDEN}", text)
    return _ASSIGNED.sub(rf"\g<name>{HIDDEN}", text)


def redact(value: Any) -> Any:
    """A copy of ``value`` fit to be written down: secret keys emptied, texts cleaned, at any depth."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes):
        return redact_text(value.decode("utf-8", "replace"))
    if isinstance(value, dict):
        return redact_mapping(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact_text(str(value))


def redact_mapping(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    """``mapping`` with the values of secret keys hidden and all others cleaned."""
    return {
        key: HIDDEN if isinstance(key, str) and _SECRET_KEY.search(key) and value else redact(value)
        for key, value in mapping.items()
    }
