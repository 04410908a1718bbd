"""Where a clerk's jobs are done: a child process of its own, so that no file can hurt the clerk.

A hostile file can make a parser crash, loop or balloon. The child is bounded in memory, ended when it takes
too long, and replaced when it died; the clerk lives on and says what happened.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import orjson
import psutil

from base.errors import DengtaError, UnavailableError
from base.ids import new_id
from base.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from camera_registry.jobs import Job, Tell, Work

log = get_logger(__name__)

START_S = 60.0
"""Until the child must be ready: it reads half of the program first."""

GRACE_S = 5.0
"""For the child to roll back and remove its files when it is asked to end."""

LINE_BYTES = 64 << 20
"""Most that a result may have."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the doing of a job ended.

    Attributes:
        result: What came of it.
        problem: Code, detail and remedy of what stopped it; None when it was done.
        again: Whether beginning it again may help.
    """

    result: dict[str, Any] | None = None
    problem: dict[str, Any] | None = None
    again: bool = False


class Desk(Protocol):
    """Where jobs are done, one after the other."""

    async def ready(self) -> None:
        """Return once a job can be done.

        Raises:
            UnavailableError: None can be done now.
        """
        ...

    async def do(self, job: Job, tell: Tell) -> Outcome:
        """Do it; cancelled, what was half done is undone."""
        ...

    async def close(self) -> None:
        """End."""
        ...


async def perform(work: Work, job: Job, tell: Tell) -> Outcome:
    """Do a job in this process; whatever happens has an outcome."""
    try:
        return Outcome(result=await work(job, tell))
    except MemoryError:
        return Outcome(problem=TOO_LARGE)
    except DengtaError as err:
        problem = {"code": err.code, "detail": err.detail, "remedy": err.remedy}
        return Outcome(problem=problem, again=isinstance(err, UnavailableError))
    except Exception:  # the last net: whatever it is, the asker gets an answer
        incident = str(new_id())
        log.exception("unforeseen", job=job.id, kind=job.kind, instance=incident)
        return Outcome(problem={**UNFORESEEN, "instance": f"urn:uuid:{incident}"})


class ChildDesk:
    """Does jobs in a child process that is kept as long as it is well.

    Args:
        command: Starts the child, which runs :func:`workers.desk_child.serve`.
        fat_mib: A child that holds more memory than this after a job is replaced by a lean one.
    """

    def __init__(self, command: Sequence[str], *, fat_mib: int) -> None:
        self._command = command
        self._fat = fat_mib << 20
        self._child: asyncio.subprocess.Process | None = None

    async def ready(self) -> None:
        """Return once the child waits for a job.

        Raises:
            UnavailableError: It does not start.
        """
        if self._child and self._child.returncode is None:
            return
        self._child = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES,
        )
        try:
            async with asyncio.timeout(START_S):
                greeting = await self._read(self._child)
        except TimeoutError:
            greeting = None
        if greeting is None:
            await self.close()
            raise UnavailableError("The process that does jobs does not start.")

    async def do(self, job: Job, tell: Tell) -> Outcome:
        """Do it in the child.

        Cancelled, the child is asked to end, and killed if it does not: its transaction ends with it.
        """
        child = self._child
        assert child is not None, "ready() comes first"
        assert child.stdin is not None
        try:
            child.stdin.write(orjson.dumps(asdict(job)) + b"\n")
            await child.stdin.drain()
            outcome = await self._follow(child, tell)
        except ConnectionError:
            outcome = None
        except BaseException:
            await self.close()
            raise
        if outcome is None:
            code = await child.wait()
            log.warning("job killed its process", job=job.id, kind=job.kind, code=code)
            return Outcome(problem=DIED, again=True)
        if outcome.problem == TOO_LARGE or self._is_fat(child.pid):
            await self.close()
        return outcome

    async def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is None or child.returncode is not None:
            return
        # It may end by itself between any two of these lines.
        _signal(child.terminate)
        try:
            await asyncio.wait_for(child.wait(), GRACE_S)
        except TimeoutError:
            _signal(child.kill)
            await child.wait()

    async def _follow(self, child: asyncio.subprocess.Process, tell: Tell) -> Outcome | None:
        """Pass on what the child tells until it is done; None if it dies before."""
        while (message := await self._read(child)) is not None:
            if "stage" in message:
                tell(message["stage"], message["share"])
            else:
                return Outcome(**message)
        return None

    def _is_fat(self, pid: int) -> bool:
        try:
            resident: int = psutil.Process(pid).memory_info().rss
        except psutil.NoSuchProcess:
            return True
        return resident > self._fat

    @staticmethod
    async def _read(child: asyncio.subprocess.Process) -> dict[str, Any] | None:
        assert child.stdout is not None
        try:
            line = await child.stdout.readline()
            message: dict[str, Any] | None = orjson.loads(line) if line.endswith(b"\n") else None
        except ValueError:  # longer than may be, or cut off
            _signal(child.kill)
            return None
        return message


def _signal(send: Callable[[], None]) -> None:
    try:
        send()
    except ProcessLookupError:
        return


DIED = {
    "code": "job-died",
    "detail": "The process that did it died.",
    "remedy": "Nothing was changed. A file may be damaged: save it anew, or split it, and try again.",
}
TOO_LARGE = {
    "code": "job-too-large",
    "detail": "It needs more memory than a job may use.",
    "remedy": "Nothing was changed. Split it, or have an engineer raise DENGTA_JOB_MEMORY_MIB.",
}
UNFORESEEN = {
    "code": "unforeseen",
    "detail": "Something went wrong that should not have. It has been logged.",
    "remedy": "Nothing was changed. Give the number in 'instance' to an engineer.",
}
