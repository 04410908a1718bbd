"""The short way to a camera tile: what a map asks for dozens of times at each movement, without a filter.

The route of :mod:`api.routes.tiles` describes the same request and answers all its other forms. Resolving
its parameters takes twice as long as a drawn tile does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, cookie_parser
from starlette.routing import BaseRoute, Match

from api.context import COOKIE, client_of
from api.routes.tiles import CAMERA_CACHING
from gis.tiles import CAMERA_MAX_ZOOM, Tile
from models.scope import Permission

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from api.context import Context

BEARER = "bearer "


class CameraTileLane(BaseRoute):
    """Answers unfiltered camera tiles, and leaves every other request to the routes after it.

    Args:
        prefix: Where the API's addresses begin.
        context: What the routes work with.
    """

    def __init__(self, prefix: str, context: Context) -> None:
        self._address = re.compile(
            rf"{prefix}/tiles/cameras/([0-9]{{1,2}})/([0-9]{{1,5}})/([0-9]{{1,5}})\.mvt"
        )
        self._context = context

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether it is such a request."""
        if scope["type"] == "http" and scope["method"] == "GET" and not scope["query_string"]:
            found = self._address.fullmatch(scope["path"])
            if found and int(found[1]) <= CAMERA_MAX_ZOOM:
                return Match.FULL, {"tile": found.groups()}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer it (ASGI 3).

        Raises:
            DengtaError: As the route does.
        """
        headers = Headers(scope=scope)
        asker = await self._context.sessions.recall(_token(headers), client=client_of(HTTPConnection(scope)))
        asker.scope.require(Permission.READ_CAMERAS)
        z, x, y = (int(part) for part in scope["tile"])
        drawn = await self._context.drawing.cameras(Tile(z, x, y), asker.scope)
        await drawn.answer(headers.get("if-none-match"), CAMERA_CACHING)(scope, receive, send)


def _token(headers: Headers) -> str | None:
    authorization = headers.get("authorization", "")
    if authorization[: len(BEARER)].lower() == BEARER:
        return authorization[len(BEARER) :].strip()
    return cookie_parser(headers.get("cookie", "")).get(COOKIE)
