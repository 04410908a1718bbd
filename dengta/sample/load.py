"""Putting the sample city into the store: copied in bulk, placed by PostGIS, all of it or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg
import shapely

from base.errors import ConflictError
from camera_registry.bulk import without_upkeep
from camera_registry.reference import load_reference
from dengta.sample.city import PointRow
from dengta.sample.records import CameraRow
from gis.jurisdiction import UNITS_OF
from gis.tile_upkeep import REFRESH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from base.database import Database
    from dengta.sample.city import City

LOCK_WAIT = "10s"
BULK_TABLES = ("camera", "camera_state", "camera_scene", "point")
LOADED_TABLES = ("organisation", "road", *BULK_TABLES)
TILE_TABLES = ("camera_tile", "camera_cell")

STAGES = ("boundaries and roads", "copying", "placing", "indexing", "tidying up")
"""What :func:`load_city` tells its progress, in order."""

REPLACE_HINT = "dengta city --replace removes its cameras, points, incidents and events first."

STAGE_TABLES = """
create temp table new_organisation (
    code text, civil_code text, name text, name_en text, level smallint, parent_code text,
    tree_left integer, tree_right integer, geom bytea) on commit drop;
create temp table new_road (id integer, name text, road_class text, geom bytea) on commit drop;
create temp table new_point (
    id bigint, layer_id smallint, code text, name text, address text,
    longitude double precision, latitude double precision) on commit drop;
create temp table new_camera (
    id bigint, code text, name text, address text, civil_code text, manufacturer text, model text, owner text,
    longitude double precision, latitude double precision, declared_crs text,
    wgs84_longitude double precision, wgs84_latitude double precision,
    accuracy_m real, heading_deg real, mount_height_m real, ptz_type smallint, sensitivity smallint,
    direction_type smallint, room_type smallint, supply_light_type smallint, point_type smallint,
    horizontal_field_deg real, max_view_distance_m real, pitch_deg real, installed_on date,
    management_unit text, maintainer text, record_save_days smallint
) on commit drop;
"""

# Units are told by their codes, so that accounts that belong to one keep belonging to it.
PUT_ORGANISATION = """
insert into organisation (code, civil_code, name, name_en, level, tree_left, tree_right, geom)
select code, civil_code, name, name_en, level, tree_left, tree_right, ST_GeomFromEWKB(geom)
  from new_organisation order by tree_left
on conflict (code) do update set (civil_code, name, name_en, level, tree_left, tree_right, geom) =
    (excluded.civil_code, excluded.name, excluded.name_en, excluded.level, excluded.tree_left,
     excluded.tree_right, excluded.geom)
"""

JOIN_ORGANISATION = """
update organisation o set parent_id = parent.id
  from new_organisation n join organisation parent on parent.code = n.parent_code
 where o.code = n.code
"""

PUT_ROADS = """
insert into road (id, name, road_class, geom)
select id, name, road_class, ST_GeomFromEWKB(geom) from new_road
"""

PLACE = """
create temp table {place} on commit drop as
select id, ST_SetSRID(ST_MakePoint({longitude}, {latitude}), 4326) as geom
  from {table} where {longitude} is not null;
create index on {place} using gist (geom);
analyze {place};
"""

PUT_POINTS = f"""
insert into point (id, layer_id, code, name, address, geom, unit_id, unit_tree)
select n.id, n.layer_id, n.code, n.name, n.address, p.geom, u.unit_id, u.unit_tree
  from new_point n join point_place p using (id)
  left join ({UNITS_OF.format(table="point_place")}) u using (id)
 order by n.id
"""  # noqa: S608 - put together from this program's own words

_OWN = tuple(name for name in CameraRow._fields if not name.startswith("wgs84_"))

PUT_CAMERAS = f"""
insert into camera ({", ".join(_OWN)}, geom, unit_id, unit_tree)
select {", ".join(f"n.{name}" for name in _OWN)}, p.geom, u.unit_id, u.unit_tree
  from new_camera n left join camera_place p using (id)
  left join ({UNITS_OF.format(table="camera_place")}) u using (id)
 order by n.id
