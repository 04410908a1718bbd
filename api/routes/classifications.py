"""Classification: dry runs, changes in bulk, their history and undo, and the scenes of one camera."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime
from sqlalchemy.ext.asyncio import AsyncConnection

from api import cursor as cursors
from api.classify import assign_one, classify, etag_of, take_back, unassign_one
from api.context import CameraClassifier, CameraReader, Context, Ctx, Cursor, Limit
from api.cursor import MAX_ID
from api.errors import PreconditionRequiredError
from api.idempotency import Write, once
from api.routes.cameras import CameraId, IfMatch, Key
from api.schemas import Line, Page
from api.schemas_classification import (
    Assignment,
    AssignmentEvent,
    AssignmentOrder,
    Assignments,
    BatchAction,
    BatchCamera,
    BatchUndoing,
    ClassificationBatch,
    ClassificationBatchDetail,
    ClassificationDone,
    ClassificationOrder,
    ClassificationPreview,
    ClassificationWish,
    UndoOrder,
    UnitChange,
)
from api.sessions import Asker
from base.database import driver_of
from camera_registry.classification import (
    Assigned,
    BatchFilter,
    Proposal,
    Source,
    Undo,
    assignments,
    camera_events,
    cameras_of_batch,
    list_batches,
    preview,
    preview_undo,
    read_batch,
    units_of_batch,
)

router = APIRouter(tags=["classification"])

BatchId = Annotated[int, Path(ge=1, le=MAX_ID, examples=[19], description="number of the batch")]
SceneCode = Annotated[
    str, Path(min_length=1, max_length=64, examples=["snow-clearing"], description="code of the scene")
]


@router.post("/classifications/preview", summary="What a classification would do")
async def preview_classification(
    context: Ctx, asker: CameraClassifier, wish: Annotated[ClassificationWish, Body()]
) -> ClassificationPreview:
    """A dry run: how many cameras are meant; how many of them are new, so already, or serve other scenes.

    It tells by whose word they serve those, counts by unit, state, scene and owner, and shows some cameras of
    each kind. Its `token` goes with the change that follows.
    """
    async with context.database.begin() as connection:
        found = await preview(await driver_of(connection), asker.scope, wish.change())
    return ClassificationPreview.of(found)


@router.post("/classifications", summary="Classify cameras in bulk", response_model=ClassificationDone)
async def classify_cameras(
    request: Request,
    context: Ctx,
    asker: CameraClassifier,
    order: Annotated[ClassificationOrder, Body()],
    key: Key = None,
) -> Response:
    """Add, remove or replace scenes of all cameras within the asker's scope that are meant, as one batch.

    With the `token` of a dry run it is done only if it still means the same: otherwise 409 tells how many
    cameras are meant now, and which batches changed some of them meanwhile.
    """
    change = order.change()

    async def work(connection: AsyncConnection) -> Response:
        outcome = await classify(connection, context.clock, asker, change, order.token)
        return JSONResponse(ClassificationDone.of(outcome).model_dump(mode="json"))

    return await _once(request, context, asker, key, work)


@router.get("/classifications/batches", summary="Batches, newest first")
async def batches(  # noqa: PLR0913, PLR0917 - each is one filter of the query string
    context: Ctx,
    scope: CameraReader,
    by: Annotated[Line | None, Query(description="a user name", examples=["wang.gis"])] = None,
    scene: Annotated[Line | None, Query(description="code of a scene", examples=["snow-clearing"])] = None,
    source: Annotated[Source | None, Query(description="whose word", examples=["person"])] = None,
    action: Annotated[BatchAction | None, Query(description="what was done", examples=["undo"])] = None,
    since: Annotated[
        AwareDatetime | None, Query(description="then or later", examples=["2026-01-17T00:00:00+08:00"])
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ClassificationBatch]:
    """Who changed classifications, when, why and which: one's own batches, and those of cameras one sees."""
    wanted = BatchFilter(by=by, scene=scene, source=source, action=action, since=since)
    async with context.database.begin() as connection:
        found = await list_batches(
            await driver_of(connection), scope, wanted, before=_before(cursor), limit=limit + 1
        )
    more = cursors.encode(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[ClassificationBatch.of(batch) for batch in found[:limit]], next=more)


