"""What all routes for map clients share: how they refuse, who asks, and the addresses they give."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import orjson
from fastapi import Depends, Path, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import HTTPBasic

from api.context import COOKIE, Context, Ctx, client_of
from api.errors import problem_of
from api.ogc import documents
from api.ogc.collections import COLLECTIONS, Collection
from api.ogc.documents import Links
from api.ogc.features import extent_of
from api.sessions import Asker
from base.errors import InvalidInputError, NotFoundError, UnauthenticatedError
from models.scope import Permission, Scope

ROOT = "/api/v1/ogc"
EXTENT_KEPT_S = 60.0
CHALLENGE = 'Basic realm="Dengta", charset="UTF-8"'
BAD_REQUEST = 400


class MapClientRoute(APIRoute):
    """Answers as OGC API demands: a bad parameter is a 400, and a client may log in by Basic."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with these answers around it."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except InvalidInputError as err:
                return problem_of(err, status=BAD_REQUEST)
            except RequestValidationError as err:
                names = ", ".join(str(fault["loc"][-1]) for fault in err.errors())
                return problem_of(InvalidInputError(f"{names}: it cannot be used."), status=BAD_REQUEST)
            except UnauthenticatedError as err:
                answer = problem_of(err)
                answer.headers["WWW-Authenticate"] = CHALLENGE
                return answer

        return handled


_basic = HTTPBasic(auto_error=False, description="For map clients: user name and password.")


async def _scope(request: Request, context: Ctx, _documented: Annotated[object, Security(_basic)]) -> Scope:
    asker = await _asker(request, context)
    asker.scope.require(Permission.READ_CAMERAS)
    return asker.scope


async def _asker(request: Request, context: Context) -> Asker:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    client = client_of(request)
    if scheme.lower() == "basic":
        return await context.basic_logins.resolve(credentials.strip(), client=client)
    token = credentials.strip() if scheme.lower() == "bearer" else request.cookies.get(COOKIE)
    return await context.sessions.resolve(token, client=client)


MapReader = Annotated[Scope, Depends(_scope)]
CollectionId = Annotated[str, Path(description="a collection's id", examples=["cameras"], max_length=40)]


def _links(request: Request, context: Ctx) -> Links:
    scheme = "https" if context.settings.cookie_secure else request.url.scheme
    return Links(f"{scheme}://{request.url.netloc}{ROOT}")


LinkMaker = Annotated[Links, Depends(_links)]


def json_answer(document: Any, media_type: str = documents.JSON) -> Response:
    """A document as an answer."""
    return Response(orjson.dumps(document), media_type=media_type)


def collection_of(name: str) -> Collection:
    """The collection of that id.

    Raises:
        NotFoundError: There is none.
    """
    try:
        return COLLECTIONS[name]
    except KeyError:
        raise NotFoundError(
            "There is no such collection.", remedy=f"There are {', '.join(COLLECTIONS)}."
        ) from None


async def extent_within(context: Context, scope: Scope, found: Collection) -> list[float] | None:
    """Where the features lie. Asking 230,000 places takes a while, and they hardly move: it is kept."""

    async def measured() -> bytes:
        async with context.database.begin() as connection:
            return orjson.dumps(await extent_of(connection, scope, found))

    key = ("extent", found.id, scope.tree_left, scope.tree_right, scope.max_sensitivity)
    extent: list[float] | None = orjson.loads(await context.cache.get(key, measured, ttl_s=EXTENT_KEPT_S))
    return extent
