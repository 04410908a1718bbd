"""Circuit breakers: what a fallen switch or recorder has behind it is not looked at camera by camera."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from heapq import heappop, heappush
from sys import intern
from typing import TYPE_CHECKING, Final

from models.look import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

GONE: Final = frozenset({Outcome.UNREACHABLE, Outcome.TIMED_OUT})
"""Outcomes that say that nobody answered; every other one comes from somebody who is there."""

OPENS_AT_HOST: Final = 3
OPENS_AT_SUBNET: Final = 8
"""Different cameras in a row that give no sign. Where a third of the cameras are dead, eight such in a row
are one chance in 6,500, and the next one that answers closes the breaker."""

FIRST_PROBE_S: Final = 10.0
LONGEST_PROBE_S: Final = 300.0
"""An open breaker lets one camera through, after twice the time each time."""

_IPV4_BITS, _IPV6_BITS = 24, 64


def groups_of(authority: str) -> tuple[str, ...]:
    """The groups that fail together with a camera: its host, and the subnet where its address tells one.

    Args:
        authority: Host and port of its address, as a URL has them; empty if it has none.
    """
    host = authority.rpartition("@")[2]
    host = intern(host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0])
    if not host:
        return ()
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return (host.lower(),)
    bits = _IPV4_BITS if address.version == 4 else _IPV6_BITS
    return (host, intern(str(ipaddress.ip_network((address, bits), strict=False))))


@dataclass(slots=True)
class Breaker:
    """One group's breaker.

    Attributes:
        opens_at: Silent cameras in a row at which it opens.
        silent: Cameras that gave no sign since one last did.
        parked: Cameras that wait behind it while it is open, in the order in which their turn came.
        probe_at: When it lets the next one through; None while it is closed.
        pause_s: From that one to the one after.
    """

    opens_at: int
    silent: set[int] = field(default_factory=set)
    parked: dict[int, None] = field(default_factory=dict)
    probe_at: float | None = None
    pause_s: float = FIRST_PROBE_S


class Breakers:
    """The breakers of all groups in which somebody was silent since somebody last answered."""

    def __init__(self) -> None:
        self._breakers: dict[str, Breaker] = {}
        self._probes: list[tuple[float, str]] = []

    @property
    def open(self) -> tuple[str, ...]:
        """Groups whose breaker is open."""
        return tuple(group for group, breaker in self._breakers.items() if breaker.probe_at is not None)

    @property
    def waiting(self) -> list[int]:
        """Cameras that are parked."""
        return [camera_id for breaker in self._breakers.values() for camera_id in breaker.parked]

    def parks(self, camera_id: int, groups: tuple[str, ...]) -> bool:
        """Whether the camera must wait behind one of its groups' breakers; if so, it is parked there."""
        for group in groups:
            breaker = self._breakers.get(group)
            if breaker is not None and breaker.probe_at is not None:
                breaker.parked[camera_id] = None
                return True
        return False

    def told(
        self, camera_id: int, groups: tuple[str, ...], outcome: Outcome, now: float
    ) -> tuple[list[int], set[int]]:
        """Take a look's outcome.

        Returns:
            Cameras that need wait no more, and those whose silence was not their own fault.
        """
        if outcome in GONE:
            for group in groups:
                self._silent(camera_id, group, now)
            return [], set()
        freed: dict[int, None] = {}
        excused: set[int] = set()
        for group in groups:
            breaker = self._breakers.pop(group, None)
            if breaker is not None:
                freed |= breaker.parked
                if breaker.probe_at is not None:
                    excused |= breaker.silent
        return list(freed), excused

    def probes(self, now: float) -> Iterator[int]:
        """Cameras that are let through now, one of each breaker whose time has come."""
        while self._probes and self._probes[0][0] <= now:
            at, group = heappop(self._probes)
            breaker = self._breakers.get(group)
            if breaker is None or breaker.probe_at != at:
                continue  # closed, or opened anew, since
            breaker.probe_at = now + breaker.pause_s
            breaker.pause_s = min(2 * breaker.pause_s, LONGEST_PROBE_S)
            heappush(self._probes, (breaker.probe_at, group))
            if breaker.parked:
                camera_id = next(iter(breaker.parked))
                del breaker.parked[camera_id]
                yield camera_id

    def next_probe(self) -> float | None:
        """When the next camera may be let through, if any breaker is open."""
        while self._probes:
            at, group = self._probes[0]
            breaker = self._breakers.get(group)
            if breaker is not None and breaker.probe_at == at:
                return at
            heappop(self._probes)
        return None

    def _silent(self, camera_id: int, group: str, now: float) -> None:
        breaker = self._breakers.get(group)
        if breaker is None:
            opens_at = OPENS_AT_SUBNET if "/" in group else OPENS_AT_HOST
            breaker = self._breakers[group] = Breaker(opens_at)
        breaker.silent.add(camera_id)
        if breaker.probe_at is None and len(breaker.silent) >= breaker.opens_at:
            breaker.probe_at = now + breaker.pause_s
            heappush(self._probes, (breaker.probe_at, group))
