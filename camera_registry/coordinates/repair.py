"""Declaring coordinates anew: cameras go to where they are under the right reading, on record, undoably."""

# ruff: noqa: S608 - only constants of this module are put into the statements

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from base.errors import ConflictError, InvalidInputError, NotFoundError
from camera_registry.coordinates.staging import Repaired, changing, settle, stage, staged, write
from camera_registry.coordinates.survey import DECLARED_WGS_84
from gis.crs import ReferenceSystem
from gis.crs_check import Reading, reread
from models.scope import Permission

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from base.clock import Clock
    from models.scope import Scope

MOST_CAMERAS = 250_000
"""Of one repair: a whole city."""

# What the asker may not see does not exist; what is declared as a web map's system is not misdeclared.
_CHOSEN = f"""
select c.id, c.longitude, c.latitude, c.declared_crs, c.accuracy_m, c.unit_id, c.version,
       ST_X(c.geom) as x, ST_Y(c.geom) as y
  from camera c
 where c.id = any($1::bigint[]) and c.longitude is not null and c.latitude is not null and {DECLARED_WGS_84}
   and (c.unit_tree between $2 and $3 or ($4 and c.unit_tree is null)) and c.sensitivity <= $5
 order by c.id for update of c
"""

_DONE = """
select c.id, c.version, r.version as version_then, r.before::text as before
  from crs_repair_camera r join camera c on c.id = r.camera_id
 where r.repair_id = $1
   and (c.unit_tree between $2 and $3 or ($4 and c.unit_tree is null)) and c.sensitivity <= $5
 order by c.id for update of c
"""


async def cameras_of_finding(
    connection: asyncpg.Connection[Any], finding_id: int, *, least: float
) -> tuple[Reading, list[int]]:
    """What a finding says, and its cameras of which it is at least so sure.

    Raises:
        NotFoundError: There is no such finding any more.
    """
    row = await connection.fetchrow(
        "select reading, members, likely from crs_finding where id = $1", finding_id
    )
    if row is None:
        raise NotFoundError("There is no such finding.", remedy="A later survey has replaced it; list again.")
    sure = zip(row["members"], row["likely"], strict=True)
    return Reading[row["reading"]], [camera for camera, likely in sure if likely >= least]


async def repair(  # noqa: PLR0913 - which cameras, how, and who asks
    connection: asyncpg.Connection[Any],
    clock: Clock,
    reading: Reading,
    cameras: Sequence[int],
    *,
    scope: Scope,
    dry_run: bool = False,
    facts: dict[str, Any] | None = None,
) -> Repaired:
    """Declare cameras to be what ``reading`` says, and put them where they then are.

    Their coordinates stay as they were handed in (exchanged ones are exchanged back); the system they are
    declared in, their place and their unit change.

    Args:
        connection: To the store; in a transaction it is a part of that, else one of its own.
        clock: Time of the repair.
        reading: What they are: any but ``AS_DECLARED``.
        cameras: Which; those beyond the asker's sight, or declared otherwise by now, are left.
        scope: Who asks.
        dry_run: Say what would be done and change nothing.
        facts: What it was asked for by, for its record.

    Raises:
        InvalidInputError: There is nothing to be declared anew, or too much at once.
        ForbiddenError: The asker may not edit cameras.
    """
    scope.require(Permission.EDIT_CAMERAS)
    if reading is Reading.AS_DECLARED:
        raise InvalidInputError("reading: as declared is what they are already.")
    if len(cameras) > MOST_CAMERAS:
        raise InvalidInputError(f"cameras: {MOST_CAMERAS:,} are the most at once.")
    done = Repaired(dry_run=dry_run)
    async with changing(connection, dry_run=dry_run):
        rows = await connection.fetch(
            _CHOSEN,
            *(list(cameras), scope.tree_left, scope.tree_right, scope.whole_city, scope.max_sensitivity),
        )
        there = {row["id"] for row in rows}
        done.skip("declared otherwise by now, or not there", [each for each in cameras if each not in there])
        await stage(connection, rows, *_declared_anew(rows, reading))
        await settle(connection, scope, done)
        kept = await staged(connection)
        rows = [row for row in rows if row["id"] in kept]
        done.cameras, done.moved_m = len(rows), _moved(rows, reading)
        if rows and not dry_run:
            done.repair_id = await _record(connection, clock, scope, reading, rows, facts or {})
    return done


