"""`dengta export` and `dengta jobs`, as an operator types them."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from small_city import make_small_city
from typer.testing import CliRunner, Result

from base.database import Database
from base.errors import InvalidInputError
from base.settings import get_settings
from camera_registry.jobs import ask
from dengta.commands import export, jobs

app = typer.Typer()
app.command("export")(export.export_)
app.add_typer(jobs.app, name="jobs")


@pytest.fixture
async def city(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    async with database.raw() as connection:
        await make_small_city(connection)
    monkeypatch.setenv("DENGTA_DATABASE_URL", database_url)
    monkeypatch.setenv("DENGTA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    get_settings.cache_clear()
    yield database
    get_settings.cache_clear()


async def run(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, words)


@pytest.mark.usefixtures("city")
async def test_an_export_of_a_district_within_a_polygon(tmp_path: Path) -> None:
    area, file = tmp_path / "area.geojson", tmp_path / "out.csv"
    area.write_text(
        json.dumps(
            {
                "type": "Feature",
                "properties": {},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[121, 37], [121.12, 37], [121.12, 38], [121, 37]]],
                },
            }
        )
    )
    words = ("export", str(file), "--unit", "west", "--fields", "code,name", "--lang", "en")
    done = await run(*words, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["rows"], told["fields"], told["bytes"]) == (2, ["code", "name"], file.stat().st_size)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        assert [row["code"] for row in csv.DictReader(opened)] == ["cam-west-1", "cam-west-2"]
    assert isinstance((await run(*words)).exception, InvalidInputError), "nothing is written over"
    again = await run(*words, "--force", "--area", str(area))
    assert "1 cameras in" in again.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["area.geojson", "out.csv"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("out.pdf",), "names no form"),
        (("out.csv", "--state", "asleep"), "asleep"),
        (("out.csv", "--fields", "password"), "password"),
        (("out.csv", "--area", "nowhere.geojson"), "cannot be read"),
        (("out.csv", "--area", __file__), "no GeoJSON"),
    ],
)
@pytest.mark.usefixtures("city")
async def test_what_cannot_be_exported_is_told(tmp_path: Path, words: tuple[str, ...], reason: str) -> None:
    refused = await run("export", str(tmp_path / words[0]), *words[1:])
    assert isinstance(refused.exception, InvalidInputError)
    assert reason in str(refused.exception)
    assert list(tmp_path.iterdir()) == []


async def test_jobs_are_listed_and_cancelled(city: Database) -> None:
    async with city.begin() as connection:
        job = await ask(connection, "import", account_id=None, parameters={"filename": "list.csv"})
    (listed,) = (await run("jobs", "list", "--json")).stdout.splitlines()
    assert (json.loads(listed)["id"], json.loads(listed)["state"]) == (job, "queued")
    assert "queued" in (await run("jobs", "list", "--kind", "import")).stdout
    assert "cancelled" in (await run("jobs", "cancel", str(job))).stdout
    assert (await run("jobs", "list", "--state", "queued", "--json")).stdout == ""
