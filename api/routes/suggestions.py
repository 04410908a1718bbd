"""Suggestions: which scenes cameras should serve, why, and what staff say to it."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from api import cursor as cursors
from api.audit import record
from api.context import CameraClassifier, CameraReader, Context, Ctx, Cursor, Limit
from api.filters import CameraFilterBody
from api.idempotency import Write, once
from api.routes.cameras import CameraId, Key
from api.schemas import Line, Page
from api.schemas_names import NameReading
from api.schemas_suggestions import (
    SuggestionAccept,
    SuggestionDecision,
    SuggestionModel,
    SuggestionPreviewWish,
    SuggestionRecord,
    SuggestionRefuse,
    SuggestionRunAsked,
    SuggestionRunOrder,
    SuggestionSource,
    SuggestionState,
    SuggestionSummary,
)
from api.sessions import Asker
from base.database import driver_of
from base.errors import NotFoundError
from camera_registry.jobs import ask
from camera_registry.names import parse_name
from camera_registry.suggestion.decide import Decided, accept, count, lexicon, refuse, reopen
from camera_registry.suggestion.listing import Place, list_suggestions, suggestions_of
from camera_registry.suggestion.model_store import read_card
from camera_registry.suggestion.wanted import Wanted
from camera_registry.suggestion.work import KIND
from models.tables import camera

router = APIRouter(tags=["suggestions"])

Least = Annotated[
    float | None,
    Query(ge=0, le=1, allow_inf_nan=False, description="confidence at least", examples=[0.9]),
]
Most = Annotated[
    float | None, Query(ge=0, le=1, allow_inf_nan=False, description="confidence at most", examples=[1.0])
]
Scenes = Annotated[
    list[Line] | None,
    Query(max_length=100, description="codes of the scenes suggested", examples=[["school"]]),
]
Units = Annotated[
    list[Line] | None,
    Query(max_length=200, description="codes of units: their subtrees", examples=[["YT-ZF"]]),
]
Source = Annotated[SuggestionSource | None, Query(description="whose word", examples=["learned"])]


@router.get("/suggestions", summary="List suggestions, the surest first")
async def suggestions(  # noqa: PLR0913, PLR0917 - each is one filter of the query string
    context: Ctx,
    scope: CameraReader,
    scene: Scenes = None,
    unit: Units = None,
    source: Source = None,
    least: Least = None,
    most: Most = None,
    state: Annotated[SuggestionState, Query(examples=["open"])] = "open",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SuggestionRecord]:
    """Scenes that cameras within the asker's scope should serve, with up to three reasons each."""
    wanted = _wanted(scene, unit, source, least, most)
    after = None if cursor is None else Place(*cursors.decode_triple(cursor))
    async with context.database.begin() as connection:
        rows = await list_suggestions(connection, scope, wanted, state, after=after, limit=limit + 1)
        words = await lexicon(await driver_of(connection))
    more = None
    if len(rows) > limit:
        last = Place.of(rows[limit - 1])
        more = cursors.encode(last.confidence, last.camera_id, last.scene_id)
    return Page(items=[SuggestionRecord.of(row, words) for row in rows[:limit]], next=more)


@router.get("/suggestions/summary", summary="Suggestions, counted")
async def summary(  # noqa: PLR0913, PLR0917 - each is one filter of the query string
    context: Ctx,
    scope: CameraReader,
    scene: Scenes = None,
    unit: Units = None,
    source: Source = None,
    least: Least = None,
    most: Most = None,
) -> SuggestionSummary:
    """Open suggestions within the asker's scope by scene and band of confidence."""
    async with context.database.begin() as connection:
        counted = await count(connection, scope, _wanted(scene, unit, source, least, most))
    return SuggestionSummary.of(counted)


@router.get("/suggestions/model", summary="The classifier in force")
async def model(context: Ctx, _scope: CameraReader) -> SuggestionModel:
    """What it was taught, how right it was on units that it had not seen, and how well it is calibrated."""
    async with context.database.raw() as connection:
        card = await read_card(connection)
    if card is None:
        raise NotFoundError(
            "No classifier has been trained; suggestions come from the rules alone.",
            remedy="Ask for a run with train.",
        )
    return SuggestionModel.of(card)


@router.post("/suggestions/preview", summary="What a decision would mean")
async def preview(
    context: Ctx, asker: CameraClassifier, wish: Annotated[SuggestionPreviewWish, Body()]
) -> SuggestionSummary:
    """A dry run: how many are meant, by scene and confidence. Its `token` goes with the decision."""
    async with context.database.begin() as connection:
        return SuggestionSummary.of(await count(connection, asker.scope, wish.wanted(), wish.state))


@router.post("/suggestions/accept", summary="Accept suggestions in bulk", response_model=SuggestionDecision)
async def accept_suggestions(
    request: Request,
    context: Ctx,
    asker: CameraClassifier,
    order: Annotated[SuggestionAccept, Body()],
    key: Key = None,
) -> Response:
    """The cameras serve what is suggested, as one batch of classification that can be undone.

    With the `token` of a dry run it is done only if the same suggestions are meant still.
    """

    async def decide(connection: AsyncConnection) -> Decided:
        return await accept(
            connection,
            context.clock,
            asker.scope,
            order.wanted(),
            token=order.token,
            conflicts=order.policy,
            reason=order.reason,
        )

    return await _decided(request, context, asker, key, "suggestion.accept", decide)


