"""Cameras as lists show them, read in bulk by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.schemas import CameraSummary, Place, UnitRef, state_name
from camera_registry.search.statements import meant_by
from camera_registry.selection import CameraFilter

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncConnection

    from models.scope import Scope

COLUMNS = """
       camera.id, camera.code, camera.name, camera.heading_deg, camera.sensitivity, camera.simulated,
       ST_X(camera.geom) as longitude, ST_Y(camera.geom) as latitude, camera.accuracy_m,
       coalesce((select state from camera_state where camera_state.camera_id = camera.id), 0) as state,
       array(select scene.code from camera_scene join scene on scene.id = camera_scene.scene_id
              where camera_scene.camera_id = camera.id order by scene.id) as scenes,
       (select array[unit.code] || array_remove(array[city.name, district.name, unit.name], null)
          from organisation unit left join organisation district on district.id = unit.parent_id
          left join organisation city on city.id = district.parent_id
         where unit.id = camera.unit_id) as unit
"""
"""What lists show of a camera; of its unit the code, and the names from the city down."""

_SUMMARIES = f"""
select {COLUMNS} from camera where {{condition}} and camera.id = any(${{last}}::bigint[])
"""  # noqa: S608 - constants


async def driver_of(connection: AsyncConnection) -> asyncpg.Connection[Any]:
    """The bare connection under a transaction, for hot statements."""
    driver: asyncpg.Connection[Any] | None = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    return driver


async def read_rows(
    connection: asyncpg.Connection[Any], scope: Scope, ids: Sequence[int]
) -> list[asyncpg.Record]:
    """The rows of those of ``ids`` that ``scope`` sees, in their order."""
    seen = meant_by(scope, CameraFilter())
    sql = _SUMMARIES.format(condition=seen.condition, last=len(seen.values) + 1)
    rows = {row["id"]: row for row in await connection.fetch(sql, *seen.values, list(ids))}
    return [rows[each] for each in ids if each in rows]


async def read_summaries(
    connection: asyncpg.Connection[Any], scope: Scope, ids: Sequence[int]
) -> list[CameraSummary]:
    """Those of ``ids`` that ``scope`` sees, in their order."""
    return [summary_of(row) for row in await read_rows(connection, scope, ids)]


def summary_of(row: asyncpg.Record, **more: Any) -> CameraSummary:
    """A camera as lists show it, from a row of :data:`COLUMNS`."""
    place = unit = None
    if row["longitude"] is not None:
        place = Place(longitude=row["longitude"], latitude=row["latitude"], accuracy_m=row["accuracy_m"])
    if row["unit"] is not None:
        code, *path = row["unit"]
        unit = UnitRef(code=code, name=path[-1], path=path)
    same = ("id", "code", "name", "heading_deg", "sensitivity", "simulated", "scenes")
    return CameraSummary(
        **{name: row[name] for name in same}, place=place, state=state_name(row["state"]), unit=unit, **more
    )