@router.get("/classifications/batches/{batch_id}", summary="One batch")
async def batch(context: Ctx, scope: CameraReader, batch_id: BatchId) -> ClassificationBatchDetail:
    """A batch, and what it changed by unit."""
    async with context.database.begin() as connection:
        driver = await driver_of(connection)
        found = await read_batch(driver, scope, batch_id)
        units = await units_of_batch(driver, scope, batch_id)
    return ClassificationBatchDetail(
        **ClassificationBatch.of(found).model_dump(), units=[UnitChange.of(unit) for unit in units]
    )


@router.get("/classifications/batches/{batch_id}/cameras", summary="The cameras of a batch")
async def cameras_of(
    context: Ctx, scope: CameraReader, batch_id: BatchId, cursor: Cursor = None, limit: Limit = 50
) -> Page[BatchCamera]:
    """Cameras within the asker's scope that the batch changed, by id, with what came and went."""
    after = cursors.decode_id(cursor) if cursor is not None else 0
    async with context.database.begin() as connection:
        driver = await driver_of(connection)
        await read_batch(driver, scope, batch_id)
        found = await cameras_of_batch(driver, scope, batch_id, after=after, limit=limit + 1)
    more = cursors.encode(found[limit - 1].id) if len(found) > limit else None
    items = [
        BatchCamera(id=c.id, code=c.code, name=c.name, came=list(c.came), went=list(c.went))
        for c in found[:limit]
    ]
    return Page(items=items, next=more)


@router.post("/classifications/batches/{batch_id}/undo/preview", summary="What an undo would do")
async def preview_batch_undo(context: Ctx, asker: CameraClassifier, batch_id: BatchId) -> BatchUndoing:
    """How many cameras would be restored, and which would not, and why. Nothing is changed."""
    wish = Undo(batch_id, days=context.settings.undo_days)
    async with context.database.begin() as connection:
        driver = await driver_of(connection)
        return BatchUndoing.of(await preview_undo(driver, context.clock, asker.scope, wish))


@router.post("/classifications/batches/{batch_id}/undo", summary="Undo a batch", response_model=BatchUndoing)
async def undo_batch(  # noqa: PLR0913, PLR0917 - a repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: CameraClassifier,
    batch_id: BatchId,
    order: Annotated[UndoOrder | None, Body()] = None,
    key: Key = None,
) -> Response:
    """Restore what the batch changed, exactly, except cameras about which somebody decided otherwise since.

    The undo is a batch too: undoing it does the first one again.
    """
    reason = (order.reason if order else None) or None
    wish = Undo(batch_id, days=context.settings.undo_days, reason=reason)

    async def work(connection: AsyncConnection) -> Response:
        undoing = await take_back(connection, context.clock, asker, wish)
        return JSONResponse(BatchUndoing.of(undoing).model_dump(mode="json"))

    return await _once(request, context, asker, key, work)


@router.get("/cameras/{camera_id}/classifications", summary="The scenes of a camera")
async def assignments_of(
    context: Ctx,
    scope: CameraReader,
    camera_id: CameraId,
    response: Response,
    at: Annotated[
        AwareDatetime | None,
        Query(description="as it was then; now when left out", examples=["2026-01-17T00:00:00+08:00"]),
    ] = None,
) -> Assignments:
    """Which scenes a camera serves, or served at some moment; by whose word, when and why."""
    async with context.database.begin() as connection:
        found = await assignments(await driver_of(connection), scope, camera_id, at=at)
    if at is None:
        response.headers["ETag"] = etag_of(found)
    return _assignments(camera_id, found)


