"""Where tests keep what is dear to fetch or prepare, between runs; git ignores it."""

from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / "build" / "cache"
CACHE.mkdir(parents=True, exist_ok=True)