async def undo_repair(
    connection: asyncpg.Connection[Any],
    clock: Clock,
    repair_id: int,
    *,
    scope: Scope,
    dry_run: bool = False,
) -> Repaired:
    """Declare cameras as they were before a repair; those that were edited since are left, and named.

    Raises:
        NotFoundError: There is no such repair.
        ConflictError: It was undone before.
        ForbiddenError: The asker may not edit cameras.
    """
    scope.require(Permission.EDIT_CAMERAS)
    done = Repaired(repair_id=repair_id, dry_run=dry_run)
    async with changing(connection, dry_run=dry_run):
        asked = await connection.fetchrow(
            "select undone_at from crs_repair where id = $1 for update", repair_id
        )
        if asked is None:
            raise NotFoundError("There is no such repair.")
        if asked["undone_at"] is not None:
            raise ConflictError("This repair was undone already.")
        rows = await connection.fetch(
            _DONE,
            *(repair_id, scope.tree_left, scope.tree_right, scope.whole_city, scope.max_sensitivity),
        )
        same = [row for row in rows if row["version"] == row["version_then"]]
        done.skip("edited since", [row["id"] for row in rows if row["version"] != row["version_then"]])
        before = [orjson.loads(row["before"]) for row in same]
        await stage(
            connection,
            [{"id": row["id"], "unit_id": was["unit_id"]} for row, was in zip(same, before, strict=True)],
            [(was["longitude"], was["latitude"]) for was in before],
            [was["declared_crs"] for was in before],
            [(was["x"], was["y"]) for was in before],
        )
        await settle(connection, scope, done)
        done.cameras = len(await staged(connection))
        if not dry_run:
            await write(connection, clock.now())
            await connection.execute(
                "update crs_repair set undone_at = $2 where id = $1", repair_id, clock.now()
            )
            told = {"cameras": done.cameras, "skipped": done.skipped_count}
            await _audit(connection, clock, scope, "coordinates.undo", repair_id, told)
    return done


def _declared_anew(
    rows: Sequence[Any], reading: Reading
) -> tuple[list[tuple[float, float]], list[str], list[tuple[float, float]]]:
    """Coordinates to be declared, their system, and the places, of each camera."""
    declared = np.array([(row["longitude"], row["latitude"]) for row in rows], dtype=float).reshape(-1, 2)
    places = reread(declared)[reading]
    system = _SYSTEM.get(reading)
    if system is None:  # exchanged: what is wrong are the numbers, not the system
        declared = declared[:, ::-1]
        systems = [row["declared_crs"] or str(ReferenceSystem.WGS_84) for row in rows]
    else:
        systems = [str(system)] * len(rows)
    return _pairs(declared), systems, _pairs(places)


_SYSTEM = {Reading.GCJ_02: ReferenceSystem.GCJ_02, Reading.BD_09: ReferenceSystem.BD_09}


def _pairs(numbers: Any) -> list[tuple[float, float]]:
    return [(first, second) for first, second in numbers.tolist()]


def _moved(rows: Sequence[Any], reading: Reading) -> float | None:
    """Median of the metres between where they were drawn and where they are."""
    drawn = [row for row in rows if row["x"] is not None]
    if not drawn:
        return None
    _, _, places = _declared_anew(drawn, reading)
    was, now = np.array([(row["x"], row["y"]) for row in drawn]), np.array(places)
    step = (now - was) * 111_320.0
    step[:, 0] *= np.cos(np.radians(now[:, 1]))
    return round(float(np.median(np.hypot(step[:, 0], step[:, 1]))), 1)


async def _record(  # noqa: PLR0913, PLR0917 - a deed has these parts
    connection: asyncpg.Connection[Any],
    clock: Clock,
    scope: Scope,
    reading: Reading,
    rows: Sequence[Any],
    facts: dict[str, Any],
) -> int:
    """Write the cameras, and what they were before."""
    versions = await write(connection, clock.now())
    account_id = scope.account_id or None
    repair_id: int = await connection.fetchval(
        "insert into crs_repair (at, account_id, reading, facts) values ($1, $2, $3, $4::jsonb) returning id",
        *(clock.now(), account_id, reading.name, orjson.dumps(facts).decode()),
    )
    kept = ("longitude", "latitude", "declared_crs", "x", "y", "unit_id")
    await connection.execute(
        """insert into crs_repair_camera (repair_id, camera_id, before, version)
           select $1, * from unnest($2::bigint[], $3::jsonb[], $4::int[])""",
        repair_id,
        [row["id"] for row in rows],
        [orjson.dumps({name: row[name] for name in kept}).decode() for row in rows],
        [versions[row["id"]] for row in rows],
    )
    told = {"reading": reading.name, "cameras": len(rows), **facts}
    await _audit(connection, clock, scope, "coordinates.repair", repair_id, told)
    return repair_id


async def _audit(  # noqa: PLR0913, PLR0917 - a deed has these parts
    connection: asyncpg.Connection[Any],
    clock: Clock,
    scope: Scope,
    action: str,
    repair_id: int,
    detail: dict[str, Any],
) -> None:
    await connection.execute(
        "insert into audit (at, account_id, action, object, detail) values ($1, $2, $3, $4, $5::jsonb)",
        *(
            clock.now(),
            scope.account_id or None,
            action,
            f"crs-repair/{repair_id}",
            orjson.dumps(detail).decode(),
        ),
    )
