"""ultralytics' detectors by name: what is refused, what is got, and how its answers become ours."""

import hashlib
import importlib.util
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from base.errors import ModelError, NotFoundError
from base.settings import Settings
from dengta.detector import load_recogniser, obtain_detector, stocked_detector
from inference.coco import LABELS
from inference.ultralytics_detector import (
    MANNERS,
    THRESHOLD,
    UltralyticsDetector,
    UltralyticsShelf,
)

PICTURE = np.zeros((360, 640, 3), np.uint8)


class StubModel:
    """Answers as ultralytics' results do; the boxes are rows of class, score, and fractions."""

    task = "detect"

    def __init__(self, path: str = "") -> None:
        self.path = path
        self.names = dict(enumerate(LABELS))
        self.batches: list[int] = []
        self.asked: dict[str, object] = {}

    def predict(self, pictures, **asked):
        self.batches.append(len(pictures))
        self.asked = asked
        boxes = types.SimpleNamespace(
            cls=np.array([2.0, 0.0, 5.0]),
            conf=np.array([0.5, 0.75, 0.1]),
            xyxyn=np.array([[0.5, 0.5, 1.25, 1.0], [-0.25, 0.0, 0.25, 0.5], [0.0, 0.0, 1.0, 1.0]]),
        )
        return [types.SimpleNamespace(boxes=boxes, names=self.names) for _ in pictures]


@pytest.fixture
def library(monkeypatch):
    """A stand-in for ultralytics, with torch, that downloads one file."""
    for variable in (*MANNERS, "YOLO_CONFIG_DIR"):
        monkeypatch.setenv(variable, "")
    top = types.ModuleType("ultralytics")
    top.settings = {"sync": True}
    top.YOLO = StubModel
    utils = types.ModuleType("ultralytics.utils")
    utils.SAFE_LOAD = True
    downloads = types.ModuleType("ultralytics.utils.downloads")
    downloads.GITHUB_ASSETS_NAMES = frozenset({"yolo11n.pt", "yolo11n-seg.pt", "sam_b.pt"})
    downloads.attempt_download_asset = lambda file, progress: Path(file).write_bytes(b"weights")
    torch = types.ModuleType("torch")
    torch.set_num_threads = lambda threads: setattr(torch, "threads", threads)
    for module in (top, utils, downloads, torch):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return types.SimpleNamespace(top=top, utils=utils, downloads=downloads, torch=torch)


def settings(folder: Path, detector: str = "ultralytics:yolo11n") -> Settings:
    return Settings(data_dir=folder, models_folder=folder, detector=detector, _env_file=None)


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    "name", ["", "yolo99z", "mine", "yolo11n.pt", "../yolo11n", "yolo11n-seg", "sam_b", "https://host/a.pt"]
)
def test_only_detectors_of_its_own_list_are_taken_even_if_a_file_is_there(tmp_path, name):
    (tmp_path / "mine.pt").write_bytes(b"pickle")
    for look in (obtain_detector, stocked_detector):
        with pytest.raises(NotFoundError, match="publishes no detector called"):
            look(settings(tmp_path, f"ultralytics:{name}"))


def test_without_the_extra_one_line_says_how_to_get_it_and_its_licence(tmp_path, monkeypatch):
    for variable in (*MANNERS, "YOLO_CONFIG_DIR"):
        monkeypatch.setenv(variable, "")
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    monkeypatch.setattr(sys, "path", [])
    (tmp_path / "yolo11n.pt").write_bytes(b"weights")
    for look in (obtain_detector, stocked_detector):
        with pytest.raises(ModelError, match=r"pip install 'dengta\[ultralytics\]' \(AGPL-3.0\)"):
            look(settings(tmp_path))


def test_the_file_in_the_models_folder_comes_first(tmp_path, library):
    (tmp_path / "yolo11n.pt").write_bytes(b"mine")
    library.downloads.attempt_download_asset = None
    stock = obtain_detector(settings(tmp_path))
    assert stock.path == tmp_path / "yolo11n.pt"
    assert stock.label == f"ultralytics:yolo11n@{hashlib.sha256(b'mine').hexdigest()[:8]}"


