"""The real service with the real console, and a real browser that reaches nothing but it."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
import uvicorn
from chart_city import ChartCity, make_chart_city
from console_steps import DISPLAY_NAME, PASSWORD, ROOT, USERNAME, Complaints, Service
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

from api.accounts import NewAccount, add_account
from api.app import create_app
from api.passwords import Passwords
from base.clock import SystemClock
from base.database import Database
from base.postgres import PrivatePostgres
from base.settings import Settings
from dispatch.evidence import FolderEvidence
from dispatch.record import Recorder
from models.scope import Role

WEB = ROOT / "web"
DIST = WEB / "dist"

CHROMIUM_FLAGS = (
    *("--no-sandbox", "--disable-dev-shm-usage"),
    # The map needs WebGL, and no machine is sure to have a graphics card.
    *("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
    # Nothing of the browser's own goes to the network.
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"),
)


def _missing(what: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"CI must have {what}")
    pytest.skip(f"{what} is not on this machine")


@pytest.fixture(scope="session")
def dist() -> Path:
    """The built console, built now if it is missing or older than its sources."""
    sources = [WEB / "index.html", WEB / "package-lock.json", *(WEB / "src").rglob("*.*")]
    page = DIST / "index.html"
    if page.is_file() and page.stat().st_mtime > max(path.stat().st_mtime for path in sources):
        return DIST
    npm = shutil.which("npm")
    if npm is None:
        _missing("npm, to build the console")
    if not (WEB / "node_modules").is_dir():
        subprocess.run([npm, "ci"], cwd=WEB, check=True)
    subprocess.run([npm, "run", "build"], cwd=WEB, check=True)
    return DIST


@dataclass(frozen=True)
class Template:
    """A database with the city in it, to be copied for each test."""

    name: str
    city: ChartCity


@pytest.fixture(scope="session")
async def template(postgres: PrivatePostgres) -> Template:
    """The city and one account, made once."""
    name = f"city_{secrets.token_hex(6)}"
    await _copy_database(postgres, "template_dengta", name)
    database = Database(postgres.database_url(name), pool_size=1)
    async with database.raw() as connection:
        city = await make_chart_city(connection)
        await connection.execute("vacuum analyze")
    async with database.begin() as connection:
        account = NewAccount(
            username=USERNAME,
            password_hash=Passwords().hash(PASSWORD),
            roles=frozenset({Role.OPERATOR, Role.DISPATCHER}),
            unit_code="city",
            display_name=DISPLAY_NAME,
        )
        await add_account(connection, account)
    await database.close()
    return Template(name, city)


async def _copy_database(postgres: PrivatePostgres, source: str, name: str) -> None:
    admin = Database(postgres.database_url("postgres"), pool_size=1)
    async with admin.raw() as connection:
        await connection.execute(f"create database {name} template {source}")
    await admin.close()


@pytest.fixture
async def service(
    postgres: PrivatePostgres, template: Template, dist: Path, tmp_path: Path
) -> AsyncIterator[Service]:
    """The service on a free port of the loopback, with a fresh copy of the city."""
    name = f"s_{secrets.token_hex(6)}"
    await _copy_database(postgres, template.name, name)
    database = Database(postgres.database_url(name))
    evidence = FolderEvidence(tmp_path / "evidence")
    clock = SystemClock()
    settings = Settings(data_dir=tmp_path, api_host="127.0.0.1")
    app = create_app(database, settings, evidence, clock, static_dir=dist)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with _serving(uvicorn.Config(app, ws="none", log_level="warning"), listener):
            yield Service(
                address, template.city, database, Recorder(database, evidence, site="test", clock=clock)
            )
    await database.close()


@asynccontextmanager
async def _serving(config: uvicorn.Config, listener: socket.socket) -> AsyncIterator[None]:
    config.timeout_graceful_shutdown = 3  # an event stream would last as long as its browser
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with asyncio.timeout(20):
            while not server.started and not running.done():
                await asyncio.sleep(0.02)
        yield
    finally:
        server.should_exit = True
        await running


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium, headless."""
    program = shutil.which("chromium")
    if program is None:
        _missing("chromium")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_FLAGS))
        yield launched
        await launched.close()


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Checked after the test: a page with complaints has failed, whatever it showed."""
    found = Complaints()
    yield found
    assert found.told == []
    assert found.strayed == []


@pytest.fixture
async def page(service: Service, browser: Browser, complaints: Complaints) -> AsyncIterator[Page]:
    """A fresh browser profile on a 1920 x 1080 screen that keeps Chinese time and asks for no motion."""
    context = await browser.new_context(
        viewport={"width": 1920, "height": 1080},
        timezone_id="Asia/Shanghai",
        locale="zh-CN",
        reduced_motion="reduce",
    )
    opened = await context.new_page()

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.told.append(message.text)

    def follow(request: Request) -> None:
        if not request.url.startswith((service.address, "blob:", "data:")):
            complaints.strayed.append(request.url)

    opened.on("console", hear)
    opened.on("pageerror", lambda error: complaints.told.append(str(error)))
    opened.on("request", follow)
    yield opened
    await context.close()
