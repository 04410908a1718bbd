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
_URL_REST = re.compile(r"://(?P<rest>(?:[^ \t\r\n\"\\]|\\[^ \t\r\n]?|\"(?![\s,}\]):;]|$))*)")
"""What follows the scheme, to the next blank or closing quotation mark: a password with a typing error in it
may hold any other letter, ``@``, ``/`` and ``'`` included."""

_IN_QUOTES = r"\"(?:[^\"\\\r\n]|\\.)*\"?|'(?:[^'\\\r\n]|\\.)*'?"
_HEADER = re.compile(
    r"(?P<kept>(?:(?:proxy-)?authorization|(?:set-)?cookie|x-api-key)"
    r"(?:(?P<quoted>\\*[\"'])\s*[:=,]|\s*[:=])\s*)"
    rf"(?(quoted)(?:{_IN_QUOTES}|[^\r\n]+)|[^\r\n]+)",
    re.IGNORECASE,
)
"""A header's value runs to the end of its string or of its line: a Digest holds many quoted parts."""

_SCHEME_VALUE = re.compile(
    r"\b(?:(?P<scheme>bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}|(?P<digest>digest)\s+username=[^\r\n]+)",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    r"(?P<name>(?:passw(?:or)?d|passwd|pwd|secret|token|api[-_]?key)\\*[\"']?\s*[:=]\s*)"
    rf"(?:{_IN_QUOTES}|[^\s,;&\"'][^\s,;&]*)",
    re.IGNORECASE,
)


def redact_text(text: str) -> str:
    """The text with URL credentials, authorization headers and assigned secrets replaced.

    In doubt it hides more: a URL with an ``@`` in its path loses what is before it.
    """
    text = _URL_REST.sub(_without_userinfo, text)
    text = _HEADER.sub(rf"\g<kept>{HIDDEN}", text)
    text = _SCHEME_VALUE.sub(lambda found: f"{found['scheme'] or found['digest']} {HIDDEN}", text)
    return _ASSIGNED.sub(rf"\g<name>{HIDDEN}", text)


def _without_userinfo(found: re.Match[str]) -> str:
    _, at, host = found["rest"].rpartition("@")
    return f"://{HIDDEN}@{host}" if at else found[0]


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
