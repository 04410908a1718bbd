"""Long work that somebody asked for: what a job is, and asking for it, following it and cancelling it.

A job is done at least once: a clerk that dies while it works is followed by another, so a piece of work does
what it does in one transaction, or such that doing it twice is harmless.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from base.errors import ForbiddenError, NotFoundError, TooManyRequestsError
from models.scope import ROOT_POSITION, Permission, Role, Scope
from models.tables import account, job

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg
    from sqlalchemy import ColumnElement, RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection


NOTIFY_CHANNEL = "dengta_job"
"""PostgreSQL notification of a transaction that asked for a job or for its end."""

OPEN_PER_ACCOUNT = 8
"""Jobs of one account that may wait or run at once; so nobody's queue grows without end."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its clerk gets it.

    Attributes:
        id: Its row.
        kind: Which work it is, e.g. ``import``.
        account_id: Who asked; None is the system itself.
        parameters: What was asked for, as JSON.
        file: Name of what was uploaded, in the jobs folder.
        attempt: Which time it is begun, from 1; with the id it names this doing of it.
    """

    id: int
    kind: str
    account_id: int | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    file: str | None = None
    attempt: int = 1


Tell = Callable[[str, float], None]
"""Told (stage, finished share from 0 to 1); cheap, and may be called from any thread."""

Work = Callable[[Job, Tell], Awaitable[dict[str, Any]]]
"""Does a job and returns its result as JSON; raises DengtaError to fail with a clear problem."""


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as its asker sees it.

    Attributes:
        id: Its row.
        kind: Which work it is.
        state: queued, running, done, failed or cancelled.
        account_id: Who asked; None is the system itself.
        username: Their user name.
        parameters: What was asked for.
        file: Name of what was uploaded, in the jobs folder.
        stage: What is being done.
        share: Finished share, 0 to 1.
        attempts: Times that it was begun.
        cancel_asked: Whether its end was asked for.
        result: What came of it.
        problem: Code, detail and remedy of what stopped it.
        asked_at: When it was asked for.
        started_at: When it was first begun.
        ended_at: When it ended, however it ended.
    """

    id: int
    kind: str
    state: str
    account_id: int | None
    username: str | None
    parameters: dict[str, Any]
    file: str | None
    stage: str
    share: float
    attempts: int
    cancel_asked: bool
    result: dict[str, Any] | None
    problem: dict[str, Any] | None
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs are meant; what is None lets all through.

    Attributes:
        kinds: Which works.
        state: How far they are.
        before: With smaller ids, for paging from the newest back.
    """

    kinds: tuple[str, ...] | None = None
    state: str | None = None
    before: int | None = None


_COLUMNS = (
    *(job.c.id, job.c.kind, job.c.state, job.c.account_id, job.c.parameters, job.c.file, job.c.stage),
    *(job.c.share, job.c.attempts, job.c.cancel_asked, job.c.result, job.c.problem),
    *(job.c.asked_at, job.c.started_at, job.c.ended_at),
)


def seen_by(scope: Scope) -> ColumnElement[bool]:
    """Who asked for a job sees it; who reads the system sees all."""
    if scope.may(Permission.READ_SYSTEM):
        return job.c.id.is_not(None)
    return job.c.account_id == scope.account_id


async def ask(
    connection: AsyncConnection,
    kind: str,
    *,
    account_id: int | None,
    parameters: dict[str, Any] | None = None,
    file: str | None = None,
) -> int:
    """Ask for a job in the caller's transaction and return its id; a clerk wakes when that commits.

    Raises:
        TooManyRequestsError: The account has as many open jobs as it may have.
    """
    if account_id is not None:
        # Two requests at once must not both see the last free place.
        named = func.hashtextextended(f"job/{account_id}", 0)
        await connection.execute(select(func.pg_advisory_xact_lock(named)))
        await require_place(connection, account_id)
    values = {"kind": kind, "account_id": account_id, "parameters": storable(parameters or {}), "file": file}
    job_id: int = (await connection.execute(insert(job).values(values).returning(job.c.id))).scalar_one()
    await connection.execute(select(func.pg_notify(NOTIFY_CHANNEL, "")))
    return job_id


async def ask_once(connection: AsyncConnection, kind: str, parameters: dict[str, Any] | None = None) -> None:
    """Ask for a job of the system itself, unless one of its kind waits: it will see what is new too."""
    named = func.hashtextextended(f"job of the system/{kind}", 0)
    await connection.execute(select(func.pg_advisory_xact_lock(named)))
    waits = select(job.c.id).where(
        job.c.kind == kind, job.c.account_id.is_(None), job.c.state == "queued", ~job.c.cancel_asked
    )
    if (await connection.execute(waits.limit(1))).scalar_one_or_none() is None:
        await ask(connection, kind, account_id=None, parameters=parameters)


async def require_place(connection: AsyncConnection, account_id: int) -> None:
    """Make sure that the account may ask for another job.

    Raises:
        TooManyRequestsError: It has as many open jobs as it may have.
    """
    mine = select(func.count()).where(job.c.account_id == account_id, job.c.ended_at.is_(None))
    if (await connection.execute(mine)).scalar_one() >= OPEN_PER_ACCOUNT:
        raise TooManyRequestsError(
            f"{OPEN_PER_ACCOUNT} jobs of yours wait or run already.",
            remedy="Wait until one ends, or cancel one.",
        )


async def read_job(connection: AsyncConnection, scope: Scope, job_id: int) -> JobStatus:
    """One job within the asker's sight.

    Raises:
        NotFoundError: There is none of that number.
    """
    query = _statuses(scope).where(job.c.id == job_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError("There is no such job.")
    return _status(row)


async def list_jobs(
    connection: AsyncConnection, scope: Scope, wanted: JobFilter, *, limit: int
) -> list[JobStatus]:
    """Jobs within the asker's sight, newest first."""
    query = _statuses(scope).order_by(job.c.id.desc()).limit(limit)
    if wanted.kinds is not None:
        query = query.where(job.c.kind.in_(wanted.kinds))
    if wanted.state is not None:
        query = query.where(job.c.state == wanted.state)
    if wanted.before is not None:
        query = query.where(job.c.id < wanted.before)
    return [_status(row) for row in (await connection.execute(query)).mappings()]


