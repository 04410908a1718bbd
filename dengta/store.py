"""The store and the queue as a command finds them: given by a setting, running already, or started for it."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nats.errors import Error as NatsError

from base import bus
from base.database import Database
from base.errors import SetupError, UnavailableError
from base.migrate import migrate
from base.nats_server import PrivateNats
from base.postgres import PrivatePostgres, find_programs
from base.runtime import require_room

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from nats.aio.client import Client

    from base.settings import Settings

START_S = 60.0
"""Most that the database may take to start: after a crash it replays its log first."""

HEALTH_SUBJECT = "$SYS.REQ.SERVER.PING.HEALTHZ"


@dataclass(frozen=True, slots=True)
class Store:
    """What a command works on."""

    database: Database


def private_postgres(settings: Settings) -> PrivatePostgres:
    """The cluster of this data folder.

    Raises:
        SetupError: PostgreSQL or PostGIS is not installed.
    """
    return PrivatePostgres(settings.data_dir / "postgres", find_programs())


def private_nats(settings: Settings) -> PrivateNats:
    """The queue server of this data folder."""
    return PrivateNats(settings.data_dir / "nats")


def database_url(settings: Settings) -> str:
    """Where the database is."""
    if settings.database_url:
        return settings.database_url.get_secret_value()
    return private_postgres(settings).url


def nats_url(settings: Settings) -> str:
    """Where the queue is; holds a password."""
    if settings.nats_url:
        return settings.nats_url.get_secret_value()
    return private_nats(settings).url


async def connect_bus(settings: Settings, *, name: str, timeout_s: float = 10) -> Client:
    """A connection to the queue.

    Raises:
        UnavailableError: It does not answer.
    """
    try:
        return await bus.connect(nats_url(settings), name=name, timeout_s=timeout_s)
    except UnavailableError as err:
        raise UnavailableError(err.detail, remedy="Is Dengta running? Start it with: dengta up") from err


async def check_queue(server: PrivateNats) -> None:
    """Return if the private queue server can store in each of its streams.

    It is asked rather than tried: a stream that once met a full disk refuses until the server's next start,
    while every other stream, one made for a trial too, goes on storing.

    Raises:
        UnavailableError: It does not answer, or says what is wrong.
    """
    client = await bus.connect(server.health_url, name="health", timeout_s=2)
    try:
        answer = json.loads((await client.request(HEALTH_SUBJECT, timeout=2)).data)
        health = answer["data"]
        if health["status"] != "ok":
            raise UnavailableError(f"The queue (NATS) says: {health.get('error') or health['status']}.")
    except (NatsError, TimeoutError, ValueError, KeyError, TypeError) as err:
        raise UnavailableError("The queue (NATS) does not say how it is.") from err
    finally:
        await client.close()


@asynccontextmanager
async def open_store(settings: Settings, *, pool_size: int = 5) -> AsyncIterator[Store]:
    """The database, migrated; a private one is started for as long as it is needed, unless it runs already.

    One that runs already goes away with whoever started it: with a supervisor it is there for good, with
    another short command until that command ends.

    Raises:
        SetupError: It cannot be started.
        UnavailableError: It does not answer.
    """
    if settings.database_url:
        async with _opened(settings, pool_size) as store:
            yield store
        return
    with ownership(settings.data_dir) as mine:
        if not mine:  # a supervisor or another command runs it
            async with _opened(settings, pool_size) as store:
                yield store
            return
        async with running_postgres(settings), _opened(settings, pool_size) as store:
            yield store


@asynccontextmanager
async def running_postgres(settings: Settings) -> AsyncIterator[None]:
    """The private cluster, running for as long as the body; the caller owns the data folder."""
    cluster = private_postgres(settings)
    require_room(settings.data_dir, settings.minimum_free_mib)
    cluster.prepare()
    settings.log_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (settings.log_dir / "postgres.log").open("ab") as log:
        server = await asyncio.create_subprocess_exec(*cluster.command(), stdout=log, stderr=log, cwd="/")
    try:
        await prepare_database(cluster)
        yield
    finally:
        with suppress(ProcessLookupError):
            server.send_signal(signal.SIGINT)
        await server.wait()


async def prepare_database(cluster: PrivatePostgres) -> None:
    """Wait for the cluster, and make the product's database in it at the first time."""
    admin = Database(cluster.database_url("postgres"), pool_size=1)
    try:
        await admin.wait_ready(timeout_s=START_S)
        async with admin.raw() as connection:
            if not await connection.fetchval("select 1 from pg_database where datname = 'dengta'"):
                await connection.execute("create database dengta")
    finally:
        await admin.close()


@asynccontextmanager
async def _opened(settings: Settings, pool_size: int) -> AsyncIterator[Store]:
    database = Database(database_url(settings), pool_size=pool_size)
    try:
        await database.wait_ready(timeout_s=START_S)
        await migrate(database)
        yield Store(database)
    finally:
        await database.close()


class ownership:  # noqa: N801 - used as a statement, like contextlib's own
    """Whether this process is the one that runs the servers of a data folder, for as long as the body.

    The kernel drops the lock when its holder dies, however it dies.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "owner.lock"
        self._file: int | None = None

    def __enter__(self) -> bool:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as err:
            raise SetupError(
                f"The data folder {self._path.parent} cannot be written: {err.strerror}.",
                remedy="Set DENGTA_DATA_DIR to a folder of yours.",
            ) from err
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            os.close(self._file)
