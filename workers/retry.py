"""Repeating: a loop runs a piece of work until told to stop, and waits longer while a part is away."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

from base.errors import UnavailableError
from base.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = get_logger(__name__)

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 5.0


async def until_done(work: Callable[[], Awaitable[None]], *, what: str) -> None:
    """Try ``work`` until it succeeds, waiting longer after each time a part is unavailable."""
    wait = FIRST_WAIT_S
    for attempt in itertools.count():
        try:
            await work()
        except UnavailableError as err:
            if attempt == 0:
                log.warning("waiting", what=what, reason=str(err))
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)
        else:
            if attempt:
                log.info("resumed", what=what, failures=attempt)
            return


async def forever(work: Callable[[], Awaitable[None]], *, what: str) -> None:
    """Repeat ``work`` until cancelled.

    Args:
        work: One round; returns when there is more to do or after its own wait.
        what: Its name in the log.
    """
    while True:
        await until_done(work, what=what)
