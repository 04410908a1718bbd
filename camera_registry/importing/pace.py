"""How two threads share the interpreter while one reads a list and the other feeds the store."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HANDOVER_S = 0.0003
"""After how long a thread that wants the interpreter gets it; 5 ms is usual. The one that feeds the store
wants it often and briefly, and the store waits meanwhile."""

CONTAINERS = 100_000
"""Containers that may be made before the garbage collector looks for cycles among them; 700 is usual. Lists
of a hundred thousand cells make none, and looking through them costs a tenth of the time."""


@contextmanager
def quick_handover() -> Iterator[None]:
    """For the body, threads hand over at once, and the garbage collector comes less often."""
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(HANDOVER_S)
    gc.set_threshold(CONTAINERS, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(interval)
