"""What the database says is told apart: not now, never with this address, or a fault of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import Connection, text

from base.database import SETTING, Database
from base.errors import SetupError, UnavailableError
from base.migrate import migrate
from base.postgres import PrivatePostgres


def as_if(state: str) -> str:
    return f"do $$ begin raise exception 'no' using errcode = '{state}'; end $$"


@pytest.mark.parametrize(
    "state", ["08006", "40001", "40P01", "53100", "53200", "53300", "57014", "57P01", "58030", "25006"]
)
async def test_what_may_be_better_later_is_unavailable(database: Database, state: str) -> None:
    with pytest.raises(UnavailableError):
        async with database.raw() as connection:
            await connection.execute(as_if(state))
    with pytest.raises(UnavailableError):
        async with database.begin() as engine_connection:
            await engine_connection.execute(text(as_if(state)))


@pytest.mark.parametrize("state", ["23505", "22P02", "42703", "55P03", "58P01"])
async def test_what_stays_as_it_is_is_not(database: Database, state: str) -> None:
    with pytest.raises(asyncpg.PostgresError) as caught:
        async with database.raw() as connection:
            await connection.execute(as_if(state))
    assert caught.value.sqlstate == state


async def test_a_statement_that_takes_too_long_is_unavailable(database: Database) -> None:
    with pytest.raises(UnavailableError):
        async with database.raw() as connection:
            await connection.execute("set local statement_timeout = 20; select pg_sleep(5)")


async def test_a_full_disk_is_named(database: Database) -> None:
    with pytest.raises(UnavailableError, match="disk is full"):
        async with database.raw() as connection:
            await connection.execute(as_if("53100"))


@pytest.fixture
async def guest(postgres: PrivatePostgres, database_url: str) -> AsyncIterator[str]:
    """The address, over the same socket, of a role that owns nothing; we are let in as it for a while."""
    mapped = postgres.data.parent / "ident.conf"
    before = mapped.read_text()
    admin = Database(database_url, pool_size=1)
    async with admin.raw() as connection:
        await connection.execute("create role guest login")
        mapped.write_text(before + before.replace(" dengta\n", " guest\n"))
        await connection.execute("select pg_reload_conf()")
    yield database_url.replace("//dengta@", "//guest@")
    async with admin.raw() as connection:
        mapped.write_text(before)
        await connection.execute("select pg_reload_conf()")
        await connection.execute("drop owned by guest cascade; drop role guest")
    await admin.close()


async def refusal(url: str) -> str:
    """What is said to somebody who opens and migrates the database at ``url``."""
    database = Database(url, pool_size=1)
    try:
        await database.wait_ready(timeout_s=10)
        await migrate(database)
    except SetupError as err:
        said = str(err)
    else:
        pytest.fail("it was not refused")
    finally:
        await database.close()
    assert SETTING in said
    assert "hunter2" not in said
    assert len(said.splitlines()) == 1
    return said


async def test_sslmode_is_understood_as_libpq_does(database_url: str) -> None:
    database = Database(f"{database_url}&sslmode=disable")
    await database.wait_ready(timeout_s=5)
    await database.close()


async def test_a_missing_database_is_a_matter_of_the_setting(postgres: PrivatePostgres) -> None:
    assert "no database of that name" in await refusal(postgres.database_url("nowhere"))


async def test_a_refused_role_is_a_matter_of_the_setting(database_url: str) -> None:
    assert "refuses the role" in await refusal(database_url.replace("//dengta@", "//stranger:hunter2@"))


async def test_a_role_that_may_not_connect_is_a_matter_of_the_setting(database: Database, guest: str) -> None:
    async with database.raw() as connection:
        name = await connection.fetchval("select current_database()")
        await connection.execute(f"revoke connect on database {name} from public")
    assert "may not connect" in await refusal(guest)


@pytest.mark.parametrize("right", ["usage", "usage, create", ""])
async def test_a_role_that_may_not_make_tables_or_postgis_is_a_matter_of_the_setting(
    database: Database, guest: str, right: str
) -> None:
    async with database.raw() as connection:
        await connection.execute("drop schema public cascade; create schema public")
        if right:
            await connection.execute(f"grant {right} on schema public to public")
    assert "may not create" in await refusal(guest)


@pytest.mark.parametrize("state", ["0A000", "58P01"])
async def test_a_server_without_postgis_is_named(
    database: Database, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    def refuse(connection: Connection, *_: str) -> None:
        connection.execute(text(as_if(state)))

    monkeypatch.setattr("base.migrate._upgrade", refuse)
    with pytest.raises(SetupError, match=f"no PostGIS.*{SETTING}"):
        await migrate(database)


async def test_a_schema_newer_than_the_code_is_named(database: Database, database_url: str) -> None:
    async with database.raw() as connection:
        await connection.execute("update alembic_version set version_num = 'from_the_future'")
    assert "newer version" in await refusal(database_url)


@pytest.mark.parametrize("url", ["postgresql://u:hunter2@h:x/d", "hunter2", "postgresql://u:hunter2@h/d?a=b"])
def test_an_address_that_cannot_be_one_names_the_setting(url: str) -> None:
    with pytest.raises(SetupError, match=SETTING) as caught:
        Database(url)
    assert "hunter2" not in str(caught.value)


async def test_a_server_that_does_not_answer_is_said_to_be_looked_for_in_the_setting() -> None:
    database = Database("postgresql://u:hunter2@127.0.0.1:1/d")
    with pytest.raises(UnavailableError, match=SETTING):
        await database.wait_ready(timeout_s=0.3)
    await database.close()
