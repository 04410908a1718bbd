"""How a number went from day to day, from what each day's assessment counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from base.errors import InvalidInputError

if TYPE_CHECKING:
    from datetime import date

    import asyncpg

    from camera_registry.governance.rules import RuleBook
    from models.scope import Scope

Kind = Literal["indicator", "rule", "score", "cameras"]


@dataclass(frozen=True, slots=True)
class TrendQuestion:
    """What is asked.

    Attributes:
        measure: Code of an indicator or a rule, ``score`` or ``cameras``.
        unit: Code of a unit; its subtree. None is all that the asker sees.
        scene: Code of a scene, or None.
        owner: Name of an owner, or None; a scene and an owner are not asked for together.
        since: First day.
        until: Last day.
    """

    measure: str
    unit: str | None
    scene: str | None
    owner: str | None
    since: date
    until: date

    def __post_init__(self) -> None:
        if self.scene is not None and self.owner is not None:
            raise InvalidInputError("A trend is of a scene or of an owner, not of both.")
        if self.since > self.until:
            raise InvalidInputError("since: it is after until.")


@dataclass(frozen=True, slots=True)
class Point:
    """One day.

    Attributes:
        day: In the city's time zone.
        cameras: How many there were.
        checked: Of these, how many the number speaks for.
        passed: Cameras that passed the indicator; None where the measure is none.
        value: The indicator's rate, the mean score, or the count; None where nothing was checked.
        rules_changed: Whether somebody had edited the rules since the day before it.
    """

    day: date
    cameras: int
    checked: int
    passed: int | None
    value: float | None
    rules_changed: bool


_DAYS = """
select r.day, r.rules_version, coalesce(sum(d.cameras), 0) as cameras, coalesce(sum(d.score), 0) as score,
       coalesce(sum((d.checks #>> array[$1, '0'])::int), 0) as checked,
       coalesce(sum((d.checks #>> array[$1, '1'])::int), 0) as passed,
       coalesce(sum((d.checks #>> array[$1, '2'])::float8), 0) as total,
       coalesce(sum((d.checks #>> array['record', '0'])::int), 0) as assessed,
       coalesce(sum((d.faults ->> $1)::int), 0) as faults
  from governance_run r
  left join (governance_day d left join organisation u on u.id = d.unit_id)
    on d.day = r.day and d.by = $2 and d.key = $3 and d.sensitivity <= $4
   and (u.tree_left between $5 and $6 or $7 and u.id is null)
   and ($8::text is null
        or exists (select from organisation w
                    where w.code = $8 and u.tree_left between w.tree_left and w.tree_right))
 where r.day between $9 and $10
 group by r.day
 order by r.day
"""


async def trend(
    connection: asyncpg.Connection[Any], book: RuleBook, scope: Scope, asked: TrendQuestion
) -> list[Point]:
    """The days there are, in order, as far as ``scope`` goes.

    Raises:
        InvalidInputError: There is no such measure.
    """
    kind = _kind(book, asked.measure)
    by = "scene" if asked.scene is not None else "owner" if asked.owner is not None else "unit"
    rows = await connection.fetch(
        _DAYS,
        *(asked.measure, by, asked.scene or asked.owner or ""),
        *(scope.max_sensitivity, scope.tree_left, scope.tree_right, scope.whole_city),
        *(asked.unit, asked.since, asked.until),
    )
    points, before = [], None
    for row in rows:
        changed = before is not None and before != row["rules_version"]
        points.append(_point(row, kind, book, asked.measure, changed=changed))
        before = row["rules_version"]
    return points


def _kind(book: RuleBook, measure: str) -> Kind:
    if measure in book.indicators:
        return "indicator"
    if measure in book.rules:
        return "rule"
    if measure == "score":
        return "score"
    if measure == "cameras":
        return "cameras"
    raise InvalidInputError(
        f"measure: {measure!r} is neither an indicator nor a rule.",
        remedy="Use the code of an indicator or a rule, score or cameras.",
    )


def _point(row: asyncpg.Record, kind: Kind, book: RuleBook, measure: str, *, changed: bool) -> Point:
    checked, value, passed = row["assessed"], None, None
    if kind == "indicator":
        checked, passed = row["checked"], row["passed"]
        of = passed if book.indicators[measure].measure == "share" else row["total"]
        value = of / checked if checked else None
    elif kind == "score":
        value = row["score"] / checked if checked else None
    elif kind == "rule":
        value = float(row["faults"])
    else:
        value = float(row["cameras"])
    return Point(row["day"], row["cameras"], checked, passed, value, changed)
