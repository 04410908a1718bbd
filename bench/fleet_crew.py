"""One way of looking at a whole fleet at once, in a process of its own: ``python -m bench.fleet_crew WHO``.

Reads a :class:`Fleet` as JSON, looks at every camera once, and prints a :class:`Report` as JSON.
"""

# ruff: noqa: PLC0415 - a way loads what it needs: memory is measured

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS = 100
"""Of the peers that hold a thread for each camera; with 200 they take more memory and no less time."""


@dataclass(frozen=True)
class Fleet:
    """Cameras to look at.

    Attributes:
        healthy: Addresses with a login in them.
        faulty: The same, of cameras that never give a picture.
        warm_up: Addresses to look at before, uncounted: imports, page faults, first decoders.
        width: Of the pictures, pixels.
        deadline_s: For each camera.
        key_picture: A file with one, for the floor.
    """

    healthy: list[str]
    faulty: list[str]
    warm_up: list[str]
    width: int
    deadline_s: float
    key_picture: str


@dataclass
class Report:
    """What it took.

    Attributes:
        good: Cameras that gave a picture.
        cpu_ms: Of the process with all its threads, milliseconds.
        peak_mb: Largest resident memory of the process, MB.
        wall_ms: Of each healthy camera's picture, from the common start.
    """

    good: int = 0
    cpu_ms: float = 0.0
    peak_mb: float = 0.0
    wall_ms: list[float] = field(default_factory=list)


def ours(fleet: Fleet) -> Report:
    """Our looker: all looks on one event loop, two threads that decode."""
    from urllib.parse import urlsplit

    from base.clock import SystemClock
    from ingest.look import Looker
    from ingest.target import CameraAddress, TargetPolicy

    def address(url: str) -> CameraAddress:
        parts = urlsplit(url)
        bare = parts._replace(netloc=f"{parts.hostname}:{parts.port}").geturl()
        return CameraAddress(bare, parts.username or "", parts.password or "")

    async def all_at_once() -> Report:
        looker = Looker(TargetPolicy.of(["127.0.0.0/8"]), SystemClock())

        async def look(url: str) -> float | None:
            taken = await looker.look(address(url), deadline_s=fleet.deadline_s, max_width=fleet.width)
            return time.monotonic() if taken.frame else None

        for url in fleet.warm_up:
            await look(url)
        with _Meter() as meter:
            looks = [look(url) for url in (*fleet.healthy, *fleet.faulty)]
            meter.ended = await asyncio.gather(*looks)
            await looker.aclose()
        return meter.report(len(fleet.healthy))

    return asyncio.run(all_at_once())


def pyav(fleet: Fleet) -> Report:
    """PyAV with FFmpeg's options for a quick start, only key pictures, a thread for each camera."""
    from bench.look import pyav_look

    return _in_threads(fleet, pyav_look)


def cv2(fleet: Fleet) -> Report:
    """OpenCV's capture as its tutorials use it, with its time-outs set, a thread for each camera."""
    import cv2 as opencv

    from bench.look import OUT_HEIGHT, OUT_WIDTH, PeerFailedError

    most_ms = int(fleet.deadline_s * 1000)
    options = [opencv.CAP_PROP_OPEN_TIMEOUT_MSEC, most_ms, opencv.CAP_PROP_READ_TIMEOUT_MSEC, most_ms]

    def look(url: str) -> object:
        capture = opencv.VideoCapture(url, opencv.CAP_FFMPEG, options)
        try:
            good, picture = capture.read()
        finally:
            capture.release()
        if not good:
            raise PeerFailedError("no picture")
        return opencv.resize(picture, (OUT_WIDTH, OUT_HEIGHT), interpolation=opencv.INTER_AREA)

    return _in_threads(fleet, look)


def floor(fleet: Fleet) -> Report:
    """Decoding and scaling as many key pictures from memory."""
    from bench.look import Floor

    bench = Floor("h264", Path(fleet.key_picture).read_bytes())
    for _ in fleet.warm_up:
        bench.picture()
    with _Meter() as meter:
        for _ in fleet.healthy:
            bench.picture()
            meter.ended.append(time.monotonic())
    return meter.report(len(fleet.healthy))


WAYS: dict[str, Callable[[Fleet], Report]] = {"ours": ours, "pyav": pyav, "cv2": cv2, "floor": floor}


def _in_threads(fleet: Fleet, look: Callable[[str], object]) -> Report:
    from bench.look import PeerFailedError

    def one(url: str) -> float | None:
        try:
            look(url)
        except PeerFailedError:
            return None
        return time.monotonic()

    for url in fleet.warm_up:
        one(url)
    with _Meter() as meter, ThreadPoolExecutor(THREADS) as pool:
        meter.ended = list(pool.map(one, (*fleet.healthy, *fleet.faulty)))
    return meter.report(len(fleet.healthy))


class _Meter:
    """CPU time from entry to exit, and when each camera's picture was there."""

    def __init__(self) -> None:
        self.ended: list[float | None] = []

    def __enter__(self) -> Self:
        self._cpu, self._began = time.process_time(), time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self._cpu = time.process_time() - self._cpu

    def report(self, healthy: int) -> Report:
        good = [ended for ended in self.ended if ended is not None]
        return Report(
            good=len(good),
            cpu_ms=self._cpu * 1e3,
            peak_mb=_peak_mb(),
            wall_ms=[(ended - self._began) * 1e3 for ended in self.ended[:healthy] if ended is not None],
        )


def _peak_mb() -> float:
    """The largest resident memory of this program; what getrusage tells begins with its parent's."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


if __name__ == "__main__":
    print(json.dumps(asdict(WAYS[sys.argv[1]](Fleet(**json.load(sys.stdin))))))
