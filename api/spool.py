"""Downloads that are made while they are sent: the database never waits for the reader.

An export is written to a file as fast as the database gives it, and the reader follows the file as fast as
its line allows. So a slow reader holds some disk for a while, and never a transaction.
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import aclosing, asynccontextmanager
from typing import IO, TYPE_CHECKING

from starlette.responses import StreamingResponse

from base.errors import DengtaError, UnavailableError
from base.log import get_logger
from camera_registry.exporting import export
from camera_registry.exporting.request import MEDIA_TYPES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from starlette import types

    from api.context import Context
    from camera_registry.exporting import ExportReport, ExportRequest

log = get_logger(__name__)

BLOCK_BYTES = 1 << 18
"""Sent at once."""

SLOW_S = 60.0
"""A reader that takes nothing for so long is dropped, and its file with it."""


class Spool:
    """A file that is being written.

    Attributes:
        count: Records that it will hold, once it has begun.
    """

    def __init__(self, path: Path, *, grows: bool, minimum_free: int) -> None:
        self.path = path
        self.count = 0
        self._grows = grows
        self._minimum_free = minimum_free
        self._moved = asyncio.Event()
        self._making: asyncio.Task[ExportReport] | None = None

    def make(self, context: Context, request: ExportRequest) -> None:
        """Begin to write."""
        making = export(
            context.database, context.clock, request, self.path, self._tell, counted=self._counted
        )
        self._making = asyncio.create_task(making)
        self._making.add_done_callback(lambda _: self._moved.set())

    async def begun(self) -> None:
        """Return once something can be sent.

        Raises:
            DengtaError: Nothing ever will be.
        """
        assert self._making is not None
        if self._grows:
            await self._moved.wait()
        else:
            await asyncio.wait({self._making})
        if self._making.done():
            self._making.result()

    async def blocks(self) -> AsyncGenerator[bytes]:
        """The file from its beginning, as it grows, to its end."""
        assert self._making is not None
        file: IO[bytes] = await asyncio.to_thread(self.path.open, "rb")
        try:
            while True:
                self._moved.clear()
                whole = self._making.done()
                while block := await asyncio.to_thread(file.read, BLOCK_BYTES):
                    yield block
                if whole:
                    self._making.result()
                    return
                await self._moved.wait()
        finally:
            file.close()

    async def close(self) -> None:
        """End the writing, and remove the file."""
        if self._making:
            self._making.cancel()
            await asyncio.wait({self._making})
        await asyncio.to_thread(self.path.unlink, missing_ok=True)

    def _counted(self, count: int) -> None:
        self.count = count

    def _tell(self, _stage: str, _share: float) -> None:
        if shutil.disk_usage(self.path.parent).free < self._minimum_free:
            raise UnavailableError("The disk is nearly full; nothing can be exported.", remedy="Make room.")
        self._moved.set()


class ExportResponse(StreamingResponse):
    """An export as an answer; it holds one of the account's places while it is made and sent.

    Args:
        context: The parts it works with.
        request: What is exported.
        note: Writes down that so many records were exported, before the first is sent.
        disposition: The Content-Disposition.
    """

    def __init__(
        self,
        context: Context,
        request: ExportRequest,
        note: Callable[[int], Awaitable[None]],
        disposition: str,
    ) -> None:
        super().__init__(
            iter(()), media_type=MEDIA_TYPES[request.form], headers={"Content-Disposition": disposition}
        )
        if self.media_type == "text/csv":
            charset = request.encoding.value.removesuffix("-sig")
            self.headers["Content-Type"] = f"text/csv; charset={charset}; header=present"
        self._context = context
        self._request = request
        self._note = note

    async def __call__(self, scope: types.Scope, receive: types.Receive, send: types.Send) -> None:
        """Handle one request (ASGI 3); what fails before the first byte is told as a problem."""
        with self._context.exports.place(self._request.scope.account_id):
            async with self._spooled() as spool:
                await spool.begun()
                await self._note(spool.count)
                if not self._request.form.grows:
                    self.headers["Content-Length"] = str(spool.path.stat().st_size)
                async with aclosing(spool.blocks()) as blocks:
                    self.body_iterator = blocks
                    await super().__call__(scope, receive, send)

    async def stream_response(self, send: types.Send) -> None:
        """Send each block within its time; an answer that is broken off lacks its end."""

        async def send_in_time(message: types.Message) -> None:
            async with asyncio.timeout(SLOW_S):
                await send(message)

        try:
            await super().stream_response(send_in_time)
        except (TimeoutError, DengtaError) as err:
            log.info("export broken off", reason=str(err) or "its reader takes nothing")

    @asynccontextmanager
    async def _spooled(self) -> AsyncIterator[Spool]:
        settings = self._context.settings
        path = self._context.job_folder.spool(self._request.form.value)
        spool = Spool(path, grows=self._request.form.grows, minimum_free=settings.minimum_free_mib << 20)
        spool.make(self._context, self._request)
        try:
            yield spool
        finally:
            await spool.close()
