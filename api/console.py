"""The console's files: open to everyone, since they hold the login page and no data."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Scope

FOREVER = "public, max-age=31536000, immutable"
"""For what the build names by its content."""

_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Dengta</title>
<h1>Dengta 灯塔</h1>
<p>The service is running. Its console has not been built.</p>
<p>Build it in a checkout with <code>make console</code>, and start the service again.</p>
<p>The API is under <code>/api/v1</code>.</p>
</html>
"""


class ConsoleMount(Mount):
    """Everything but the API's addresses, which answer for themselves: 404, or 405 for another method.

    Args:
        folder: See :class:`Console`.
    """

    def __init__(self, folder: Path | None) -> None:
        super().__init__("/", app=Console(folder), name="console")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the console answers this request."""
        return (Match.NONE, {}) if scope["path"].startswith("/api/") else super().matches(scope)


class Console(StaticFiles):
    """A single-page application: an address of its own that is no file is the application itself.

    Args:
        folder: The build, with ``index.html``; None when there is none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._built = folder is not None and (folder / "index.html").is_file()
        super().__init__(directory=folder if self._built else None, check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or the application, or the reason why there is neither.

        Raises:
            HTTPException: 404 for an unknown file.
        """
        if not self._built:
            if path != ".":
                raise HTTPException(404)
            return HTMLResponse(_NOT_BUILT, status_code=503)
        try:
            answer = await super().get_response(path, scope)
        except HTTPException as err:
            if err.status_code != 404 or PurePosixPath(path).suffix:
                raise
            path = "index.html"
            answer = await super().get_response(path, scope)
        named_by_content = path.startswith("assets/")
        answer.headers["Cache-Control"] = FOREVER if named_by_content else "no-cache"
        return answer
