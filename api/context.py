"""What the routes work with, and the dependencies by which they get it."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request, Security
from fastapi.requests import HTTPConnection
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.bell import Bell
from api.cache import Cache
from api.cursor import MAX_LENGTH
from api.ogc.basic import BasicLogins
from api.search_keeper import SearchKeeper
from api.sessions import Asker, Sessions
from api.stream import EventStream, Streams
from api.tile_drawing import TileDrawing
from api.tile_watch import TileWatch
from api.uploads import Places
from base.clock import Clock
from base.database import Database
from base.settings import Settings
from camera_registry.job_files import JobFolder
from dispatch.evidence import EvidenceStore
from models.scope import Permission, Scope

COOKIE = "dengta_session"
PAGE_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of one API process."""

    database: Database
    settings: Settings
    evidence: EvidenceStore
    clock: Clock
    sessions: Sessions
    basic_logins: BasicLogins
    cache: Cache[bytes]
    bell: Bell
    streams: Streams
    events: EventStream
    search: SearchKeeper
    tile_watch: TileWatch
    tile_waits: Streams
    drawing: TileDrawing
    job_folder: JobFolder
    uploads: Places
    exports: Places


def context_of(request: Request) -> Context:
    """The context that the application was made with."""
    context: Context = request.app.state.context
    return context


Ctx = Annotated[Context, Depends(context_of)]

_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="What a browser got when it logged in.")
_bearer = HTTPBearer(auto_error=False, description="The token that a program asked for when it logged in.")


def client_of(request: HTTPConnection) -> str | None:
    """The asker's address, where the transport has one."""
    try:
        return str(ipaddress.ip_address(request.client.host)) if request.client else None
    except ValueError:
        return None


async def asker_of(
    request: Request,
    context: Ctx,
    cookie: Annotated[str | None, Security(_cookie)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Asker:
    """Who asks.

    Raises:
        UnauthenticatedError: Nobody who is logged in.
    """
    token = bearer.credentials if bearer else cookie
    return await context.sessions.resolve(token, client=client_of(request))


Authenticated = Annotated[Asker, Depends(asker_of)]


def _granted(permission: Permission) -> Callable[[Asker], Asker]:
    def granted(asker: Authenticated) -> Asker:
        asker.scope.require(permission)
        return asker

    return granted


def _scope(permission: Permission) -> Callable[[Asker], Scope]:
    def scope(asker: Authenticated) -> Scope:
        asker.scope.require(permission)
        return asker.scope

    return scope


CameraReader = Annotated[Scope, Depends(_scope(Permission.READ_CAMERAS))]
CameraEditor = Annotated[Asker, Depends(_granted(Permission.EDIT_CAMERAS))]
CameraClassifier = Annotated[Asker, Depends(_granted(Permission.CLASSIFY_CAMERAS))]
CatalogueImporter = Annotated[Asker, Depends(_granted(Permission.IMPORT_CATALOGUE))]
UnitEditor = Annotated[Asker, Depends(_granted(Permission.EDIT_UNITS))]
RuleEditor = Annotated[Asker, Depends(_granted(Permission.EDIT_RULES))]
EventReader = Annotated[Scope, Depends(_scope(Permission.READ_EVENTS))]
EventListener = Annotated[Asker, Depends(_granted(Permission.READ_EVENTS))]
PictureViewer = Annotated[Asker, Depends(_granted(Permission.VIEW_PICTURES))]
AuditReader = Annotated[Scope, Depends(_scope(Permission.READ_AUDIT))]

Cursor = Annotated[
    str | None,
    Query(max_length=MAX_LENGTH, description="`next` of the page before; opaque", examples=["WzE3XQ"]),
]
Limit = Annotated[int, Query(ge=1, le=PAGE_LIMIT, description="most items on a page", examples=[50])]
