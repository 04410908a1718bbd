"""Where tests keep what is dear to fetch or prepare, between runs; git ignores it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / "build" / "cache"
CACHE.mkdir(parents=True, exist_ok=True)


@contextmanager
def kept_alone() -> Iterator[Path]:
    """The cache for this process alone: what two want, one makes and the other finds."""
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield CACHE
