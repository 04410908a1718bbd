"""Whether the service can answer: for supervisors and load balancers, without a login and without details."""

import asyncio

from fastapi import APIRouter, Response

from api.context import Ctx
from api.schemas import Health
from base.errors import UnavailableError

router = APIRouter(tags=["health"])

PATIENCE_S = 2.0
KEPT_S = 1.0
"""However often it is asked, the store is asked once a second."""


@router.get("/healthz", summary="Whether the service can answer")
async def health(context: Ctx, response: Response) -> Health:
    """Answer 200 and `ok` when the database answers, else 503 and `unavailable`."""

    async def ask() -> bytes:
        async with asyncio.timeout(PATIENCE_S), context.database.raw() as connection:
            await connection.fetchval("select 1")
        return b""

    try:
        await context.cache.get("health", ask, ttl_s=KEPT_S)
    except (UnavailableError, TimeoutError):
        response.status_code = 503
        return Health(status="unavailable")
    return Health(status="ok")
