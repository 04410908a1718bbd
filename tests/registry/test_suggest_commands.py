"""``dengta parse-name`` and ``dengta suggest`` as typed."""

from __future__ import annotations

import json

import pytest
from suggestion_city import classify, make_suggestion_city
from typer.testing import CliRunner

from base.database import Database
from base.settings import get_settings
from dengta import cli

RUNNER = CliRunner()


@pytest.fixture(scope="module", autouse=True)
def registered() -> None:
    if not cli.app.registered_commands:
        cli._register()


def lines(output: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


class TestParseName:
    def test_names_as_words_or_as_lines(self) -> None:
        words = RUNNER.invoke(cli.app, ["parse-name", "--json", "红旗路与青年路路口东侧", "通道1"])
        piped = RUNNER.invoke(cli.app, ["parse-name", "--json"], input="红旗路与青年路路口东侧\n通道1\n")
        assert words.exit_code == piped.exit_code == 0
        assert words.stdout == piped.stdout
        first, second = lines(words.stdout)
        assert [road["text"] for road in first["roads"]] == ["红旗路", "青年路"]
        assert (first["side"], first["at_junction"]) == ("E", True)
        assert (second["is_name"], second["why_not"]) == (False, "device")

    def test_for_people(self) -> None:
        told = RUNNER.invoke(cli.app, ["parse-name", "S11烟海高速K23+400栖霞方向[03]"])
        assert told.exit_code == 0
        assert "S11烟海高速 (S11)" in told.stdout
        assert "23400" in told.stdout
        assert "traffic 栖霞" in told.stdout


class TestSuggest:
    @pytest.fixture
    async def city(self, database: Database, database_url: str, tmp_path, monkeypatch) -> None:
        async with database.raw() as connection:
            made = await make_suggestion_city(connection)
            for scene, cameras in made.items():
                await classify(connection, cameras[:64], scene)
        monkeypatch.setenv("DENGTA_DATABASE_URL", database_url)
        monkeypatch.setenv("DENGTA_DATA_DIR", str(tmp_path))
        get_settings.cache_clear()
        yield
        get_settings.cache_clear()

    async def test_teach_suggest_look_and_measure(self, city) -> None:
        import asyncio

        def invoke(*words: str):
            return asyncio.to_thread(RUNNER.invoke, cli.app, ["suggest", *words, "--json"])

        none = await invoke("model")
        assert none.exit_code != 0
        (trained,) = lines((await invoke("train")).stdout)
        assert trained["card"]["top1"] > 0.95
        (report,) = lines((await invoke("run")).stdout)
        assert report["model"] == trained["version"]
        assert report["suggested"] >= 128
        shown = lines((await invoke("show", "--scene", "school", "--limit", "5")).stdout)
        assert len(shown) == 5
        assert {row["scene"] for row in shown} == {"school"}
        assert all(row["reasons"][0]["zh"] for row in shown)
        (card,) = lines((await invoke("model")).stdout)
        assert card["version"] == trained["version"]
        (found,) = lines((await invoke("evaluate")).stdout)
        assert found["clean"]["both"]["top1"] > 0.9
