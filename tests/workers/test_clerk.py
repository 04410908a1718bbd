"""The clerk: what people asked for is done, one at a time, whatever it does to the process that does it."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from small_city import make_small_city

from base.clock import SystemClock
from base.database import Database
from base.errors import ForbiddenError, NotFoundError, TooManyRequestsError
from camera_registry.job_book import ATTEMPTS, DEAD_S, Book
from camera_registry.jobs import (
    OPEN_PER_ACCOUNT,
    JobFilter,
    JobStatus,
    ask,
    cancel_job,
    list_jobs,
    read_job,
    scope_of,
)
from models.scope import Role, Scope
from workers.clerk import ClerkProcess, ending_of
from workers.desk import DIED, ChildDesk, Outcome

ENGINEER = Scope(1, frozenset({Role.ENGINEER}), 1, 7)
ROOT = Path(__file__).resolve().parents[2]

CHILD = """
import asyncio, os, signal, sys, time
from base.errors import InvalidInputError, UnavailableError
from workers.desk_child import limit, serve

async def echo(job, tell):
    tell("reading", 0.5)
    print("a library's chatter")
    return {"said": job.parameters.get("say"), "attempt": job.attempt, "pid": os.getpid()}

async def refuse(job, tell):
    raise InvalidInputError("row 7, longitude: it is no number.", remedy="Write a number.")

async def away(job, tell):
    raise UnavailableError("The database does not answer now.")

async def break_(job, tell):
    raise KeyError("a mistake of ours")

async def balloon(job, tell):
    held = []
    while True:
        held.append(bytearray(64 << 20))

async def crash(job, tell):
    os.kill(os.getpid(), signal.SIGSEGV)

async def crash_once(job, tell):
    if job.attempt == 1:
        os._exit(3)
    return {"attempt": job.attempt}

async def linger(job, tell):
    tell("waiting", 0.25)
    try:
        await asyncio.sleep(60)
    finally:
        open(job.parameters["mark"], "w").write("rolled back")

async def deaf(job, tell):
    tell("deaf", 0.1)
    time.sleep(60)

works = {f.__name__.rstrip("_"): f
         for f in (echo, refuse, away, break_, balloon, crash, crash_once, linger, deaf)}
limit(1024)
try:
    asyncio.run(serve(works.__getitem__))
except asyncio.CancelledError:
    pass
"""
KINDS = ["echo", "refuse", "away", "break", "balloon", "crash", "crash_once", "linger", "deaf"]


@pytest.fixture
def child() -> list[str]:
    """A command that does the works above as a clerk's child."""
    source = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{textwrap.dedent(CHILD)}"
    return [sys.executable, "-c", source]


@asynccontextmanager
async def working(database: Database, command: list[str], *, most_s: float = 30) -> AsyncIterator[ChildDesk]:
    """A clerk at work for as long as the body."""
    desk = ChildDesk(command, fat_mib=256)
    clerk = ClerkProcess(database, SystemClock(), desk, KINDS, most_s=most_s)
    task = asyncio.create_task(clerk.run())
    try:
        yield desk
    finally:
        task.cancel()
        await asyncio.wait({task})


async def ask_for(database: Database, kind: str, account: int | None = None, **parameters: Any) -> int:
    async with database.begin() as connection:
        return await ask(connection, kind, account_id=account, parameters=parameters)


async def status_of(database: Database, job_id: int, scope: Scope = ENGINEER) -> JobStatus:
    async with database.begin() as connection:
        return await read_job(connection, scope, job_id)


async def until(
    database: Database, job_id: int, reached: Callable[[JobStatus], bool], timeout_s: float = 30
) -> JobStatus:
    async with asyncio.timeout(timeout_s):
        while not reached(status := await status_of(database, job_id)):
            await asyncio.sleep(0.05)
    return status


async def ended(database: Database, job_id: int) -> JobStatus:
    return await until(database, job_id, lambda status: status.ended_at is not None)


@pytest.fixture
async def accounts(database: Database) -> list[int]:
    """Two accounts of the small city, of the city and of a district."""
    async with database.raw() as connection:
        await make_small_city(connection)
        return [
            await connection.fetchval(
                """insert into account (username, password_hash, roles, unit_id)
                   select $1, '', '{gis}', id from organisation where code = $2 returning id""",
                *(name, unit),
            )
            for name, unit in (("zhou", "city"), ("wang", "west"))
        ]


async def test_jobs_are_done_in_order_by_one_child(database: Database, child: list[str]) -> None:
    first, second = [await ask_for(database, "echo", say=word) for word in ("一", "二")]
    async with working(database, child):
        third = await ask_for(database, "echo", say="三")  # asked for while the clerk is idle or busy
        done = [await ended(database, job) for job in (first, second, third)]
    assert [status.state for status in done] == ["done"] * 3
    assert [status.result["said"] for status in done if status.result] == ["一", "二", "三"]
    assert len({status.result["pid"] for status in done if status.result}) == 1
    assert done[0].share == 1
    assert done[0].started_at <= done[0].ended_at <= done[1].started_at


