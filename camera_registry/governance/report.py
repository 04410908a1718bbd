"""The report: a workbook for those who answer for the records, with charts, in Chinese or English."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from camera_registry.exporting.request import Language
from camera_registry.governance.compare import Comparison, compare
from camera_registry.governance.faults import Fault, FaultFilter, list_faults
from camera_registry.governance.report_book import write_book
from camera_registry.governance.rules import read_rules
from camera_registry.governance.scored import Band, bands, last_assessment
from camera_registry.governance.trends import Point, TrendQuestion, trend

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    import asyncpg

    from base.clock import Clock
    from base.database import Database
    from camera_registry.governance.meant import Cameras
    from camera_registry.governance.rules import Rule, RuleBook
    from models.scope import Scope

MOST_FAULTS = 2_000
"""Rows of the work list within a report; the whole list is a file of its own."""

COMPARED = ("unit", "scene", "owner")


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """A report.

    Attributes:
        scope: Who asks.
        cameras: On which cameras.
        language: Of all words but what records say.
        days: Of the trends.
    """

    scope: Scope
    cameras: Cameras
    language: Language = Language.CHINESE
    days: int = 30


@dataclass(frozen=True, slots=True)
class Material:
    """All that a report tells, gathered in one snapshot.

    Attributes:
        book: What records are judged by.
        language: Of the words.
        zone: In which days are told.
        made_at: When it was made.
        assessed_at: When all cameras were last assessed.
        place: What it is about, in words: units, or the asker's whole range.
        comparisons: By unit, scene and owner.
        bands: Records by score.
        trends: By indicator, and ``score``; of the units that are asked for as a whole.
        faults: The first open faults, the most severe first.
        faults_in_all: How many there are.
    """

    book: RuleBook
    language: Language
    zone: ZoneInfo
    made_at: datetime
    assessed_at: datetime | None
    place: str
    comparisons: Mapping[str, Comparison]
    bands: list[Band]
    trends: Mapping[str, list[Point]]
    faults: list[Fault]
    faults_in_all: int

    @property
    def rules(self) -> list[tuple[Rule, int]]:
        """The rules that find something and how often, the most frequent first."""
        counts = self.comparisons["unit"].total.faults
        found = [(rule, counts[rule.id]) for rule in self.book.rules.values() if rule.id in counts]
        return sorted(found, key=lambda pair: (-pair[1], pair[0].id))


async def write_report(
    database: Database, clock: Clock, request: ReportRequest, path: Path, zone: ZoneInfo
) -> None:
    """Write the workbook to ``path``.

    Raises:
        NotFoundError: There is no such unit within the scope.
        UnavailableError: The database went away, or the file cannot be written.
    """
    async with (
        database.raw() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        material = await _gathered(connection, clock.now(), request, zone)
    await asyncio.to_thread(write_book, material, path)


async def _gathered(
    connection: asyncpg.Connection, now: datetime, request: ReportRequest, zone: ZoneInfo
) -> Material:
    book = await read_rules(connection)
    scope, cameras = request.scope, request.cameras
    compared = {
        by: await compare(connection, book, now, scope, cameras, by, "record")  # type: ignore[arg-type]
        for by in COMPARED
    }
    return Material(
        book=book,
        language=request.language,
        zone=zone,
        made_at=now,
        assessed_at=await last_assessment(connection),
        place=await _place(connection, request),
        comparisons=compared,
        bands=await bands(connection, scope, cameras),
        trends=await _trends(connection, book, now, request, zone),
        faults=await _worst(connection, book, request),
        faults_in_all=sum(compared["unit"].total.faults.values()),
    )


async def _place(connection: asyncpg.Connection, request: ReportRequest) -> str:
    scope, units = request.scope, list(request.cameras.wanted.units)
    names = await connection.fetchval(
        """select string_agg(name, '、' order by tree_left) from organisation
            where tree_left between $2 and $3
              and case when cardinality($1::text[]) = 0 then tree_left = $2 else code = any($1) end""",
        *(units, scope.tree_left, scope.tree_right),
    )
    return names or ""


async def _trends(
    connection: asyncpg.Connection, book: RuleBook, now: datetime, request: ReportRequest, zone: ZoneInfo
) -> dict[str, list[Point]]:
    """Of one unit, one scene or one owner; days were not counted by any finer filter."""
    wanted = request.cameras.wanted
    if len(wanted.units) > 1:
        return {}
    last = now.astimezone(zone).date()
    first = last - timedelta(days=request.days - 1)
    unit = wanted.units[0] if wanted.units else None
    scene = wanted.scenes[0] if len(wanted.scenes) == 1 else None
    owner = wanted.owners[0] if len(wanted.owners) == 1 and scene is None else None
    return {
        measure: await trend(
            connection, book, request.scope, TrendQuestion(measure, unit, scene, owner, first, last)
        )
        for measure in ("score", *book.indicators)
    }


async def _worst(connection: asyncpg.Connection, book: RuleBook, request: ReportRequest) -> list[Fault]:
    """Open faults by severity, as many as a report holds."""
    found: list[Fault] = []
    for severity in (1, 2, 3, 4):
        if len(found) < MOST_FAULTS:
            found += await list_faults(
                connection,
                book,
                request.scope,
                request.cameras,
                FaultFilter(severities=(severity,)),
                limit=MOST_FAULTS - len(found),
            )
    return found
