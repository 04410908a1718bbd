"""The child process of a clerk: reads jobs from its standard input, does them, tells how far it is."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from base.log import get_logger
from camera_registry.jobs import Job, storable
from workers.desk import LINE_BYTES, perform

if TYPE_CHECKING:
    from collections.abc import Callable

    from camera_registry.jobs import Work

log = get_logger(__name__)

TELL_EVERY_S = 0.2

MOST_FILE_BYTES = 4 << 30
"""Of one file that a job writes, so that none fills the disk."""

OOM_SCORE = 500
"""Where memory runs out the kernel is to end this process before any other."""


class Voice:
    """The way back to the clerk: one JSON object a line, from any thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._told = ("", -1.0)
        self._at = -TELL_EVERY_S

    def tell(self, stage: str, share: float) -> None:
        """Say how far the job is; more often than is of use to anybody, it is not said."""
        now = time.monotonic()
        if stage == self._told[0] and (now - self._at < TELL_EVERY_S or share == self._told[1]):
            return
        self._told, self._at = (stage, share), now
        self.say({"stage": stage, "share": share})

    def say(self, message: dict[str, Any]) -> None:
        """Say it now."""
        line = memoryview(orjson.dumps(storable(message), default=str) + b"\n")
        with self._lock:
            while line:
                line = line[os.write(self._descriptor, line) :]


def limit(memory_mib: int) -> None:
    """Bound this process, for good.

    Args:
        memory_mib: Most memory of its own, MiB; beyond it Python raises MemoryError.
    """
    for which, wanted in (
        (resource.RLIMIT_DATA, memory_mib << 20),
        (resource.RLIMIT_FSIZE, MOST_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(which)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(which, (most, most))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))


async def serve(work_of: Callable[[str], Work]) -> None:
    """Do jobs until the clerk closes the line or asks for the end.

    Args:
        work_of: The work of a kind of job.
    """
    voice = Voice(os.dup(1))
    os.dup2(2, 1)  # what a library prints must not end up between the lines
    reader = asyncio.StreamReader(limit=LINE_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    task = asyncio.current_task()
    assert task is not None
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    voice.say({"ready": True})
    while line := await reader.readline():
        job = Job(**orjson.loads(line))
        log.info("job begun", job=job.id, kind=job.kind, attempt=job.attempt)
        outcome = await perform(work_of(job.kind), job, voice.tell)
        log.info("job ended", job=job.id, kind=job.kind, problem=(outcome.problem or {}).get("code"))
        voice.say(asdict(outcome))
