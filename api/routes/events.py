"""Incidents: lists, one, and the stream of their events."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import AwareDatetime

from api.context import Ctx, Cursor, EventListener, EventReader, Limit
from api.cursor import MAX_ID
from api.queries.incidents import IncidentFilter, list_incidents, read_incident
from api.schemas import Incident, IncidentState, Line, Page
from api.stream import EventResponse

router = APIRouter(prefix="/events", tags=["events"])

OPEN = ("suspected", "confirmed")


@router.get("", summary="List incidents, newest first")
async def events(  # noqa: PLR0913, PLR0917 - each is one filter of the query string
    context: Ctx,
    scope: EventReader,
    state: Annotated[
        IncidentState | Literal["open"] | None,
        Query(description="`open` is suspected or confirmed", examples=["open"]),
    ] = None,
    kind: Annotated[Line | None, Query(examples=["crowd"])] = None,
    since: Annotated[
        AwareDatetime | None,
        Query(description="opened then or later", examples=["2026-01-17T00:00:00+08:00"]),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Incident]:
    """Incidents within the asker's scope."""
    states = None if state is None else OPEN if state == "open" else (state,)
    wanted = IncidentFilter(states=states, kind=kind, since=since)
    async with context.database.begin() as connection:
        return await list_incidents(connection, scope, wanted, after=cursor, limit=limit)


@router.get(
    "/stream",
    summary="Events as they come",
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events `incident`: `data` is the CloudEvent, `id` where to resume.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'id: 4711\nevent: incident\ndata: {"specversion": "1.0"}\n\n',
                }
            },
        }
    },
)
async def stream(
    context: Ctx,
    asker: EventListener,
    last_event_id: Annotated[
        str | None, Header(alias="Last-Event-ID", max_length=32, description="resume after this id")
    ] = None,
) -> Response:
    """Each event within the asker's scope at least once, from now or from `Last-Event-ID` on.

    The stream ends with the session. An account may have 8 open at once.
    """
    # A stranger's id is ignored rather than refused: a browser would send it again for ever.
    resumable = last_event_id is not None and last_event_id.isascii() and last_event_id.isdecimal()
    last_id = min(int(last_event_id), MAX_ID) if resumable and last_event_id else None
    return EventResponse(context.events.frames(asker, last_id), context.streams, asker.scope.account_id)


@router.get("/{event_id}", summary="One incident")
async def event(
    context: Ctx, scope: EventReader, event_id: Annotated[int, Path(ge=1, le=MAX_ID, examples=[386])]
) -> Incident:
    """All that is known of it."""
    async with context.database.begin() as connection:
        return await read_incident(connection, scope, event_id)
