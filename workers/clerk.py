"""The clerk's process: takes the jobs that people asked for, one at a time, and has them done at its desk."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from base.errors import UnavailableError
from base.log import get_logger
from camera_registry.job_book import ATTEMPTS, BEAT_S, GIVEN_UP, Book
from camera_registry.jobs import NOTIFY_CHANNEL
from workers.desk import DIED, Outcome
from workers.retry import forever, until_done

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from base.clock import Clock
    from base.database import Database
    from camera_registry.jobs import Job
    from workers.desk import Desk

log = get_logger(__name__)

IDLE_S = 2.0
"""How long it sleeps without being woken; a lost notification costs no more."""

GLANCE_S = 0.5
"""How often it looks whether there is progress to write down."""

TIDY_EVERY_S = 3600.0

HAND_BACK_S = 3.0
"""For giving a job back when the clerk is asked to end."""

Ending = Literal["done", "failed", "again"]


@dataclass(slots=True)
class Progress:
    """How far a job is, as it was last told."""

    stage: str = ""
    share: float = 0.0

    def tell(self, stage: str, share: float) -> None:
        """Take note."""
        self.stage, self.share = stage, share


def ending_of(outcome: Outcome, attempt: int) -> tuple[Ending, dict[str, Any] | None]:
    """What becomes of a job, and the problem that its record names."""
    if outcome.problem is None:
        return "done", None
    if not outcome.again:
        return "failed", outcome.problem
    if attempt < ATTEMPTS:
        return "again", None
    return "failed", GIVEN_UP if outcome.problem == DIED else outcome.problem


class ClerkProcess:
    """Does jobs until cancelled. Several may run, on any machines that share the jobs folder.

    Args:
        database: Where the jobs are.
        clock: Measures how long a job takes.
        desk: Where they are done.
        kinds: Which works it can have done; others are left to other clerks.
        most_s: Seconds after which a job is ended.
        tidy: Called at the start and every hour, while there is nothing else to do.
    """

    def __init__(  # noqa: PLR0913 - the parts of a process
        self,
        database: Database,
        clock: Clock,
        desk: Desk,
        kinds: Sequence[str],
        *,
        most_s: float,
        tidy: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._database = database
        self._book = Book(database)
        self._clock = clock
        self._desk = desk
        self._kinds = list(kinds)
        self._most_s = most_s
        self._tidy = tidy
        self._tidied: float | None = None
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled; the job in hand is then given back."""
        try:
            await forever(self._session, what="clerk")
        finally:
            await self._desk.close()

    async def _session(self) -> None:
        """Work while the connection that wakes it lasts."""
        async with self._database.raw() as connection:

            def wake(*_: object) -> None:
                self._woken.set()

            await connection.add_listener(NOTIFY_CHANNEL, wake)
            try:
                while True:
                    self._woken.clear()
                    await self._work_off()
                    await self._tidy_up()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._woken.wait(), IDLE_S)
                    await connection.fetchval("select 1")
            finally:
                if not connection.is_closed():
                    await connection.remove_listener(NOTIFY_CHANNEL, wake)

    async def _work_off(self) -> None:
        while True:
            await self._desk.ready()
            job = await self._book.claim(self._kinds)
            if job is None:
                return
            await self._do(job)

    async def _tidy_up(self) -> None:
        now = self._clock.monotonic()
        if self._tidy and (self._tidied is None or now - self._tidied > TIDY_EVERY_S):
            await self._tidy()
            self._tidied = now

    async def _do(self, job: Job) -> None:
        progress = Progress()
        doing = asyncio.create_task(self._desk.do(job, progress.tell))
        try:
            word = await self._watch(job, doing, progress)
        except asyncio.CancelledError:
            await _stop(doing)
            with suppress(TimeoutError, UnavailableError):
                await asyncio.wait_for(self._book.give_back(job, blameless=True), HAND_BACK_S)
            raise
        if word == "go":
            await self._close(job, doing.result())
            return
        await _stop(doing)
        log.info("job stopped", job=job.id, kind=job.kind, because=word)
        if word == "cancel":
            await until_done(lambda: self._book.cancelled(job), what="cancelling a job")
        elif word == "late":
            await until_done(lambda: self._book.fail(job, _too_long(self._most_s)), what="failing a job")

    async def _watch(self, job: Job, doing: asyncio.Task[Outcome], progress: Progress) -> str:
        """Beat until it is done (``go``), to be ended (``cancel``), another's (``lost``) or ``late``."""
        began = beaten = self._clock.monotonic()
        told = ("", 0.0)
        while not (await asyncio.wait({doing}, timeout=GLANCE_S))[0]:
            now = self._clock.monotonic()
            if now - began > self._most_s:
                return "late"
            due = now - beaten >= BEAT_S or self._woken.is_set()  # what wakes it may be a wish to cancel
            if not due and (progress.stage, progress.share) == told:
                continue
            self._woken.clear()
            told = (progress.stage, progress.share)
            try:
                word = await self._book.beat(job, *told)
            except UnavailableError:  # the job itself will notice, or be done when the database is back
                continue
            beaten = now
            if word != "go":
                return word
        return "go"

    async def _close(self, job: Job, outcome: Outcome) -> None:
        ending, problem = ending_of(outcome, job.attempt)
        if ending == "done":
            await until_done(lambda: self._book.finish(job, outcome.result or {}), what="finishing a job")
        elif ending == "again":
            await until_done(lambda: self._book.give_back(job), what="giving a job back")
        else:
            await until_done(lambda: self._book.fail(job, problem or {}), what="failing a job")


def _too_long(most_s: float) -> dict[str, Any]:
    return {
        "code": "job-too-long",
        "detail": f"It was not done within {most_s / 60:.0f} minutes.",
        "remedy": "Nothing was changed. Split it, or have an engineer raise DENGTA_JOB_MINUTES.",
    }


async def _stop(doing: asyncio.Task[Outcome]) -> None:
    doing.cancel()
    await asyncio.wait({doing})
