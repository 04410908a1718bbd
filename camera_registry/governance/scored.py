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
