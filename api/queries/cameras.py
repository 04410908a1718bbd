"""Cameras within a scope: lists, one record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, func, select

from api.queries.camera_rows import driver_of
from api.queries.camera_search import Wanted, list_by_id
from api.queries.parts import place_columns, place_of, unit_of, unit_path
from api.schemas import CameraRecord, CameraSummary, Classification, Declared, Page, state_name
from base.errors import NotFoundError
from camera_registry.selection import KNOWN_STATE
from models.tables import camera, camera_scene, camera_state, organisation, scene

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from camera_registry.selection import CameraFilter
    from models.scope import Scope


def _scene_codes() -> ColumnElement[Any]:
    return (
        select(func.array_agg(scene.c.code))
        .where(camera_scene.c.camera_id == camera.c.id, camera_scene.c.scene_id == scene.c.id)
        .correlate(camera)
        .scalar_subquery()
        .label("scenes")
    )


_FROM = camera.outerjoin(camera_state, camera_state.c.camera_id == camera.c.id).outerjoin(
    organisation, organisation.c.id == camera.c.unit_id
)

_SUMMARY = (
    *(camera.c.id, camera.c.code, camera.c.name, camera.c.heading_deg, camera.c.sensitivity),
    *(camera.c.simulated, KNOWN_STATE.label("state"), _scene_codes()),
    *place_columns(camera),
    organisation.c.code.label("unit_code"),
    organisation.c.name.label("unit_name"),
    unit_path(camera).label("unit_path"),
)

_RECORD = (
    *_SUMMARY,
    *(camera.c.address, camera.c.civil_code, camera.c.manufacturer, camera.c.model, camera.c.owner),
    *(camera.c.longitude, camera.c.latitude, camera.c.declared_crs, camera.c.mount_height_m),
    *(camera.c.ptz_type, camera.c.version, camera.c.updated_at),
    camera.c.stream_url.is_not(None).label("has_stream"),
    camera_state.c.since.label("state_since"),
    *(camera_state.c.looked_at, camera_state.c.outcome),
)


async def list_cameras(
    connection: AsyncConnection, scope: Scope, wanted: CameraFilter, *, after: str | None, limit: int
) -> Page[CameraSummary]:
    """A page of the cameras within ``scope`` that ``wanted`` lets through, by id."""
    return await list_by_id(await driver_of(connection), scope, Wanted(wanted, after, limit))


async def read_camera(connection: AsyncConnection, scope: Scope, camera_id: int) -> CameraRecord:
    """One camera.

    Raises:
        NotFoundError: There is none of that id within ``scope``.
    """
    query = select(*_RECORD).select_from(_FROM).where(and_(scope.sees(camera), camera.c.id == camera_id))
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError("There is no such camera.")
    columns = (scene.c.code, scene.c.name, camera_scene.c.source, camera_scene.c.confidence)
    classified = await connection.execute(
        select(*columns)
        .join_from(camera_scene, scene, scene.c.id == camera_scene.c.scene_id)
        .where(camera_scene.c.camera_id == camera_id)
        .order_by(scene.c.id)
    )
    return CameraRecord(
        **_summary(row),
        declared=Declared(longitude=row["longitude"], latitude=row["latitude"], crs=row["declared_crs"]),
        classifications=[Classification(**found) for found in classified.mappings()],
        **{name: row[name] for name in _COPIED},
    )


_COPIED = (
    *("address", "civil_code", "manufacturer", "model", "owner", "mount_height_m", "ptz_type"),
    *("state_since", "looked_at", "outcome", "has_stream", "version", "updated_at"),
)


def _summary(row: RowMapping) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("id", "code", "name", "heading_deg", "sensitivity", "simulated")},
        "place": place_of(row),
        "state": state_name(row["state"]),
        "unit": unit_of(row),
        "scenes": row["scenes"] or [],
    }
