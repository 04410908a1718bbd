"""Detectors of ultralytics (AGPL-3.0) by name, where its extra is installed; only this module imports it."""

from __future__ import annotations

import importlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from base.clock import SystemClock
from base.errors import ModelError, NotFoundError
from base.redact import redact_text
from inference.coco import LABELS
from inference.folder import ModelFolder, sha256_of
from inference.sources import silent
from models.observation import Detection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import ModuleType

    from numpy.typing import NDArray

    from inference.sources import Progress

PREFIX = "ultralytics:"
THRESHOLD = 0.25
"""Score from which an object counts: ultralytics' own default, not measured on our frames."""
DETECTOR_NAME = re.compile(r"yolo(v3(-spp|-tiny)?u|v5[nsmlx]6?u|v?\d{1,2}[a-z])")
"""Of the assets of ultralytics its YOLO detectors: the others segment, classify, or need more software."""
MANNERS = {
    "YOLO_VERBOSE": "false",
    "YOLO_AUTOINSTALL": "false",  # it would run pip in the middle of its work
    "YOLO_OFFLINE": "true",  # no analytics; a download that is asked for is still tried, once
    "ULTRALYTICS_SAFE_LOAD": "true",  # a .pt is a pickle: only known classes are built of it
}


@dataclass(frozen=True, slots=True)
class UltralyticsStock:
    """One model file of ultralytics in the local folder.

    Attributes:
        name: As ultralytics calls it, e.g. ``yolo11n``.
        path: The file.
        sha256: Of that file. Its publisher states none, so it tells files apart and vouches for nothing.
    """

    name: str
    path: Path
    sha256: str

    @property
    def label(self) -> str:
        """The model as observations name it: its name and the first digits of the file's sha256."""
        return f"{PREFIX}{self.name}@{self.sha256[:8]}"


