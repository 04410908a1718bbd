"""Jobs: long work that was asked for, how far it is, and its end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from api import cursor as cursors
from api.context import Authenticated, Context, Ctx, Cursor, Limit
from api.cursor import MAX_ID
from api.idempotency import Write, once
from api.routes.cameras import Key
from api.schemas import Line, Page
from api.schemas_jobs import JobRecord, JobState
from api.sessions import Asker
from api.stream import HEARTBEAT_S, EventResponse
from base.errors import DengtaError
from camera_registry.jobs import JobFilter, cancel_job, list_jobs, read_job

router = APIRouter(prefix="/jobs", tags=["jobs"])

JobId = Annotated[int, Path(ge=1, le=MAX_ID, examples=[42])]

GLANCE_S = 0.5
"""How often a follower is told of progress."""


@router.get("", summary="List jobs, newest first")
async def jobs(  # noqa: PLR0913, PLR0917 - each is one filter of the query string
    context: Ctx,
    asker: Authenticated,
    kind: Annotated[Line | None, Query(examples=["import"])] = None,
    state: Annotated[JobState | None, Query(examples=["running"])] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[JobRecord]:
    """What the asker asked for; engineers see everybody's."""
    wanted = JobFilter(
        kinds=(kind,) if kind is not None else None,
        state=state,
        before=cursors.decode_id(cursor) if cursor is not None else None,
    )
    async with context.database.begin() as connection:
        found = await list_jobs(connection, asker.scope, wanted, limit=limit + 1)
    more = cursors.encode(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[JobRecord.of(each) for each in found[:limit]], next=more)


@router.get("/{job_id}", summary="One job")
async def job(context: Ctx, asker: Authenticated, job_id: JobId) -> JobRecord:
    """How far it is, what came of it, or what stopped it."""
    async with context.database.begin() as connection:
        return JobRecord.of(await read_job(connection, asker.scope, job_id))


@router.post("/{job_id}/cancel", summary="Ask for a job's end", response_model=JobRecord)
async def cancel(
    request: Request, context: Ctx, asker: Authenticated, job_id: JobId, key: Key = None
) -> Response:
    """One that waits ends at once, one that runs is rolled back within seconds, one that ended stays."""
    write = Write.of(asker.scope.account_id, key, b"POST", request.url.path.encode())
    async with context.database.begin() as connection:

        async def work() -> Response:
            status = await cancel_job(connection, asker.scope, job_id)
            return JSONResponse(JobRecord.of(status).model_dump(mode="json"))

        return await once(connection, context.clock, write, work)


@router.get(
    "/{job_id}/events",
    summary="Follow a job",
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events `job`: `data` is the job's record, until it has ended.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'event: job\ndata: {"id": 42, "state": "running", "share": 0.4}\n\n',
                }
            },
        }
    },
)
async def follow(context: Ctx, asker: Authenticated, job_id: JobId) -> Response:
    """Server-sent events: the job's record whenever it changed; the stream ends with the job."""
    async with context.database.begin() as connection:
        await read_job(connection, asker.scope, job_id)
    return EventResponse(_frames(context, asker, job_id), context.streams, asker.scope.account_id)


async def _frames(context: Context, asker: Asker, job_id: int) -> AsyncIterator[bytes]:
    told, quiet = b"", 0.0
    try:
        while not context.bell.closed:
            current = await context.sessions.holds(asker)
            if current is None:
                return
            async with context.database.begin() as connection:
                record = JobRecord.of(await read_job(connection, current.scope, job_id))
            body = record.model_dump_json().encode()
            if body != told:
                told, quiet = body, 0.0
                yield b"event: job\ndata: %s\n\n" % body
            elif quiet >= HEARTBEAT_S:
                quiet = 0.0
                yield b": beat\n\n"
            if record.ended_at:
                return
            quiet += GLANCE_S
            await asyncio.sleep(GLANCE_S)
    except DengtaError:  # the reader comes back by itself and is told the reason then
        return
