"""What the tests stand on: real private servers for the whole run, a fresh database for each test."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from dengta_cache import CACHE, kept_alone

from base.database import Database
from base.errors import UnavailableError
from base.migrate import migrate
from base.nats_server import PrivateNats
from base.postgres import PrivatePostgres, find_programs
from dengta.sample.clips import Prepared, fetch_pedestrians, prepare_clips

pytest_plugins = ["side_by_side"]

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def fixtures_dir() -> Path:
    """Real weights, footage and pictures, kept beside the checkout and never in it."""
    folder = ROOT.parent / "shared" / "fixtures"
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"CI must have the fixtures at {folder}")
        pytest.skip(f"the fixtures folder {folder} is not on this machine")
    return folder


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder that the database's own user can reach too, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="dengta-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


# No test cuts this cluster's power: without waiting for the disk a fresh database costs a tenth. Tests of
# crashes start clusters of their own.
CARELESS = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")


@pytest.fixture(scope="session")
async def postgres(scratch: Path) -> AsyncIterator[PrivatePostgres]:
    """A running private cluster."""
    cluster = PrivatePostgres(scratch / "postgres", find_programs())
    cluster.prepare()
    with (scratch / "postgres.log").open("wb") as log:
        server = subprocess.Popen([*cluster.command(), *CARELESS], stdout=log, stderr=log, cwd="/")
    try:
        admin = Database(cluster.database_url("postgres"))
        await admin.wait_ready(timeout_s=30)
        async with admin.raw() as connection:
            await connection.execute("create database template_dengta")
        await admin.close()
        template = Database(cluster.database_url("template_dengta"))
        await migrate(template)
        await template.close()
        yield cluster
    finally:
        server.terminate()
        server.send_signal(2)
        server.wait(timeout=30)


@pytest.fixture
async def database_url(postgres: PrivatePostgres) -> AsyncIterator[str]:
    """The address of a fresh, migrated, empty database."""
    name = f"t_{secrets.token_hex(6)}"
    admin = Database(postgres.database_url("postgres"), pool_size=1)
    async with admin.raw() as connection:
        await connection.execute(f"create database {name} template template_dengta")
    yield postgres.database_url(name)
    async with admin.raw() as connection:
        await connection.execute(f"drop database if exists {name} with (force)")
    await admin.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh, migrated, empty database."""
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def nats_server(scratch: Path) -> Iterator[PrivateNats]:
    """A running private NATS server with JetStream."""
    private = PrivateNats(scratch / "nats")
    private.prepare()
    with (scratch / "nats.log").open("wb") as log:
        server = subprocess.Popen(private.command(), stdout=log, stderr=log, cwd="/")
    try:
        yield private
    finally:
        server.terminate()
        server.wait(timeout=15)


@pytest.fixture(scope="session")
def vtest() -> Path:
    """The filmed clip of pedestrians, fetched once for all runs."""
    film = CACHE / "vtest.avi"
    with kept_alone():
        if not film.exists():
            try:
                fetch_pedestrians(film, lambda _share: None)
            except UnavailableError as err:
                if os.environ.get("CI"):
                    pytest.fail(f"CI must have the filmed clip: {err}")
                pytest.skip(f"this machine cannot get the filmed clip: {err}")
    return film


@pytest.fixture(scope="session")
def clips(vtest: Path) -> Prepared:
    """The built-in clips, prepared once for all runs."""
    with pytest.MonkeyPatch.context() as patch, kept_alone():
        patch.setattr("dengta.sample.clips.PEDESTRIANS", str(vtest.relative_to("/")))
        prepared = prepare_clips(CACHE / "clips")
    assert not prepared.problems
    return prepared


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """Models that were fetched and converted, kept between runs."""
    return CACHE / "models"
