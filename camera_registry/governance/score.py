"""The score of a record: 100 less the weights of its open faults, and never below 0.

Points are taken off, as in the trade's own assessments (扣分制), so that each fault's price can be read in
the table of rules; a fault less never makes a lower score. An excused fault costs nothing until its excuse
ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import asyncpg

    from camera_registry.governance.rules import Rule, RuleBook

BEST = 100.0
OPEN, EXCUSED, MENDED = 1, 2, 3
"""States of a fault."""


def score(faults: Iterable[Rule]) -> float:
    """The score of a record with these open faults."""
    return max(0.0, BEST - sum(rule.weight for rule in faults))


# Only what changed is written, so that a quiet day costs a read.
_SCORE = f"""
with price as (
  select * from unnest($2::smallint[], $3::real[], $4::boolean[]) as p(rule_id, weight, required)
),
lost as (
  select f.camera_id, sum(p.weight) filter (where f.state = {OPEN}) as points,
         count(*) filter (where f.state = {OPEN}) as faults,
         bool_or(p.required) filter (where f.state = {OPEN}) as failing,
         bool_or(p.required) filter (where f.state = {EXCUSED}) as excused
    from camera_fault f join price p using (rule_id)
   where f.state < {MENDED} and ($5::bigint[] is null or f.camera_id = any($5))
   group by f.camera_id
)
insert into camera_score as s (camera_id, score, passed, excused, faults, since)
select c.id, greatest(0, {BEST} - coalesce(l.points, 0)), not coalesce(l.failing, false),
       not coalesce(l.failing, false) and coalesce(l.excused, false), coalesce(l.faults, 0), $1
  from camera c left join lost l on l.camera_id = c.id
 where $5::bigint[] is null or c.id = any($5)
    on conflict (camera_id) do update
   set (score, passed, excused, faults, since) =
       (excluded.score, excluded.passed, excluded.excused, excluded.faults, excluded.since)
 where (s.score, s.passed, s.excused, s.faults)
       is distinct from (excluded.score, excluded.passed, excluded.excused, excluded.faults)
"""  # noqa: S608 - put together from this program's own numbers


async def write_scores(
    connection: asyncpg.Connection[Any],
    book: RuleBook,
    now: datetime,
    cameras: Sequence[int] | None = None,
) -> None:
    """Score these cameras, or all, by the faults that are written down."""
    rules = book.enabled
    await connection.execute(
        _SCORE,
        now,
        [rule.id for rule in rules],
        [rule.weight for rule in rules],
        [rule.required for rule in rules],
        None if cameras is None else list(cameras),
    )
