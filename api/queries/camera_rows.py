"""Cameras as lists show them, read in bulk by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.schemas import CameraSummary, Place, UnitRef, state_name
from camera_registry.search.statements import meant_by
from camera_registry.selection import CameraFilter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncConnection

    from models.scope import Scope

COLUMNS = """
       camera.id, camera.code, camera.name, camera.heading_deg, camera.sensitivity, camera.simulated,
       ST_X(camera.geom) as longitude, ST_Y(camera.geom) as latitude, camera.accuracy_m, camera.unit_id,
       coalesce((select state from camera_state where camera_state.camera_id = camera.id), 0) as state,
       array(select scene.code from camera_scene join scene on scene.id = camera_scene.scene_id
              where camera_scene.camera_id = camera.id order by scene.id) as scenes
"""
"""What lists show of a camera."""

_SUMMARIES = f"""
select {COLUMNS} from camera where {{condition}} and camera.id = any(${{last}}::bigint[])
"""  # noqa: S608 - constants

# The tree has three levels.
_UNITS = """
select unit.id, unit.code, unit.name,
       array_remove(array[city.name, district.name, unit.name], null) as path
  from organisation unit left join organisation district on district.id = unit.parent_id
  left join organisation city on city.id = district.parent_id
 where unit.id = any($1::int[])
"""


async def driver_of(connection: AsyncConnection) -> asyncpg.Connection[Any]:
    """The bare connection under a transaction, for hot statements."""
    driver: asyncpg.Connection[Any] | None = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    return driver


async def read_rows(
    connection: asyncpg.Connection[Any], scope: Scope, ids: Sequence[int]
) -> list[tuple[asyncpg.Record, UnitRef | None]]:
    """The rows of those of ``ids`` that ``scope`` sees, in their order, each with its unit."""
    seen = meant_by(scope, CameraFilter())
    sql = _SUMMARIES.format(condition=seen.condition, last=len(seen.values) + 1)
    rows = {row["id"]: row for row in await connection.fetch(sql, *seen.values, list(ids))}
    return await with_units(connection, [rows[each] for each in ids if each in rows])


async def with_units(
    connection: asyncpg.Connection[Any], rows: Sequence[asyncpg.Record]
) -> list[tuple[asyncpg.Record, UnitRef | None]]:
    """Rows of :data:`COLUMNS`, each with its unit."""
    units = await read_units(connection, {row["unit_id"] for row in rows} - {None})
    return [(row, units.get(row["unit_id"])) for row in rows]


async def read_units(connection: asyncpg.Connection[Any], ids: Iterable[int]) -> dict[int, UnitRef]:
    """Units by id, with their paths."""
    wanted = sorted(ids)
    rows = await connection.fetch(_UNITS, wanted) if wanted else []
    return {row["id"]: UnitRef(code=row["code"], name=row["name"], path=row["path"]) for row in rows}


async def read_summaries(
    connection: asyncpg.Connection[Any], scope: Scope, ids: Sequence[int]
) -> list[CameraSummary]:
    """Those of ``ids`` that ``scope`` sees, in their order."""
    return [summary_of(row, unit) for row, unit in await read_rows(connection, scope, ids)]


def summary_of(row: asyncpg.Record, unit: UnitRef | None, **more: Any) -> CameraSummary:
    """A camera as lists show it."""
    place = None
    if row["longitude"] is not None:
        place = Place(longitude=row["longitude"], latitude=row["latitude"], accuracy_m=row["accuracy_m"])
    same = ("id", "code", "name", "heading_deg", "sensitivity", "simulated", "scenes")
    return CameraSummary(
        **{name: row[name] for name in same}, place=place, state=state_name(row["state"]), unit=unit, **more
    )
