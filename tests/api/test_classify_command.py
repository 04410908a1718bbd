"""`dengta classify`, as somebody at the machine types it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_world import Session, World
from typer.testing import CliRunner, Result

from base.errors import ForbiddenError, InvalidInputError, NotFoundError
from base.settings import get_settings
from dengta.commands import classify
from models.scope import Role

LASSO = {"type": "Polygon", "coordinates": [[[121, 37], [121.2, 37], [121.2, 37.2], [121, 37.2], [121, 37]]]}


@pytest.fixture
async def shell(
    world: World, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Path]:
    """A folder with a lasso and a list in it."""
    monkeypatch.setenv("DENGTA_DATABASE_URL", database_url)
    monkeypatch.setenv("DENGTA_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    (tmp_path / "lasso.geojson").write_text(
        json.dumps({"type": "Feature", "properties": {}, "geometry": LASSO})
    )
    (tmp_path / "codes.csv").write_text("\ufeff设备编码,名称\ncam-east-1,东\n\ncam-east-2;x\nnowhere\n")
    yield tmp_path
    get_settings.cache_clear()


async def run(*words: object) -> Result:
    """In a thread, for the command has a loop of its own."""
    return await asyncio.to_thread(
        CliRunner().invoke, classify.app, [str(word) for word in words], catch_exceptions=True
    )


async def test_a_stroke_is_seen_first_done_told_and_taken_back(world: World, shell: Path) -> None:
    words = ("--scene", "square", "--codes", shell / "codes.csv", "--reason", "复核")
    seen = await run(*words, "--dry-run", "--json")
    assert seen.exit_code == 0, seen.output
    shown = json.loads(seen.stdout)
    assert (shown["meant"], shown["new"], shown["already"], shown["unknown"]) == (2, 1, 1, 2)
    assert "2 cameras are meant: 1 new, 1 already so" in (await run(*words, "--dry-run")).output
    assert await world.fetchval("select count(*) from classification_batch") == 0

    done = json.loads((await run(*words, "--json")).stdout)
    assert (done["changed"], done["unchanged"]) == (1, 1)
    batch = done["batch"]
    assert "复核" in (await run("history")).output
    (event,) = (await run("history", "--camera", "cam-east-2", "--json")).stdout.splitlines()
    assert json.loads(event)["assignment"]["reason"] == "复核"
    assert "1 cameras would be restored" in (await run("undo", batch, "--dry-run")).output
    undone = json.loads((await run("undo", batch, "--json")).stdout)
    assert (undone["undone"], undone["undoes"]) == (1, batch)
    assert "all are so already" in (await run("--scene", "square", "--serving", "square")).output
    (first, second) = [d for d in await world.audit() if d["action"].startswith("classification")]
    assert (first["account_id"], second["detail"]["undone"]) == (None, 1)


async def test_a_lasso_from_a_file_within_the_scope_of_an_account(
    world: World, shell: Path, login: Session
) -> None:
    await login(Role.GIS, unit="west", name="wu.gis")
    await login(Role.OPERATOR, name="op")
    words = ("--scene", "square", "--action", "remove", "--lasso", shell / "lasso.geojson")
    done = json.loads((await run(*words, "--as", "wu.gis", "--json")).stdout)
    assert (done["meant"], done["removed"]) == (1, 1)
    assert isinstance((await run(*words, "--as", "op")).exception, ForbiddenError)
    assert isinstance((await run(*words, "--as", "nobody")).exception, NotFoundError)
    (batch,) = (await run("history", "--json")).stdout.splitlines()
    assert (json.loads(batch)["by"], json.loads(batch)["asked"]["area"]["type"]) == ("wu.gis", "Polygon")


async def test_what_cannot_be_meant_is_refused(shell: Path) -> None:
    (shell / "empty.txt").write_text("\n\n")
    (shell / "point.json").write_text('{"type": "Point", "coordinates": [1, 2]}')
    for words in (
        (),
        ("--scene", "square"),
        ("--scene", "nowhere", "--all"),
        ("--scene", "square", "--codes", shell / "empty.txt"),
        ("--scene", "square", "--codes", shell / "absent.txt"),
        ("--scene", "square", "--lasso", shell / "point.json"),
        ("--scene", "square", "--state", "asleep"),
        ("--scene", "square", "--all", "--action", "remove", "--conflicts", "keep"),
    ):
        assert isinstance((await run(*words)).exception, InvalidInputError), words
    assert isinstance((await run("history", "--camera", "nowhere")).exception, NotFoundError)
    assert isinstance((await run("undo", 7)).exception, NotFoundError)
