"""The system on one machine: its servers and processes under one supervisor, in the order of their needs."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from base import bus
from base.database import Database
from base.errors import SetupError
from base.log import get_logger
from base.migrate import migrate
from base.runtime import as_user, require_port, require_room
from camera_registry.reference import load_reference
from dengta import processes
from dengta.store import (
    START_S,
    check_queue,
    database_url,
    nats_url,
    ownership,
    prepare_database,
    private_nats,
    private_postgres,
)
from dengta.supervisor import ProcessSpec, Supervisor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from base.settings import Settings

log = get_logger(__name__)

T = TypeVar("T")


class System:
    """What runs on this machine.

    Args:
        settings: The installation's; its own processes work under the same ones.
        supervisor: Who keeps the processes.
    """

    def __init__(self, settings: Settings, supervisor: Supervisor) -> None:
        self.settings = settings
        self.supervisor = supervisor

    @property
    def console_url(self) -> str:
        """Where people find the console."""
        host = self.settings.api_host
        shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - only shown
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.settings.api_port}/"

    async def start_database(self) -> None:
        """The database, unless a setting names another, brought to the newest schema.

        Raises:
            SetupError: It cannot be started.
        """
        if self.settings.database_url is None:
            cluster = private_postgres(self.settings)
            cluster.prepare()
            await self.supervisor.start(
                ProcessSpec(
                    "postgres",
                    cluster.command(),
                    ready=lambda: prepare_database(cluster),
                    stop_signal=signal.SIGINT,
                    grace_s=30,
                ),
                timeout_s=START_S,
            )
        database = Database(database_url(self.settings), pool_size=1)
        try:
            await database.wait_ready(timeout_s=START_S)
            await migrate(database)
            async with database.raw() as connection, connection.transaction():
                await load_reference(connection)
        finally:
            await database.close()

    async def start_queue(self) -> None:
        """The queue, unless a setting names another.

        Raises:
            SetupError: It cannot be started.
        """
        if self.settings.nats_url is None:
            server = private_nats(self.settings)
            server.prepare()
            await self.supervisor.start(
                ProcessSpec(
                    "nats",
                    server.command(),
                    ready=self._queue_ready,
                    healthy=lambda: check_queue(server),
                )
            )

    async def start_work(self) -> None:
        """The calendar, the relay, the clerks, the workers and the API.

        Raises:
            SetupError: One of them ends at once.
        """
        for kind in ("calendar", "relay"):
            await self.start_own(kind, processes.command(kind))
        for kind, count in (("clerk", self.settings.clerks), ("looker", self.settings.workers)):
            for number in range(1, count + 1):
                name = kind if count == 1 else f"{kind}-{number}"
                await self.start_own(name, processes.command(kind))
        serve = as_user(None, [sys.executable, "-m", "dengta", "serve"], death_signal=signal.SIGKILL)
        await self.start_own("api", serve, ready=self._api_ready)

    async def start_own(
        self, name: str, command: list[str], ready: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """A process of Dengta's own, under the settings of this system.

        Raises:
            SetupError: It ends at once, or is not ready in time.
        """
        spec = ProcessSpec(name, command, ready=ready, environment=processes.environment(self.settings))
        await self.supervisor.start(spec)

    async def _queue_ready(self) -> None:
        client = await bus.connect(nats_url(self.settings), name="supervisor", timeout_s=30)
        await client.close()

    async def _api_ready(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    answer = await client.get(f"{self.console_url}healthz", timeout=2)
                    if answer.status_code == httpx.codes.OK:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.1)


@asynccontextmanager
async def owned_system(settings: Settings) -> AsyncIterator[System]:
    """The right to run the system of this data folder, with what an earlier run left ended.

    Raises:
        SetupError: It runs already, the disk is full, or a port is in use.
    """
    async with AsyncExitStack() as stack:
        if not stack.enter_context(ownership(settings.data_dir)):
            raise SetupError(
                f"Dengta runs already on the data folder {settings.data_dir}.",
                remedy="End it first, or set DENGTA_DATA_DIR to another folder.",
            )
        require_room(settings.data_dir, settings.minimum_free_mib)
        supervisor = Supervisor(
            settings.data_dir, settings.log_dir, minimum_free_mib=settings.minimum_free_mib
        )
        left = supervisor.recover()
        if left:
            log.warning("ended what an earlier run left", processes=left)
        require_port(settings.api_host, settings.api_port, purpose="the console", setting="DENGTA_API_PORT")
        stack.push_async_callback(supervisor.stop)
        yield System(settings, supervisor)


def end_on_signals(task: asyncio.Task[object]) -> None:
    """Cancel ``task`` at SIGINT and SIGTERM, so that everything is ended in order."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, task.cancel)


async def in_thread(function: Callable[..., T], *args: object, **kwargs: object) -> T:
    """``function(...)`` in a thread that Ctrl-C leaves behind.

    The event loop waits at its end for the threads of :func:`asyncio.to_thread`; for a download that can be
    minutes.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(put: Callable[[Any], None], value: object) -> None:
        if not outcome.done():
            put(value)

    def work() -> None:
        try:
            tell = partial(settle, outcome.set_result, function(*args, **kwargs))
        except Exception as err:  # noqa: BLE001 - handed on to who waits
            tell = partial(settle, outcome.set_exception, err)
        with suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(tell)

    threading.Thread(target=work, daemon=True).start()
    return await outcome
