"""What is remembered of imports: each source's mapping, each batch with its report, and who did it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import select

from camera_registry.importing.headers import fold_header
from camera_registry.importing.surroundings import MOST_SENSITIVE
from models.scope import ROOT_POSITION
from models.tables import account, import_batch, import_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import asyncpg
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from camera_registry.importing.report import ImportReport
    from camera_registry.importing.request import ImportRequest, Kind
    from models.scope import Scope


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was told of a source before.

    Attributes:
        mapping: Header → field.
        crs: The reference system of rows that declare none.
    """

    mapping: dict[str, str] = field(default_factory=dict)
    crs: str | None = None

    def mapping_for(self, header: Sequence[str]) -> dict[str, str]:
        """The part of the mapping whose columns this file has."""
        folded = {fold_header(name)[0] for name in header}
        return {name: told for name, told in self.mapping.items() if fold_header(name)[0] in folded}


async def remembered(connection: asyncpg.Connection[Any], kind: Kind, source: str) -> Remembered:
    """What was told of a source before; nothing of a new one."""
    row = await connection.fetchrow(
        "select mapping::text, crs from import_source where kind = $1 and name = $2", kind.value, source
    )
    return Remembered(orjson.loads(row["mapping"]), row["crs"]) if row else Remembered()


async def remember(
    connection: asyncpg.Connection[Any],
    request: ImportRequest,
    report: ImportReport,
    now: datetime,
    mapping: dict[str, str],
) -> int:
    """Keep what was told of the source, and return its row."""
    return await connection.fetchval(  # type: ignore[no-any-return]
        """
        insert into import_source as s (kind, name, mapping, crs, listed_at)
        values ($1, $2, $3::text::jsonb, $4, $5)
            on conflict (kind, name) do update
           set mapping = s.mapping || excluded.mapping, crs = coalesce(excluded.crs, s.crs),
               listed_at = case when $6 then s.listed_at else excluded.listed_at end
        returning id
        """,
        report.kind,
        report.source,
        orjson.dumps(mapping).decode(),
        request.crs or None,
        now,
        report.partial,
    )


async def enter(
    connection: asyncpg.Connection[Any],
    request: ImportRequest,
    report: ImportReport,
    times: tuple[datetime, datetime],
    source_id: int,
) -> int:
    """Write the batch and its audit entry, and return the batch's row."""
    scope = request.scope
    by = scope.account_id if scope else None
    batch: int = await connection.fetchval("select nextval(pg_get_serial_sequence('import_batch', 'id'))")
    report.batch_id = batch
    await connection.execute(
        """
        insert into import_batch (id, source_id, file, sha256, account_id, unit_tree, sensitivity, begun_at,
                                  ended_at, partial, rows, refused, new, changed, unchanged, gone, report)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17::text::jsonb)
        """,
        *(batch, source_id, report.file, report.sha256, by),
        *(scope.tree_left if scope else ROOT_POSITION, scope.max_sensitivity if scope else MOST_SENSITIVE),
        *times,
        *(
            report.partial,
            report.rows,
            report.refused,
            report.new,
            report.changed,
            report.unchanged,
            report.gone,
        ),
        orjson.dumps(report.as_json(), default=str).decode(),
    )
    told = {name: getattr(report, name) for name in ("source", "file", "sha256", "new", "changed", "gone")}
    await connection.execute(
        "insert into audit (account_id, action, object, detail)"
        " values ($1, 'catalogue.import', $2, $3::text::jsonb)",
        by,
        f"import/{batch}",
        orjson.dumps({"kind": report.kind, **told}).decode(),
    )
    return batch


_LISTED = (
    *(import_batch.c.id, import_source.c.kind, import_source.c.name.label("source"), import_batch.c.file),
    *(import_batch.c.sha256, account.c.username, import_batch.c.begun_at, import_batch.c.ended_at),
    *(import_batch.c.partial, import_batch.c.rows, import_batch.c.refused, import_batch.c.new),
    *(import_batch.c.changed, import_batch.c.unchanged, import_batch.c.gone),
)


async def list_batches(
    connection: AsyncConnection, scope: Scope | None, *, before: int | None = None, limit: int = 50
) -> Sequence[RowMapping]:
    """Imports that the asker may read of, newest first, without their reports.

    Args:
        connection: To the store.
        scope: The asker's; None is the system itself.
        before: Only batches with a smaller id, for paging.
        limit: Most of them.
    """
    query = _from(select(*_LISTED), scope).order_by(import_batch.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(import_batch.c.id < before)
    return (await connection.execute(query)).mappings().all()


async def read_batch(connection: AsyncConnection, scope: Scope | None, batch_id: int) -> RowMapping | None:
    """One import with its report; None if there is none that the asker may read of."""
    query = _from(select(*_LISTED, import_batch.c.report), scope).where(import_batch.c.id == batch_id)
    return (await connection.execute(query)).mappings().one_or_none()


def _from(query: Any, scope: Scope | None) -> Any:
    query = query.select_from(import_batch.join(import_source).outerjoin(account))
    return query.where(scope.sees(import_batch)) if scope else query
