"""Connecting to NATS: one way, with waits that end and errors of our own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import nats
from nats.errors import Error as NatsError

from base.errors import UnavailableError
from base.log import get_logger

if TYPE_CHECKING:
    from nats.aio.client import Client

log = get_logger(__name__)


async def connect(url: str, *, name: str, timeout_s: float = 10) -> Client:
    """A connection that reconnects by itself for ever.

    Args:
        url: With credentials.
        name: Of this client, for the server's own lists.
        timeout_s: How long the first connection may take.

    Raises:
        UnavailableError: The server did not answer in time.
    """

    async def failed(err: Exception) -> None:
        # The server's own refusals carry no secret; the URL is never in them.
        log.debug("queue connection", reason=type(err).__name__)

    try:
        async with asyncio.timeout(timeout_s):
            while True:
                try:
                    return await nats.connect(
                        url,
                        name=name,
                        error_cb=failed,
                        max_reconnect_attempts=-1,
                        reconnect_time_wait=0.2,
                        connect_timeout=2,
                        allow_reconnect=True,
                    )
                except (OSError, NatsError):
                    await asyncio.sleep(0.1)
    except TimeoutError as err:
        raise UnavailableError(f"The queue (NATS) did not answer within {timeout_s:.0f} s.") from err
