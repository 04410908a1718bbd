"""The supervisor: starts this machine's processes, starts them again when they die, ends them in order."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from base.errors import DengtaError, SetupError
from base.log import get_logger
from dengta.process_log import ProcessLog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

log = get_logger(__name__)

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 10.0
STEADY_S = 20.0
"""A process that ran this long starts its waits anew when it dies."""

HEALTH_EVERY_S = 3.0
HEALTH_ANSWER_S = 3.0
HEALTH_FAILURES = 4
"""So many unhealthy answers in a row, while the disk has room, and the process is started anew."""

HEALTH_START_S = 60.0
"""Until its first healthy answer a process has this long: it may have a store to read first."""

NOT_STARTED = 127
"""Exit code of a process that could not be started at all, as shells have it."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A process to keep running.

    Attributes:
        name: Its name in logs and lists.
        command: What to run; its words arrange that it ends when the supervisor dies.
        ready: Returns once it serves; None when nothing waits for it.
        healthy: Asked every few seconds; raises DengtaError or OSError when the process lives and does not
            work. None when living is enough.
        stop_signal: What asks it to end.
        grace_s: Seconds it may take to end before it is killed.
        environment: Variables over the supervisor's own.
    """

    name: str
    command: Sequence[str]
    ready: Callable[[], Awaitable[None]] | None = None
    healthy: Callable[[], Awaitable[None]] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 8.0
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Supervised:
    """A process as it is now."""

    spec: ProcessSpec
    pid: int | None = None
    starts: int = 0
    last_exit: int | None = None


class Supervisor:
    """Keeps processes running, in the order in which they were started.

    Args:
        state_dir: Where the pids are kept, so that the next start finds what this one left.
        log_dir: Where each process's output goes, rotated.
        minimum_free_mib: Room on the disk, MiB, without which starting an unhealthy process anew is no help.
    """

    def __init__(self, state_dir: Path, log_dir: Path, *, minimum_free_mib: int = 0) -> None:
        self._pids = state_dir / "processes.json"
        self._log_dir = log_dir
        self._minimum_free = minimum_free_mib << 20
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self.processes: dict[str, Supervised] = {}

    def recover(self) -> list[str]:
        """End what an earlier supervisor left running, the last started first, and return the names."""
        left: list[str] = []
        for name, (pid, started, stop_signal, grace_s) in reversed(self._read_pids().items()):
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                # A pid is used again by the kernel; its start time tells whether it is still ours.
                if abs(process.create_time() - started) < 1:
                    _end_leftover(process, stop_signal, grace_s)
                    left.append(name)
        self._pids.unlink(missing_ok=True)
        return left

    async def start(self, spec: ProcessSpec, *, timeout_s: float = 60) -> None:
        """Start a process, keep it running, and return once it is ready.

        Raises:
            SetupError: It ended before it was ready, or took too long; its last words are given.
        """
        supervised = Supervised(spec)
        self.processes[spec.name] = supervised
        first_exit: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._keepers[spec.name] = asyncio.create_task(self._keep(supervised, first_exit))
        if spec.ready is None:
            return
        ready = asyncio.ensure_future(spec.ready())
        either: set[asyncio.Future[Any]] = {ready, first_exit}
        done, _ = await asyncio.wait(either, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if ready in done:
            await ready
            return
        ready.cancel()
        what = "ended" if first_exit in done else f"is not ready after {timeout_s:.0f} s"
        raise SetupError(f"The process {spec.name} {what}: {self._log(spec.name).last_words()}")

    async def stop(self) -> None:
        """End all processes, the last started first."""
        for name in reversed(self._keepers):
            keeper = self._keepers[name]
            keeper.cancel()
            await asyncio.wait({keeper})
            if not keeper.cancelled() and (fault := keeper.exception()):
                log.error("supervision had ended", name=name, reason=repr(fault))
        self._keepers.clear()
        with suppress(OSError):
            self._pids.unlink(missing_ok=True)

    async def _keep(self, supervised: Supervised, first_exit: asyncio.Future[int]) -> None:
        spec = supervised.spec
        wait = FIRST_WAIT_S
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                code = await self._run_once(supervised)
            except OSError as err:  # no such program, or no memory for another process
                code = NOT_STARTED
                self._log(spec.name).append(f"{spec.command[0]} cannot be started: {err.strerror}\n".encode())
            supervised.pid, supervised.last_exit = None, code
            if not first_exit.done():
                first_exit.set_result(code)
            if clock() - began > STEADY_S:
                wait = FIRST_WAIT_S
            log.warning("process ended", name=spec.name, code=code, again_in_s=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)

    async def _run_once(self, supervised: Supervised) -> int:
        spec = supervised.spec
        process = await asyncio.create_subprocess_exec(
            *spec.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd="/",
            # Ctrl-C in a terminal reaches its whole group; only the supervisor is to hear it, and end the
            # others in order.
            start_new_session=True,
            env={**os.environ, **spec.environment},
        )
        supervised.pid = process.pid
        supervised.starts += 1
        assert process.stdout is not None
        writer = asyncio.create_task(self._log(spec.name).follow(process.stdout))
        watcher = asyncio.create_task(self._end_when_unhealthy(process, spec))
        self._write_pids()
        try:
            return await process.wait()
        except asyncio.CancelledError:
            await _end(process, spec)
            raise
        finally:
            watcher.cancel()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(writer, 1)

    async def _end_when_unhealthy(self, process: asyncio.subprocess.Process, spec: ProcessSpec) -> None:
        """End a process that lives and does not work; being dead, it is started again."""
        if spec.healthy is None:
            return
        clock = asyncio.get_running_loop().time
        patient_until = clock() + HEALTH_START_S
        failures, reason = 0, ""
        while failures < HEALTH_FAILURES or clock() < patient_until:
            await asyncio.sleep(HEALTH_EVERY_S)
            try:
                async with asyncio.timeout(HEALTH_ANSWER_S):
                    await spec.healthy()
            except (DengtaError, OSError) as err:  # a TimeoutError is an OSError
                # On a full disk a new start would meet what the last one met.
                failures = failures + 1 if self._has_room() else 0
                reason = str(err) or type(err).__name__
            else:
                failures, patient_until = 0, 0.0
        log.warning("process does not work", name=spec.name, reason=reason)
        await _end(process, spec)

    def _has_room(self) -> bool:
        try:
            return shutil.disk_usage(self._pids.parent).free >= self._minimum_free
        except OSError:
            return False

    def _log(self, name: str) -> ProcessLog:
        return ProcessLog(self._log_dir, name)

    def _read_pids(self) -> dict[str, tuple[int, float, int, float]]:
        try:
            return {
                name: (int(pid), float(started), int(stop_signal), float(grace_s))
                for name, (pid, started, stop_signal, grace_s) in json.loads(self._pids.read_text()).items()
            }
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _write_pids(self) -> None:
        """Write down what runs; a disk that does not take it must not stop what is supervised."""
        alive: dict[str, tuple[int, float, int, float]] = {}
        for name, supervised in self.processes.items():
            if (pid := supervised.pid) is not None:
                with suppress(psutil.NoSuchProcess):
                    spec, started = supervised.spec, psutil.Process(pid).create_time()
                    alive[name] = (pid, started, spec.stop_signal, spec.grace_s)
        fresh = self._pids.with_suffix(".new")
        try:
            self._pids.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(alive))
            fresh.replace(self._pids)
        except OSError as err:
            log.warning("the list of processes cannot be written", path=str(self._pids), reason=err.strerror)


def _end_leftover(process: psutil.Process, stop_signal: int, grace_s: float) -> None:
    process.send_signal(stop_signal)
    try:
        process.wait(timeout=grace_s)
    except psutil.TimeoutExpired:
        process.kill()
        with suppress(psutil.TimeoutExpired):
            process.wait(timeout=10)


async def _end(process: asyncio.subprocess.Process, spec: ProcessSpec) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(spec.stop_signal)
    try:
        await asyncio.wait_for(process.wait(), spec.grace_s)
    except TimeoutError:
        log.warning("process killed", name=spec.name, grace_s=spec.grace_s)
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
