"""Bench ``city``: the CPU that one look at each of 230,000 cameras takes, recognised, judged and recorded.

A worker and a calendar of their own processes look at live cameras on loopback as fast as they can, over the
catalogue of a whole city; what they and the two servers spend on a look is multiplied by the city's cameras.
"""

from __future__ import annotations

import asyncio
import os
import struct
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import psutil
from pydantic import SecretStr

from base import bus
from base.clock import SystemClock
from base.database import Database
from base.errors import DengtaError
from base.ids import new_id
from base.nats_server import PrivateNats
from base.seal import Sealer
from base.settings import Settings
from bench.city_store import CAMERAS, ROOT, city_store
from bench.harness import Case, Line, Skipped, Tell, cpu_ms, lines
from bench.look import CASES as CLIPS
from bench.look import (
    PASSWORD,
    USER,
    Floor,
    PeerFailedError,
    ServerAbsentError,
    cameras,
    encoded,
    ffmpeg_look,
)
from bench.workplace import workplace
from dengta.detector import load_recogniser, obtain_detector
from dengta.processes import command, environment
from models.look import Frame
from models.messages import LOOKED, Looked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from nats.aio.msg import Msg

NAME = "city"
CASES = ("230k",)
MOUNTS, LOOKED_AT = 40, 160
WARM_UP, ROUNDS, LOOKS = 200, 5, 200
"""Looks before the measurement, rounds, and looks of a round at least."""
LONGEST_S = 240
HOUR_MS = 3_600_000
MODELS = ROOT / "build" / "cache" / "models"
ULTRALYTICS = "DENGTA_BENCH_ULTRALYTICS"
"""Variable that names a Python with the ultralytics extra, where this one lacks it (it brings torch)."""

_CAMERAS = """
with taken as (select id from camera order by id limit $1),
     login as (insert into credential (name, username, sealed) values ('bench', $2, $3) returning id),
     off as (update watch set enabled = false where camera_id not in (select id from taken)),
     old as (delete from watch where camera_id in (select id from taken)),
     set as (update camera c
                set stream_url = format('rtsp://%s/camera%s', $4::text, c.id % $5), credential_id = login.id
               from taken, login where c.id = taken.id)
select array_agg(id) from taken
"""
_WATCHES = """
insert into watch (camera_id, rule, recogniser, cadence_s, priority, settings)
select id, 'crowd', 'objects', 1, 2, '{"open_at": 40, "close_at": 20, "votes": 2, "of": 3}'
  from unnest($1::bigint[]) as id
"""

_PREDICT = """
import sys, time, numpy as np, torch
from ultralytics import YOLO
torch.set_num_threads(1); torch.manual_seed(7)
model, picture = YOLO("yolo11n.yaml"), np.random.default_rng(7).integers(0, 255, (360, 640, 3), np.uint8)
costs = []
for _ in range(12):
    began = time.process_time()
    model.predict(picture, imgsz=640, verbose=False, device="cpu")
    costs.append((time.process_time() - began) * 1e3)
print(sorted(costs[2:])[5])
"""
"""ultralytics' smallest model, with weights of chance: what it costs does not depend on them."""


def measure(case: str, tell: Tell) -> Iterator[Line]:
    """The lines of the case."""
    clip = CLIPS["h264"]
    units = encoded(clip)
    with ExitStack() as stack:
        folder = stack.enter_context(workplace())
        file = folder / "clip"
        file.write_bytes(b"".join(struct.pack(">I", len(unit)) + unit for unit in units))
        try:
            server = stack.enter_context(cameras([f"camera{n}=h264={file}=live" for n in range(MOUNTS)]))
        except ServerAbsentError as err:
            yield Skipped(NAME, case, str(err))
            return
        database_url = stack.enter_context(city_store()).url
        queue = stack.enter_context(_nats(folder))
        settings = Settings(
            data_dir=folder,
            database_url=SecretStr(database_url),
            nats_url=SecretStr(queue.url),
            look_networks=("127.0.0.0/8",),
            models_folder=MODELS,
            log_level="warning",
        )
        obtain_detector(settings)
        asyncio.run(_prepare(settings, server))
        ours = asyncio.run(Run(settings, tell).costs())
        floor = _floor(settings, units[0], clip.decoder)
        peers, absent = _peers(f"rtsp://{USER}:{PASSWORD}@{server}/camera0")
    samples = {"ours": ours, "floor": floor, **{f"peer {name}": costs for name, costs in peers.items()}}
    whole = {name: [cost * CAMERAS / HOUR_MS for cost in costs] for name, costs in samples.items()}
    yield from lines(
        Case(NAME, case, _nobody, _nobody, dict.fromkeys(peers, _nobody), absent, "core_h", ROUNDS), whole
    )


async def _prepare(settings: Settings, server: str) -> None:
    """Some of the city's cameras are the live ones, each with a watch that is always due."""
    assert settings.database_url
    database = Database(settings.database_url.get_secret_value(), pool_size=1)
    sealed = Sealer(settings.keys_dir).seal(PASSWORD, name="bench")
    async with database.raw() as connection, connection.transaction():
        taken = await connection.fetchval(_CAMERAS, LOOKED_AT, USER, sealed, server, MOUNTS)
        await connection.execute(_WATCHES, taken)
    await database.close()


