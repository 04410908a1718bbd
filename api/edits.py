"""What edits of records have in common: who was faster, and what became different."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from api.errors import EditedMeanwhileError
from models.tables import account, audit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection


async def edited_meanwhile(connection: AsyncConnection, object_: str, version: int) -> EditedMeanwhileError:
    """What to say to whoever read an older version of ``object_``: who edited it last, and when."""
    query = (
        select(account.c.username, audit.c.at)
        .join_from(audit, account)
        .where(audit.c.object == object_)
        .order_by(audit.c.id.desc())
        .limit(1)
    )
    last = (await connection.execute(query)).one_or_none()
    return EditedMeanwhileError(
        version=version, edited_by=last.username if last else None, edited_at=last.at if last else None
    )


def difference(before: RowMapping, values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """For the record of a deed: of the fields ``names`` those that ``values`` make different."""
    changed = [name for name in names if name in values and values[name] != before[name]]
    return {
        "before": {name: before[name] for name in changed},
        "after": {name: values[name] for name in changed},
    }
