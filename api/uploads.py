"""Receiving a file: streamed to the jobs folder, hashed on the way, bounded in size, time and number."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from api.errors import BackOffError
from base.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fastapi import Request

    from camera_registry.job_files import Incoming, JobFolder

STALLED_S = 30.0
"""A sender that sends nothing for so long has gone."""

MOST_S = 1800.0
"""An upload takes no longer than this, however it drips."""

BLOCK_BYTES = 1 << 20
"""Written to the disk at once."""

PER_ACCOUNT = 2
IN_ALL = 16
RETRY_S = 10.0


class Places:
    """How many uploads or downloads are under way, and for whom.

    Args:
        what: Named in the refusal.
        per_account: Most of one account.
        in_all: Most of all together.
    """

    def __init__(self, what: str, *, per_account: int = PER_ACCOUNT, in_all: int = IN_ALL) -> None:
        self._what = what
        self._per_account = per_account
        self._in_all = in_all
        self._open: Counter[int] = Counter()

    @contextmanager
    def place(self, account_id: int) -> Iterator[None]:
        """Hold a place.

        Raises:
            BackOffError: The account, or everybody together, has as many as may be.
        """
        if self._open[account_id] >= self._per_account or self._open.total() >= self._in_all:
            raise BackOffError(f"Too many {self._what} are under way.", retry_after_s=RETRY_S)
        self._open[account_id] += 1
        try:
            yield
        finally:
            self._open[account_id] -= 1
            if not self._open[account_id]:
                del self._open[account_id]


@asynccontextmanager
async def received(request: Request, folder: JobFolder) -> AsyncIterator[Incoming]:
    """The body of a request as a file; it is gone after the body unless it was kept.

    Its size is bounded where every body's is: ``api.middleware.Limits``.

    Raises:
        InvalidInputError: It is empty, came too slowly, or was broken off.
        UnavailableError: There is no room for it.
    """
    length = request.headers.get("content-length", "0")
    incoming = folder.receive(int(length) if length.isdecimal() else 0)
    try:
        try:
            async with asyncio.timeout(MOST_S):
                await _fill(incoming, request)
        except (TimeoutError, ClientDisconnect) as err:
            raise InvalidInputError("The upload was broken off.", remedy="Send it again.") from err
        if not incoming.size:
            raise InvalidInputError("The upload is empty.", remedy="Send the file as the request's body.")
        yield incoming
    finally:
        await asyncio.to_thread(incoming.discard)


async def _fill(incoming: Incoming, request: Request) -> None:
    chunks = request.stream().__aiter__()
    block = bytearray()
    while True:
        async with asyncio.timeout(STALLED_S):
            chunk = await anext(chunks, None)
        if chunk:
            block += chunk
        if block and (chunk is None or len(block) >= BLOCK_BYTES):
            await asyncio.to_thread(incoming.write, bytes(block))
            block.clear()
        if chunk is None:
            return
