"""What the system tests share: prepared clips, a detector, and a demo in a folder of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from dengta_cache import CACHE
from running_demo import Demo

from dengta.sample.clips import Prepared, prepare_clips
from inference.folder import Stock
from inference.shelf import Shelf


@pytest.fixture(scope="session")
def clips() -> Prepared:
    """The clips that this machine can have, prepared once for all runs; the filmed one must be among them."""
    prepared = prepare_clips(CACHE / "clips")
    if not any(clip.shows == "pedestrians" for clip in prepared.clips):
        if os.environ.get("CI"):
            pytest.fail(f"CI must have the filmed clip: {prepared.problems}")
        pytest.skip(f"the filmed clip cannot be had here: {prepared.problems}")
    return prepared


@pytest.fixture(scope="session")
def detector() -> Stock:
    """The object detector, got once for all runs."""
    return Shelf(CACHE / "models").default_detector()


@pytest.fixture
def demo(scratch: Path, clips: Prepared, detector: Stock, request: pytest.FixtureRequest) -> Iterator[Demo]:
    """A demo that has its clips and its detector already."""
    folder = scratch / request.node.name[:40] / "data"
    folder.mkdir(parents=True)
    shutil.copytree(CACHE / "clips", folder / "clips")
    made = Demo(folder)
    yield made
    made.stop()
