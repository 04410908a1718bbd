"""The demo: the whole system on a sample city with sample cameras, step by step."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select

from api.accounts import NewAccount, add_account, change_password, list_accounts
from api.passwords import Passwords
from base.clock import SystemClock
from base.database import Database
from base.runtime import as_user, require_port
from base.seal import Sealer
from dengta.detector import obtain_detector
from dengta.sample import city, load
from dengta.sample import rtsp_cameras as sample
from dengta.sample.clips import Origin, prepare_clips, read_manifest
from dengta.sample.register import register_cameras, require_sample_city
from dengta.store import database_url
from dengta.system import System, in_thread, owned_system
from dispatch.exercise import end_exercises
from models.scope import ROOT_POSITION, Role
from models.tables import organisation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from base.clock import Clock
    from base.settings import Settings
    from inference.sources import Progress as ByteProgress

    Progress = Callable[[str, float], None]
    """Told what is being done and the finished share of it, 0-1."""

DEMO_ACCOUNT = "demo"
CITY_CODE = select(organisation.c.code).where(organisation.c.tree_left == ROOT_POSITION)
CONSUMER = "demo"
"""Durable name of the demo's own consumer."""


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What the demo is asked for.

    Attributes:
        cameras: Size of the sample city.
        streams: How many of its cameras have a live sample stream.
        clips: A folder of the user's own films, absolute, or None.
        port: RTSP port of the sample cameras; the next one is used too.
        seed: Decides the city and the cameras.
    """

    cameras: int = 230_000
    streams: int = 24
    clips: Path | None = None
    port: int = sample.DEFAULT_PORT
    seed: int = 7


@dataclass(slots=True)
class Stopwatch:
    """How long each stage took, in order.

    Attributes:
        seconds: By stage.
    """

    clock: Clock
    seconds: dict[str, float] = field(default_factory=dict)
    _began: float = 0.0

    def lap(self, stage: str) -> None:
        """Say that ``stage`` has ended now, having begun when the one before it ended."""
        now = self.clock.monotonic()
        self.seconds[stage] = round(now - self._began, 3)
        self._began = now

    def start(self) -> None:
        """Begin now."""
        self._began = self.clock.monotonic()


@dataclass(frozen=True, slots=True)
class Login:
    """The demo's own account."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """A demo whose parts all run.

    Attributes:
        system: The processes.
        database: A connection pool of the demo's own.
        login: For the console.
        watch: How long each stage took.
        problems: What could not be had, one sentence each.
        model: The detector, as observations name it.
        filmed: The cameras whose clip was filmed, by their id in the catalogue.
    """

    system: System
    database: Database
    login: Login
    watch: Stopwatch
    problems: tuple[str, ...]
    model: str
    filmed: frozenset[int]


@asynccontextmanager
async def running_demo(settings: Settings, plan: DemoPlan, progress: Progress) -> AsyncIterator[RunningDemo]:
    """Set everything up and run it for as long as the body.

    Raises:
        SetupError: The machine lacks something; the sentence says what and how to get it.
    """
    watch = Stopwatch(SystemClock())
    watch.start()
    settings = settings.model_copy(update={"look_networks": (f"{sample.HOST}/32",)})
    async with owned_system(settings) as system:
        for port in (plan.port, plan.port + 1):
            require_port(sample.HOST, port, purpose="the sample cameras", setting="--rtsp-port")
        await system.start_database()
        progress("database", 1)
        watch.lap("database")
        await system.start_queue()
        progress("queue", 1)
        watch.lap("queue")
        database = Database(database_url(settings), pool_size=4)
        try:
            await _ensure_city(database, plan, progress)
            watch.lap("city")
            prepared = await in_thread(
                prepare_clips, settings.data_dir / "clips", user_folder=plan.clips, progress=progress
            )
            watch.lap("clips")
            stock = await in_thread(obtain_detector, settings, _share_of(progress))
            watch.lap("model")
            filmed = await _start_cameras(system, settings, plan, database)
            watch.lap("cameras")
            login = await _ensure_login(database, settings.data_dir / "demo-login.json")
            await system.start_work()
            progress("processes", 1)
            watch.lap("processes")
            yield RunningDemo(system, database, login, watch, prepared.problems, stock.label, filmed)
        finally:
            await database.close()


async def _ensure_city(database: Database, plan: DemoPlan, progress: Progress) -> None:
    """The sample city, made unless the catalogue holds it already.

    Raises:
        ConflictError: The catalogue holds somebody's own records; they are left as they are.
    """
    async with database.raw() as connection:
        if await require_sample_city(connection):
            progress("city", 1)
            return
    stages = (*city.STAGES, *load.STAGES)

    def begin(stage: str) -> None:
        progress("city", stages.index(stage) / len(stages) if stage in stages else 0)

    made = await in_thread(city.make_city, plan.cameras, plan.seed, begin)
    await load.load_city(database, made, progress=begin)
    progress("city", 1)


async def _start_cameras(
    system: System, settings: Settings, plan: DemoPlan, database: Database
) -> frozenset[int]:
    """Serve the sample cameras and enter them into the catalogue; those with a filmed clip are returned."""
    words = ["cameras", "--count", str(plan.streams), "--port", str(plan.port), "--seed", str(plan.seed)]
    if plan.clips:
        words += ["--folder", str(plan.clips)]
    command = as_user(None, [sys.executable, "-m", "dengta", *words], death_signal=signal.SIGKILL)
    await system.start_own("cameras", command, ready=lambda: _until_listening(plan.port, plan.port + 1))
    planned = sample.load_plan(settings.data_dir / sample.PLAN)
    subjects = {clip.name: clip.shows for clip in read_manifest(settings.data_dir / "clips")}
    async with database.raw() as connection, connection.transaction():
        ids = await register_cameras(connection, planned, subjects, Sealer(settings.keys_dir))
        # What an earlier demo left open would keep this one's cameras from opening it anew.
        await end_exercises(connection, site=settings.site, clock=SystemClock())
    return frozenset(ids[camera.name] for camera in planned if camera.origin is not Origin.RENDERED)


async def _until_listening(*ports: int) -> None:
    for port in ports:
        while True:
            try:
                _, writer = await asyncio.open_connection(sample.HOST, port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                break


def _kept_login(path: Path) -> tuple[Login, bool]:
    """The login kept in ``path``, made at the first time; and whether it was made now."""
    try:
        return Login(**json.loads(path.read_text())), False
    except (OSError, ValueError, TypeError):
        login = Login(DEMO_ACCOUNT, secrets.token_urlsafe(9))
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"username": login.username, "password": login.password}, file)
        return login, True


async def _ensure_login(database: Database, path: Path) -> Login:
    """An account of the whole city that may do everything, its password in a file of its owner's."""
    login, made = _kept_login(path)
    async with database.begin() as connection:
        new = NewAccount(
            username=login.username,
            password_hash=Passwords().hash(login.password),
            roles=frozenset(Role),
            unit_code=await connection.scalar(CITY_CODE) or "",
            max_sensitivity=3,
            display_name="演示 Demo",
        )
        known = {row["username"] for row in await list_accounts(connection)}
        if login.username not in known:
            await add_account(connection, new)
        elif made:  # the file was lost, the account was not
            await change_password(connection, login.username, new.password_hash)
    return login


def _share_of(progress: Progress) -> ByteProgress:
    """The shelf counts bytes; the demo shows shares."""

    def tell(step: str, done: int, total: int | None) -> None:
        progress(step, done / total if total else 0.0)

    return tell
