"""Cameras entered by hand, retired and restored; batches of edits; what was done to a camera."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from api.camera_life import create_camera, edit_batch, read_history, restore_camera, retire_camera
from api.context import CameraEditor, CameraReader, Context, Ctx, Cursor, Limit
from api.idempotency import once
from api.queries.cameras import read_camera
from api.routes.cameras import CameraId, IfMatch, Key, record_answer, required, write_of
from api.schemas import Page
from api.schemas_cameras import BatchOutcome, CameraBatch, CameraRecord, Change, NewCamera
from api.sessions import Asker
from base.clock import Clock

router = APIRouter(prefix="/cameras", tags=["cameras"])

Put = Callable[[AsyncConnection, Clock, Asker, int, str], Awaitable[int]]


@router.post("", summary="Enter a camera", status_code=201, response_model=CameraRecord)
async def create(
    request: Request,
    context: Ctx,
    asker: CameraEditor,
    new: Annotated[NewCamera, Body()],
    key: Key = None,
) -> Response:
    """A camera that no list has. Its place assigns the unit whose ground it is."""
    write = await write_of(request, asker, key)
    async with context.database.begin() as connection:

        async def work() -> Response:
            camera_id = await create_camera(connection, context.clock, asker, new)
            return record_answer(await read_camera(connection, asker.scope, camera_id), status=201)

        return await once(connection, context.clock, write, work)


@router.post("/batch", summary="Edit several cameras", response_model=BatchOutcome)
async def batch(
    request: Request,
    context: Ctx,
    asker: CameraEditor,
    body: Annotated[CameraBatch, Body()],
    key: Key = None,
) -> Response:
    """At most 500 edits, each with the version that was read; each is done or refused by itself.

    With `atomic` all are done or none: 422 then names those that cannot be.
    """
    write = await write_of(request, asker, key)
    async with context.database.begin() as connection:

        async def work() -> Response:
            outcome = await edit_batch(connection, context.clock, asker, body.items, atomic=body.atomic)
            return JSONResponse(outcome.model_dump(mode="json"))

        return await once(connection, context.clock, write, work)


@router.get("/{camera_id}/history", summary="What was done to a camera")
async def history(
    context: Ctx, scope: CameraReader, camera_id: CameraId, cursor: Cursor = None, limit: Limit = 50
) -> Page[Change]:
    """Newest first: who, when, and what was different before and after. Network addresses are not told."""
    async with context.database.begin() as connection:
        return await read_history(connection, scope, camera_id, after=cursor, limit=limit)


@router.delete("/{camera_id}", summary="Retire a camera", response_model=CameraRecord)
async def retire(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: CameraEditor,
    camera_id: CameraId,
    if_match: IfMatch = None,
    key: Key = None,
) -> Response:
    """It leaves the lists, as if its source had ceased to list it. Nothing is deleted; it can be restored."""
    return await _put(retire_camera, request, context, asker, camera_id, required(if_match), key)


@router.post("/{camera_id}/restore", summary="Restore a retired camera", response_model=CameraRecord)
async def restore(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: CameraEditor,
    camera_id: CameraId,
    if_match: IfMatch = None,
    key: Key = None,
) -> Response:
    """It is on the lists again."""
    return await _put(restore_camera, request, context, asker, camera_id, required(if_match), key)


async def _put(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    put: Put, request: Request, context: Context, asker: Asker, camera_id: int, version: str, key: str | None
) -> Response:
    write = await write_of(request, asker, key, version)
    async with context.database.begin() as connection:

        async def work() -> Response:
            await put(connection, context.clock, asker, camera_id, version)
            return record_answer(await read_camera(connection, asker.scope, camera_id))

        return await once(connection, context.clock, write, work)