@dataclass
class Meter:
    """CPU of processes, milliseconds, and looks that gave a picture."""

    processes: list[psutil.Process]
    looks: int = 0

    def cpu_ms(self) -> float:
        """What all of them and their living children have used."""
        everybody = {p.pid: p for one in self.processes for p in (one, *one.children(recursive=True))}
        return sum(sum(p.cpu_times()[:2]) for p in everybody.values()) * 1e3


class Run:
    """A calendar and a worker at work.

    Args:
        settings: Theirs.
        tell: Told of rounds.
    """

    def __init__(self, settings: Settings, tell: Tell) -> None:
        self._settings = settings
        self._tell = tell

    async def costs(self) -> list[float]:
        """CPU milliseconds of a look, by round.

        Raises:
            DengtaError: They look too slowly, or one of them ended.
        """
        assert self._settings.nats_url
        client = await bus.connect(self._settings.nats_url.get_secret_value(), name="bench")
        with self._working() as workers:
            servers = [p for p in psutil.process_iter(["name", "cmdline"]) if _is_server(p)]
            meter = Meter([*(psutil.Process(worker.pid) for worker in workers), *servers])

            async def count(message: Msg) -> None:
                looked = Looked.model_validate_json(message.data)
                meter.looks += looked.outcomes.get("picture", 0)

            await client.subscribe(LOOKED, cb=count)
            await self._until(meter, WARM_UP, workers)
            found = []
            for done in range(ROUNDS):
                self._tell(done, ROUNDS)
                cpu, looks = meter.cpu_ms(), meter.looks
                await self._until(meter, looks + LOOKS, workers)
                found.append((meter.cpu_ms() - cpu) / (meter.looks - looks))
        await client.close()
        return found

    @contextmanager
    def _working(self) -> Iterator[list[subprocess.Popen[bytes]]]:
        told = {**os.environ, **environment(self._settings), "OMP_NUM_THREADS": "1"}
        workers = [
            subprocess.Popen(command(kind), env=told, cwd=ROOT, stderr=subprocess.DEVNULL)
            for kind in ("calendar", "looker")
        ]
        try:
            yield workers
        finally:
            for worker in workers:
                worker.terminate()
            for worker in workers:
                worker.wait(timeout=30)

    async def _until(self, meter: Meter, looks: int, workers: list[subprocess.Popen[bytes]]) -> None:
        ends = time.monotonic() + LONGEST_S
        while meter.looks < looks:
            await asyncio.sleep(0.2)
            if any(worker.poll() is not None for worker in workers):
                raise DengtaError("city: a process ended by itself.")
            if time.monotonic() > ends:
                raise DengtaError(f"city: {meter.looks} looks of {looks} in {LONGEST_S} s.")


def _is_server(process: psutil.Process) -> bool:
    """Whether it is the database or the queue of a benchmark; their children are counted with them."""
    at_work = process.info["name"] in {"postgres", "nats-server"}
    return at_work and any("dengta-bench-" in word for word in process.info["cmdline"] or ())


def _floor(settings: Settings, key_picture: bytes, decoder: str) -> list[float]:
    """Decoding, scaling and detecting alone, from memory, CPU milliseconds."""
    recogniser, floor = load_recogniser(settings), Floor(decoder, key_picture)
    clock = SystemClock()

    def work() -> None:
        pixels = floor.picture()
        recogniser.recognise([(1, new_id(), Frame(pixels, clock.now(), 1920, 1080, "h264"))])

    return _measured(work)


def _peers(url: str) -> tuple[dict[str, list[float]], dict[str, str]]:
    """The command takes a picture; ultralytics, where it is installed, recognises one."""
    python = os.environ.get(ULTRALYTICS, sys.executable)
    try:
        pictures = _measured(partial(ffmpeg_look, url))
    except PeerFailedError as err:
        return {}, {"ffmpeg": str(err)}
    told = {**os.environ, "OMP_NUM_THREADS": "1", "YOLO_OFFLINE": "true"}
    done = subprocess.run(
        [python, "-c", _PREDICT], capture_output=True, text=True, check=False, timeout=300, env=told
    )
    if done.returncode:
        absent = f"the extra is not installed here; {ULTRALYTICS} may name a Python that has it"
        return {"ffmpeg": pictures}, {"ffmpeg+ultralytics": absent}
    predicted = float(done.stdout.split()[-1])
    return {"ffmpeg": pictures, "ffmpeg+ultralytics": [cost + predicted for cost in pictures]}, {}


def _measured(work: Callable[[], object]) -> list[float]:
    costs = []
    for _ in range(2 + 2 * ROUNDS):
        began = cpu_ms()
        work()
        costs.append(cpu_ms() - began)
    return costs[2:]


@contextmanager
def _nats(folder: Path) -> Iterator[PrivateNats]:
    private = PrivateNats(folder / "nats")
    private.prepare()
    server = subprocess.Popen(
        private.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
    )
    try:
        yield private
    finally:
        server.terminate()
        server.wait(timeout=15)


def _nobody() -> None:
    """The measurements are taken already."""
