"""The record of who changed or viewed what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from models.tables import audit

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done.

    Attributes:
        action: What, e.g. ``camera.edit``.
        object: To what, e.g. ``camera/17``.
        account_id: By whom; None when nobody was known.
        client: From which address.
        detail: What else a later reader will ask, as JSON; never a secret.
    """

    action: str
    object: str | None = None
    account_id: int | None = None
    client: str | None = None
    detail: dict[str, Any] | None = None


async def record(connection: AsyncConnection, deed: Deed) -> None:
    """Write it down in the caller's transaction, so that the deed and its record stand or fall together."""
    await connection.execute(
        insert(audit).values(
            action=deed.action,
            object=deed.object,
            account_id=deed.account_id,
            client=deed.client,
            detail=deed.detail or {},
        )
    )
