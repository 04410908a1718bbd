"""The jobs as a clerk sees them: claiming one, saying how far it is, and writing down how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from base.redact import redact_text
from camera_registry.jobs import Job, storable

if TYPE_CHECKING:
    from base.database import Database

ATTEMPTS = 3
"""Times that a job is begun before it is given up: its work kills whoever does it."""

BEAT_S = 2.0
"""How often a clerk says that it lives."""

DEAD_S = 15.0
"""A clerk that said nothing for so long is taken for dead, and its job for anyone's."""

GIVEN_UP = {
    "code": "job-died",
    "detail": f"It was begun {ATTEMPTS} times, and each time the process that did it died.",
    "remedy": "Nothing was changed. A file may be damaged: save it anew, or split it, and try again.",
}

_SWEEP_CANCELLED = """
update job set state = 'cancelled', ended_at = now()
 where ended_at is null and cancel_asked
   and (state = 'queued' or beat_at < now() - make_interval(secs => $1))
"""

_SWEEP_GIVEN_UP = """
update job set state = 'failed', ended_at = now(), problem = $3::jsonb
 where ended_at is null and attempts >= $2
   and (state = 'queued' or beat_at < now() - make_interval(secs => $1))
"""

_CLAIM = """
with next as (
  select id from job
   where ended_at is null and kind = any($1) and attempts < $3
     and (state = 'queued' or beat_at < now() - make_interval(secs => $2))
   order by id
   limit 1
     for update skip locked
)
update job set state = 'running', attempts = attempts + 1, stage = '', share = 0, beat_at = now(),
               started_at = coalesce(started_at, now())
  from next
 where job.id = next.id
returning job.id, kind, account_id, parameters::text as parameters, file, attempts
"""

# The attempt is the fence: a clerk that was taken for dead and wakes up writes nothing.
_BEAT = """
update job set beat_at = now(), stage = $3, share = $4
 where id = $1 and attempts = $2 and state = 'running'
returning cancel_asked
"""

_END = """
update job set state = $3, result = $4::jsonb, problem = $5::jsonb, ended_at = now(),
               share = case when $6 then 1 else share end, stage = case when $6 then '' else stage end
 where id = $1 and attempts = $2 and state = 'running'
"""

_GIVE_BACK = """
update job set state = 'queued', beat_at = null, attempts = attempts - $3
 where id = $1 and attempts = $2 and state = 'running'
"""


class Book:
    """The jobs as a clerk sees them. Moments are the database's own, so that clerks' clocks may differ.

    Args:
        database: Where the jobs are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open_files(self) -> set[str]:
        """The files of jobs that have not ended."""
        async with self._database.raw() as connection:
            rows = await connection.fetch("select file from job where ended_at is null and file is not null")
        return {row["file"] for row in rows}

    async def claim(self, kinds: list[str]) -> Job | None:
        """The oldest job that waits or whose clerk died; it is this clerk's while its beat goes on."""
        async with self._database.raw() as connection, connection.transaction():
            await connection.execute(_SWEEP_CANCELLED, DEAD_S)
            await connection.execute(_SWEEP_GIVEN_UP, DEAD_S, ATTEMPTS, _json(GIVEN_UP))
            row = await connection.fetchrow(_CLAIM, kinds, DEAD_S, ATTEMPTS)
        if row is None:
            return None
        parameters = orjson.loads(row["parameters"])
        return Job(row["id"], row["kind"], row["account_id"], parameters, row["file"], row["attempts"])

    async def beat(self, claimed: Job, stage: str, share: float) -> str:
        """Say that its clerk lives and how far it is; ``go``, ``cancel``, or ``lost`` to another clerk."""
        async with self._database.raw() as connection:
            asked = await connection.fetchval(
                _BEAT,
                claimed.id,
                claimed.attempt,
                storable(stage, redact_text)[:200],
                min(max(share, 0.0), 1.0),
            )
        return {None: "lost", False: "go", True: "cancel"}[asked]

    async def finish(self, claimed: Job, result: dict[str, Any]) -> None:
        """Write down what came of it."""
        await self._end(claimed, "done", result=result)

    async def fail(self, claimed: Job, problem: dict[str, Any]) -> None:
        """Write down what stopped it."""
        await self._end(claimed, "failed", problem=problem)

    async def cancelled(self, claimed: Job) -> None:
        """Write down that it was ended because that was asked for."""
        await self._end(claimed, "cancelled")

    async def give_back(self, claimed: Job, *, blameless: bool = False) -> None:
        """Let it be begun again; ``blameless`` when it was not its own doing that it ended."""
        async with self._database.raw() as connection:
            await connection.execute(_GIVE_BACK, claimed.id, claimed.attempt, int(blameless))

    async def _end(
        self,
        claimed: Job,
        state: str,
        *,
        result: dict[str, Any] | None = None,
        problem: dict[str, Any] | None = None,
    ) -> None:
        async with self._database.raw() as connection:
            await connection.execute(
                _END, claimed.id, claimed.attempt, state, _json(result), _json(problem), state == "done"
            )


def _json(value: dict[str, Any] | None) -> str | None:
    """As people may see it: what a file said may be quoted in it."""
    return None if value is None else orjson.dumps(storable(value, redact_text)).decode()
