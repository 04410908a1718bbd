"""Announcing an incident: the event that says what its record says, put into the outbox beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from base.ids import new_id
from models.event import Event, Evidence, IncidentData, Place, SeenBy, Unit, subject_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import asyncpg

NOTIFY_CHANNEL = "dengta_outbox"
"""PostgreSQL notification of a transaction that wrote to the outbox."""

# Place and unit are the incident's own: if its camera is moved later, its closing still goes where its
# opening went.
_INCIDENT = """
select i.id, i.kind, i.state, i.severity, i.confidence, i.scene_id, i.address, i.accuracy_m, i.evidence,
       i.facts::text as facts, i.exercise, i.sequence, i.opened_at, i.updated_at, i.closed_at,
       ST_X(i.geom) as longitude, ST_Y(i.geom) as latitude,
       c.id as camera_id, c.code as camera_code, c.name as camera_name,
       u.code as unit_code, u.name as unit_name, u.level as unit_level, d.code as district_code,
       array(select a.name from organisation a
              where u.tree_left between a.tree_left and a.tree_right order by a.level) as path
  from incident i
  join camera c on c.id = i.camera_id
  left join organisation u on u.id = i.unit_id
  left join organisation d on d.level = 1 and u.tree_left between d.tree_left and d.tree_right
 where i.id = $1
"""

_OUTBOX = """
insert into outbox (event_id, incident_id, sequence, subject, body) values ($1, $2, $3, $4, $5::jsonb)
"""


class Moments(NamedTuple):
    """The way of the picture that decided something.

    Attributes:
        looked_at: When its look began.
        captured_at: When it was taken.
        recognised_at: When the recogniser had answered.
    """

    looked_at: datetime
    captured_at: datetime
    recognised_at: datetime


async def announce(
    connection: asyncpg.Connection[Any],
    incident_id: int,
    *,
    source: str,
    moments: Moments | None,
    facts: Mapping[str, Any] | None = None,
) -> Event:
    """Put the event of an incident's newest change into the outbox of the caller's transaction.

    Args:
        connection: In the transaction that changed the incident.
        incident_id: Its row as it is now is what the event says.
        source: Of the event, e.g. ``/dengta/yantai``.
        moments: Of the deciding picture, or None where no picture decided.
        facts: What was weighed this time, where that differs from the record's facts.
    """
    row = await connection.fetchrow(_INCIDENT, incident_id)
    assert row is not None
    event = Event(
        id=new_id(),
        source=source,
        type="cn.dengta.incident.closed.v1" if row["closed_at"] else "cn.dengta.incident.opened.v1",
        subject=f"incident/{incident_id}",
        time=row["updated_at"],
        sequence=row["sequence"],
        exercise=row["exercise"],
        data=_data(row, moments, orjson.loads(row["facts"]) if facts is None else dict(facts)),
    )
    subject = subject_of(row["kind"], row["district_code"])
    await connection.execute(_OUTBOX, event.id, incident_id, event.sequence, subject, event.model_dump_json())
    return event


async def wake_relay(connection: asyncpg.Connection[Any]) -> None:
    """Have the relay woken when the caller's transaction commits."""
    await connection.execute("select pg_notify($1, '')", NOTIFY_CHANNEL)


def _data(row: asyncpg.Record, moments: Moments | None, facts: dict[str, Any]) -> IncidentData:
    place = unit = evidence = None
    if row["longitude"] is not None:
        place = Place(longitude=row["longitude"], latitude=row["latitude"], accuracy_m=row["accuracy_m"])
    if row["unit_code"] is not None:
        path = tuple(row["path"])
        unit = Unit(code=row["unit_code"], name=row["unit_name"], level=row["unit_level"], path=path)
    if row["evidence"] is not None:
        evidence = Evidence(sha256=row["evidence"], path=f"/api/v1/evidence/{row['evidence']}.jpg")
    return IncidentData(
        incident_id=row["id"],
        kind=row["kind"],
        state=row["state"],
        severity=row["severity"],
        confidence=round(row["confidence"], 4),
        scene_id=row["scene_id"],
        place=place,
        address=row["address"],
        unit=unit,
        camera=SeenBy(id=row["camera_id"], code=row["camera_code"], name=row["camera_name"]),
        evidence=evidence,
        facts=facts,
        looked_at=moments.looked_at if moments else None,
        captured_at=moments.captured_at if moments else None,
        recognised_at=moments.recognised_at if moments else None,
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
    )
