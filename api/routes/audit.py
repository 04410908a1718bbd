"""The record of who changed or viewed what, for auditors."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api.context import AuditReader, Ctx, Cursor, Limit
from api.queries.audit_log import AuditFilter, list_audit
from api.schemas import AuditEntry, Line, Page

router = APIRouter(prefix="/audit", tags=["audit"])


@router.get("", summary="The audit record, newest first")
async def audit(  # noqa: PLR0913, PLR0917 - each is one filter of the query string
    context: Ctx,
    scope: AuditReader,
    action: Annotated[Line | None, Query(description="its beginning", examples=["camera."])] = None,
    account: Annotated[Line | None, Query(description="a user name", examples=["zhou.hang"])] = None,
    since: Annotated[AwareDatetime | None, Query(examples=["2026-01-17T00:00:00+08:00"])] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AuditEntry]:
    """Deeds of the accounts of the asker's units."""
    wanted = AuditFilter(action=action, username=account, since=since)
    async with context.database.begin() as connection:
        return await list_audit(connection, scope, wanted, after=cursor, limit=limit)
