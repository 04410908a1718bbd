"""Addresses that list what a number of governance counts."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from api.schemas_governance import Count

if TYPE_CHECKING:
    from starlette.requests import Request

ROOT = "/api/v1/governance"

OWN = frozenset(
    {
        *("by", "rank_by", "measure", "since", "until", "language", "cursor", "limit", "rule", "family"),
        *("severity", "duty", "required", "fate", "indicator", "outcome", "excused", "least", "below"),
    }
)
"""Parameters that say how to count; all others say which cameras, and are kept."""

Value = str | int | float | bool


class Links:
    """Makes addresses that mean the cameras of one request, and less.

    Args:
        request: Its filter is kept.
    """

    def __init__(self, request: Request) -> None:
        self._kept = [(name, value) for name, value in request.query_params.multi_items() if name not in OWN]

    def within(self, **group: Value) -> Links:
        """The same, narrowed to a group: what it names takes the place of the request's own."""
        narrowed = Links.__new__(Links)
        narrowed._kept = [  # noqa: SLF001 - another one of its own kind
            *((name, value) for name, value in self._kept if name not in group),
            *((name, _text(value)) for name, value in group.items()),
        ]
        return narrowed

    def cameras(self, n: int, **more: Value) -> Count:
        """A number of cameras."""
        return Count(n=n, opens=self._address("cameras", more))

    def faults(self, n: int, **more: Value) -> Count:
        """A number of faults."""
        return Count(n=n, opens=self._address("faults", more))

    def _address(self, name: str, more: dict[str, Value]) -> str:
        query = urlencode([*self._kept, *((key, _text(value)) for key, value in more.items())])
        return f"{ROOT}/{name}?{query}" if query else f"{ROOT}/{name}"


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
