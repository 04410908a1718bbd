"""Sessions: a random token in the asker's hands, its sha256 in the store."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from api.audit import Deed, record
from api.errors import BackOffError
from base.errors import UnauthenticatedError
from models.scope import Role, Scope
from models.tables import account, session

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from api.passwords import Passwords
    from api.throttle import Throttle
    from base.clock import Clock
    from base.database import Database

TOKEN_BYTES = 32
MAX_TOKEN_LENGTH = 64
"""Characters; more is no token of ours and is not worth hashing."""

RECALL_S = 1.0
"""How long tiles are still drawn for a session that another process ended, seconds; here it ends at once."""

MOST_RECALLED = 10_000

_RESOLVE = """
select a.id, a.username, a.display_name, a.roles, a.max_sensitivity,
       o.code as unit_code, o.name as unit_name, o.level as unit_level, o.tree_left, o.tree_right,
       s.expires_at
  from session s
  join account a on a.id = s.account_id and a.active
  join organisation o on o.id = a.unit_id
 where s.token_hash = $1 and s.expires_at > $2
"""
"""Asked before every answer, so it goes past SQLAlchemy."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as their session says.

    Attributes:
        scope: What they may see.
        username: What they typed at login.
        display_name: For people.
        unit_code: Code of their unit.
        unit_name: Its name.
        unit_level: 0 city, 1 district, 2 township.
        token_hash: sha256 of their token: names the session.
        expires_at: When it ends by itself.
        client: The address they ask from, where it is known.
    """

    scope: Scope
    username: str
    display_name: str
    unit_code: str
    unit_name: str
    unit_level: int
    token_hash: bytes
    expires_at: datetime
    client: str | None

    def deed(self, action: str, object_: str, detail: dict[str, Any] | None = None) -> Deed:
        """Something that they did."""
        return Deed(action, object_, self.scope.account_id, self.client, detail)


@dataclass(frozen=True, slots=True)
class Opened:
    """A fresh session; the token exists here and with the asker only."""

    token: str
    expires_at: datetime


class Sessions:
    """Opens, resolves and closes sessions.

    Args:
        database: Where they are.
        passwords: Verifies.
        throttle: Slows down guessing, by user name and address.
        clock: Time of expiry.
        lifetime: Until a session ends by itself.
    """

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        throttle: Throttle,
        clock: Clock,
        *,
        lifetime: timedelta,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._throttle = throttle
        self._clock = clock
        self._lifetime = lifetime
        self._recalled: dict[bytes, tuple[Asker, float]] = {}

    async def login(self, username: str, password: str, *, client: str | None) -> Opened:
        """Open a session for whoever knows the password.

        Raises:
            BackOffError: Too many failures from there for that name.
            UnauthenticatedError: Name and password do not belong together; which of them is wrong is not
                told, nor shown by the time it takes.
        """
        guess = (username, client)
        wait = self._throttle.attempt(guess)
        if wait:
            raise BackOffError("Too many failed logins.", retry_after_s=wait)
        async with self._database.begin() as connection:
            query = select(account.c.id, account.c.password_hash).where(
                account.c.username == username, account.c.active
            )
            found = (await connection.execute(query)).one_or_none()
        if not await self._passwords.verify(found.password_hash if found else None, password):
            # An unknown name is not written down: it may be a password typed into the wrong field.
            await self._note(Deed("session.refuse", f"account/{found.id}" if found else None, client=client))
            raise UnauthenticatedError("User name and password do not belong together.")
        assert found is not None
        self._throttle.succeeded(guess)
        return await self.open(found.id, client=client)

    async def open(self, account_id: int, *, client: str | None) -> Opened:
        """Open a session without asking for a password."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        now = self._clock.now()
        expires_at = now + self._lifetime
        async with self._database.begin() as connection:
            await connection.execute(delete(session).where(session.c.expires_at <= now))
            await connection.execute(
                insert(session).values(
                    token_hash=_digest(token), account_id=account_id, created_at=now, expires_at=expires_at
                )
            )
            await record(connection, Deed("session.open", f"account/{account_id}", account_id, client))
        return Opened(token, expires_at)

    async def resolve(self, token: str | None, *, client: str | None = None) -> Asker:
        """Who holds this token.

        Raises:
            UnauthenticatedError: Nobody does, or not any more.
        """
        asker = await self._find(_digest(token), client) if token and len(token) <= MAX_TOKEN_LENGTH else None
        if asker is None:
            raise UnauthenticatedError("Nobody is logged in.", remedy="Log in: POST /api/v1/session.")
        return asker

    async def recall(self, token: str | None, *, client: str | None = None) -> Asker:
        """As :meth:`resolve`, asking the store once in ``RECALL_S`` seconds: for tiles, which come in dozens.

        Raises:
            UnauthenticatedError: Nobody does, or not any more.
        """
        if not token or len(token) > MAX_TOKEN_LENGTH:
            return await self.resolve(token, client=client)
        digest = _digest(token)
        asker, until = self._recalled.get(digest, (None, 0.0))
        if asker and self._clock.monotonic() < until and self._clock.now() < asker.expires_at:
            return asker
        self._recalled.pop(digest, None)
        asked = self._clock.monotonic()
        asker = await self.resolve(token, client=client)
        if len(self._recalled) >= MOST_RECALLED:
            self._recalled.clear()
        self._recalled[digest] = asker, asked + RECALL_S
        return asker

    async def holds(self, asker: Asker) -> Asker | None:
        """``asker`` as they are now, or None when their session has ended."""
        return await self._find(asker.token_hash, asker.client)

    async def close(self, asker: Asker) -> None:
        """End their session."""
        self._recalled.pop(asker.token_hash, None)
        async with self._database.begin() as connection:
            await connection.execute(delete(session).where(session.c.token_hash == asker.token_hash))
            await record(connection, asker.deed("session.close", f"account/{asker.scope.account_id}"))

    async def _find(self, token_hash: bytes, client: str | None) -> Asker | None:
        async with self._database.raw() as connection:
            row = await connection.fetchrow(_RESOLVE, token_hash, self._clock.now())
        if row is None:
            return None
        scope = Scope(
            account_id=row["id"],
            roles=frozenset(Role(name) for name in row["roles"]),
            tree_left=row["tree_left"],
            tree_right=row["tree_right"],
            max_sensitivity=row["max_sensitivity"],
        )
        return Asker(
            scope=scope,
            username=row["username"],
            display_name=row["display_name"],
            unit_code=row["unit_code"],
            unit_name=row["unit_name"],
            unit_level=row["unit_level"],
            token_hash=token_hash,
            expires_at=row["expires_at"],
            client=client,
        )

    async def _note(self, deed: Deed) -> None:
        async with self._database.begin() as connection:
            await record(connection, deed)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
