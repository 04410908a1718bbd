"""The audit record within a scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Select, and_, case, cast, func, or_, select

from api import cursor
from api.schemas import AuditEntry, Page
from models.tables import account, audit, camera, organisation

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from models.scope import Scope

_NUMBER = cast(func.split_part(audit.c.object, "/", 2), BigInteger)
_CAMERA_ID = case((audit.c.object.regexp_match(r"^camera/\d{1,18}$"), _NUMBER))


def _seen(scope: Scope) -> ColumnElement[bool]:
    """Deeds of accounts of the asker's units, and none that tells of a camera outside the asker's scope."""
    by_own_unit: ColumnElement[bool] = organisation.c.tree_left.between(scope.tree_left, scope.tree_right)
    if scope.whole_city:
        by_own_unit = by_own_unit | audit.c.account_id.is_(None)
    return and_(by_own_unit, or_(camera.c.id.is_(None), scope.sees(camera)))


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which deeds are meant; None means all.

    Attributes:
        action: Beginning of the action's name.
        username: Whose.
        since: Then or later.
    """

    action: str | None = None
    username: str | None = None
    since: datetime | None = None


async def list_audit(
    connection: AsyncConnection, scope: Scope, wanted: AuditFilter, *, after: str | None, limit: int
) -> Page[AuditEntry]:
    """A page of the record within ``scope``, newest first."""
    query: Select[Any] = (
        select(
            *(audit.c.id, audit.c.at, audit.c.action, audit.c.object, audit.c.detail, audit.c.client),
            account.c.username.label("account"),
        )
        .select_from(
            audit.outerjoin(account, account.c.id == audit.c.account_id)
            .outerjoin(organisation, organisation.c.id == account.c.unit_id)
            .outerjoin(camera, camera.c.id == _CAMERA_ID)
        )
        .where(_seen(scope))
        .order_by(audit.c.id.desc())
        .limit(limit + 1)
    )
    if wanted.action is not None:
        query = query.where(audit.c.action.startswith(wanted.action, autoescape=True))
    if wanted.username is not None:
        query = query.where(account.c.username == wanted.username)
    if wanted.since is not None:
        query = query.where(audit.c.at >= wanted.since)
    if after is not None:
        query = query.where(audit.c.id < cursor.decode_id(after))
    rows = (await connection.execute(query)).mappings().all()
    entries = [AuditEntry(**{**row, "client": str(row["client"]) if row["client"] else None}) for row in rows]
    more = cursor.encode(entries[limit - 1].id) if len(entries) > limit else None
    return Page(items=entries[:limit], next=more)