@router.post("/suggestions/refuse", summary="Refuse suggestions in bulk", response_model=SuggestionDecision)
async def refuse_suggestions(
    request: Request,
    context: Ctx,
    asker: CameraClassifier,
    order: Annotated[SuggestionRefuse, Body()],
    key: Key = None,
) -> Response:
    """They are not made again while their evidence stays the same, and the classifier learns from it."""

    async def decide(connection: AsyncConnection) -> Decided:
        return await refuse(connection, context.clock, asker.scope, order.wanted(), token=order.token)

    return await _decided(request, context, asker, key, "suggestion.refuse", decide)


@router.post("/suggestions/reopen", summary="Take refusals back", response_model=SuggestionDecision)
async def reopen_suggestions(
    request: Request,
    context: Ctx,
    asker: CameraClassifier,
    order: Annotated[SuggestionRefuse, Body()],
    key: Key = None,
) -> Response:
    """Refused suggestions are open again. What was accepted is taken back by undoing its batch."""

    async def decide(connection: AsyncConnection) -> Decided:
        return await reopen(connection, context.clock, asker.scope, order.wanted(), token=order.token)

    return await _decided(request, context, asker, key, "suggestion.reopen", decide)


@router.post(
    "/suggestions/run", summary="Make suggestions anew", status_code=202, response_model=SuggestionRunAsked
)
async def run(
    request: Request,
    context: Ctx,
    asker: CameraClassifier,
    order: Annotated[SuggestionRunOrder | None, Body()] = None,
    key: Key = None,
) -> Response:
    """A job that learns from what staff decided, makes the whole catalogue's suggestions anew, or both."""
    wish = order or SuggestionRunOrder()

    async def work(connection: AsyncConnection) -> Response:
        job = await ask(connection, KIND, account_id=asker.scope.account_id, parameters=wish.model_dump())
        await record(connection, asker.deed("suggestion.run", f"job/{job}", wish.model_dump()))
        return JSONResponse(SuggestionRunAsked(job=job).model_dump(), status_code=202)

    return await _once(request, context, asker, key, work)


@router.get("/cameras/{camera_id}/suggestions", summary="A camera's suggestions")
async def of_camera(context: Ctx, scope: CameraReader, camera_id: CameraId) -> list[SuggestionRecord]:
    """All that was ever suggested for it, the surest first, and what became of each."""
    async with context.database.begin() as connection:
        await _name_of(connection, scope, camera_id)
        rows = await suggestions_of(connection, scope, camera_id)
        words = await lexicon(await driver_of(connection))
    return [SuggestionRecord.of(row, words) for row in rows]


@router.get("/cameras/{camera_id}/name", summary="A camera's name, taken apart", tags=["cameras"])
async def name_of(context: Ctx, scope: CameraReader, camera_id: CameraId) -> NameReading:
    """Roads, junction, place, side, direction, form and number, and whether the record's heading agrees."""
    async with context.database.begin() as connection:
        name, heading_deg = await _name_of(connection, scope, camera_id)
    return NameReading.of(parse_name(name), heading_deg)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that cannot be printed")
    return text


@router.get("/names/parse", summary="Take a name apart", tags=["cameras"])
async def parse(
    _scope: CameraReader,
    name: Annotated[
        str,
        Query(max_length=200, description="any text", examples=["红旗路与青年路路口东南角球机02"]),
        AfterValidator(_printable),
    ],
) -> NameReading:
    """What such a name would say; nothing is kept."""
    return NameReading.of(parse_name(name))


async def _name_of(
    connection: AsyncConnection, scope: CameraReader, camera_id: int
) -> tuple[str, float | None]:
    query = select(camera.c.name, camera.c.heading_deg).where(scope.sees(camera), camera.c.id == camera_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFoundError("There is no such camera.")
    return row.name, row.heading_deg


def _wanted(
    scene: list[str] | None,
    unit: list[str] | None,
    source: SuggestionSource | None,
    least: float | None,
    most: float | None,
) -> Wanted:
    cameras = CameraFilterBody(units=unit or []).filter()
    return Wanted(cameras=cameras, scenes=tuple(scene or ()), source=source, least=least, most=most)


async def _decided(  # noqa: PLR0913, PLR0917 - what a repeatable decision consists of
    request: Request,
    context: Context,
    asker: Asker,
    key: str | None,
    action: str,
    decide: Callable[[AsyncConnection], Awaitable[Decided]],
) -> Response:
    """Decide and put it on record, once."""

    async def work(connection: AsyncConnection) -> Response:
        decided = await decide(connection)
        if decided.suggestions:
            detail = {"suggestions": decided.suggestions, "cameras": decided.cameras}
            what = "suggestions" if decided.batch_id is None else f"classification/{decided.batch_id}"
            await record(connection, asker.deed(action, what, detail))
        return JSONResponse(SuggestionDecision.of(decided).model_dump(mode="json"))

    return await _once(request, context, asker, key, work)


async def _once(
    request: Request,
    context: Context,
    asker: Asker,
    key: str | None,
    work: Callable[[AsyncConnection], Awaitable[Response]],
) -> Response:
    parts = (request.method.encode(), request.url.path.encode(), await request.body())
    write = Write.of(asker.scope.account_id, key, *parts)
    async with context.database.begin() as connection:
        return await once(connection, context.clock, write, lambda: work(connection))
