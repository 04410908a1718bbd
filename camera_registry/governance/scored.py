"""Cameras by how good their records are: what the counts of governance open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from camera_registry.governance.indicators import RESULTS, validity
from camera_registry.governance.meant import meant

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg

    from camera_registry.governance.meant import Cameras
    from camera_registry.governance.rules import RuleBook
    from models.scope import Scope

Outcome = Literal["checked", "passed", "failed", "not-checked"]


@dataclass(frozen=True, slots=True)
class ScoreFilter:
    """Which cameras of those that are meant; None lets all through, and all parts must hold.

    Attributes:
        indicator: Code of an indicator.
        outcome: How they did by it.
        excused: Whether their record passes by an excuse alone.
        least: Lowest score.
        below: A score that theirs is below.
    """

    indicator: str | None = None
    outcome: Outcome | None = None
    excused: bool | None = None
    least: float | None = None
    below: float | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A camera and what its record is worth; the score is None until it was assessed."""

    id: int
    code: str | None
    name: str
    owner: str | None
    unit_code: str | None
    unit_name: str | None
    score: float | None
    passed: bool | None
    excused: bool | None
    faults: int | None


_CAMERAS = """
select camera.id, camera.code, camera.name, camera.owner, u.code as unit_code, u.name as unit_name,
       s.score, s.passed, s.excused, s.faults
  from camera
  left join camera_score s on s.camera_id = camera.id
  left join results r on r.camera_id = camera.id and r.indicator = $3
  left join organisation u on u.id = camera.unit_id
 where ($4::text is null or case $4 when 'passed' then r.passed when 'failed' then not r.passed
                                    when 'checked' then r.camera_id is not null
                                    else r.camera_id is null end)
   and ($5::boolean is null or s.excused = $5)
   and ($6::real is null or s.score >= $6) and ($7::real is null or s.score < $7)
   and camera.id > $8 and {condition}
 order by camera.id
 limit $9
"""


async def list_scored(  # noqa: PLR0913, PLR0917 - a page of a filtered list has these parts
    connection: asyncpg.Connection[Any],
    book: RuleBook,
    now: datetime,
    scope: Scope,
    cameras: Cameras,
    wanted: ScoreFilter,
    *,
    after: int = 0,
    limit: int,
) -> list[Scored]:
    """Cameras within ``scope``, by id, after that one."""
    condition, parameters = meant(scope, cameras, first=10)
    outcome = wanted.outcome or ("checked" if wanted.indicator else None)
    rows = await connection.fetch(
        f"with {RESULTS} {_CAMERAS.format(condition=condition)}",
        *validity(book, now),
        *(wanted.indicator or "record", outcome, wanted.excused, wanted.least, wanted.below),
        *(after, limit, *parameters),
    )
    return [Scored(**row) for row in rows]


BANDS = ((0.0, 60.0), (60.0, 80.0), (80.0, 90.0), (90.0, 100.0), (100.0, None))
"""Scores from, and below; the last is whole."""


@dataclass(frozen=True, slots=True)
class Band:
    """How many records score from ``least`` to ``below``; None is up to the best."""

    least: float
    below: float | None
    cameras: int


_BANDS = """
select width_bucket(s.score::float8, $1::float8[]) as band, count(*) as cameras
  from camera join camera_score s on s.camera_id = camera.id
 where {condition}
 group by 1
"""


async def bands(connection: asyncpg.Connection[Any], scope: Scope, cameras: Cameras) -> list[Band]:
    """The records within ``scope`` by their scores, the worst first."""
    condition, parameters = meant(scope, cameras, first=2)
    rows = await connection.fetch(
        _BANDS.format(condition=condition), [least for least, _ in BANDS], *parameters
    )
    counted = {row["band"]: row["cameras"] for row in rows}
    return [Band(least, below, counted.get(n, 0)) for n, (least, below) in enumerate(BANDS, start=1)]


async def last_assessment(connection: asyncpg.Connection[Any]) -> datetime | None:
    """When all cameras were last assessed; None before the first time."""
    moment: datetime | None = await connection.fetchval("select max(ended_at) from governance_run")
    return moment
