"""A list straight into a table that has no rows yet: there is nothing to compare it with.

Each chunk is placed and copied while the next one is read, without a stage between, and the indexes are built
at the end: that saves a third of the time. Everything else, a dry run too, goes by way of :mod:`staging`.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from itertools import compress, islice, repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from camera_registry.importing.placing import read_placer
from camera_registry.importing.rebuild import lock_alone
from camera_registry.importing.request import Kind
from camera_registry.importing.staging import MEMORY, record_columns
from camera_registry.importing.verdicts import NO_NAME, NO_PLACE, NOBODYS, UNIT_DIFFERS
from camera_registry.importing.workpiece import fault

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import asyncpg

    from camera_registry.importing.check import Checked
    from camera_registry.importing.credentials import Credentials
    from camera_registry.importing.faultbook import FaultBook
    from camera_registry.importing.headers import Columns
    from camera_registry.importing.report import ImportReport
    from camera_registry.importing.request import ImportRequest
    from camera_registry.importing.values import Problem

SAMPLES = 20
_MADE = ("source_key", "unit_id", "unit_tree", "geom")
QUICK_FORM = "csv"
"""The form that is read in seconds: the table is locked meanwhile."""
WORTH_BYTES = 4_000_000
MOST_BYTES = 400_000_000

_POSTGIS = "select extnamespace::regnamespace::text from pg_extension where extname = 'postgis'"

_POINT = np.dtype([("order", "u1"), ("kind", "<u4"), ("srid", "<u4"), ("x", "<f8"), ("y", "<f8")])
"""EWKB of a point with its reference system."""
_POINT_KIND = 0x20000001


def may_go_straight(request: ImportRequest, form: str) -> bool:
    """Whether it is worth while to look if the list can go straight into its table."""
    size = request.path.stat().st_size
    whole = request.scope is None or request.scope.whole_city
    return not request.dry_run and whole and form == QUICK_FORM and WORTH_BYTES <= size <= MOST_BYTES


class DirectLoad:
    """Adds a list's good rows to an empty, locked table.

    Args:
        connection: The import's transaction.
        kind: What the list lists.
        columns: How it is read.
        credentials: Where logins go; None if they are not taken in.
        book: Where faults are written down.
    """

    def __init__(
        self,
        connection: asyncpg.Connection[Any],
        kind: Kind,
        columns: Columns,
        credentials: Credentials | None,
        book: FaultBook,
    ) -> None:
        self._connection = connection
        self._kind = kind
        self._columns = columns.columns
        self._credentials = credentials
        self._book = book
        self._table = "camera" if kind is Kind.CAMERAS else "point"
        own = ("layer_id",) if kind is Kind.POINTS else ("credential_id",)
        self._names = (*record_columns(kind, columns), *own, *_MADE)
        self._stack = AsyncExitStack()
        self._new = 0
        self._samples: list[dict[str, Any]] = []

    async def open(self, source: str, now: datetime) -> bool:
        """Prepare the connection and lock the table; rows are of ``source``, seen ``now``.

        Returns:
            Whether the table is empty and locked; if not, nothing is prepared.
        """
        connection = self._connection
        empty = f"select not exists (select from {self._table})"  # noqa: S608 - one of two names
        if not await connection.fetchval(empty):
            return False
        self._listed = source, now
        await connection.execute(MEMORY)
        # Looked at again once it is locked: somebody may have been first.
        if not (await lock_alone(connection, self._table) and await connection.fetchval(empty)):
            return False
        self._placer = await read_placer(connection)
        schema = await connection.fetchval(_POSTGIS)
        await connection.set_builtin_type_codec(
            "geometry", schema=schema, codec_name="bytea", format="binary"
        )
        self._stack.push_async_callback(connection.reset_type_codec, "geometry", schema=schema)
        return True

    async def add(self, checked: Checked) -> None:
        """Place a chunk's good rows, and copy them."""
        values = dict(checked.values)
        if checked.logins and self._credentials:
            values["credential_id"] = await self._credentials.column(checked)
        if "wgs84_longitude" in values:
            values["geom"] = _points(values["wgs84_longitude"], values["wgs84_latitude"])
        if "sensitivity" in values:
            values["sensitivity"] = [level or 0 for level in values["sensitivity"]]
        values["unit_id"], values["unit_tree"] = self._placer.units_of(checked.values, len(checked.numbers))
        stays = self._judge(checked, values)
        self._note_samples(checked, stays)
        self._new += sum(stays)
        names = [name for name in self._names if name in values]
        columns = [compress(values[name], stays) for name in names]
        await self._connection.copy_records_to_table(
            self._table,
            records=zip(*columns, *map(repeat, self._listed)),  # noqa: B905 - the last two are endless
            columns=(*names, "source", "source_seen_at"),
        )

    def finish(self, report: ImportReport) -> None:
        """Tell what was added."""
        report.new = self._new
        report.samples = {"new": self._samples, "changed": [], "gone": []}

    async def aclose(self) -> None:
        """Leave the connection as it was; what was written is the transaction's to keep or undo."""
        await self._stack.aclose()

    def _judge(self, checked: Checked, values: dict[str, list[Any]]) -> list[bool]:
        """Write down what is wrong with good rows; which of them are still good."""
        size = len(checked.numbers)
        names, placed = values.get("name"), values.get("wgs84_longitude")
        units, told = values["unit_id"], values.get("unit")
        out = self._note(checked, NO_NAME, "name", range(size) if names is None else _nones(names))
        if self._kind is Kind.POINTS:
            nowhere = range(size) if placed is None else _nones(placed)
            out |= self._note(checked, NO_PLACE, "longitude", nowhere)
        if self._placer.bounded and placed is not None:
            nobodys = [at for at in _nones(units) if placed[at] is not None]
            self._note(checked, NOBODYS, "longitude", nobodys)
            if told:
                self._note(checked, UNIT_DIFFERS, "unit", self._elsewhere(told, placed, values["unit_tree"]))
        return (
            [good and index not in out for index, good in enumerate(checked.stays)] if out else checked.stays
        )

    def _elsewhere(
        self, told: list[int | None], placed: list[float | None], trees: list[int | None]
    ) -> list[int]:
        """Rows that stand outside the unit that they name."""
        found = []
        for index, (name, place, tree) in enumerate(zip(told, placed, trees, strict=True)):
            if name is not None and place is not None and tree is not None:
                unit = self._placer.units[name]
                if not unit.tree_left <= tree <= unit.tree_right:
                    found.append(index)
        return found

    def _note(self, checked: Checked, problem: Problem, field: str, rows: Iterable[int]) -> set[int]:
        indices = [index for index in rows if checked.stays[index]]
        column = self._columns.get(field)
        faults = []
        for index in indices:
            shown = ""
            if problem is NOBODYS:
                shown = f"{checked.values['longitude'][index]}, {checked.values['latitude'][index]}"
            elif problem is UNIT_DIFFERS:
                shown = self._placer.units[checked.values["unit"][index]].name
            header = column.header if column else ""
            faults.append(fault(checked.numbers[index], header, shown, problem))
        refused = [checked.numbers[index] for index in indices] if problem.severity == "error" else []
        self._book.add(faults, refused)
        return set(indices) if refused else set()

    def _note_samples(self, checked: Checked, stays: list[bool]) -> None:
        codes, names = checked.values.get("code"), checked.values.get("name")
        for index in islice(compress(range(len(stays)), stays), SAMPLES - len(self._samples)):
            sample = {
                "row": checked.numbers[index],
                "code": codes and codes[index],
                "name": names and names[index],
            }
            self._samples.append(sample)


def _nones(values: list[Any]) -> list[int]:
    return [index for index, value in enumerate(values) if value is None] if None in values else []


def _points(longitude: list[float | None], latitude: list[float | None]) -> list[bytes | None]:
    """Places as PostGIS takes them in binary; None where there is none."""
    points = np.zeros(len(longitude), dtype=_POINT)
    points["order"], points["kind"], points["srid"] = 1, _POINT_KIND, 4326
    points["x"], points["y"] = np.array(longitude, dtype=float), np.array(latitude, dtype=float)
    whole, step = points.tobytes(), _POINT.itemsize
    found: list[bytes | None] = [whole[at : at + step] for at in range(0, len(whole), step)]
    for index in _nones(longitude):
        found[index] = None
    return found
