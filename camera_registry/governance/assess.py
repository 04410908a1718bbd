"""Assessing: what is wrong now against what was known; faults open and close, and the day is counted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from base.errors import ConflictError
from camera_registry.governance.evaluate import find_all, find_some
from camera_registry.governance.neighbours import clashing
from camera_registry.governance.rules import load_rules, read_rules
from camera_registry.governance.score import EXCUSED, MENDED, OPEN, write_scores
from camera_registry.governance.snapshot import write_day

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import date, datetime

    import asyncpg

    from base.clock import Clock
    from base.database import Database
    from camera_registry.governance.rules import RuleBook
    from camera_registry.jobs import Job, Tell

KIND = "assess"
"""Kind of its jobs."""

_LOCK = "select pg_try_advisory_xact_lock{shared}(hashtextextended('dengta/assess', 0))"

MOST_AT_ONCE = 200
"""Cameras that are assessed one by one; more are left to the next assessment of all."""

EDITED_MEANWHILE = 20_000
"""Most cameras whose edits during an assessment are looked at again at its end."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What an assessment came to.

    Attributes:
        day: In the city's time zone.
        cameras: How many there are.
        passed: Records that pass every required rule.
        mean_score: 0 to 100; None without cameras.
        faults: Open ones.
        excused: Excused ones.
        found: New ones.
        mended: Gone ones.
        seconds: How long it took.
    """

    day: date
    cameras: int
    passed: int
    mean_score: float | None
    faults: int
    excused: int
    found: int
    mended: int
    seconds: float


_SWITCHED_OFF = "delete from camera_fault where rule_id <> all($1::smallint[]) and state < 3"

_GONE = """
with faults as (delete from camera_fault f where not exists (select from camera c where c.id = f.camera_id))
delete from camera_score s where not exists (select from camera c where c.id = s.camera_id)
"""
"""Of cameras that were deleted while an assessment was under way."""

_AS_ROWS = """
unnest($3::bigint[], $4::smallint[], $5::text[], $6::bigint[]) as found(camera_id, rule_id, value, other_id)
"""

_MENDED = f"""
update camera_fault f set state = {MENDED}, mended_at = $1
 where f.state < {MENDED} and ($2::bigint[] is null or f.camera_id = any($2))
   and not exists (select from {{found}} where found.camera_id = f.camera_id and found.rule_id = f.rule_id)
"""  # noqa: S608 - put together from this program's own words

_CHANGED = f"""
update camera_fault f
   set value = found.value, other_id = found.other_id, mended_at = null,
       since = case when f.state = {MENDED} then $1 else f.since end,
       state = case when f.excused_until > $1 then {EXCUSED} else {OPEN} end,
       excuse = case when f.excused_until > $1 then f.excuse end,
       excused_by = case when f.excused_until > $1 then f.excused_by end,
       excused_until = case when f.excused_until > $1 then f.excused_until end
  from {{found}}
 where found.camera_id = f.camera_id and found.rule_id = f.rule_id
   and ($2::bigint[] is null or f.camera_id = any($2))
   and (f.state = {MENDED} or f.excused_until <= $1
        or (f.value, f.other_id) is distinct from (found.value, found.other_id))
"""  # noqa: S608 - put together from this program's own words

_NEW = f"""
insert into camera_fault (camera_id, rule_id, state, value, other_id, since)
select found.camera_id, found.rule_id, {OPEN}, found.value, found.other_id, $1
  from {{found}} left join camera_fault f on f.camera_id = found.camera_id and f.rule_id = found.rule_id
 where f.camera_id is null and ($2::bigint[] is null or found.camera_id = any($2))
    on conflict do nothing
"""  # noqa: S608 - put together from this program's own words

_REOPENED = f"""
select count(*) from {{found}} join camera_fault f
    on f.camera_id = found.camera_id and f.rule_id = found.rule_id and f.state = {MENDED}
"""  # noqa: S608 - put together from this program's own words

_SUMMARY = f"""
select count(*) as cameras, count(*) filter (where s.passed) as passed, avg(s.score) as mean_score,
       (select count(*) from camera_fault where state = {OPEN}) as faults,
       (select count(*) from camera_fault where state = {EXCUSED}) as excused
  from camera_score s
