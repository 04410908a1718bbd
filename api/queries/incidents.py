"""Incidents within a scope: lists, one, their evidence, and the stream of their events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, BigInteger, Select, all_, case, cast, func, select, tuple_

from api import cursor
from api.queries.parts import place_columns, place_of, unit_of, unit_path
from api.schemas import CameraRef, Incident, Page, SceneRef
from base.errors import NotFoundError
from models.tables import camera, incident, organisation, outbox, scene

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from models.scope import Scope


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents of a scope are meant; None means all.

    Attributes:
        states: Any of these.
        kind: What they are about.
        since: Opened then or later.
    """

    states: tuple[str, ...] | None = None
    kind: str | None = None
    since: datetime | None = None


_COLUMNS = (
    *(incident.c.id, incident.c.kind, incident.c.state, incident.c.severity, incident.c.confidence),
    *(incident.c.address, incident.c.evidence, incident.c.facts, incident.c.exercise, incident.c.sequence),
    *(incident.c.opened_at, incident.c.updated_at, incident.c.closed_at, incident.c.camera_id),
    *place_columns(incident),
    camera.c.name.label("camera_name"),
    scene.c.code.label("scene_code"),
    scene.c.name.label("scene_name"),
    organisation.c.code.label("unit_code"),
    organisation.c.name.label("unit_name"),
    unit_path(incident).label("unit_path"),
)

_FROM = (
    incident.join(camera, camera.c.id == incident.c.camera_id)
    .outerjoin(scene, scene.c.id == incident.c.scene_id)
    .outerjoin(organisation, organisation.c.id == incident.c.unit_id)
)


async def list_incidents(
    connection: AsyncConnection, scope: Scope, wanted: IncidentFilter, *, after: str | None, limit: int
) -> Page[Incident]:
    """A page of the incidents within ``scope`` that ``wanted`` lets through, newest first."""
    query: Select[Any] = (
        select(*_COLUMNS)
        .select_from(_FROM)
        .where(scope.sees(incident))
        .order_by(incident.c.opened_at.desc(), incident.c.id.desc())
        .limit(limit + 1)
    )
    if wanted.states is not None:
        query = query.where(incident.c.state.in_(wanted.states))
    if wanted.kind is not None:
        query = query.where(incident.c.kind == wanted.kind)
    if wanted.since is not None:
        query = query.where(incident.c.opened_at >= wanted.since)
    if after is not None:
        key = cursor.decode_moment_and_id(after)
        query = query.where(tuple_(incident.c.opened_at, incident.c.id) < key)
    rows = (await connection.execute(query)).mappings().all()
    last = rows[limit - 1] if len(rows) > limit else None
    more = cursor.encode(last["opened_at"], last["id"]) if last else None
    return Page(items=[_incident(row) for row in rows[:limit]], next=more)


async def read_incident(connection: AsyncConnection, scope: Scope, incident_id: int) -> Incident:
    """One incident.

    Raises:
        NotFoundError: There is none of that id within ``scope``.
    """
    query = select(*_COLUMNS).select_from(_FROM).where(scope.sees(incident), incident.c.id == incident_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError("There is no such event.")
    return _incident(row)


async def incident_of_evidence(connection: AsyncConnection, scope: Scope, sha256: str) -> int:
    """The newest incident within ``scope`` that this picture decided.

    Raises:
        NotFoundError: There is none, whether or not the picture exists.
    """
    query = (
        select(incident.c.id)
        .where(scope.sees(incident), incident.c.evidence == sha256)
        .order_by(incident.c.id.desc())
        .limit(1)
    )
    found: int | None = await connection.scalar(query)
    if found is None:
        raise NotFoundError("There is no such evidence.")
    return found


@dataclass(frozen=True, slots=True)
class Posted:
    """A row of the outbox.

    Attributes:
        seq: Its place.
        body: The CloudEvent, or None where its incident is outside the asker's scope.
    """

    seq: int
    body: dict[str, Any] | None


async def posted_after(
    connection: AsyncConnection, scope: Scope, passed: int, *, without: Collection[int], limit: int
) -> list[Posted]:
    """The outbox after ``passed`` in order, ``without`` those that were read already.

    Rows outside ``scope`` are told by their place alone, so that a place which is still to be filled can be
    told from one that is not the asker's business.
    """
    query = (
        select(outbox.c.seq, case((scope.sees(incident), outbox.c.body), else_=None).label("body"))
        .join_from(outbox, incident, outbox.c.incident_id == incident.c.id)
        .where(outbox.c.seq > passed)
        .order_by(outbox.c.seq)
        .limit(limit)
    )
    if without:
        query = query.where(outbox.c.seq != all_(cast(list(without), ARRAY(BigInteger))))
    return [Posted(seq, body) for seq, body in await connection.execute(query)]


async def last_posted(connection: AsyncConnection, *, before: datetime | None = None) -> int:
    """The last place of the outbox, or the last that was written before a moment; 0 when there is none."""
    query = select(func.max(outbox.c.seq))
    if before is not None:
        query = query.where(outbox.c.created_at < before)
    return await connection.scalar(query) or 0


def evidence_path(sha256: str) -> str:
    """Where a picture is asked for."""
    return f"/api/v1/evidence/{sha256}.jpg"


def _incident(row: RowMapping) -> Incident:
    copied = (
        *("id", "kind", "state", "severity", "confidence", "address", "facts", "exercise", "sequence"),
        *("opened_at", "updated_at", "closed_at"),
    )
    return Incident(
        **{name: row[name] for name in copied},
        scene=SceneRef(code=row["scene_code"], name=row["scene_name"]) if row["scene_code"] else None,
        camera=CameraRef(id=row["camera_id"], name=row["camera_name"]),
        unit=unit_of(row),
        place=place_of(row),
        evidence=evidence_path(row["evidence"]) if row["evidence"] else None,
    )
