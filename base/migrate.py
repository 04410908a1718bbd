"""Bringing a database to the newest schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from base.database import MISSING_FILE, SETTING, sqlstate
from base.errors import SetupError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from base.database import Database

SCRIPTS = "models:migrations"

_LOCK = 0x64656E677461
"""Advisory lock held while migrating, so that two processes starting together take turns ("dengta")."""

_NO_POSTGIS = (
    "its server has no PostGIS",
    f"Install PostGIS for PostgreSQL there, or name another server in {SETTING}.",
)
_NO_RIGHT = (
    "the role may not create tables or the extension PostGIS in it",
    f"As its administrator: CREATE EXTENSION postgis, and give the database to the role of {SETTING}.",
)
_REASONS = {
    "0A000": _NO_POSTGIS,
    MISSING_FILE: _NO_POSTGIS,
    "42501": _NO_RIGHT,
    "3F000": _NO_RIGHT,  # no schema that the role may enter
}


async def migrate(database: Database, *, scripts: str = SCRIPTS, revision: str = "head") -> None:
    """Run the migrations that ``database`` lacks, in one transaction.

    Args:
        database: Where; needs the right to create the PostGIS extension at the first time.
        scripts: Package and folder of the migration scripts, in Alembic's form.
        revision: The revision to reach.

    Raises:
        SetupError: The role may not do it, the server has no PostGIS, or the schema is newer than this code.
        UnavailableError: The server went away; nothing was changed.
    """
    try:
        async with database.begin() as connection:
            await connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            await connection.run_sync(_upgrade, scripts, revision)
    except CommandError as err:
        raise SetupError(
            "The database was made by a newer version of Dengta.",
            remedy=f"Install that version, or name another database in {SETTING}.",
        ) from err
    except DBAPIError as err:
        reason = _REASONS.get(sqlstate(err))
        if reason is None:
            raise
        raise SetupError(f"The database cannot be prepared: {reason[0]}.", remedy=reason[1]) from err


def _upgrade(connection: Connection, scripts: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", scripts)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
