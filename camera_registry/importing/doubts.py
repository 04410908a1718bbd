"""Rows of a list whose coordinates look misdeclared: each is warned of, and taken in as it is declared."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np

from camera_registry.coordinates.survey import Declared, misdeclared
from camera_registry.importing.report import Severity
from camera_registry.importing.values import Problem
from camera_registry.importing.workpiece import fault
from gis.crs import ReferenceSystem
from gis.crs_check import Reading

if TYPE_CHECKING:
    import asyncpg

    from camera_registry.importing.check import Checked
    from camera_registry.importing.faultbook import FaultBook
    from camera_registry.importing.report import ImportReport

MOST = 20_000
"""Rows that are weighed within the import, a second's work; longer lists by a job that follows it."""

_DOUBTED = frozenset({None, ReferenceSystem.WGS_84.value, ReferenceSystem.CGCS2000.value})
_REMEDIES = {
    Reading.GCJ_02: "Declare it: GCJ-02 in a column 坐标系, or --crs GCJ-02 for the whole list.",
    Reading.BD_09: "Declare it: BD-09 in a column 坐标系, or --crs BD-09 for the whole list.",
    Reading.SWAPPED: "Exchange the two columns.",
}


class Doubts:
    """Gathers the places of a list's good rows, and weighs them against roads, points and boundaries."""

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._places: list[tuple[float, float]] = []
        self._texts: dict[str, list[str]] = {"name": [], "address": [], "owner": []}
        self._too_many = False

    def take(self, checked: Checked) -> None:
        """Note a chunk's places that are declared as WGS-84, or not declared at all."""
        values, size = checked.values, len(checked.numbers)
        if self._too_many or "longitude" not in values:
            return
        none: list[Any] = [None] * size
        systems = values.get("declared_crs", none)
        doubted = [
            stay and place is not None and system in _DOUBTED
            for stay, place, system in zip(checked.stays, values["longitude"], systems, strict=True)
        ]
        self._rows += compress(checked.numbers, doubted)
        self._places += compress(zip(values["longitude"], values["latitude"], strict=True), doubted)
        for name, texts in self._texts.items():
            texts += [text or "" for text in compress(values.get(name, none), doubted)]
        if len(self._rows) > MOST:
            self._too_many = True
            self._rows.clear()
            self._places.clear()
            self._texts = {name: [] for name in self._texts}

    async def weigh(
        self, connection: asyncpg.Connection[Any], header: str, book: FaultBook, report: ImportReport
    ) -> None:
        """Warn of each row that looks misdeclared, and tell of each group of them.

        Args:
            connection: To the store.
            header: Of the column that the warnings name.
            book: Where they are written down.
            report: Where the groups are told of.
        """
        if self._too_many:
            report.notes.append(
                f"More than {MOST:,} rows: whether coordinates look misdeclared is surveyed after the import "
                "(dengta check-crs)."
            )
            return
        groups = [owner or report.source for owner in self._texts["owner"]]
        degrees = np.array(self._places, dtype=np.float64).reshape(-1, 2)
        declared = Declared(degrees, groups, self._texts["name"], self._texts["address"])
        for finding in await misdeclared(connection, declared):
            report.notes.append(f"{finding}.")
            reason = f"By its name and what is around it, it looks like {finding.reading}."
            problem = Problem("misdeclared", reason, _REMEDIES[finding.reading], Severity.WARNING)
            doubted = (
                fault(self._rows[at], header, f"{degrees[at, 0]}, {degrees[at, 1]}", problem)
                for at in finding.members
            )
            book.add(doubted, ())
