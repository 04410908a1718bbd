"""The servers that bench ``tiles`` asks: ours, tipg, and one that only sends bytes; each a process."""

from __future__ import annotations

import asyncio
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import venv
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from api.accounts import NewAccount, add_account
from api.context import COOKIE
from api.passwords import Passwords
from api.sessions import Sessions
from api.throttle import Throttle
from base.clock import SystemClock
from base.database import Database
from base.errors import DengtaError, SetupError
from base.postgres import ROLE
from bench.city_store import ROOT
from models.scope import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from base.postgres import PrivatePostgres

TIPG = "tipg==1.6.1"
TIPG_HOME = ROOT / "build" / "bench-tipg"
"""Its own environment: what it depends on must not meet what we do."""

COLLECTION = "public.camera_map"
MAKE_COLLECTION = """
create table camera_map as
select camera_id as id, geom, t.state, t.heading, t.scene from camera_tile t join camera on id = camera_id;
alter table camera_map add primary key (id);
create index on camera_map using gist (geom);
"""
"""What tipg draws: a narrow table made for it, with the same columns as our tiles and nothing to look up."""

FLOOR_BODY = bytes(8192)
START_S = 60.0


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        port: On loopback.
        headers: What a client sends to be let in.
        path: Of a tile; with ``{z}``, ``{x}`` and ``{y}``.
    """

    port: int
    path: str
    headers: Mapping[str, str]

    def paths(self, tiles: list[tuple[int, int, int]]) -> list[str]:
        """The addresses of tiles."""
        return [self.path.format(z=z, x=x, y=y) for z, x, y in tiles]


@contextmanager
def ours(cluster: PrivatePostgres, folder: Path, *, cache_mib: int) -> Iterator[Server]:
    """``dengta serve`` as it is, with somebody logged in who sees every camera."""
    port = free_port()
    cookie = asyncio.run(_log_in(cluster.url))
    settings = {
        "DENGTA_DATA_DIR": str(folder),
        "DENGTA_DATABASE_URL": cluster.url,
        "DENGTA_API_PORT": str(port),
        "DENGTA_TILE_CACHE_MIB": str(cache_mib),
        "DENGTA_LOG_LEVEL": "warning",
    }
    with _process([sys.executable, "-m", "dengta", "serve"], settings, port, "/healthz", folder):
        yield Server(port, "/api/v1/tiles/cameras/{z}/{x}/{y}.mvt", {"Cookie": f"{COOKIE}={cookie}"})


async def _log_in(url: str) -> str:
    database, clock = Database(url, pool_size=1), SystemClock()
    async with database.raw() as connection:
        city = await connection.fetchval("select code from organisation where level = 0")
    async with database.begin() as connection:
        roles = frozenset({Role.OPERATOR})
        account = NewAccount(f"bench-{secrets.token_hex(4)}", "no hash", roles, city, max_sensitivity=3)
        account_id = await add_account(connection, account)
    sessions = Sessions(database, Passwords(), Throttle(clock), clock, lifetime=timedelta(days=1))
    opened = await sessions.open(account_id, client=None)
    await database.close()
    return opened.token


@contextmanager
def tipg(cluster: PrivatePostgres, folder: Path) -> Iterator[Server]:
    """tipg as its documentation advises: uvicorn's fast parts, a connection to each client, one table.

    No camera is left out (``max_features_per_tile``), none is drawn twice (no buffer, like ours), and the
    catalogue is not read again while it is measured.

    Raises:
        SetupError: It cannot be installed.
    """
    install_tipg()
    port = free_port()
    settings = {
        "DATABASE_URL": f"postgresql://{ROLE}@{quote(str(cluster.socket_dir), safe='')}/{ROLE}",
        "DB_MIN_CONN_SIZE": "8",
        "DB_MAX_CONN_SIZE": "10",
        "TIPG_DB_TABLES": f'["{COLLECTION}"]',
        "TIPG_MAX_FEATURES_PER_TILE": "1000000",
        "TIPG_TILE_BUFFER": "0",
        "TIPG_CATALOG_TTL": "0",
    }
    command = [str(TIPG_HOME / "bin" / "uvicorn"), "tipg.main:app", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    with _process(command, settings, port, "/healthz", folder):
        tiles = f"/collections/{COLLECTION}/tiles/WebMercatorQuad"
        yield Server(port, tiles + "/{z}/{x}/{y}?properties=id,state,heading,scene", {})


def install_tipg() -> None:
    """Put tipg into an environment of its own, unless it is there.

    Raises:
        SetupError: It cannot be had.
    """
    done = TIPG_HOME / "installed"
    if done.is_file() and done.read_text() == TIPG:
        return
    venv.create(TIPG_HOME, with_pip=True, clear=True)
    command = [str(TIPG_HOME / "bin" / "pip"), "install", "-q", TIPG, "uvicorn[standard]"]
    installed = subprocess.run(command, check=False, capture_output=True, text=True)
    if installed.returncode:
        reason = installed.stderr.strip().splitlines()
        raise SetupError(f"{TIPG} cannot be installed: {reason[-1] if reason else 'no reason'}")
    done.write_text(TIPG)


@contextmanager
def bytes_only(folder: Path) -> Iterator[Server]:
    """The same HTTP server without anything behind it: 8 KiB, always the same."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.tile_servers:send_bytes", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--no-access-log", "--log-level", "warning", "--lifespan", "off"]
    with _process(command, {"PYTHONPATH": str(ROOT)}, port, "/", folder):
        yield Server(port, "/{z}/{x}/{y}", {})


async def send_bytes(_scope: Scope, _receive: Receive, send: Send) -> None:
    """The application of :func:`bytes_only` (ASGI 3)."""
    length = (b"content-length", str(len(FLOOR_BODY)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": FLOOR_BODY})


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def _process(
    command: list[str], settings: Mapping[str, str], port: int, path: str, folder: Path
) -> Iterator[None]:
    """A server that answers, ended afterwards."""
    with (folder / f"server-{port}.log").open("wb") as log:
        server = subprocess.Popen(command, env=os.environ | settings, stdout=log, stderr=log, cwd="/")
    try:
        _wait_until_it_answers(server, port, path)
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_it_answers(server: subprocess.Popen[bytes], port: int, path: str) -> None:
    until = time.monotonic() + START_S
    while server.poll() is None and time.monotonic() < until:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()
    raise DengtaError(f"A server to be measured did not start: {server.args!r}.")
