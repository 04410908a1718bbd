"""The migrations, replayed on an empty database, give exactly the schema that the tables describe."""

import difflib
import re
import subprocess

from sqlalchemy import make_url, text

from base.database import Database
from base.postgres import PrivatePostgres, find_programs
from models.tables import metadata


def dump(cluster: PrivatePostgres, name: str) -> list[str]:
    program = find_programs().folder / "pg_dump"
    command = [program, "--schema-only", "--no-owner", "-h", cluster.socket_dir, "-U", "dengta", name]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    # Column order within a table is a matter of history; the random words of \restrict differ each time.
    statements = re.split(r";\n", done.stdout)
    return sorted(
        "\n".join(
            sorted(
                line.strip().rstrip(",")
                for line in s.splitlines()
                if line and line[:2] not in ("--", "\\r", "\\u")
            )
        )
        for s in statements
        if "alembic_version" not in s
    )


async def test_replayed_migrations_equal_the_tables(postgres: PrivatePostgres, database_url: str) -> None:
    admin = Database(postgres.database_url("postgres"))
    async with admin.raw() as connection:
        await connection.execute("create database from_tables")
    created = Database(postgres.database_url("from_tables"))
    async with created.begin() as connection:
        await connection.execute(text("create extension postgis"))
        await connection.run_sync(metadata.create_all)
    await created.close()

    replayed = dump(postgres, make_url(database_url).database)
    described = dump(postgres, "from_tables")

    async with admin.raw() as connection:
        await connection.execute("drop database from_tables")
    await admin.close()
    assert "\n".join(difflib.unified_diff(described, replayed, "tables", "migrations", n=0)) == ""
    assert sum("CREATE TABLE" in s for s in replayed) >= len(metadata.tables)
