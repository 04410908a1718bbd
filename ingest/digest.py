"""Answers to an authentication challenge: Basic (RFC 7617), Digest with MD5 or SHA-256 (RFC 7616)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.request import parse_http_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_SCHEME_AND_REST: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]*)(?:\s+(.*))?", re.DOTALL)
_STRENGTH: Final = {"MD5": 1, "MD5-SESS": 1, "SHA-256": 2, "SHA-256-SESS": 2}
_LONGEST_CHALLENGE: Final = 2048


@dataclass(frozen=True, slots=True)
class Challenge:
    """One ``WWW-Authenticate`` challenge.

    Attributes:
        scheme: ``basic`` or ``digest``.
        algorithm: For digest, in capitals, one of ``MD5``, ``SHA-256`` and their ``-SESS`` forms.
        named: Whether the server named the algorithm; old servers dislike hearing of it unasked.
        qop: Whether the server offers the quality of protection ``auth``.
        stale: Whether only the nonce was too old, not the credentials wrong.
    """

    scheme: str
    realm: str = ""
    nonce: str = ""
    opaque: str = ""
    algorithm: str = "MD5"
    named: bool = False
    qop: bool = False
    stale: bool = False

    @property
    def strength(self) -> int:
        """Order of preference; a higher one is tried rather than a lower one."""
        return _STRENGTH[self.algorithm] if self.scheme == "digest" else 0


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """Every challenge that can be answered, strongest first. What cannot be understood is left out.

    Args:
        values: The values of all ``WWW-Authenticate`` headers; one value may hold several challenges.
    """
    found: list[tuple[str, dict[str, str]]] = []
    for value in values:
        for item in parse_http_list(value[:_LONGEST_CHALLENGE]):
            name, equals, content = item.partition("=")
            if " " in name.strip() or not equals:
                match = _SCHEME_AND_REST.fullmatch(item.strip())
                if match is None:
                    continue
                found.append((match[1].lower(), {}))
                name, equals, content = (match[2] or "").partition("=")
            if equals and found:
                found[-1][1].setdefault(
                    name.strip().lower(), content.strip().removeprefix('"').removesuffix('"')
                )
    challenges = [challenge for scheme, fields in found if (challenge := _challenge(scheme, fields))]
    return sorted(challenges, key=lambda challenge: challenge.strength, reverse=True)


def _challenge(scheme: str, fields: dict[str, str]) -> Challenge | None:
    if scheme == "basic":
        return Challenge("basic", realm=fields.get("realm", ""))
    algorithm = fields.get("algorithm", "MD5").upper()
    offered = {quality.strip().lower() for quality in fields.get("qop", "").split(",")} - {""}
    usable = algorithm in _STRENGTH and fields.get("nonce") and (not offered or "auth" in offered)
    if scheme != "digest" or not usable:
        return None
    return Challenge(
        "digest",
        realm=fields.get("realm", ""),
        nonce=fields["nonce"],
        opaque=fields.get("opaque", ""),
        algorithm=algorithm,
        named="algorithm" in fields,
        qop="auth" in offered,
        stale=fields.get("stale", "").lower() == "true",
    )


class Authoriser:
    """Holds one camera's credentials for one connection and signs its requests.

    Args:
        username: Empty when the camera is to be asked without credentials.
        password: The secret; it leaves this object only hashed, or in Basic when that alone is offered.
        cnonce: Source of client nonces; passed in so that RFC examples can be tested.
    """

    def __init__(
        self, username: str, password: str, *, cnonce: Callable[[], str] = lambda: secrets.token_hex(8)
    ) -> None:
        self._username = username
        self._password = password
        self._cnonce = cnonce
        self._challenge: Challenge | None = None
        self._count = 0

    def accept(self, values: Iterable[str], *, again: bool) -> bool:
        """Learn from a 401.

        Args:
            values: Its ``WWW-Authenticate`` headers.
            again: Whether the refused request had already answered a challenge of its own.

        Returns:
            Whether asking once more can help: not when the credentials themselves were refused.
        """
        challenges = parse_challenges(values)
        if not self._username or not challenges or (again and not challenges[0].stale):
            return False
        self._challenge = challenges[0]
        self._count = 0
        return True

    def header(self, method: str, uri: str) -> str:
        """The ``Authorization`` header line with its line end, or empty before any challenge."""
        if self._challenge is None:
            return ""
        if self._challenge.scheme == "basic":
            pair = f"{self._username}:{self._password}".encode()
            return f"Authorization: Basic {base64.b64encode(pair).decode()}\r\n"
        return f"Authorization: Digest {self._digest(self._challenge, method, uri)}\r\n"

    def _digest(self, challenge: Challenge, method: str, uri: str) -> str:
        self._count += 1
        count, cnonce = f"{self._count:08x}", self._cnonce()
        secret = _hash(challenge, f"{self._username}:{challenge.realm}:{self._password}")
        if challenge.algorithm.endswith("-SESS"):
            secret = _hash(challenge, f"{secret}:{challenge.nonce}:{cnonce}")
        request = _hash(challenge, f"{method}:{uri}")
        middle = f"{challenge.nonce}:{count}:{cnonce}:auth" if challenge.qop else challenge.nonce
        fields = [
            f"username={_quoted(self._username)}",
            f"realm={_quoted(challenge.realm)}",
            f"nonce={_quoted(challenge.nonce)}",
            f"uri={_quoted(uri)}",
            f'response="{_hash(challenge, f"{secret}:{middle}:{request}")}"',
        ]
        if challenge.named:
            fields.append(f"algorithm={challenge.algorithm.replace('-SESS', '-sess')}")
        if challenge.opaque:
            fields.append(f"opaque={_quoted(challenge.opaque)}")
        if challenge.qop:
            fields.append(f"qop=auth, nc={count}")
        if challenge.qop or challenge.algorithm.endswith("-SESS"):
            fields.append(f'cnonce="{cnonce}"')
        return ", ".join(fields)


def _hash(challenge: Challenge, text: str) -> str:
    if challenge.strength == _STRENGTH["SHA-256"]:
        return hashlib.sha256(text.encode()).hexdigest()
    # The standard's choice, not ours: most cameras offer nothing else.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
