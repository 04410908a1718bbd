"""`dengta account` and `dengta serve`, as an operator types them."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from api_world import World
from typer.testing import CliRunner, Result

from base.errors import InvalidInputError, NotFoundError
from base.runtime import free_port
from base.settings import get_settings
from dengta.commands import account

SECRET = "a planted passphrase"


@pytest.fixture
def environment(
    world: World, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """As the operator's shell has it."""
    own = {
        "DENGTA_DATABASE_URL": database_url,
        "DENGTA_DATA_DIR": str(tmp_path),
        "DENGTA_API_PORT": str(free_port()),
        "PLANTED": SECRET,
    }
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    yield os.environ | own
    get_settings.cache_clear()


async def run(*words: str) -> Result:
    """In a thread, for the command has a loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, account.app, words, catch_exceptions=True)


ADD = ("add", "zhou.hang", "--role", "operator", "--role", "lead", "--unit", "west")


@pytest.mark.usefixtures("environment")
async def test_an_account_that_was_added_can_log_in_until_it_is_disabled(world: World) -> None:
    added = await run(*ADD, "--sensitivity", "1", "--password-env", "PLANTED")
    assert added.exit_code == 0, added.output
    listed = await run("list", "--json")
    (row,) = json.loads(listed.stdout)
    assert (row["username"], row["roles"], row["unit_code"]) == ("zhou.hang", ["lead", "operator"], "west")
    assert "hash" not in listed.output
    assert SECRET not in added.output + listed.output + (await run("list")).output

    async def status() -> int:
        async with world.client() as client:
            login = {"username": "zhou.hang", "password": SECRET}
            return (await client.post("/api/v1/session", json=login)).status_code

    assert await status() == 201
    assert (await run("disable", "zhou.hang")).exit_code == 0
    assert await status() == 401


@pytest.mark.usefixtures("environment")
async def test_wrong_use_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance((await run(*ADD, "--password-env", "UNSET")).exception, InvalidInputError)
    assert isinstance((await run(*ADD)).exception, InvalidInputError), "there is no terminal to ask"
    monkeypatch.setenv("SHORT", "short")
    assert isinstance((await run(*ADD, "--password-env", "SHORT")).exception, InvalidInputError)
    nobody = await run("password", "nobody", "--password-env", "PLANTED")
    assert isinstance(nobody.exception, NotFoundError)


SERVE = [sys.executable, "-c", "from dengta.commands.serve import serve; serve()"]


async def test_the_service_serves_and_ends_its_streams_when_asked_to_end(
    world: World, environment: dict[str, str]
) -> None:
    assert (await run(*ADD, "--password-env", "PLANTED")).exit_code == 0
    server = await asyncio.create_subprocess_exec(
        *SERVE, env=environment, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    base = f"http://127.0.0.1:{environment['DENGTA_API_PORT']}"
    try:
        async with httpx.AsyncClient(base_url=base, trust_env=False) as client, asyncio.timeout(30):
            while True:
                try:
                    if (await client.get("/healthz")).status_code == 200:
                        break
                except httpx.ConnectError:
                    await asyncio.sleep(0.1)
            login = {"username": "zhou.hang", "password": SECRET}
            assert (await client.post("/api/v1/session", json=login)).status_code == 201
            async with client.stream("GET", "/api/v1/events/stream") as answer:
                lines = answer.aiter_lines()
                assert (await anext(lines)).startswith("retry")
                began = time.monotonic()
                server.send_signal(signal.SIGTERM)
                async for _ in lines:
                    pass
        await asyncio.wait_for(server.wait(), 10)
    finally:
        if server.returncode is None:
            server.kill()
    out, err = await server.communicate()
    assert time.monotonic() - began < 4
    assert server.returncode == 0
    assert SECRET.encode() not in out + err
    assert b"Traceback" not in err


async def test_a_port_in_use_is_one_clear_line(environment: dict[str, str]) -> None:
    holder = await asyncio.start_server(lambda *_: None, "127.0.0.1", int(environment["DENGTA_API_PORT"]))
    async with holder:
        server = await asyncio.create_subprocess_exec(
            *SERVE, env=environment, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        _, err = await server.communicate()
    assert server.returncode == 1
    assert b"DENGTA_API_PORT" in err
