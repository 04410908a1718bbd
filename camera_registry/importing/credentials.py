"""Credentials that lists carry: sealed, kept once each, referred to; never stored or shown in the clear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from base.errors import InvalidInputError
from base.seal import SealError
from camera_registry.importing.workpiece import Login

if TYPE_CHECKING:
    from collections.abc import Iterable

    import asyncpg

    from base.seal import Sealer
    from camera_registry.importing.check import Checked

MOST = 10_000
"""Different credentials of one list; more are passwords of single devices, which a vault should hold."""

_KNOWN = "select id, name, username, sealed from credential where starts_with(name, $1)"
_ADD = "insert into credential (name, username, sealed) values ($1, $2, $3) returning id"


class Credentials:
    """The credentials of one source.

    Args:
        connection: The import's transaction.
        sealer: Seals and opens them.
        source: The list that they come from, which names them.

    Attributes:
        rows: How many rows carried some.
    """

    def __init__(self, connection: asyncpg.Connection[Any], sealer: Sealer, source: str) -> None:
        self._connection = connection
        self._sealer = sealer
        self._prefix = f"{source} #"
        self._ids: dict[Login, int] | None = None
        self._last = 0
        self.rows = 0

    async def column(self, checked: Checked) -> list[int | None]:
        """The credentials of each row of a chunk.

        Raises:
            InvalidInputError: The list has more different ones than :data:`MOST`.
        """
        good = {index: login for index, login in checked.logins.items() if checked.stays[index]}
        self.rows += len(good)
        ids = await self._kept(good.values())
        return [ids[good[index]] if index in good else None for index in range(len(checked.numbers))]

    async def _kept(self, logins: Iterable[Login]) -> dict[Login, int]:
        """The row of each, added if it is new.

        Raises:
            InvalidInputError: The list has more different ones than :data:`MOST`.
        """
        if self._ids is None:
            self._ids = await self._known()
        for login in dict.fromkeys(logins):
            if login not in self._ids:
                if len(self._ids) >= MOST:
                    raise InvalidInputError(
                        f"The list carries more than {MOST:,} different logins.",
                        remedy="Leave user names and passwords out of it.",
                    )
                self._last += 1
                name = f"{self._prefix}{self._last}"
                sealed = self._sealer.seal(login.password, name=name)
                self._ids[login] = await self._connection.fetchval(_ADD, name, login.username, sealed)
        return self._ids

    async def _known(self) -> dict[Login, int]:
        found: dict[Login, int] = {}
        for row in await self._connection.fetch(_KNOWN, self._prefix):
            number = row["name"].removeprefix(self._prefix)
            self._last = max(self._last, int(number) if number.isdigit() else 0)
            try:
                password = self._sealer.open(row["sealed"], name=row["name"])
            except SealError:  # its key is lost: the list brings the password anew
                continue
            found[Login(row["username"], password)] = row["id"]
        return found
