"""How each camera does by each indicator now, from the checks that are not too old."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from models.camera import CameraState

if TYPE_CHECKING:
    from datetime import datetime

    from camera_registry.governance.rules import RuleBook

# Until outages are recorded, a camera counts as online for its whole required time if it was online at the
# last look, and as offline for the whole of it if it was offline: a rate of cameras, not of seconds.
RESULTS = f"""
valid as (
  select * from unnest($1::text[], $2::timestamptz[]) as v(indicator, since)
),
fresh as (
  select k.camera_id, k.indicator, k.passed, coalesce(k.value, k.passed::int) as value
    from camera_check k join valid v using (indicator)
   where k.checked_at > v.since
),
health as (
  select st.camera_id, v.indicator,
         case v.indicator when 'online' then st.state <> {CameraState.OFFLINE:d}
                          else st.state = {CameraState.ONLINE:d} end as passed
    from camera_state st
    join valid v on v.indicator = 'online' and st.state <> {CameraState.UNKNOWN:d}
                 or v.indicator = 'picture' and st.state in ({CameraState.ONLINE:d}, {CameraState.DEGRADED:d})
   where st.looked_at > v.since
),
results as (
  select camera_id, indicator, passed, value from fresh
   union all
  select h.camera_id, h.indicator, h.passed, h.passed::int
    from health h left join fresh f using (camera_id, indicator) where f.camera_id is null
   union all
  select camera_id, 'record', passed, passed::int from camera_score
)
"""  # noqa: S608 - put together from this program's own numbers
"""Common table expressions that end in ``results``: a row for each camera and indicator that was checked. The
parameters are those of :func:`validity`. Where somebody wrote a check of a camera it counts, and otherwise
what its looks say: of being online, and of its picture."""


def validity(book: RuleBook, now: datetime) -> tuple[list[str], list[datetime]]:
    """The codes of the indicators, and the moment from which a check of each counts."""
    indicators = book.indicators.values()
    return [i.code for i in indicators], [now - timedelta(hours=i.valid_hours) for i in indicators]