"""  # noqa: S608 - put together from this program's own words


async def assess(
    database: Database, clock: Clock, time_zone: str, tell: Tell = lambda _stage, _share: None
) -> Assessment:
    """Assess every camera, in one transaction; the same again on the same day replaces that day's count.

    Args:
        database: The store.
        clock: Moment of the assessment.
        time_zone: The city's, which says what day it is.
        tell: Told what is being done, and the finished share.

    Raises:
        ConflictError: Another assessment is under way.
        UnavailableError: The database went away; nothing changed.
    """
    now, began = clock.now(), clock.monotonic()
    day = now.astimezone(ZoneInfo(time_zone)).date()
    async with database.raw() as connection:
        async with connection.transaction():
            if not await connection.fetchval(_LOCK.format(shared="")):
                raise ConflictError("An assessment is under way already.", remedy="Wait until it has ended.")
            await load_rules(connection)
            book = await read_rules(connection)
            await find_all(connection, book, now, lambda stage, share: tell(stage, share * 0.6))
            tell("faults", 0.6)
            found, mended = await _merge_all(connection, book, now)
            tell("scores", 0.75)
            await write_scores(connection, book, now)
            tell("day", 0.85)
            summary = await connection.fetchrow(_SUMMARY)
            assert summary is not None
            cameras = summary["cameras"]
            run = (day, now, clock.now(), cameras, found, mended, book.version)
            await write_day(connection, book, now, run)
        tell("tidying up", 0.95)
        await connection.execute("vacuum (analyze) camera_fault, camera_score")
        async with connection.transaction():
            await _look_again(connection, book, clock.now(), since=now)
    return Assessment(day=day, **dict(summary), found=found, mended=mended, seconds=clock.monotonic() - began)


async def assess_cameras(connection: asyncpg.Connection[Any], now: datetime, cameras: Sequence[int]) -> None:
    """Assess a few cameras, and those that they clash or clashed with, in the caller's transaction.

    While an assessment of all is under way nothing is done: it looks again at what was edited meanwhile.
    """
    if not cameras or len(cameras) > MOST_AT_ONCE:
        return
    if await connection.fetchval(_LOCK.format(shared="_shared")):
        await _assess_some(connection, await read_rules(connection), now, cameras)


async def _assess_some(
    connection: asyncpg.Connection[Any], book: RuleBook, now: datetime, cameras: Sequence[int]
) -> None:
    others = await clashing(connection, book, cameras)
    affected = sorted({*cameras, *others})
    # Those that they clash with may clash with others still; without any there is no need to ask again.
    compared = sorted({*affected, *await clashing(connection, book, affected)}) if others else affected
    judged = set(affected)
    found = [f for f in await find_some(connection, book, now, compared) if f.camera_id in judged]
    rows = (
        [f.camera_id for f in found],
        [f.rule_id for f in found],
        [f.value for f in found],
        [f.other_id for f in found],
    )
    for statement in (_MENDED, _CHANGED, _NEW):
        await connection.execute(statement.format(found=_AS_ROWS), now, affected, *rows)
    await write_scores(connection, book, now, affected)


async def _merge_all(connection: asyncpg.Connection[Any], book: RuleBook, now: datetime) -> tuple[int, int]:
    """Write down what was found; how many faults are new or back, and how many are mended."""
    await connection.execute(_SWITCHED_OFF, [rule.id for rule in book.enabled])
    await connection.execute(_GONE)
    back = await connection.fetchval(_REOPENED.format(found="found"))
    mended = _rows(await connection.execute(_MENDED.format(found="found"), now, None))
    await connection.execute(_CHANGED.format(found="found"), now, None)
    new = _rows(await connection.execute(_NEW.format(found="found"), now, None))
    return new + back, mended


def _rows(status: str) -> int:
    return int(status.rpartition(" ")[2])


async def _look_again(
    connection: asyncpg.Connection[Any], book: RuleBook, now: datetime, *, since: datetime
) -> None:
    """At the cameras that were edited while all were assessed, whose edits nobody assessed."""
    edited = await connection.fetch(
        "select id from camera where updated_at >= $1 limit $2", since, EDITED_MEANWHILE
    )
    for start in range(0, len(edited), MOST_AT_ONCE):
        ids = [row["id"] for row in edited[start : start + MOST_AT_ONCE]]
        await _assess_some(connection, book, now, ids)


def assess_work(
    database: Database, clock: Clock, time_zone: str
) -> Callable[[Job, Tell], Awaitable[dict[str, Any]]]:
    """The work of a job of kind :data:`KIND`."""

    async def assessed(_job: Job, tell: Tell) -> dict[str, Any]:
        summary = await assess(database, clock, time_zone, tell)
        return {**asdict(summary), "day": summary.day.isoformat()}

    return assessed
