"""What the system tests share: prepared clips, a detector, and a demo in a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from dengta_cache import CACHE, kept_alone
from running_demo import Demo

from dengta.sample.clips import Prepared
from inference.folder import Stock
from inference.shelf import Shelf


@pytest.fixture(scope="session")
def detector(models_dir: Path) -> Stock:
    """The object detector, got once for all runs."""
    with kept_alone():
        return Shelf(models_dir).default_detector()


@pytest.fixture
def demo(scratch: Path, clips: Prepared, detector: Stock, request: pytest.FixtureRequest) -> Iterator[Demo]:
    """A demo that has its clips and its detector already."""
    folder = scratch / request.node.name[:40] / "data"
    folder.mkdir(parents=True)
    shutil.copytree(CACHE / "clips", folder / "clips")
    made = Demo(folder)
    yield made
    made.stop()
