"""Editing a camera's record: the unit follows the place, the version guards against lost updates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from api.audit import record
from api.errors import EditedMeanwhileError
from base.errors import ForbiddenError, NotFoundError
from camera_registry.governance.assess import assess_cameras
from gis.jurisdiction import unit_at
from models.tables import account, audit, camera

if TYPE_CHECKING:
    from collections.abc import Mapping

    import asyncpg
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from api.schemas import CameraEdit
    from api.sessions import Asker
    from base.clock import Clock

ACTION = "camera.edit"
WGS_84 = "WGS-84"

_EDITED = (
    *("name", "address", "owner", "longitude", "latitude", "declared_crs", "accuracy_m", "heading_deg"),
    *("mount_height_m", "unit_id"),
)


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit of one record.

    Attributes:
        camera_id: Which.
        change: What is to be different.
        if_match: The If-Match header: the version that was read, as in the ETag.
    """

    camera_id: int
    change: CameraEdit
    if_match: str


async def edit_camera(connection: AsyncConnection, clock: Clock, asker: Asker, edit: Edit) -> None:
    """Do ``edit`` in the caller's transaction, and say anew what is wrong with the record.

    Args:
        connection: The transaction.
        clock: Time of the edit.
        asker: By whom, and within which scope.
        edit: What.

    Raises:
        NotFoundError: There is no such camera within the asker's scope.
        EditedMeanwhileError: The record is of another version.
        ForbiddenError: Its new place lies outside the asker's unit.
    """
    this = camera.c.id == edit.camera_id
    columns = (camera.c.version, *(camera.c[name] for name in _EDITED))
    query = select(*columns).where(asker.scope.sees(camera), this).with_for_update(of=camera)
    before = (await connection.execute(query)).mappings().one_or_none()
    if before is None:
        raise NotFoundError("There is no such camera.")
    if not matches(edit.if_match, before["version"]):
        raise await _edited_meanwhile(connection, edit.camera_id, before["version"])
    change = edit.change
    values = change.model_dump(exclude_unset=True)
    if change.longitude is not None and change.latitude is not None:
        values |= await _move(connection, asker, change.longitude, change.latitude)
        # What was known of the accuracy was known of the old place.
        values.setdefault("accuracy_m", None)
    values |= {"version": camera.c.version + 1, "updated_at": clock.now()}
    await connection.execute(update(camera).where(this).values(**values))
    detail = _difference(before, values)
    await record(connection, asker.deed(ACTION, f"camera/{edit.camera_id}", detail))
    await assess_cameras(await driver_of(connection), clock.now(), [edit.camera_id])


async def driver_of(connection: AsyncConnection) -> asyncpg.Connection[Any]:
    """The bare connection below, in the same transaction."""
    driver: asyncpg.Connection[Any] | None = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    return driver


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def matches(if_match: str, version: int) -> bool:
    """Whether an If-Match header (RFC 9110, 13.1.1) holds for this version."""
    tags = [tag.strip() for tag in if_match.split(",")]
    return "*" in tags or etag(version) in tags


async def _move(
    connection: AsyncConnection, asker: Asker, longitude: float, latitude: float
) -> dict[str, Any]:
    """The columns of the new place, and the unit whose ground it is."""
    unit = await unit_at(await driver_of(connection), longitude, latitude)
    inside = unit is not None and asker.scope.tree_left <= unit.tree_left <= asker.scope.tree_right
    if not inside and not asker.scope.whole_city:
        raise ForbiddenError(
            "The new place lies outside your unit.", remedy="Ask a colleague of the city to move it."
        )
    return {
        "declared_crs": WGS_84,
        "geom": func.ST_SetSRID(func.ST_MakePoint(longitude, latitude), 4326),
        "unit_id": unit.unit_id if unit else None,
        "unit_tree": unit.tree_left if unit else None,
    }


def _difference(before: RowMapping, values: Mapping[str, Any]) -> dict[str, Any]:
    changed = [name for name in _EDITED if name in values and values[name] != before[name]]
    return {
        "before": {name: before[name] for name in changed},
        "after": {name: values[name] for name in changed},
    }


async def _edited_meanwhile(
    connection: AsyncConnection, camera_id: int, version: int
) -> EditedMeanwhileError:
    query = (
        select(account.c.username, audit.c.at)
        .join_from(audit, account)
        .where(audit.c.action == ACTION, audit.c.object == f"camera/{camera_id}")
        .order_by(audit.c.id.desc())
        .limit(1)
    )
    last = (await connection.execute(query)).one_or_none()
    return EditedMeanwhileError(
        version=version, edited_by=last.username if last else None, edited_at=last.at if last else None
    )