@pytest.mark.usefixtures("library")
def test_a_missing_file_is_downloaded_whole_into_the_models_folder(tmp_path):
    with pytest.raises(ModelError, match=r"holds no yolo11n\.pt"):
        stocked_detector(settings(tmp_path))
    obtained = obtain_detector(settings(tmp_path))
    assert obtained == stocked_detector(settings(tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == ["yolo11n.pt"]


def test_without_a_network_one_line_names_the_file_and_nothing_is_left(tmp_path, library):
    def fail(file, progress):
        Path(file).write_bytes(b"half")
        raise ConnectionError("❌  Download failure for https://host/yolo11n.pt.\nmore lines")

    library.downloads.attempt_download_asset = fail
    with pytest.raises(ModelError, match=r"could not download yolo11n\.pt: Download failure") as caught:
        obtain_detector(settings(tmp_path))
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_download_that_ends_without_a_file_is_a_failure(tmp_path, library):
    library.downloads.attempt_download_asset = lambda file, progress: file
    with pytest.raises(ModelError, match=r"could not download yolo11n\.pt"):
        UltralyticsShelf(tmp_path).ensure("yolo11n")


def test_a_library_that_would_run_code_of_the_file_is_refused(tmp_path, library):
    library.utils.SAFE_LOAD = False
    with pytest.raises(ModelError, match="whatever code"):
        UltralyticsDetector.load(UltralyticsShelf(tmp_path).ensure("yolo11n"))


def test_a_file_that_cannot_be_loaded_is_one_line(tmp_path, library):
    def broken(path):
        raise RuntimeError("not a checkpoint\nand a long explanation")

    library.top.YOLO = broken
    with pytest.raises(ModelError, match=r"cannot load .*yolo11n\.pt: not a checkpoint\.$"):
        UltralyticsDetector.load(UltralyticsShelf(tmp_path).ensure("yolo11n"))


@pytest.mark.parametrize(("task", "names"), [("segment", LABELS), ("detect", ("cat", "dog"))])
def test_a_model_of_other_things_is_refused(task, names):
    model = StubModel()
    model.task, model.names = task, dict(enumerate(names))
    with pytest.raises(ModelError, match="no detector of COCO"):
        UltralyticsDetector(model)


def test_answers_become_detections_best_first_within_the_picture_and_above_the_floor():
    model = StubModel()
    (found,) = UltralyticsDetector(model).detect([PICTURE], 0.25)
    assert [(d.label, d.score, d.box) for d in found] == [
        ("person", 0.75, (0.0, 0.0, 0.25, 0.5)),
        ("car", 0.5, (0.5, 0.5, 1.0, 1.0)),
    ]
    assert model.asked == {"conf": 0.25, "verbose": False, "save": False}


def test_pictures_go_in_batches_and_none_is_no_question():
    model = StubModel()
    detector = UltralyticsDetector(model, batch=2)
    assert len(detector.detect([PICTURE] * 5, 0.25)) == 5
    assert detector.detect([], 0.25) == []
    assert model.batches == [2, 2, 1]


def test_a_run_that_fails_is_named():
    model = StubModel()
    model.predict = lambda pictures, **_: 1 / 0
    with pytest.raises(ModelError, match="could not judge the pictures: division by zero"):
        UltralyticsDetector(model).detect([PICTURE], 0.25)


def test_the_recogniser_carries_its_label_and_threshold_and_nothing_is_sent(tmp_path, library):
    stock = obtain_detector(settings(tmp_path))
    recogniser = load_recogniser(settings(tmp_path))
    assert (recogniser._model, recogniser._threshold) == (stock.label, THRESHOLD)
    assert library.top.settings == {"sync": False}
    assert library.torch.threads == 1


REAL = """
import sys
from pathlib import Path
import numpy as np
from inference.coco import LABELS
from inference.ultralytics_detector import UltralyticsDetector, UltralyticsShelf
shelf = UltralyticsShelf(Path(sys.argv[1]))
try:
    shelf.inspect("yolo11n")
except Exception as err:
    assert "holds no yolo11n.pt" in str(err)
import torch
from ultralytics import YOLO
from ultralytics.utils.events import events
torch.manual_seed(7)
fresh = YOLO("yolo11n.yaml")
fresh.model.names = dict(enumerate(LABELS))
fresh.save(sys.argv[1] + "/yolo11n.pt")
detector = UltralyticsDetector.load(shelf.ensure("yolo11n"), batch=2)
noise = np.random.default_rng(7)
pictures = [noise.integers(0, 256, (h, 640, 3), dtype=np.uint8) for h in (360, 400, 480)]
answers = detector.detect(pictures, 0.0)
assert [len(found) for found in answers] == [300] * 3
assert all(0 <= x <= 1 for found in answers for d in found for x in (*d.box, d.score))
assert torch.get_num_threads() == 1 and not events.enabled
"""


def test_a_real_model_of_the_installed_library_judges_noise(tmp_path):
    if importlib.util.find_spec("ultralytics") is None:
        pytest.skip("ultralytics (AGPL-3.0) is an extra and not installed")
    # A process of its own: torch and its threads stay out of the other tests.
    words = [sys.executable, "-c", REAL, str(tmp_path)]
    trial = subprocess.run(words, check=False, capture_output=True, text=True, timeout=120)
    assert trial.returncode == 0, trial.stderr
