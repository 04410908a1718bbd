"""Ending exercises: what simulated cameras left open is closed, with its event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from base.ids import new_id
from dispatch.place import locate
from dispatch.record import NOTIFY_CHANNEL, post_event
from models.event import Event, IncidentData

if TYPE_CHECKING:
    import asyncpg

    from base.clock import Clock

_CLOSE = """
update incident set state = 'closed', closed_at = $1, updated_at = $1, sequence = sequence + 1
 where exercise and closed_at is null
returning id, kind, severity, confidence, scene_id, camera_id, facts::text as facts, opened_at, sequence
"""

_FORGET = """
delete from rule_state where watch_id in
       (select w.id from watch w join camera c on c.id = w.camera_id where c.simulated)
"""


async def end_exercises(connection: asyncpg.Connection[Any], *, site: str, clock: Clock) -> int:
    """Close all exercises and forget what their rules remember; call it inside a transaction.

    Returns:
        How many incidents were closed.
    """
    now = clock.now()
    rows = await connection.fetch(_CLOSE, now)
    located = await locate(connection, [row["camera_id"] for row in rows])
    for row in rows:
        where = located[row["camera_id"]]
        event = Event(
            id=new_id(),
            source=f"/dengta/{site}",
            type="cn.dengta.incident.closed.v1",
            subject=f"incident/{row['id']}",
            time=now,
            sequence=row["sequence"],
            exercise=True,
            data=IncidentData(
                incident_id=row["id"],
                kind=row["kind"],
                state="closed",
                severity=row["severity"],
                confidence=row["confidence"],
                scene_id=row["scene_id"],
                place=where.place,
                address=where.address,
                unit=where.unit,
                camera=where.camera,
                evidence=None,
                facts={**orjson.loads(row["facts"]), "closed_because": "the exercise has ended"},
                looked_at=None,
                captured_at=None,
                recognised_at=None,
                opened_at=row["opened_at"],
                closed_at=now,
            ),
        )
        await post_event(connection, event, where.district_code)
    await connection.execute(_FORGET)
    if rows:
        await connection.execute("select pg_notify($1, '')", NOTIFY_CHANNEL)
    return len(rows)
