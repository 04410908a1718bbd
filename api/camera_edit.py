"""Editing a camera's record: the unit follows the place, the version guards against lost updates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal_column, select, update

from api.audit import record
from api.camera_rules import ruled
from api.errors import EditedMeanwhileError
from api.queries.camera_rows import driver_of
from base.errors import ConflictError, ForbiddenError, NotFoundError
from camera_registry.governance.assess import assess_cameras
from gis.crs import DeclaredPlace, ReferenceSystem
from gis.jurisdiction import unit_at
from models.tables import account, audit, camera

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from api.schemas_cameras import CameraEdit
    from api.sessions import Asker
    from base.clock import Clock

__all__ = ["ACTION", "Edit", "driver_of", "edit_camera", "etag", "matches"]

ACTION = "camera.edit"
PREFIX = "camera."

NETWORK = frozenset(
    {"stream_url", "sub_stream_url", "snapshot_url", "onvif_url", "ip_address", "port", "mac"}
)
"""Written, never read again: where a camera is on the network is told to nobody."""

PERSONAL = frozenset({"contact_info"})

_NOT_WRITTEN = frozenset(
    {"id", "geom", "tile_x", "tile_y", "created_at", "updated_at", "version", "unit_tree"}
)
RECORDED = tuple(column.name for column in camera.c if column.name not in _NOT_WRITTEN)
"""Columns whose changes the audit tells."""

_TAG = re.compile(r'(?:W/)?"(\d{1,10})(?:-[0-9a-f]+)?"')


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


async def edit_camera(connection: AsyncConnection, clock: Clock, asker: Asker, edit: Edit) -> int:
    """Do ``edit`` in the caller's transaction, say anew what is wrong with the record, return its version.

    Args:
        connection: The transaction.
        clock: Time of the edit.
        asker: By whom, and within which scope.
        edit: What.

    Raises:
        NotFoundError: There is no such camera within the asker's scope.
        EditedMeanwhileError: The record is of another version.
        ForbiddenError: Its new place lies outside the asker's unit.
        InvalidFieldsError: A field breaks the rules of an import.
        ConflictError: Another camera has the device id.
    """
    before = await locked(connection, asker, edit.camera_id, edit.if_match)
    values = await columns_of(connection, asker, edit.change.model_dump(exclude_unset=True))
    if "geom" in values:
        # What was known of the accuracy was known of the old place.
        values.setdefault("accuracy_m", None)
    await require_free_code(connection, values.get("code"), but=edit.camera_id)
    await write(connection, clock, asker, before, values, action=ACTION)
    return int(before["version"]) + 1


async def locked(connection: AsyncConnection, asker: Asker, camera_id: int, if_match: str) -> RowMapping:
    """The record that is about to be written, held until the end of the transaction.

    Raises:
        NotFoundError: There is no such camera within the asker's scope.
        EditedMeanwhileError: The record is of another version.
    """
    columns = (camera.c.id, camera.c.version, *(camera.c[name] for name in RECORDED))
    this = camera.c.id == camera_id
    query = select(*columns).where(asker.scope.sees(camera), this).with_for_update(of=camera)
    before = (await connection.execute(query)).mappings().one_or_none()
    if before is None:
        raise NotFoundError("There is no such camera.")
    if not matches(if_match, before["version"]):
        raise await _edited_meanwhile(connection, camera_id, before["version"])
    return before


async def write(  # noqa: PLR0913 - a record, what becomes of it, and who did what
    connection: AsyncConnection,
    clock: Clock,
    asker: Asker,
    before: RowMapping,
    values: Mapping[str, Any],
    *,
    action: str,
) -> None:
    """Write the columns, count the version, put it on record, and judge the record anew."""
    camera_id = before["id"]
    counted = {**values, "version": camera.c.version + 1, "updated_at": clock.now()}
    await connection.execute(update(camera).where(camera.c.id == camera_id).values(**counted))
    await record(connection, asker.deed(action, f"camera/{camera_id}", difference(dict(before), values)))
    await assess_cameras(await driver_of(connection), clock.now(), [camera_id])


async def columns_of(connection: AsyncConnection, asker: Asker, given: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of what was sent, the place in WGS-84 with the unit whose ground it is.

    Raises:
        InvalidFieldsError: A field breaks the rules of an import.
        ForbiddenError: The place lies outside the asker's unit.
    """
    values = ruled(given)
    crs = ReferenceSystem(values.pop("crs", None) or ReferenceSystem.WGS_84)
    if values.get("longitude") is not None:
        place = DeclaredPlace(values["longitude"], values["latitude"], crs)
        values |= {"declared_crs": crs.value, **await _placed(connection, asker, place)}
    return values


async def require_free_code(connection: AsyncConnection, code: str | None, *, but: int | None = None) -> None:
    """Make sure that no other camera has the device id, whoever may see it.

    Raises:
        ConflictError: One has.
    """
    if code is None:
        return
    # Two that write one code at once take turns, and the second is told.
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"camera/{code}", 0))))
    taken = await connection.scalar(select(camera.c.id).where(camera.c.code == code))
    if taken is not None and taken != but:
        raise ConflictError(
            "code: another camera has this device id.", remedy="Look it up, and correct one of the two."
        )


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def matches(if_match: str, version: int) -> bool:
    """Whether an If-Match header (RFC 9110, 13.1.1) holds for this version.

    A tag may go on after the version, for what is observed beside the record; an edit asks for the version
    alone.
    """
    tags = [tag.strip() for tag in if_match.split(",")]
    return "*" in tags or any(found and int(found[1]) == version for found in map(_TAG.fullmatch, tags))


async def _placed(connection: AsyncConnection, asker: Asker, place: DeclaredPlace) -> dict[str, Any]:
    """The columns of a place, and the unit whose ground it is."""
    longitude, latitude = place.wgs84
    unit = await unit_at(await driver_of(connection), longitude, latitude)
    inside = unit is not None and asker.scope.tree_left <= unit.tree_left <= asker.scope.tree_right
    if not inside and not asker.scope.whole_city:
        raise ForbiddenError(
            "The new place lies outside your unit.", remedy="Ask a colleague of the city to move it."
        )
    return {
        "geom": func.ST_SetSRID(func.ST_MakePoint(longitude, latitude), 4326),
        "unit_id": unit.unit_id if unit else None,
        "unit_tree": unit.tree_left if unit else None,
    }


def difference(before: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What an edit changed, for the audit; where a camera is on the network only as having changed."""
    changed = [name for name in RECORDED if name in values and values[name] != before.get(name)]
    return {
        "before": {name: _told(name, before.get(name)) for name in changed},
        "after": {name: _told(name, values[name]) for name in changed},
    }


def _told(name: str, value: Any) -> Any:
    if name in NETWORK | PERSONAL:
        return None if value is None else "***"
    return value.isoformat() if isinstance(value, date) else value


async def _edited_meanwhile(
    connection: AsyncConnection, camera_id: int, version: int
) -> EditedMeanwhileError:
    query = (
        select(account.c.username, audit.c.at)
        .join_from(audit, account)
        .where(
            func.starts_with(audit.c.action, literal_column("'camera.'")),
            audit.c.object == f"camera/{camera_id}",
        )
        .order_by(audit.c.id.desc())
        .limit(1)
    )
    last = (await connection.execute(query)).one_or_none()
    return EditedMeanwhileError(
        version=version, edited_by=last.username if last else None, edited_at=last.at if last else None
    )
