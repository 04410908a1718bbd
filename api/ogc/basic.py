"""HTTP Basic (RFC 7617) for map clients, which know no sessions: verified once in a while, not each time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING

from base.errors import UnauthenticatedError

if TYPE_CHECKING:
    from api.sessions import Asker, Sessions
    from base.clock import Clock

KEPT_S = 3600.0
"""A password is verified anew after so long: verifying costs 50 ms and 64 MiB, and a map asks fifty times."""

KEPT_MOST = 1_000


class BasicLogins:
    """Sessions of those who send their name and password with every request.

    A session that ended, because the account was closed or its password changed, is gone at once here too.

    Args:
        sessions: Opens and resolves them.
        clock: Its monotonic seconds.
    """

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._salt = secrets.token_bytes(16)  # what is kept tells nobody a password
        self._kept: OrderedDict[bytes, tuple[str, float]] = OrderedDict()

    async def resolve(self, credentials: str, *, client: str | None) -> Asker:
        """Who sends these credentials: what stands behind ``Basic`` in the header.

        Raises:
            UnauthenticatedError: Nobody whom we know.
            BackOffError: Too many failures from there for that name.
        """
        username, password = _decoded(credentials)
        key = hashlib.sha256(self._salt + credentials.encode() + b"\0" + (client or "").encode()).digest()
        token, until = self._kept.get(key, ("", 0.0))
        if self._clock.monotonic() < until:
            try:
                return await self._sessions.resolve(token, client=client)
            except UnauthenticatedError:
                del self._kept[key]
        opened = await self._sessions.login(username, password, client=client)
        self._kept[key] = opened.token, self._clock.monotonic() + KEPT_S
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT_MOST:
            self._kept.popitem(last=False)
        return await self._sessions.resolve(opened.token, client=client)


def _decoded(credentials: str) -> tuple[str, str]:
    try:
        username, found, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as err:
        raise UnauthenticatedError("The Authorization header cannot be read.") from err
    if not found or len(username) > 200 or len(password) > 256 or not username.isprintable():
        raise UnauthenticatedError("User name and password do not belong together.")
    return username, password
