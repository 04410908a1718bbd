"""Bench ``governance``: wall time of assessing 230,000 cameras, against reading them and writing the rows.

``230k`` is the first assessment, which writes every fault and score; ``again`` is one of a day on which
nothing changed. Both ask every rule, compare all records, and count the day.
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

from base.clock import SystemClock
from base.database import Database
from base.errors import DengtaError, SetupError
from bench.city_store import city_store
from bench.harness import Case, Line, Skipped, Tell
from camera_registry.governance.assess import assess

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from base.postgres import PrivatePostgres

T = TypeVar("T")

NAME = "governance"
CASES = ("230k", "again")
ROUNDS = 3
TIME_ZONE = "Asia/Shanghai"

_FORGET = "truncate camera_fault, camera_score"

# Every column of every record is read; what an assessment writes is written to tables of the same form.
_SCAN = "select count(*), sum(hashtext(camera::text)) from camera"
_TABLE = "create table if not exists floor_{0} (like {0} including all)"
_WRITE = "insert into floor_{0} select * from {0}"


def measure(case: str, tell: Tell) -> Iterator[Line]:
    """The lines of one case."""
    try:
        with city_store(looked_at=True) as cluster, closing(Contest(cluster)) as contest:
            yield from contest.case(case).measure(tell)
            contest.check()
    except SetupError as err:
        yield Skipped(NAME, case, str(err))


class Contest:
    """The assessment, and the reading and writing that it cannot do without."""

    def __init__(self, cluster: PrivatePostgres) -> None:
        self._loop = asyncio.new_event_loop()
        self._database = Database(cluster.url, pool_size=2)
        self._faults = 0
        self._run(self._assess())

    def case(self, name: str) -> Case:
        """What is measured."""
        first = name == "230k"
        return Case(
            NAME,
            name,
            ours=lambda: self._run(self._assess(forget=first)),
            floor=lambda: self._run(self._floor(write=first)),
            unit="ms",
            rounds=ROUNDS,
        )

    def check(self) -> None:
        """Refuse figures of an assessment that found something else each time, or nothing."""
        if not self._faults:
            raise DengtaError("The assessment found nothing wrong with the sample city.")

    def close(self) -> None:
        """Let go of the server."""
        self._run(self._database.close())
        self._loop.close()

    async def _assess(self, *, forget: bool = True) -> None:
        if forget:
            async with self._database.raw() as connection:
                await connection.execute(_FORGET)
        summary = await assess(self._database, SystemClock(), TIME_ZONE)
        if self._faults not in {0, summary.faults}:
            raise DengtaError(f"{summary.faults} faults were found, and {self._faults} before.")
        self._faults = summary.faults

    async def _floor(self, *, write: bool) -> None:
        async with self._database.raw() as connection, connection.transaction():
            await connection.fetch(_SCAN)
            for table in ("camera_fault", "camera_score") if write else ():
                await connection.execute(_TABLE.format(table))
                await connection.execute(f"truncate floor_{table}")
                await connection.execute(_WRITE.format(table))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)
