"""The supervisor: starts this machine's processes, starts them again when they die, ends them in order."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from base.errors import SetupError
from base.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

log = get_logger(__name__)

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 10.0
STEADY_S = 20.0
"""A process that ran this long starts its waits anew when it dies."""

LOG_BYTES = 5 << 20
LOG_FILES = 3
"""Each process's log takes at most 20 MiB of the disk."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A process to keep running.

    Attributes:
        name: Its name in logs and lists.
        command: What to run; its words arrange that it ends when the supervisor dies.
        ready: Returns once it serves; None when nothing waits for it.
        stop_signal: What asks it to end.
        grace_s: Seconds it may take to end before it is killed.
        environment: Variables over the supervisor's own.
    """

    name: str
    command: Sequence[str]
    ready: Callable[[], Awaitable[None]] | None = None
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
    """

    def __init__(self, state_dir: Path, log_dir: Path) -> None:
        self._pids = state_dir / "processes.json"
        self._log_dir = log_dir
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self.processes: dict[str, Supervised] = {}

    def recover(self) -> list[str]:
        """End what an earlier supervisor left running, and return the names."""
        left: list[str] = []
        for name, (pid, started) in self._read_pids().items():
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                # A pid is used again by the kernel; its start time tells whether it is still ours.
                if abs(process.create_time() - started) < 1:
                    process.kill()
                    with suppress(psutil.TimeoutExpired):
                        process.wait(timeout=10)
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
        raise SetupError(f"The process {spec.name} {what}: {self._last_words(spec.name)}")

    async def stop(self) -> None:
        """End all processes, the last started first."""
        for name in reversed(self._keepers):
            keeper = self._keepers[name]
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
        self._keepers.clear()
        self._pids.unlink(missing_ok=True)

    async def _keep(self, supervised: Supervised, first_exit: asyncio.Future[int]) -> None:
        spec = supervised.spec
        wait = FIRST_WAIT_S
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            code = await self._run_once(supervised)
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
        self._write_pids()
        writer = asyncio.create_task(self._write_log(spec.name, process))
        try:
            return await process.wait()
        except asyncio.CancelledError:
            await _end(process, spec)
            raise
        finally:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(writer, 1)

    async def _write_log(self, name: str, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        path = self._log_path(name)
        while chunk := await process.stdout.read(1 << 16):
            with suppress(OSError):  # a full disk must not stop what is supervised
                self._log_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
                if path.exists() and path.stat().st_size + len(chunk) > LOG_BYTES:
                    _rotate(path)
                with path.open("ab") as file:
                    file.write(chunk)

    def _last_words(self, name: str) -> str:
        try:
            lines = self._log_path(name).read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return (lines[-1] if lines else "it said nothing") + f" (see {self._log_path(name)})"

    def _log_path(self, name: str) -> Path:
        return self._log_dir / f"{name}.log"

    def _read_pids(self) -> dict[str, tuple[int, float]]:
        try:
            return {name: (int(p), float(t)) for name, (p, t) in json.loads(self._pids.read_text()).items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _write_pids(self) -> None:
        alive: dict[str, tuple[int, float]] = {}
        for name, supervised in self.processes.items():
            if supervised.pid is not None:
                with suppress(psutil.NoSuchProcess):
                    alive[name] = (supervised.pid, psutil.Process(supervised.pid).create_time())
        self._pids.parent.mkdir(parents=True, exist_ok=True)
        self._pids.write_text(json.dumps(alive))


def _rotate(path: Path) -> None:
    """Make room: ``name.log`` becomes ``name.log.1`` and so on; the oldest goes."""
    for number in range(LOG_FILES, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        newer = path.with_name(f"{path.name}.{number - 1}") if number > 1 else path
        if newer.exists():
            newer.replace(older)


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
