"""Writes that may be sent twice: the answer to the first is given again to the second."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from fastapi.responses import Response
from sqlalchemy import delete, func, insert, select

from api.errors import KeyReusedError
from models.tables import idempotency

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from base.clock import Clock

KEPT = timedelta(hours=24)
REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = frozenset({"content-type", "etag", "location"})


@dataclass(frozen=True, slots=True)
class Write:
    """A write as it was sent.

    Attributes:
        account_id: By whom; keys of different accounts have nothing to do with each other.
        key: The sender's name for it, or None if it has none.
        digest: sha256 of what was asked for: method, path, precondition and body.
    """

    account_id: int
    key: str | None
    digest: bytes

    @classmethod
    def of(cls, account_id: int, key: str | None, *parts: bytes) -> Write:
        """The write made of these parts of a request."""
        digest = hashlib.sha256()
        for part in parts:
            digest.update(len(part).to_bytes(8) + part)
        return cls(account_id, key, digest.digest())


async def once(
    connection: AsyncConnection, clock: Clock, write: Write, work: Callable[[], Awaitable[Response]]
) -> Response:
    """The answer of ``work``, or the answer kept from when this write was done before.

    Both stand in the caller's transaction, so the answer is kept exactly when the work was done. Of two equal
    writes at once the second waits for the first. A write that failed is not kept and may be tried again.

    Raises:
        KeyReusedError: The key was used for another write.
    """
    if write.key is None:
        return await work()
    named = func.hashtextextended(f"idempotency/{write.account_id}/{write.key}", 0)
    await connection.execute(select(func.pg_advisory_xact_lock(named)))
    columns = (idempotency.c.request_hash, idempotency.c.status, idempotency.c.headers, idempotency.c.body)
    mine = idempotency.c.account_id == write.account_id
    fresh = idempotency.c.created_at > clock.now() - KEPT
    query = select(*columns).where(mine, idempotency.c.key == write.key, fresh)
    kept = (await connection.execute(query)).one_or_none()
    if kept is None:
        answer = await work()
        await connection.execute(delete(idempotency).where(mine, ~fresh))
        await connection.execute(insert(idempotency).values(**_row(write, answer), created_at=clock.now()))
        return answer
    if kept.request_hash != write.digest:
        raise KeyReusedError(
            "This Idempotency-Key was used for another request.", remedy="Use a fresh key for each write."
        )
    return Response(kept.body, kept.status, headers={**kept.headers, REPLAYED: "true"})


def _row(write: Write, answer: Response) -> dict[str, object]:
    headers = {name: value for name, value in answer.headers.items() if name in KEPT_HEADERS}
    return {
        "account_id": write.account_id,
        "key": write.key,
        "request_hash": write.digest,
        "status": answer.status_code,
        "headers": headers,
        "body": bytes(answer.body),
    }
