"""The composition of each process: which parts it is made of, and how it is started and ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

from pydantic import SecretStr

from base.clock import SystemClock
from base.database import Database
from base.log import configure_logging, get_logger
from base.runtime import as_user
from camera_registry.job_files import JobFolder
from dengta.store import connect_bus, database_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from nats.aio.client import Client

    from base.settings import Settings
    from camera_registry.jobs import Work

log = get_logger(__name__)


async def calendar(settings: Settings, database: Database) -> None:
    """Own the calendar and answer workers."""
    from workers.calendar import CalendarProcess

    async with _queue(settings, "calendar") as bus:
        await CalendarProcess(database, bus, SystemClock(), lease_s=settings.lease_s).run()


async def relay(settings: Settings, database: Database) -> None:
    """Publish the outbox."""
    from workers.relay import RelayProcess

    async with _queue(settings, "relay") as bus:
        await RelayProcess(database, bus).run()


async def looker(settings: Settings, database: Database) -> None:
    """Look, recognise, judge and record."""
    from base.seal import Sealer
    from camera_registry.addresses import AddressBook
    from dengta.detector import load_recogniser
    from dispatch.evidence import FolderEvidence
    from dispatch.record import Recorder
    from ingest.look import Looker
    from ingest.target import TargetPolicy
    from workers.looker import LookerProcess

    clock = SystemClock()
    evidence = FolderEvidence(settings.evidence_dir, minimum_free_mib=settings.minimum_free_mib)
    eyes = Looker(TargetPolicy.of(settings.look_networks), clock)
    try:
        async with _queue(settings, "looker") as bus:
            await LookerProcess(
                name=f"{socket.gethostname()[:40]}-{os.getpid()}",
                database=database,
                bus=bus,
                clock=clock,
                settings=settings,
                addresses=AddressBook(database, Sealer(settings.keys_dir), clock),
                looker=eyes,
                recogniser=load_recogniser(settings),
                recorder=Recorder(database, evidence, site=settings.site, clock=clock),
            ).run()
    finally:
        await eyes.aclose()


async def clerk(settings: Settings, database: Database) -> None:
    """Have the jobs done that people asked for, and one assessment a day that nobody asks for."""
    from camera_registry.governance.schedule import DailyAssessment
    from camera_registry.job_book import Book
    from workers.clerk import ClerkProcess
    from workers.desk import ChildDesk

    folder, book = _job_folder(settings), Book(database)
    daily = DailyAssessment(database, SystemClock(), settings.time_zone)

    async def tidy() -> None:
        folder.sweep(await book.open_files())
        await daily.glance()

    await ClerkProcess(
        database,
        SystemClock(),
        ChildDesk(command("desk"), fat_mib=settings.job_memory_mib // 2),
        list(WORKS),
        most_s=settings.job_minutes * 60,
        tidy=tidy,
    ).run()


async def desk(settings: Settings, database: Database) -> None:
    """Do a clerk's jobs, within bounds: what they read may be hostile."""
    from workers.desk_child import limit, serve

    limit(settings.job_memory_mib)
    await serve(lambda kind: WORKS[kind](settings, database))


def _job_folder(settings: Settings) -> JobFolder:
    return JobFolder(settings.jobs_dir, SystemClock(), minimum_free_mib=settings.minimum_free_mib)


def import_work(settings: Settings, database: Database) -> Work:
    """Import a list that was uploaded."""
    from base.seal import Sealer
    from camera_registry.import_job import import_work

    return import_work(database, SystemClock(), _job_folder(settings), Sealer(settings.keys_dir))


def units_work(settings: Settings, database: Database) -> Work:
    """Put boundaries that were uploaded in place."""
    from camera_registry.units.job import units_work

    return units_work(database, SystemClock(), _job_folder(settings))


def units_undo_work(_settings: Settings, database: Database) -> Work:
    """Make the tree of units what it was."""
    from camera_registry.units.job import undo_work

    return undo_work(database, SystemClock())


def units_assign_work(_settings: Settings, database: Database) -> Work:
    """Give every camera and point its unit anew."""
    from camera_registry.units.job import assign_work

    return assign_work(database)


def crs_check_work(_settings: Settings, database: Database) -> Work:
    """Survey the catalogue's coordinates."""
    from camera_registry.coordinates.job import survey_work

    return survey_work(database, SystemClock())


def assess_work(settings: Settings, database: Database) -> Work:
    """Assess every camera."""
    from camera_registry.governance.assess import assess_work

    return assess_work(database, SystemClock(), settings.time_zone)


def suggest_work(_settings: Settings, database: Database) -> Work:
    """Learn from what staff classified, and make suggestions anew."""
    from camera_registry.suggestion.work import suggest_work

    return suggest_work(database, SystemClock())


WORKS: dict[str, Callable[[Settings, Database], Work]] = {
    "assess": assess_work,
    "import": import_work,
    "crs-check": crs_check_work,
    "suggest": suggest_work,
    "units": units_work,
    "units-assign": units_assign_work,
    "units-undo": units_undo_work,
}
"""The work of each kind of job; made anew for each, so that only what is asked for is loaded."""

KINDS: dict[str, Callable[[Settings, Database], Awaitable[None]]] = {
    "calendar": calendar,
    "clerk": clerk,
    "desk": desk,
    "looker": looker,
    "relay": relay,
}


def command(kind: str) -> list[str]:
    """This process kind as a command for the supervisor; killed by the kernel when its parent dies.

    Being killed is safe at any moment: what a worker had half done falls due again.
    """
    words = [sys.executable, "-m", "dengta", "process", kind]
    return as_user(None, words, death_signal=signal.SIGKILL)


def environment(settings: Settings) -> dict[str, str]:
    """The settings as variables for a process that runs in another folder and sees no ``.env``.

    Secrets travel in the environment, which only their user can read; never in a command's words.
    """
    prefix = settings.model_config["env_prefix"]
    given = {name: getattr(settings, name) for name in type(settings).model_fields}
    return {f"{prefix}{name}".upper(): _as_text(v) for name, v in given.items() if v is not None}


def _as_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return json.dumps(value) if isinstance(value, tuple | bool) else str(value)


def run(kind: str, settings: Settings) -> None:
    """Be a process of this kind until asked to end."""
    configure_logging(kind, level=settings.log_level, json=settings.log_json)
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        asyncio.run(_run(kind, settings))


async def _run(kind: str, settings: Settings) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    database = Database(database_url(settings))
    try:
        log.info("started")
        await KINDS[kind](settings, database)
    finally:
        await database.close()
        log.info("ended")


@contextlib.asynccontextmanager
async def _queue(settings: Settings, name: str) -> AsyncIterator[Client]:
    bus = await connect_bus(settings, name=name, timeout_s=30)
    try:
        yield bus
    finally:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(bus.close(), 2)
