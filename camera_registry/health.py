"""A camera's state from its looks: online at the first picture, offline never from one failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.camera import CameraState
from models.look import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from base.database import Database

FAILURES_TO_OFFLINE = 3
"""In a row; one lost look is the network's, three are the camera's."""

_UPDATE = f"""
insert into camera_state as s (camera_id, state, since, looked_at, outcome, failures)
select n.camera_id, n.state, n.at, n.at, n.outcome, n.failed
  from unnest($1::bigint[], $2::smallint[], $3::timestamptz[], $4::text[], $5::smallint[])
       as n(camera_id, state, at, outcome, failed)
 where exists (select from camera where id = n.camera_id for key share)  -- it may have been deleted meanwhile
 order by n.camera_id
    on conflict (camera_id) do update
   set failures = case when excluded.failures = 0 then 0 else least(s.failures + 1, 1000) end,
       state = case when excluded.failures = 0 then excluded.state
                    when s.failures + 1 >= {FAILURES_TO_OFFLINE} then {CameraState.OFFLINE:d}
                    else s.state end,
       since = case when excluded.failures = 0 and excluded.state is distinct from s.state
                      or excluded.failures > 0 and s.failures + 1 = {FAILURES_TO_OFFLINE}
                    then excluded.looked_at else s.since end,
       looked_at = excluded.looked_at,
       outcome = excluded.outcome
 where s.looked_at is null or s.looked_at < excluded.looked_at
       or s.looked_at > now() + interval '1 minute'  -- by a clock that has been set back since
"""  # noqa: S608 - the only parts put in are our own numbers

_SILENCE = f"""
insert into camera_state as s (camera_id, state, since, looked_at, outcome, failures)
select id, {CameraState.OFFLINE:d}, $2, null, $3, {FAILURES_TO_OFFLINE}
  from camera where id = any($1::bigint[])
 order by id
   for key share
    on conflict (camera_id) do update
   set state = excluded.state, since = excluded.since, outcome = excluded.outcome,
       failures = greatest(s.failures, excluded.failures)
 where s.state <> excluded.state and (s.looked_at is null or s.looked_at < excluded.since)
"""  # noqa: S608 - the only parts put in are our own numbers


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What one look says of a camera.

    Attributes:
        camera_id: The camera.
        at: When the look ended, UTC.
        outcome: Its outcome's name.
        state: The state that a picture proves, or None when there was no picture.
    """

    camera_id: int
    at: datetime
    outcome: str
    state: CameraState | None


async def report_health(database: Database, reports: Sequence[HealthReport]) -> None:
    """Write a batch of reports, the newest of each camera.

    Raises:
        UnavailableError: The database went away.
    """
    newest = {report.camera_id: report for report in sorted(reports, key=lambda r: r.at)}.values()
    async with database.raw() as connection, connection.transaction():
        await connection.execute("set local synchronous_commit = off")
        await connection.execute(
            _UPDATE,
            [r.camera_id for r in newest],
            [CameraState.UNKNOWN if r.state is None else r.state for r in newest],
            [r.at for r in newest],
            [r.outcome for r in newest],
            [int(r.state is None) for r in newest],
        )


async def report_silence(database: Database, camera_ids: Sequence[int], at: datetime) -> None:
    """Write that these cameras are offline: what they are behind is silent, though nobody asked each of them.

    Raises:
        UnavailableError: The database went away.
    """
    if not camera_ids:
        return
    async with database.raw() as connection, connection.transaction():
        await connection.execute("set local synchronous_commit = off")
        await connection.execute(_SILENCE, camera_ids, at, Outcome.UNREACHABLE.value)