async def test_what_stopped_a_job_is_told_and_the_next_one_is_done(
    database: Database, child: list[str]
) -> None:
    kinds = ("refuse", "break", "balloon", "crash", "away")
    failing = {kind: await ask_for(database, kind) for kind in kinds}
    after = await ask_for(database, "echo", say="still here")
    async with working(database, child):
        told = {kind: await ended(database, job) for kind, job in failing.items()}
        assert (await ended(database, after)).state == "done"
    assert {status.state for status in told.values()} == {"failed"}
    codes = {kind: status.problem["code"] for kind, status in told.items() if status.problem}
    assert codes == {
        "refuse": "invalid-input",
        "break": "unforeseen",
        "balloon": "job-too-large",
        "crash": "job-died",
        "away": "unavailable",
    }
    assert told["refuse"].problem == {
        "code": "invalid-input",
        "detail": "row 7, longitude: it is no number.",
        "remedy": "Write a number.",
    }
    assert "mistake" not in str(told["break"].problem)
    assert [told[kind].attempts for kind in kinds] == [1, 1, 1, ATTEMPTS, ATTEMPTS]


async def test_a_job_whose_process_died_is_begun_again(database: Database, child: list[str]) -> None:
    job = await ask_for(database, "crash_once")
    async with working(database, child):
        status = await ended(database, job)
    assert (status.state, status.result) == ("done", {"attempt": 2})


