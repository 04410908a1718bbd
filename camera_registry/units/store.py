"""The tree in the store: read, written, and kept as it was before each change."""

# ruff: noqa: S608 - table and column names come from this program's own metadata

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import shapely

from base.errors import ConflictError
from camera_registry.units.tree import Unit
from models.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    import asyncpg

    from camera_registry.units.report import UnitsReport

LOCK_WAIT = "10s"

REFERRING = tuple(
    sorted(
        (f"{table.name}", f"{column.name}")  # plain words, not SQLAlchemy's own kind
        for table in metadata.tables.values()
        for column in table.columns
        for key in column.foreign_keys
        if key.target_fullname == "organisation.id" and table.name != "organisation"
    )
)
"""Columns of other tables that name a unit."""

_LOCK_TREE = "lock table organisation in exclusive mode"
_LOCK_PLACED = "lock table camera, point in share row exclusive mode"
"""So that nobody is placed by the old form of the tree meanwhile."""

_READ = """
select o.id, o.code, o.civil_code, o.name, o.name_en, o.level, p.code as parent, o.tree_left, o.tree_right,
       ST_AsBinary(o.geom) as wkb
  from organisation o left join organisation p on p.id = o.parent_id
 order by o.tree_left, o.level, o.code
"""

_WRITE = """
insert into organisation (code, civil_code, name, name_en, level, tree_left, tree_right, geom, updated_at)
select code, civil_code, name, name_en, level, tree_left, tree_right, ST_GeomFromWKB(wkb, 4326), $1
  from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::int[], $8::int[], $9::bytea[])
       as new (code, civil_code, name, name_en, level, tree_left, tree_right, wkb)
on conflict (code) do update
   set civil_code = excluded.civil_code, name = excluded.name, name_en = excluded.name_en,
       level = excluded.level, tree_left = excluded.tree_left, tree_right = excluded.tree_right,
       geom = excluded.geom, updated_at = excluded.updated_at, version = organisation.version + 1
"""

_RENUMBER = """
update organisation o set tree_left = n.tree_left, tree_right = n.tree_right
  from unnest($1::text[], $2::int[], $3::int[]) as n (code, tree_left, tree_right)
 where o.code = n.code and (o.tree_left, o.tree_right) is distinct from (n.tree_left, n.tree_right)
"""

_NEST = """
update organisation o set parent_id = p.id
  from unnest($1::text[], $2::text[]) as nested (code, parent)
  left join organisation p on p.code = nested.parent
 where o.code = nested.code and o.parent_id is distinct from p.id
"""

_KEEP = """
insert into unit_before (change_id, code, civil_code, name, name_en, level, parent_code, position, geom)
select $1, o.code, o.civil_code, o.name, o.name_en, o.level, p.code, o.tree_left, o.geom
  from organisation o left join organisation p on p.id = o.parent_id
"""


async def lock(connection: asyncpg.Connection[Any], *, dry_run: bool) -> None:
    """Keep everybody else from changing the tree, and from placing by it, until the transaction ends.

    Raises:
        asyncpg.LockNotAvailableError: Somebody else does.
    """
    await connection.execute(f"set local lock_timeout = '{LOCK_WAIT}'")
    await connection.execute(_LOCK_TREE)
    if not dry_run:
        await connection.execute(_LOCK_PLACED)


def locked_out() -> ConflictError:
    """What to say when :func:`lock` was not granted."""
    return ConflictError(
        f"Another program has held the catalogue locked for {LOCK_WAIT}.",
        remedy="Try again when it has finished.",
    )


async def read_tree(connection: asyncpg.Connection[Any]) -> list[Unit]:
    """All units, in the order of the tree."""
    return [_unit(row) for row in await connection.fetch(_READ)]


def _unit(row: asyncpg.Record) -> Unit:
    values = dict(row)
    wkb = values.pop("wkb")
    return Unit(**values, shape=shapely.from_wkb(wkb) if wkb else None)


async def write_units(connection: asyncpg.Connection[Any], at: datetime, units: Sequence[Unit]) -> None:
    """Add units, or make them what they are here; those of other codes stay as they are."""
    columns = [
        [getattr(unit, name) for unit in units]
        for name in ("code", "civil_code", "name", "name_en", "level", "tree_left", "tree_right")
    ]
    shapes = [shapely.to_wkb(unit.shape) if unit.shape is not None else None for unit in units]
    await connection.execute(_WRITE, at, *columns, shapes)
    await connection.execute(_NEST, columns[0], [unit.parent for unit in units])
    await connection.execute("analyze organisation")


async def number_units(connection: asyncpg.Connection[Any], units: Sequence[Unit]) -> None:
    """Give units the positions that they have here."""
    columns = ([getattr(unit, name) for unit in units] for name in ("code", "tree_left", "tree_right"))
    await connection.execute(_RENUMBER, *columns)


async def read_before(connection: asyncpg.Connection[Any], change_id: int) -> list[Unit]:
    """The tree as it was before a change, in its order; empty if there is no such change."""
    rows = await connection.fetch(
        """select code, civil_code, name, name_en, level, parent_code as parent, ST_AsBinary(geom) as wkb
             from unit_before where change_id = $1 order by position, level, code""",
        change_id,
    )
    return [_unit(row) for row in rows]


async def needed_by(connection: asyncpg.Connection[Any], codes: Collection[str]) -> dict[str, dict[str, int]]:
    """By unit, how many rows of which tables name it."""
    needed: dict[str, dict[str, int]] = {code: {} for code in codes}
    for table, column in REFERRING:
        rows = await connection.fetch(
            f"""select o.code, count(*) as count from {table} t join organisation o on o.id = t.{column}
                 where o.code = any($1::text[]) group by 1""",
            list(codes),
        )
        for row in rows:
            needed[row["code"]][table] = needed[row["code"]].get(table, 0) + row["count"]
    return needed


async def remove_units(connection: asyncpg.Connection[Any], codes: Collection[str]) -> None:
    """Remove units that nothing names any more."""
    await connection.execute("delete from organisation where code = any($1::text[])", list(codes))


async def begin_change(
    connection: asyncpg.Connection[Any], at: datetime, account_id: int | None, report: UnitsReport
) -> int:
    """Keep the tree as it is, and return the number of the change that is about to be made."""
    change_id: int = await connection.fetchval(
        "insert into unit_change (at, account_id, file, sha256) values ($1, $2, $3, $4) returning id",
        *(at, account_id, report.file, report.sha256),
    )
    await connection.execute(_KEEP, change_id)
    return change_id


async def end_change(
    connection: asyncpg.Connection[Any], at: datetime, account_id: int | None, report: UnitsReport
) -> None:
    """Write down what came of it, for its history and for auditors."""
    facts = {
        "file": report.file,
        "new": [unit.code for unit in report.new],
        "changed": [unit.code for unit in report.changed],
        "missing": {unit.code: unit.becomes for unit in report.missing},
        "moved": {table: told["total"] for table, told in report.moved.items()},
    }
    await connection.execute(
        "update unit_change set report = $2::jsonb where id = $1",
        *(report.change_id, orjson.dumps(report.as_json(), default=str).decode()),
    )
    await connection.execute(
        """insert into audit (at, account_id, action, object, detail)
           values ($1, $2, 'units.import', $3, $4::jsonb)""",
        *(at, account_id, f"unit-change/{report.change_id}", orjson.dumps(facts).decode()),
    )
