"""Where cameras' streams are: URLs and unsealed credentials, kept for a short while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from base.errors import DengtaError
from base.log import get_logger
from models.camera import StreamLogin

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from base.clock import Clock
    from base.database import Database
    from base.seal import Sealer

log = get_logger(__name__)

KEPT_S = 30.0
"""How long a changed address or password may go unnoticed."""

KEPT_MOST = 50_000
"""About 20 MB."""

_LOGINS = """
select c.id, c.stream_url, k.username, k.sealed, k.name
  from camera c left join credential k on k.id = c.credential_id
 where c.id = any($1::bigint[]) and c.stream_url is not null
"""


class AddressBook:
    """Logins by camera, read from the catalogue and kept for :data:`KEPT_S`."""

    def __init__(self, database: Database, sealer: Sealer, clock: Clock) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._kept: dict[int, tuple[float, StreamLogin]] = {}

    async def of(self, camera_ids: Sequence[int]) -> dict[int, StreamLogin]:
        """The logins of these cameras; those without a stream are left out.

        Raises:
            UnavailableError: The database does not answer.
        """
        now = self._clock.monotonic()
        missing = [k for k in camera_ids if k not in self._kept or self._kept[k][0] < now]
        if missing:
            if len(self._kept) + len(missing) > KEPT_MOST:
                self._kept.clear()
                missing = list(camera_ids)
            for camera_id in missing:
                self._kept.pop(camera_id, None)
            async with self._database.raw() as connection:
                rows = await connection.fetch(_LOGINS, missing)
            for row in rows:
                login = self._login(row)
                if login is not None:
                    self._kept[row["id"]] = (now + KEPT_S, login)
        return {k: self._kept[k][1] for k in camera_ids if k in self._kept}

    def _login(self, row: asyncpg.Record) -> StreamLogin | None:
        try:
            password = self._sealer.open(row["sealed"], name=row["name"]) if row["sealed"] else ""
        except DengtaError as err:
            # One credential sealed with a lost key must not stop the looks at all other cameras.
            log.warning("credential cannot be opened", credential=row["name"], reason=str(err))
            return None
        return StreamLogin(row["stream_url"], row["username"] or "", password)