async def test_a_running_job_is_cancelled_politely(
    database: Database, child: list[str], tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    job = await ask_for(database, "linger", mark=str(mark))
    async with working(database, child):
        running = await until(database, job, lambda status: status.stage == "waiting")
        assert (running.state, running.share) == ("running", 0.25)
        async with database.begin() as connection:
            asked = await cancel_job(connection, ENGINEER, job)
        assert asked.cancel_asked
        assert (await ended(database, job)).state == "cancelled"
        assert mark.read_text() == "rolled back"
        assert (await ended(database, await ask_for(database, "echo"))).state == "done"


async def test_a_job_that_hears_nothing_is_killed(database: Database, child: list[str], monkeypatch) -> None:
    monkeypatch.setattr("workers.desk.GRACE_S", 0.3)
    job = await ask_for(database, "deaf")
    async with working(database, child):
        await until(database, job, lambda status: status.stage == "deaf")
        async with database.begin() as connection:
            await cancel_job(connection, ENGINEER, job)
        assert (await ended(database, job)).state == "cancelled"


async def test_a_job_that_takes_too_long_is_ended(
    database: Database, child: list[str], tmp_path: Path
) -> None:
    job = await ask_for(database, "linger", mark=str(tmp_path / "mark"))
    async with working(database, child, most_s=0.6):
        status = await ended(database, job)
    assert status.problem is not None
    assert status.problem["code"] == "job-too-long"
    assert (tmp_path / "mark").exists()


async def test_a_waiting_job_is_cancelled_at_once(database: Database) -> None:
    job = await ask_for(database, "echo")
    async with database.begin() as connection:
        status = await cancel_job(connection, ENGINEER, job)
    assert (status.state, status.ended_at is None) == ("cancelled", False)
    assert await Book(database).claim(KINDS) is None


async def test_a_clerk_that_is_ended_gives_its_job_back(
    database: Database, child: list[str], tmp_path: Path
) -> None:
    job = await ask_for(database, "linger", mark=str(tmp_path / "mark"))
    async with working(database, child):
        await until(database, job, lambda status: status.stage == "waiting")
    status = await status_of(database, job)
    assert (status.state, status.attempts) == ("queued", 0)
    assert (tmp_path / "mark").exists()


async def test_the_job_of_a_clerk_that_died_is_anothers_and_the_dead_one_writes_nothing(
    database: Database,
) -> None:
    book = Book(database)
    job_id = await ask_for(database, "echo")
    first = await book.claim(KINDS)
    assert first is not None
    assert await book.claim(KINDS) is None
    await age(database, job_id)
    second = await book.claim(KINDS)
    assert (second.id, second.attempt) == (job_id, 2)
    assert await book.beat(first, "reading", 0.5) == "lost"
    await book.finish(first, {"by": "the dead"})
    assert (await status_of(database, job_id)).state == "running"
    assert await book.beat(second, "reading", 0.5) == "go"
    await book.finish(second, {"by": "the living"})
    assert (await status_of(database, job_id)).result == {"by": "the living"}


async def test_a_job_that_kills_every_clerk_is_given_up(database: Database) -> None:
    book = Book(database)
    job_id = await ask_for(database, "echo")
    for _ in range(ATTEMPTS):
        assert await book.claim(KINDS) is not None
        await age(database, job_id)
    assert await book.claim(KINDS) is None
    status = await status_of(database, job_id)
    assert status.state == "failed"
    assert status.problem is not None
    assert status.problem["code"] == "job-died"


async def test_two_clerks_never_hold_the_same_job(database: Database) -> None:
    jobs = {await ask_for(database, "echo") for _ in range(6)}
    books = [Book(database) for _ in range(8)]
    claimed = await asyncio.gather(*(book.claim(KINDS) for book in books))
    assert sorted(job.id for job in claimed if job) == sorted(jobs)
    assert await Book(database).claim(["something else"]) is None


async def test_a_clerk_outlives_a_restart_of_the_database(
    database: Database, child: list[str], tmp_path: Path
) -> None:
    async with working(database, child):
        assert (await ended(database, await ask_for(database, "echo"))).state == "done"
        async with database.raw() as connection:
            await connection.execute(
                """select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and pid <> pg_backend_pid()"""
            )
        assert (await ended(database, await ask_for(database, "echo"))).state == "done"


async def test_the_child_is_gone_with_its_clerk(database: Database, child: list[str]) -> None:
    async with working(database, child):
        status = await ended(database, await ask_for(database, "echo"))
        assert status.result is not None
        assert psutil.pid_exists(status.result["pid"])
    assert not psutil.pid_exists(status.result["pid"])


async def test_results_are_kept_as_people_may_see_them(database: Database) -> None:
    book = Book(database)
    job_id = await ask_for(database, "echo", say="nul \0 and half \ud800")
    job = await book.claim(KINDS)
    assert job is not None
    await book.finish(job, {"row": "rtsp://admin:hunter2@10.0.0.1/ \0", "bad": float("nan"), "n": [1]})
    result = (await status_of(database, job_id)).result
    assert result == {"row": "rtsp://[hidden]@10.0.0.1/ \ufffd", "bad": None, "n": [1]}


async def test_who_asked_sees_a_job_and_engineers_see_all(database: Database, accounts: list[int]) -> None:
    mine, theirs = [await ask_for(database, "echo", account) for account in accounts]
    me = Scope(accounts[0], frozenset({Role.GIS}), 1, 7)
    async with database.begin() as connection:
        assert [job.id for job in await list_jobs(connection, me, JobFilter(), limit=9)] == [mine]
        every = await list_jobs(connection, ENGINEER, JobFilter(kinds=("echo",), state="queued"), limit=9)
        assert [(job.id, job.username) for job in every] == [(theirs, "wang"), (mine, "zhou")]
        assert await list_jobs(connection, ENGINEER, JobFilter(before=mine), limit=9) == []
        for refused in (read_job, cancel_job):
            with pytest.raises(NotFoundError):
                await refused(connection, me, theirs)
    assert (await status_of(database, theirs)).state == "queued"


async def test_nobodys_queue_grows_without_end(database: Database, accounts: list[int]) -> None:
    async def one_more() -> int:
        return await ask_for(database, "echo", accounts[0])

    outcomes = await asyncio.gather(
        *(one_more() for _ in range(OPEN_PER_ACCOUNT + 3)), return_exceptions=True
    )
    assert sum(isinstance(outcome, TooManyRequestsError) for outcome in outcomes) == 3
    await ask_for(database, "echo", accounts[1])


async def test_the_asker_of_a_job_is_held_to_what_they_may_now(
    database: Database, accounts: list[int]
) -> None:
    async with database.raw() as connection:
        scope = await scope_of(connection, accounts[1])
        assert (scope.account_id, scope.tree_left, scope.tree_right) == (accounts[1], 2, 4)
        assert (await scope_of(connection, None)).whole_city
        await connection.execute("update account set active = false")
        with pytest.raises(ForbiddenError):
            await scope_of(connection, accounts[1])


@pytest.mark.parametrize(
    ("outcome", "attempt", "ending"),
    [
        (Outcome(result={}), 1, "done"),
        (Outcome(problem={"code": "x"}), 1, "failed"),
        (Outcome(problem={"code": "x"}, again=True), 1, "again"),
        (Outcome(problem=DIED, again=True), ATTEMPTS, "failed"),
    ],
)
def test_what_becomes_of_a_job(outcome: Outcome, attempt: int, ending: str) -> None:
    assert ending_of(outcome, attempt)[0] == ending


async def age(database: Database, job_id: int) -> None:
    """Let its clerk have been silent for long."""
    async with database.raw() as connection:
        await connection.execute(
            "update job set beat_at = now() - make_interval(secs => $2) where id = $1", job_id, DEAD_S + 1
        )
