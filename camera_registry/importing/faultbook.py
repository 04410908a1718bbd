"""All faults of an import: counted by kind, the first of each kept in full, and all of the refused rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from camera_registry.importing.report import Fault, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

KEPT_PER_KIND = 25
ROWS_PER_KIND = 10


@dataclass(slots=True)
class _Kind:
    severity: Severity
    count: int = 0
    first: list[Fault] = field(default_factory=list)


class FaultBook:
    """Where faults are written down as they are found.

    Attributes:
        refused: Row → all its faults, of rows that stay out.
    """

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, Severity], _Kind] = {}
        self.refused: dict[int, list[Fault]] = {}

    def add(self, faults: Iterable[Fault], refused: Iterable[int]) -> None:
        """Write down some rows' faults and which of the rows stay out."""
        out = set(refused)
        for number in out:
            self.refused.setdefault(number, [])
        for fault in faults:
            kind = self._kinds.setdefault((fault.code, fault.severity), _Kind(fault.severity))
            kind.count += 1
            if len(kind.first) < KEPT_PER_KIND:
                kind.first.append(fault)
            if fault.row in self.refused:
                self.refused[fault.row].append(fault)

    def counts(self) -> list[dict[str, Any]]:
        """Faults by kind, errors first, the most frequent first."""
        ordered = sorted(
            self._kinds.items(),
            key=lambda item: (item[1].severity is not Severity.ERROR, -item[1].count, item[0][0]),
        )
        return [
            {
                "code": code,
                "severity": severity.value,
                "count": kind.count,
                "rows": [fault.row for fault in kind.first[:ROWS_PER_KIND]],
            }
            for (code, severity), kind in ordered
        ]

    def first(self) -> list[Fault]:
        """The first faults of each kind, by row."""
        return sorted(
            (fault for kind in self._kinds.values() for fault in kind.first),
            key=lambda fault: (fault.row, fault.severity, fault.code),
        )
