"""Cameras within a scope: lists, one record."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import select

from api.queries.camera_rows import driver_of, read_rows, summary_of
from api.queries.camera_search import Wanted, list_by_id
from api.schemas import CameraSummary, Classification, Declared, Page
from api.schemas_cameras import CameraRecord
from base.errors import NotFoundError
from models.scope import GRANTS, Permission
from models.tables import camera, camera_scene, camera_state, scene

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from camera_registry.selection import CameraFilter
    from models.scope import Scope

_SHOWN = frozenset(column.name for column in camera.c) & frozenset(CameraRecord.model_fields)
_COPIED = sorted(_SHOWN - frozenset(CameraSummary.model_fields))
"""Columns that the record has under their own names, beside those of a list."""


async def list_cameras(
    connection: AsyncConnection, scope: Scope, wanted: CameraFilter, *, after: str | None, limit: int
) -> Page[CameraSummary]:
    """A page of the cameras within ``scope`` that ``wanted`` lets through, by id."""
    return await list_by_id(await driver_of(connection), scope, Wanted(wanted, after, limit))


async def read_camera(connection: AsyncConnection, scope: Scope, camera_id: int) -> CameraRecord:
    """One camera; whom to call about it only if the asker may edit it.

    Raises:
        NotFoundError: There is none of that id within ``scope``.
    """
    columns = (
        *(camera.c[name] for name in _COPIED),
        *(camera.c.longitude, camera.c.latitude, camera.c.declared_crs),
        camera.c.stream_url.is_not(None).label("has_stream"),
        camera.c.credential_id.is_not(None).label("has_credential"),
        camera_state.c.since.label("state_since"),
        *(camera_state.c.looked_at, camera_state.c.outcome),
    )
    query = (
        select(*columns)
        .select_from(camera.outerjoin(camera_state, camera_state.c.camera_id == camera.c.id))
        .where(scope.sees(camera), camera.c.id == camera_id)
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    summary = await read_rows(await driver_of(connection), scope, [camera_id])
    if row is None or not summary:
        raise NotFoundError("There is no such camera.")
    shown = {name: row[name] for name in _COPIED}
    if not may_edit(scope):
        shown["contact_info"] = None
    observed = ("has_stream", "has_credential", "state_since", "looked_at", "outcome")
    return CameraRecord(
        **summary_of(summary[0]).model_dump(),
        **shown,
        **{name: row[name] for name in observed},
        declared=Declared(longitude=row["longitude"], latitude=row["latitude"], crs=row["declared_crs"]),
        classifications=await _classifications(connection, camera_id),
    )


async def _classifications(connection: AsyncConnection, camera_id: int) -> list[Classification]:
    columns = (scene.c.code, scene.c.name, camera_scene.c.source, camera_scene.c.confidence)
    rows = await connection.execute(
        select(*columns)
        .select_from(camera_scene.join(scene, scene.c.id == camera_scene.c.scene_id))
        .where(camera_scene.c.camera_id == camera_id)
        .order_by(scene.c.id)
    )
    return [Classification(**found) for found in rows.mappings()]


def may_edit(scope: Scope) -> bool:
    """Whether the asker may edit cameras."""
    return any(Permission.EDIT_CAMERAS in GRANTS[role] for role in scope.roles)


def tag_of(record: CameraRecord) -> str:
    """The entity tag of a record: its version, and a digest that changes with what is observed."""
    digest = hashlib.sha256(record.model_dump_json().encode()).hexdigest()
    return f'"{record.version}-{digest[:12]}"'
