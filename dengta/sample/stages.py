"""The stages of a long job: who is told that one begins, and how long each took."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from base.clock import Clock


class Stages:
    """Measures one stage after another.

    Args:
        clock: Where durations come from.
        tell: Told the name of each stage as it begins.

    Attributes:
        seconds: How long each finished stage took.
    """

    def __init__(self, clock: Clock, tell: Callable[[str], None] = lambda _: None) -> None:
        self._clock, self._tell = clock, tell
        self._current: str | None = None
        self._since = 0.0
        self.seconds: dict[str, float] = {}

    def begin(self, name: str) -> None:
        """End the stage before, and begin ``name``."""
        self.end()
        self._current, self._since = name, self._clock.monotonic()
        self._tell(name)

    def end(self) -> None:
        """End the running stage, if there is one."""
        if self._current is not None:
            took = self._clock.monotonic() - self._since
            self.seconds[self._current] = self.seconds.get(self._current, 0.0) + took
            self._current = None