"""  # noqa: S608 - put together from this program's own words

CONTINUE_IDS = "select setval(pg_get_serial_sequence('{table}', 'id'), (select max(id) from {table}))"
COUNT = "select count(*) from {table}"


async def require_vacancy(database: Database, *, replace: bool) -> None:
    """Make sure that a sample city may be loaded, before the work of making one.

    Raises:
        ConflictError: There are cameras and ``replace`` is not wanted, or the units are another city's.
    """
    async with database.raw() as connection:
        await _require_vacancy(connection, replace=replace, codes=None)


async def load_city(
    database: Database, city: City, *, replace: bool = False, progress: Callable[[str], None] = lambda _: None
) -> dict[str, int]:
    """Load ``city`` in one transaction, and return the number of rows of each table.

    Args:
        database: The migrated store.
        city: What to load.
        replace: Remove the cameras, roads and points there are, with everything that refers to them.
        progress: Told each of :data:`STAGES` as it begins.

    Raises:
        ConflictError: As :func:`require_vacancy`, or somebody holds the catalogue locked.
        UnavailableError: The database went away or its disk is full; nothing was loaded.
    """
    try:
        async with database.raw() as connection:
            async with connection.transaction():
                await connection.execute(f"set local lock_timeout = '{LOCK_WAIT}'")
                await connection.execute(f"lock table {', '.join(LOADED_TABLES)} in access exclusive mode")
                await _require_vacancy(
                    connection, replace=replace, codes=[row.code for row in city.organisations]
                )
                await connection.execute("truncate camera, point, road restart identity cascade")
                await _load(connection, city, progress)
            progress("tidying up")
            # Outside the transaction, and not merely statistics: index-only scans need the visibility map.
            await connection.execute(REFRESH)
            await connection.execute(f"vacuum (analyze) {', '.join((*LOADED_TABLES, *TILE_TABLES))}")
            return {table: await connection.fetchval(COUNT.format(table=table)) for table in LOADED_TABLES}
    except asyncpg.LockNotAvailableError as err:
        raise ConflictError(
            f"Another program has held the catalogue locked for {LOCK_WAIT}.",
            remedy="Try again when it has finished.",
        ) from err


async def _require_vacancy(
    connection: asyncpg.Connection[Any], *, replace: bool, codes: Sequence[str] | None
) -> None:
    if not replace and await connection.fetchval("select exists (select from camera)"):
        raise ConflictError("The catalogue holds cameras already.", remedy=REPLACE_HINT)
    if codes is not None:
        strange = await connection.fetchval(
            "select min(code) from organisation where code <> all($1::text[])", codes
        )
        if strange is not None:
            raise ConflictError(
                f"The store holds an organisation tree that is not the sample city's: unit {strange}.",
                remedy="Load the sample city into an empty store.",
            )


async def _load(connection: asyncpg.Connection[Any], city: City, progress: Callable[[str], None]) -> None:
    progress("boundaries and roads")
    await load_reference(connection)
    await connection.execute(STAGE_TABLES)
    await _put_geography(connection, city)
    progress("copying")
    await connection.copy_records_to_table("new_point", records=city.points, columns=PointRow._fields)
    await connection.copy_records_to_table("new_camera", records=city.cameras, columns=CameraRow._fields)
    progress("placing")
    async with without_upkeep(connection, BULK_TABLES):
        await connection.execute(
            PLACE.format(place="point_place", table="new_point", longitude="longitude", latitude="latitude")
        )
        await connection.execute(
            PLACE.format(
                place="camera_place",
                table="new_camera",
                longitude="wgs84_longitude",
                latitude="wgs84_latitude",
            )
        )
        await connection.execute(PUT_POINTS)
        await connection.execute(PUT_CAMERAS)
        await connection.execute("insert into camera_state (camera_id) select id from camera")
        await connection.copy_records_to_table(
            "camera_scene",
            records=((row.camera_id, row.scene_id, "import") for row in city.scenes),
            columns=("camera_id", "scene_id", "source"),
        )
        progress("indexing")
    for table in ("road", "point", "camera"):
        await connection.execute(CONTINUE_IDS.format(table=table))


async def _put_geography(connection: asyncpg.Connection[Any], city: City) -> None:
    codes = {row.id: row.code for row in city.organisations}
    boundaries = _ewkb(row.shape for row in city.organisations)
    units = [
        (
            r.code,
            r.civil_code,
            r.name,
            r.name_en,
            r.level,
            codes.get(r.parent_id or 0),
            r.tree_left,
            r.tree_right,
            wkb,
        )
        for r, wkb in zip(city.organisations, boundaries, strict=True)
    ]
    lines = _ewkb(row.shape for row in city.roads)
    roads = [(r.id, r.name, r.road_class, wkb) for r, wkb in zip(city.roads, lines, strict=True)]
    await connection.copy_records_to_table("new_organisation", records=units)
    await connection.copy_records_to_table("new_road", records=roads)
    for statement in (PUT_ORGANISATION, JOIN_ORGANISATION, PUT_ROADS, "analyze organisation"):
        await connection.execute(statement)


def _ewkb(shapes: Iterable[shapely.Geometry]) -> list[bytes]:
    """PostGIS's binary form, with the reference system inside."""
    wgs84 = shapely.set_srid(list(shapes), 4326)
    return list(shapely.to_wkb(wgs84, include_srid=True))
