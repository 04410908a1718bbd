"""Passwords: argon2id (RFC 9106), a few at a time and off the event loop."""

from __future__ import annotations

import asyncio
import secrets
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from base.errors import InvalidInputError, UnavailableError

MIN_LENGTH = 10
MAX_LENGTH = 256
"""Characters; long enough for any passphrase, short enough to cost nothing."""

AT_ONCE = 2
"""Each hash takes 64 MiB and a core for some 50 ms: a flood of logins must not take the machine."""

PATIENCE_S = 5.0


class Passwords:
    """Hashes and verifies."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()  # RFC 9106's low-memory choice: 64 MiB, 3 passes
        self._turns = asyncio.Semaphore(AT_ONCE)

    def hash(self, password: str) -> str:
        """The hash to be stored.

        Raises:
            InvalidInputError: It is too short or too long.
        """
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            raise InvalidInputError(f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.")
        return self._hasher.hash(password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether ``password`` is the one; takes as long when there is no account (``stored`` is None).

        Raises:
            UnavailableError: Too many are being verified.
        """
        try:
            await asyncio.wait_for(self._turns.acquire(), PATIENCE_S)
        except TimeoutError as err:
            raise UnavailableError("Too many people log in at this moment.") from err
        try:
            return await asyncio.to_thread(self._verify, stored, password)
        finally:
            self._turns.release()

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe())

    def _verify(self, stored: str | None, password: str) -> bool:
        try:
            self._hasher.verify(stored or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None
