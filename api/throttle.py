"""Slowing down whoever guesses passwords: pure bookkeeping of failures, bounded in memory."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from base.clock import Clock

FREE_FAILURES = 5
"""Enough for a typing error or two on a bad day."""

FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 900.0
FORGOTTEN_AFTER_S = 3600.0
REMEMBERED = 10_000
"""Askers kept at once; the longest silent is forgotten first."""


@dataclass(slots=True)
class _Record:
    failures: int = 0
    free_at: float = 0.0
    last: float = 0.0


class Throttle:
    """Counts attempts that failed; after some free ones each doubles the wait.

    Args:
        clock: Its monotonic seconds.
        free: Failures that cost nothing.
    """

    def __init__(self, clock: Clock, *, free: int = FREE_FAILURES) -> None:
        self._clock = clock
        self._free = free
        self._records: OrderedDict[Hashable, _Record] = OrderedDict()

    def attempt(self, asker: Hashable) -> float:
        """Take an attempt: 0 if it may be made, else the seconds to wait.

        It counts as a failure until :meth:`succeeded`, so that attempts side by side cannot outrun the count.
        """
        now = self._clock.monotonic()
        record = self._records.pop(asker, None)
        if record is None or now - record.last > FORGOTTEN_AFTER_S:
            record = _Record()
        self._records[asker] = record
        if len(self._records) > REMEMBERED:
            self._records.popitem(last=False)
        if now < record.free_at:
            return record.free_at - now
        record.failures += 1
        record.last = now
        if record.failures >= self._free:
            wait = FIRST_WAIT_S * 2.0 ** min(record.failures - self._free, 16)
            record.free_at = now + min(wait, LONGEST_WAIT_S)
        return 0.0

    def succeeded(self, asker: Hashable) -> None:
        """The attempt was right: forget its failures."""
        self._records.pop(asker, None)
