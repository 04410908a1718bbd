"""The sample city of 230,000 cameras in a private server: made once for a version of the code, then copied.

Benchmarks that need a whole city take it from here, each its own copy::

    with city_store() as cluster:
        database = Database(cluster.url)

Making it takes most of a minute. So a stopped server's files are kept in ``build/``, named by what they
were made of, and each run copies them and starts a server of its own on the copy.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from base.database import Database
from base.migrate import migrate
from base.postgres import ROLE, PrivatePostgres, find_programs
from bench.workplace import running, serving, workplace
from dengta.sample.city import make_city
from dengta.sample.load import load_city
from gis.tile_upkeep import REFRESH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from base.postgres import PostgresPrograms

CAMERAS = 230_000
SEED = 7

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "build" / "bench-city"
MADE_OF = (
    *("base/postgres.py", "bench/city_store.py", "camera_registry/reference.py", "gis/jurisdiction.py"),
    *("dengta/sample", "models/data", "models/migrations"),
)
"""Change one of them, and another city is made."""

LOOK_AT_ALL = """
update camera_state
   set state = case when camera_id % 100 < 88 then 1 when camera_id % 100 < 94 then 2 else 3 end,
       looked_at = now(), outcome = case when camera_id % 100 < 94 then 'picture' else 'timeout' end,
       failures = case when camera_id % 100 < 94 then 0 else 3 end
"""
"""Every camera was looked at: 88 % online, 6 % degraded, 6 % offline."""


@contextmanager
def city_store(*, looked_at: bool = False) -> Iterator[PrivatePostgres]:
    """A running private server whose database ``cluster.url`` holds the sample city; removed afterwards.

    Args:
        looked_at: Whether each camera has a state, as in a city that has run for a day. Otherwise none has,
            as right after an import.

    Raises:
        SetupError: PostgreSQL with PostGIS is not installed.
    """
    programs = find_programs()
    with workplace() as folder:
        root = folder / "postgres"
        root.mkdir(mode=0o711)
        copy_city(programs, root / "data")
        with running(PrivatePostgres(root, programs), folder) as cluster:
            asyncio.run(_wake(cluster, looked_at=looked_at))
            yield cluster


def copy_city(programs: PostgresPrograms, target: Path) -> None:
    """Put the files of a stopped server with the city in it to ``target``; they are made first if need be."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two benchmarks that begin together make it once
        kept = KEPT / stamp(programs)
        if not kept.is_dir():
            for outdated in KEPT.glob("city-*"):
                shutil.rmtree(outdated)
            _keep(programs, kept)
        _copy(kept, target)


def _keep(programs: PostgresPrograms, kept: Path) -> None:
    with workplace() as folder:
        cluster = PrivatePostgres(folder / "postgres", programs)
        with serving(cluster, folder):
            asyncio.run(_make(cluster))
        fresh = kept.with_name("fresh")
        shutil.rmtree(fresh, ignore_errors=True)
        _copy(cluster.data, fresh)
        fresh.rename(kept)


def stamp(programs: PostgresPrograms) -> str:
    """A name for the city that this code makes on this PostgreSQL."""
    found = hashlib.sha256(f"{programs.major} {CAMERAS} {SEED}".encode())
    for name in MADE_OF:
        path = ROOT / name
        files = [path] if path.is_file() else sorted(each for each in path.rglob("*.*") if each.is_file())
        for file in files:
            if file.suffix in {".py", ".json"}:
                found.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    return f"city-{found.hexdigest()[:16]}"


def _copy(source: Path, target: Path) -> None:
    """Owners are kept, and blocks shared where the file system can."""
    subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(target)], check=True)


async def _make(cluster: PrivatePostgres) -> None:
    admin = Database(cluster.database_url("postgres"), pool_size=1)
    await admin.wait_ready(timeout_s=30)
    async with admin.raw() as connection:
        await connection.execute(f"create database {ROLE}")
    await admin.close()
    database = Database(cluster.url, pool_size=1)
    await migrate(database)
    await load_city(database, make_city(CAMERAS, SEED))
    async with database.raw() as connection:
        await connection.execute("checkpoint")
    await database.close()


async def _wake(cluster: PrivatePostgres, *, looked_at: bool) -> None:
    database = Database(cluster.url, pool_size=1)
    await database.wait_ready(timeout_s=30)
    if looked_at:
        async with database.raw() as connection:
            await connection.execute(LOOK_AT_ALL)
            await connection.execute(REFRESH)
            await connection.execute("vacuum (analyze) camera_state, camera_tile, camera_cell")
    await database.close()
