"""Bench ``import``: wall time of a city's list from the file to the commit, against a plain load of it.

``csv-230k`` is the sample city's 230,000 cameras as a department would hand them in, mistakes and all. Ours
reads, checks, de-duplicates, places them in their jurisdictions and commits them into the catalogue with all
of its indexes. ogr2ogr loads the file into a table of texts with a geometry and its index, as
it does by default, by COPY. The floor is PostgreSQL's COPY of the file into bare text columns.
"""

from __future__ import annotations

import asyncio
import csv
import shutil
import subprocess
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg

from base.clock import SystemClock
from base.database import Database
from base.errors import DengtaError, SetupError
from base.migrate import migrate
from base.postgres import ROLE, PrivatePostgres, find_programs
from bench.city_store import CAMERAS, SEED
from bench.harness import WARM_UPS, Case, Line, Skipped, Tell
from bench.workplace import running, workplace
from camera_registry.importing import ImportReport, ImportRequest, import_file
from camera_registry.importing.fields import FIELDS
from camera_registry.importing.request import Kind
from dengta.sample.city import make_city
from dengta.sample.load import load_city

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Sequence
    from pathlib import Path

    from dengta.sample.records import CameraRow

T = TypeVar("T")

NAME = "import"
CASES = ("csv-230k",)
ROUNDS = 5
PEER = "ogr2ogr"
LEFT_OUT = frozenset({"id", "wgs84_longitude", "wgs84_latitude"})
"""Of the sample's rows: what the catalogue makes itself."""


def measure(case: str, tell: Tell) -> Iterator[Line]:
    """The lines of one case."""
    try:
        programs = find_programs()
    except SetupError as err:
        yield Skipped(NAME, case, str(err))
        return
    with workplace() as folder, running(PrivatePostgres(folder / "postgres", programs), folder) as cluster:
        contest = Contest(cluster, folder)
        try:
            yield from contest.case(case).measure(tell)
            contest.check()
        finally:
            contest.close()


class Contest:
    """A city's units without its cameras in a database for each round, and its list as a file."""

    def __init__(self, cluster: PrivatePostgres, folder: Path) -> None:
        self._cluster = cluster
        self._loop = asyncio.new_event_loop()
        self._list = folder / "cameras.csv"
        city = make_city(CAMERAS, SEED)
        write_list(self._list, city.cameras)
        self._header = self._list.open(encoding="utf-8").readline().strip().split(",")
        self._run(self._make_databases())
        self._reports: list[ImportReport] = []
        self._loads = count()

    def case(self, name: str) -> Case:
        peer = shutil.which(PEER)
        rounds = count()
        return Case(
            bench=NAME,
            name=name,
            ours=lambda: self._run(self._import(f"ours_{next(rounds)}")),
            floor=lambda: self._run(self._copy(f"copied_{next(self._loads)}")),
            peers={PEER: lambda: self._load(f"loaded_{next(self._loads)}")} if peer else {},
            absent={} if peer else {PEER: "Debian's gdal-bin is not installed"},
            unit="ms",
            rounds=ROUNDS,
        )

    def check(self) -> None:
        """All of the list must have arrived everywhere, and ours must have placed it.

        Raises:
            DengtaError: It has not: the figures compare nothing.
        """
        for report in self._reports:
            if report.rows != CAMERAS or report.new != report.accepted or report.refused > CAMERAS // 100:
                raise DengtaError("import: the list did not arrive whole.")
        placed, loaded = self._run(self._count())
        if placed < CAMERAS * 0.95 or any(rows != CAMERAS for rows in loaded):
            raise DengtaError("import: rows are missing, or without their unit.")

    def close(self) -> None:
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    async def _import(self, name: str) -> None:
        database = Database(self._cluster.database_url(name), pool_size=1)
        request = ImportRequest(self._list, self._list.name)
        self._reports.append(await import_file(database, SystemClock(), request, lambda _stage, _share: None))
        await database.close()

    async def _copy(self, table: str) -> None:
        connection = await self._connect("peer")
        columns = ", ".join(f'"{name}" text' for name in self._header)
        await connection.execute(f"create table {table} ({columns})")
        await connection.copy_to_table(table, source=self._list, format="csv", header=True)
        await connection.close()

    def _load(self, table: str) -> None:
        """As GDAL's PostgreSQL page advises for speed: COPY, and nothing left to find out."""
        place = f"host={self._cluster.socket_dir} user={ROLE} dbname=peer"
        command = [
            *(PEER, "-q", "-f", "PostgreSQL", f"PG:{place}", str(self._list), "-nln", table),
            *("-oo", "X_POSSIBLE_NAMES=经度", "-oo", "Y_POSSIBLE_NAMES=纬度", "-a_srs", "EPSG:4326"),
            *("--config", "PG_USE_COPY", "YES"),
        ]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)

    async def _make_databases(self) -> None:
        admin = await self._connect("postgres")
        await admin.execute("create database template_city")
        template = Database(self._cluster.database_url("template_city"), pool_size=1)
        await migrate(template)
        await load_city(template, make_city(1, SEED))
        async with template.raw() as connection:
            await connection.execute("truncate camera restart identity cascade")
        await template.close()
        for number in range(WARM_UPS + ROUNDS):
            await admin.execute(f"create database ours_{number} template template_city")
        await admin.execute("create database peer")
        peer = await self._connect("peer")
        await peer.execute("create extension postgis")
        await peer.close()
        await admin.close()

    async def _count(self) -> tuple[int, list[int]]:
        ours = await self._connect("ours_0")
        placed: int = await ours.fetchval("select count(unit_id) from camera")
        await ours.close()
        peer = await self._connect("peer")
        tables = await peer.fetch("select tablename from pg_tables where tablename ~ '^(loaded|copied)_'")
        loaded = [await peer.fetchval(f"select count(*) from {row['tablename']}") for row in tables]
        await peer.close()
        return placed, loaded

    async def _connect(self, database: str) -> asyncpg.Connection[Any]:
        return await asyncpg.connect(host=str(self._cluster.socket_dir), user=ROLE, database=database)


def write_list(path: Path, cameras: Sequence[CameraRow]) -> None:
    """The cameras as a CSV with Chinese headers."""
    names = [name for name in cameras[0]._fields if name not in LEFT_OUT]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS[Kind.CAMERAS][name].title for name in names)
        writer.writerows([getattr(camera, name) for name in names] for camera in cameras)