@router.get("/cameras/{camera_id}/classifications/history", summary="What happened to a camera's scenes")
async def history_of(
    context: Ctx, scope: CameraReader, camera_id: CameraId, cursor: Cursor = None, limit: Limit = 50
) -> Page[AssignmentEvent]:
    """Every change of a camera's scenes, newest first; `limit` counts batches."""
    async with context.database.begin() as connection:
        driver = await driver_of(connection)
        found = await camera_events(driver, scope, camera_id, before=_before(cursor), limit=limit + 1)
    numbers = sorted({event.batch_id for event in found}, reverse=True)
    more = cursors.encode(numbers[limit - 1]) if len(numbers) > limit else None
    shown = set(numbers[:limit])
    return Page(items=[AssignmentEvent.of(e) for e in found if e.batch_id in shown], next=more)


@router.put(
    "/cameras/{camera_id}/classifications/{scene}",
    summary="Let a camera serve a scene",
    response_model=Assignments,
)
async def assign(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: CameraClassifier,
    camera_id: CameraId,
    scene: SceneCode,
    order: Annotated[AssignmentOrder | None, Body()] = None,
    if_match: IfMatch = None,
    key: Key = None,
) -> Response:
    """The camera serves the scene by the asker's word, beside what it serves already.

    `If-Match` carries the `ETag` of the camera's scenes: 412 tells who changed them in between.
    """
    given = order or AssignmentOrder()
    proposal = Proposal(camera_id, scene, given.confidence, given.reason or None)
    match = _required(if_match)

    async def work(connection: AsyncConnection) -> Response:
        return _held(camera_id, await assign_one(connection, context.clock, asker, proposal, match))

    return await _once(request, context, asker, key, work, match)


@router.delete(
    "/cameras/{camera_id}/classifications/{scene}",
    summary="Let a camera cease to serve a scene",
    response_model=Assignments,
)
async def unassign(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: CameraClassifier,
    camera_id: CameraId,
    scene: SceneCode,
    reason: Annotated[Line | None, Query(max_length=200, description="why", examples=["镜头已转向"])] = None,
    if_match: IfMatch = None,
    key: Key = None,
) -> Response:
    """The camera no longer serves the scene. `If-Match` carries the `ETag` of the camera's scenes."""
    proposal = Proposal(camera_id, scene, reason=reason or None)
    match = _required(if_match)

    async def work(connection: AsyncConnection) -> Response:
        return _held(camera_id, await unassign_one(connection, context.clock, asker, proposal, match))

    return await _once(request, context, asker, key, work, match)


async def _once(  # noqa: PLR0913, PLR0917 - what a repeatable write consists of
    request: Request,
    context: Context,
    asker: Asker,
    key: str | None,
    work: Callable[[AsyncConnection], Awaitable[Response]],
    if_match: str = "",
) -> Response:
    target = f"{request.url.path}?{request.url.query}".encode()
    write = Write.of(
        asker.scope.account_id, key, request.method.encode(), target, if_match.encode(), await request.body()
    )
    async with context.database.begin() as connection:
        return await once(connection, context.clock, write, lambda: work(connection))


def _required(if_match: str | None) -> str:
    if if_match is None:
        raise PreconditionRequiredError(
            "A change of one camera's scenes says which state of them it is meant for.",
            remedy="Send the ETag of the camera's classifications as If-Match.",
        )
    return if_match


def _before(cursor: str | None) -> int:
    return cursors.decode_id(cursor) if cursor is not None else MAX_ID


def _assignments(camera_id: int, found: list[Assigned]) -> Assignments:
    return Assignments(camera=camera_id, items=[Assignment.of(assigned) for assigned in found])


def _held(camera_id: int, found: list[Assigned]) -> Response:
    content = _assignments(camera_id, found).model_dump(mode="json")
    return JSONResponse(content, headers={"ETag": etag_of(found)})
