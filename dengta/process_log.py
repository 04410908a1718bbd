"""What supervised processes say: a file for each, rotated, so that none can fill the disk."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

LOG_BYTES = 5 << 20
LOG_FILES = 3
"""Each process's log takes at most 20 MiB of the disk."""


class ProcessLog:
    """The output of the process ``name``, in ``folder``."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.log"

    async def follow(self, output: asyncio.StreamReader) -> None:
        """Write down what a process says until it says no more."""
        while chunk := await output.read(1 << 16):
            self.append(chunk)

    def append(self, chunk: bytes) -> None:
        """Write; what a full disk does not take is lost, because it must not stop what is supervised."""
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.path.exists() and self.path.stat().st_size + len(chunk) > LOG_BYTES:
                self._rotate()
            with self.path.open("ab") as file:
                file.write(chunk)

    def last_words(self) -> str:
        """The last line, and where the others are."""
        try:
            lines = self.path.read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return f"{lines[-1] if lines else 'it said nothing'} (see {self.path})"

    def _rotate(self) -> None:
        """Make room: ``name.log`` becomes ``name.log.1`` and so on; the oldest goes."""
        for number in range(LOG_FILES, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number}")
            newer = self.path.with_name(f"{self.path.name}.{number - 1}") if number > 1 else self.path
            if newer.exists():
                newer.replace(older)
