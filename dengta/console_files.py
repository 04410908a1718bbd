"""Where the built console is."""

from __future__ import annotations

from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parent.parent / "web" / "dist"


def console_dir() -> Path | None:
    """The folder of the built console, or None when it is not built."""
    return _CHECKOUT if (_CHECKOUT / "index.html").is_file() else None
