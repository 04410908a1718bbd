"""Reading a growing table in order when its numbers do not become visible in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

PATIENCE_S = 30.0
"""How long a missing number may still appear: numbers are given out before their transactions commit, and no
recording transaction lives this long. A number of one that was rolled back never appears."""


class Horizon:
    """What one reader has passed.

    All numbers up to :attr:`passed` are settled; beyond it some were read and some are missing yet. Resuming
    from :attr:`passed` may repeat what was read beyond a gap, and never skips.

    Args:
        passed: Everything up to here is settled.
    """

    def __init__(self, passed: int) -> None:
        self.passed = passed
        self._read_at: dict[int, float] = {}

    @property
    def read(self) -> Collection[int]:
        """What was read beyond :attr:`passed`."""
        return self._read_at.keys()

    def take(self, seq: int, now: float) -> None:
        """Read ``seq`` at the monotonic second ``now``."""
        if seq > self.passed:
            self._read_at.setdefault(seq, now)
        while self._read_at:
            following = self.passed + 1
            if following not in self._read_at:
                following = min(self._read_at)
                if now - self._read_at[following] < PATIENCE_S:
                    return
            del self._read_at[following]
            self.passed = following
