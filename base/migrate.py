"""Bringing a database to the newest schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from base.database import Database

SCRIPTS = "models:migrations"

_LOCK = 0x64656E677461
"""Advisory lock held while migrating, so that two processes starting together take turns ("dengta")."""


async def migrate(database: Database, *, scripts: str = SCRIPTS, revision: str = "head") -> None:
    """Run the migrations that ``database`` lacks, in one transaction.

    Args:
        database: Where; needs the right to create the PostGIS extension at the first time.
        scripts: Package and folder of the migration scripts, in Alembic's form.
        revision: The revision to reach.
    """
    async with database.begin() as connection:
        await connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        await connection.run_sync(_upgrade, scripts, revision)


def _upgrade(connection: Connection, scripts: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", scripts)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
