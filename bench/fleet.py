"""Bench ``fleet``: 200 cameras at once in one process, one in ten of them faulty.

Everybody asks the same live servers on loopback, each in a process of its own that has looked before.
"""

from __future__ import annotations

import asyncio
import json
import struct
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import cycle, islice
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING

from base.errors import DengtaError
from base.runtime import free_port
from bench.fleet_crew import Fleet, Report
from bench.harness import Case, Line, Skipped, Tell, lines
from bench.look import CASES as CLIPS
from bench.look import OUT_WIDTH, PASSWORD, USER, ServerAbsentError, cameras, encoded
from dengta.sample.faults import Fault, FaultPeer

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "fleet"
CASES = ("200-cameras", "memory", "lateness")
CAMERAS, FAULTY, MOUNTS = 200, 20, 45
ROUNDS = 5
DEADLINE_S = 6.0
LONGEST_S = 120
UNITS = {"200-cameras": "cpu_ms", "memory": "MB", "lateness": "ms"}


def measure(case: str, tell: Tell) -> Iterator[Line]:
    """The lines of one case."""
    units = encoded(CLIPS["h264"])
    with tempfile.TemporaryDirectory(prefix="dengta-bench-") as folder:
        file, key = Path(folder) / "clip", Path(folder) / "key"
        file.write_bytes(b"".join(struct.pack(">I", len(unit)) + unit for unit in units))
        key.write_bytes(units[0])
        try:
            with (
                cameras([f"camera{n}=h264={file}=live" for n in range(MOUNTS)]) as server,
                troubles() as faulty,
            ):
                yield from _compared(case, _fleet(server, faulty, str(key)), tell)
        except ServerAbsentError as err:
            yield Skipped(NAME, case, str(err))


def _fleet(server: str, troubles_at: str, key: str) -> Fleet:
    login = f"{USER}:{PASSWORD}@"
    mounts = [f"rtsp://{login}{server}/camera{n}" for n in range(MOUNTS)]
    kinds = [f"rtsp://{login}{troubles_at}/{fault.value}" for fault in Fault if fault.by_peer]
    wrong = [f"rtsp://{USER}:wrong@{server}/camera0", f"rtsp://{login}127.0.0.1:{free_port()}/closed"]
    return Fleet(
        healthy=list(islice(cycle(mounts), CAMERAS - FAULTY)),
        faulty=list(islice(cycle([*kinds, *wrong]), FAULTY)),
        warm_up=mounts[:3],
        width=OUT_WIDTH,
        deadline_s=DEADLINE_S,
        key_picture=key,
    )


def _compared(case: str, fleet: Fleet, tell: Tell) -> Iterator[Line]:
    """Everybody once a round, each in a new process."""
    alone = replace(fleet, faulty=[])
    crews = {"ours": ("ours", fleet), "peer pyav": ("pyav", fleet)}
    if case == "200-cameras":
        crews |= {"peer cv2": ("cv2", _tenth(fleet)), "floor": ("floor", fleet)}
    if case == "lateness":
        crews = {"ours": ("ours", fleet), "floor": ("ours", alone)}
    samples: dict[str, list[float]] = {name: [] for name in crews}
    for done in range(ROUNDS):
        tell(done, ROUNDS)
        for name, (who, what) in crews.items():
            report = look(who, what)
            if report.good != len(what.healthy):
                raise DengtaError(f"fleet: {who} had {report.good} pictures of {len(what.healthy)} cameras.")
            samples[name].append(_cost(case, report))
    peers = {name.removeprefix("peer "): _nobody for name in crews if name.startswith("peer ")}
    yield from lines(Case(NAME, case, _nobody, peers=peers, unit=UNITS[case], rounds=ROUNDS), samples)


def _tenth(fleet: Fleet) -> Fleet:
    """For OpenCV, which opens one camera at a time, a second each, however many threads ask."""
    return replace(fleet, healthy=fleet.healthy[::10], faulty=fleet.faulty[::10])


def _cost(case: str, report: Report) -> float:
    if case == "memory":
        return report.peak_mb
    if case == "lateness":  # of the healthy camera that 95 in 100 are ahead of
        return quantiles(report.wall_ms, n=20)[-1]
    return report.cpu_ms / report.good


def look(who: str, fleet: Fleet) -> Report:
    """Have the fleet looked at.

    Raises:
        DengtaError: Whoever it was failed.
    """
    command = [sys.executable, "-m", "bench.fleet_crew", who]
    done = subprocess.run(
        command,
        input=json.dumps(asdict(fleet)),
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        cwd=Path(__file__).parent.parent,
        check=False,
    )
    if done.returncode:
        raise DengtaError(f"fleet: {who} failed ({(done.stderr.strip().splitlines() or ['no word'])[-1]}).")
    return Report(**json.loads(done.stdout))


@contextmanager
def troubles() -> Iterator[str]:
    """Where cameras with a trouble listen, one at each path; they are played by a thread of this process."""
    picture = [b"\x67\x42\x00\x1e", b"\x68\xce\x3c\x80", b"\x65" + bytes(30_000)]
    peer = FaultPeer({f"/{fault.value}": fault for fault in Fault if fault.by_peer}, picture)
    port, loop, ready = free_port(), asyncio.new_event_loop(), threading.Event()
    end = asyncio.Event()

    async def play() -> None:
        async with peer.listening("127.0.0.1", port):
            ready.set()
            await end.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(play()), daemon=True)
    thread.start()
    if not ready.wait(10):
        raise DengtaError("fleet: the faulty cameras do not listen.")
    try:
        yield f"127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(10)
        loop.close()


def _nobody() -> None:
    """The measurements are taken already."""