class UltralyticsShelf:
    """The detectors that ultralytics publishes, and their files in one folder.

    Args:
        folder: Where files are looked for first and kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def inspect(self, name: str) -> UltralyticsStock:
        """A model as it stands in the local folder; nothing is fetched.

        Raises:
            NotFoundError: ultralytics publishes no detector of that name.
            ModelError: The extra or the file is missing, or the file cannot be read.
        """
        _require_official(name, self._folder)
        path = self._folder / f"{name}.pt"
        try:
            return UltralyticsStock(name, path, sha256_of(path))
        except FileNotFoundError:
            raise ModelError(
                f"{self._folder} holds no {path.name}.", remedy="`dengta up` gets it, or copy it there."
            ) from None
        except OSError as err:
            raise ModelError(f"{path} cannot be read: {err.strerror}.") from err

    def ensure(self, name: str, progress: Progress = silent) -> UltralyticsStock:
        """A model with its file, downloaded by ultralytics if the local folder lacks it.

        Raises:
            NotFoundError: ultralytics publishes no detector of that name.
            ModelError: The extra is missing, or the file could not be got.
        """
        _require_official(name, self._folder)
        if not (self._folder / f"{name}.pt").exists():
            progress(f"fetch {PREFIX}{name}", 0, None)
            self._download(name)
        return self.inspect(name)

    def _download(self, name: str) -> None:
        folder = ModelFolder(self._folder, SystemClock())
        fetch = _part("utils.downloads", self._folder).attempt_download_asset
        with folder.incoming(folder=True) as work:
            target = work / f"{name}.pt"
            try:
                fetch(str(target), progress=False)
            except Exception as err:
                raise _not_got(target, err) from err
            if not target.is_file():
                raise _not_got(target, None)
            folder.put(target, target.name)


class UltralyticsDetector:
    """Finds COCO's objects in pictures.

    Args:
        model: A loaded ``ultralytics.YOLO``.
        batch: Pictures run together at most.

    Raises:
        ModelError: The model is no detector of COCO's objects.
    """

    def __init__(self, model: Any, *, batch: int = 4) -> None:
        if model.task != "detect" or set(model.names.values()) != set(LABELS):
            raise ModelError("The model of ultralytics is no detector of COCO's 80 objects.")
        self._model = model
        self._batch = batch

    @classmethod
    def load(cls, stock: UltralyticsStock, *, batch: int = 4, threads: int = 1) -> UltralyticsDetector:
        """Load a model's file, and warm it up.

        Args:
            stock: As the shelf gave it.
            batch: Pictures run together at most.
            threads: CPU threads of one run; torch keeps one number for the whole process.

        Raises:
            ModelError: The extra is missing, or the file cannot be loaded or run here.
        """
        library = _library(stock.path.parent)
        if not getattr(_part("utils", stock.path.parent), "SAFE_LOAD", False):
            raise ModelError(
                "The installed ultralytics would run whatever code a model file holds.",
                remedy="Upgrade it: pip install --upgrade 'dengta[ultralytics]'",
            )
        try:
            importlib.import_module("torch").set_num_threads(threads)
            model = library.YOLO(str(stock.path))
        except Exception as err:
            raise ModelError(f"ultralytics cannot load {stock.path}: {_reason(err)}.") from err
        detector = cls(model, batch=batch)
        detector.detect([np.zeros((640, 640, 3), np.uint8)], THRESHOLD)
        return detector

    def detect(self, pictures: Sequence[NDArray[np.uint8]], floor: float) -> list[list[Detection]]:
        """Find objects.

        Args:
            pictures: Each height × width × 3, BGR, of any size.
            floor: Score below which nothing is reported, 0–1.

        Returns:
            For each picture what was found, best first.

        Raises:
            ModelError: The run failed.
        """
        found: list[list[Detection]] = []
        for start in range(0, len(pictures), self._batch):
            some = list(pictures[start : start + self._batch])
            try:
                results = self._model.predict(some, conf=floor, verbose=False, save=False)
                found += [_detections(result, floor) for result in results]
            except Exception as err:
                raise ModelError(f"ultralytics could not judge the pictures: {_reason(err)}.") from err
        return found


def _detections(result: Any, floor: float) -> list[Detection]:
    boxes = result.boxes
    rows = zip(boxes.cls.tolist(), boxes.conf.tolist(), boxes.xyxyn.tolist(), strict=True)
    found = [
        Detection(result.names[int(kind)], score, (_share(x0), _share(y0), _share(x1), _share(y1)))
        for kind, score, (x0, y0, x1, y1) in rows
        if score >= floor
    ]
    return sorted(found, key=lambda detection: -detection.score)


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))


def _require_official(name: str, folder: Path) -> None:
    """Hold a name to ultralytics' own list: nothing else is ever loaded.

    Raises:
        NotFoundError: It is not on the list.
        ModelError: The extra is missing.
    """
    published = _part("utils.downloads", folder).GITHUB_ASSETS_NAMES
    if not DETECTOR_NAME.fullmatch(name) or f"{name}.pt" not in published:
        raise NotFoundError(
            f"ultralytics publishes no detector called {name!r}.",
            remedy=f"There are, for example: {PREFIX}yolo11n, {PREFIX}yolov8s.",
        )


def _library(folder: Path) -> ModuleType:
    """Ultralytics itself, told to keep quiet, to send nothing and to keep its settings in our folder.

    Raises:
        ModelError: It is not installed, or cannot be imported.
    """
    for variable, value in MANNERS.items():
        os.environ[variable] = value
    os.environ.setdefault("YOLO_CONFIG_DIR", str(folder / ".ultralytics"))
    try:
        library = importlib.import_module("ultralytics")
        library.settings.update({"sync": False})  # before anything that would send is imported
    except ModuleNotFoundError as err:
        if err.name != "ultralytics":
            raise ModelError(f"ultralytics lacks a part: {_reason(err)}.") from err
        raise ModelError(
            "A model of ultralytics needs the extra: pip install 'dengta[ultralytics]' (AGPL-3.0)."
        ) from None
    except Exception as err:
        raise ModelError(f"ultralytics cannot be imported: {_reason(err)}.") from err
    return library


def _part(name: str, folder: Path) -> ModuleType:
    _library(folder)
    return importlib.import_module(f"ultralytics.{name}")


def _not_got(target: Path, err: Exception | None) -> ModelError:
    why = f": {_reason(err)}" if err else ""
    return ModelError(
        f"ultralytics could not download {target.name}{why}.",
        remedy=f"Or bring {target.name} yourself into {target.parent.parent}.",
    )


def _reason(err: Exception) -> str:
    """The first line of what went wrong, without secrets and ornaments."""
    lines = redact_text(str(err)).encode("ascii", "ignore").decode().strip().splitlines()
    return " ".join(lines[0].split()).rstrip(".") if lines else type(err).__name__