async def cancel_job(connection: AsyncConnection, scope: Scope, job_id: int) -> JobStatus:
    """Ask for a job's end: one that waits ends at once, one that runs within seconds, one that ended stays.

    Raises:
        NotFoundError: There is none of that number within the asker's sight.
    """
    waits = job.c.state == "queued"
    this = (job.c.id == job_id, job.c.ended_at.is_(None), seen_by(scope))
    await connection.execute(
        update(job).where(*this, waits).values(state="cancelled", cancel_asked=True, ended_at=func.now())
    )
    await connection.execute(update(job).where(*this).values(cancel_asked=True))
    await connection.execute(select(func.pg_notify(NOTIFY_CHANNEL, "")))
    return await read_job(connection, scope, job_id)


async def scope_of(connection: asyncpg.Connection[Any], account_id: int | None) -> Scope:
    """What the asker of a job may see and do now; the system itself sees the whole city.

    Raises:
        ForbiddenError: The account was closed since it asked.
    """
    if account_id is None:
        whole = await connection.fetchrow(
            "select tree_left, tree_right from organisation where tree_left = $1", ROOT_POSITION
        )
        left, right = whole or (ROOT_POSITION, ROOT_POSITION)
        return Scope(0, frozenset(Role), left, right, max_sensitivity=3)
    row = await connection.fetchrow(
        """select a.roles, a.max_sensitivity, o.tree_left, o.tree_right
             from account a join organisation o on o.id = a.unit_id
            where a.id = $1 and a.active""",
        account_id,
    )
    if row is None:
        raise ForbiddenError("The account that asked for this was closed.")
    roles = frozenset(Role(name) for name in row["roles"])
    return Scope(account_id, roles, row["tree_left"], row["tree_right"], row["max_sensitivity"])


def storable(value: Any, clean: Callable[[str], str] = str) -> Any:
    """``value`` as the store takes it: PostgreSQL holds neither NUL nor half of a surrogate pair.

    Args:
        value: JSON.
        clean: What each text goes through before.
    """
    if isinstance(value, str):
        return clean(value).replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {storable(str(key), clean): storable(each, clean) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [storable(each, clean) for each in value]
    return value


def _statuses(scope: Scope) -> Any:
    return (
        select(*_COLUMNS, account.c.username)
        .select_from(job.outerjoin(account, account.c.id == job.c.account_id))
        .where(seen_by(scope))
    )


def _status(row: RowMapping) -> JobStatus:
    return JobStatus(**row)
