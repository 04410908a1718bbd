"""The one rule set over a list's rows: every fault of every row, and the records that may go in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from base.redact import HIDDEN
from camera_registry.importing import coordinates
from camera_registry.importing.identify import Identities
from camera_registry.importing.report import Severity
from camera_registry.importing.request import Kind
from camera_registry.importing.values import CLEAR, Memo, Noted, Problem, UrlWithLogin
from camera_registry.importing.workpiece import Login, Workpiece, fault
from gis.crs import ReferenceSystem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from camera_registry.importing.coordinates import Extent
    from camera_registry.importing.headers import Column, Columns
    from camera_registry.importing.readers.reader import Chunk
    from camera_registry.importing.report import Fault
    from camera_registry.importing.values import Parser

_TOTALS = frozenset({"合计", "总计", "小计", "共计", "汇总", "total", "Total", "TOTAL"})
_PLAIN_NUMBER = re.compile(r"[+-]?[\d.,０-９．]+")
REPEATED_HEADER = Problem(
    "repeated-header", "It repeats the header; it was left out.", "Remove it.", Severity.WARNING
)
TOTAL = Problem("total-row", "It sums up the list; it was left out.", "Remove it.", Severity.WARNING)
NO_SEALER = Problem(
    "credentials-refused",
    "It carries a user name or password, and credentials are not taken in here.",
    "Take them out, or import the list on the server with: dengta import.",
    shown=HIDDEN,
)
TOO_SENSITIVE = Problem(
    "sensitivity-beyond-scope",
    "It is more sensitive than you may see.",
    "Ask a colleague who may see such cameras to import it.",
)


def _unknown(_text: str) -> Any:
    return None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rules know beside the list.

    Attributes:
        crs: The reference system of rows that declare none; empty: WGS-84, and nothing is declared.
        extent: Of the city, or None where no boundaries are loaded.
        unit: Reads the name or code of a unit: its row in ``organisation``.
        layer: Reads the name, number or code of a layer: its row in ``point_layer``.
        default_layer: The layer of rows that name none.
        max_sensitivity: Up to which records may be written.
        takes_credentials: Whether they can be sealed.
        auto_keys: Whether the source has records that are known by name and place alone.
    """

    crs: str = ""
    extent: Extent | None = None
    unit: Parser = _unknown
    layer: Parser = _unknown
    default_layer: int | None = None
    max_sensitivity: int = 3
    takes_credentials: bool = True
    auto_keys: bool = False


@dataclass(slots=True)
class Checked:
    """What came of a chunk.

    Attributes:
        numbers: Of all rows.
        values: Field → a value for each row; ``wgs84_longitude`` and ``wgs84_latitude`` among them.
        stays: Which rows may go in.
        logins: Credentials by row.
        cleared: Fields that are to be emptied, by row.
        faults: All faults, warnings too.
        refused: Numbers of the rows that stay out.
        listed: Identities of the rows that stay out, as (layer, code, key): they are not gone.
        rows: How many rows held anything.
    """

    numbers: list[int] = field(default_factory=list)
    values: dict[str, list[Any]] = field(default_factory=dict)
    stays: list[bool] = field(default_factory=list)
    logins: dict[int, Login] = field(default_factory=dict)
    cleared: dict[int, list[str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    listed: list[tuple[int | None, str | None, str | None]] = field(default_factory=list)
    rows: int = 0


class Checker:
    """Checks chunk after chunk of one list; remembers identities to find duplicates.

    Args:
        kind: What the list lists.
        columns: How it is read.
        around: What else the rules need.
    """

    def __init__(self, kind: Kind, columns: Columns, around: Surroundings) -> None:
        self._kind = kind
        self._columns = columns
        self._around = around
        self._memos = {
            name: Memo(self._parser(column), column.field.plain) for name, column in columns.columns.items()
        }
        self._identities = Identities(kind, columns, around.default_layer, auto_keys=around.auto_keys)

    def _parser(self, column: Column) -> Parser:
        special = {"unit": self._around.unit, "layer": self._around.layer}
        return special.get(column.field.name) or _in_unit(column.field.parse, column.unit)

    def check(self, chunk: Chunk) -> Checked:
        """All faults of a chunk's rows, and the records of those without an error."""
        work = Workpiece(chunk, self._columns)
        for name, column in self._columns.columns.items():
            work.values[name] = self._read(work, column.index, name)
        self._leave_out(work)
        if self._kind is Kind.CAMERAS:
            self._take_logins(work)
            self._judge_sensitivity(work)
        self._place(work)
        for index, column_index, problem in chunk.spoilt:
            work.note(index, column_index, problem)
        self._identities.find(work)
        return self._sort(work)

    def _read(self, work: Workpiece, column: int, name: str) -> list[Any]:
        """The column's values; what is wrong with them is noted."""
        memo = self._memos[name]
        values = memo.read(work.texts(column))
        if memo.odd:
            for index, value in enumerate(values):
                kind = type(value)
                if kind is Noted:
                    for problem in value.problems:
                        work.note(index, column, problem)
                    values[index] = value.value
                elif value is CLEAR:
                    work.cleared.setdefault(index, []).append(name)
                    values[index] = None
                elif kind is UrlWithLogin:
                    work.logins[index] = Login(value.username, value.password)
                    values[index] = value.url
        return values

    def _leave_out(self, work: Workpiece) -> None:
        """Empty rows, repeated headers and sums are no records."""
        column = self._columns.columns.get("name") or next(iter(self._columns.columns.values()))
        texts = work.texts(column.index)
        for index in [i for i, text in enumerate(texts) if not text or text == column.header]:
            row = work.chunk.row(index)
            if not any(cell.strip() for cell in row):
                work.left_out[index] = None
            elif (
                sum(cell == header != "" for cell, header in zip(row, self._columns.header, strict=True)) > 1
            ):
                work.left_out[index] = REPEATED_HEADER
        for cells in (texts, work.texts(0)):
            if not _TOTALS.isdisjoint(cells):
                codes = work.column("code")
                for index, text in enumerate(cells):
                    if text in _TOTALS and not codes[index]:
                        work.left_out[index] = TOTAL

    def _take_logins(self, work: Workpiece) -> None:
        """Credentials from URLs (taken apart already) and from columns of their own leave the record."""
        users, passwords = work.values.pop("username", None), work.values.pop("password", None)
        for index in range(work.size) if users or passwords else ():
            user, password = (users and users[index]) or "", (passwords and passwords[index]) or ""
            if (user or password) and index not in work.logins:
                work.logins[index] = Login(user, password)
        if not self._around.takes_credentials:
            for index in work.logins:
                work.note(index, None, NO_SEALER)
            work.logins.clear()

    def _judge_sensitivity(self, work: Workpiece) -> None:
        column, most = self._columns.columns.get("sensitivity"), self._around.max_sensitivity
        if column:
            for index in [i for i, level in enumerate(work.values["sensitivity"]) if level and level > most]:
                work.note(index, column.index, TOO_SENSITIVE)

    def _place(self, work: Workpiece) -> None:
        """Coordinates, judged and brought to WGS-84; their reference system, where somebody said it."""
        columns, values = self._columns.columns, work.values
        if not {"longitude", "latitude"} <= columns.keys():
            for name in ("longitude", "latitude", "declared_crs"):
                values.pop(name, None)
            return
        said = self._columns.crs or self._around.crs
        default, extent = said or ReferenceSystem.WGS_84.value, self._around.extent
        pair = values["longitude"], values["latitude"]
        placed = coordinates.judge(*pair, values.get("declared_crs"), default, extent)
        if self._columns.geometry:
            told = [self._geometry(work, axis) for axis in (0, 1)]
            geometry = coordinates.judge(told[0], told[1], None, ReferenceSystem.WGS_84.value, extent)
            coordinates.prefer_geometry(placed, geometry)
        where = columns["longitude"].index, columns["latitude"].index
        misread = work.misread(*where) if placed.problems else set()
        for index, problem in placed.problems.items():
            if problem is not coordinates.HALF or index not in misread:
                row = work.chunk.row(index)
                work.note(index, where[0], problem, f"{row[where[0]]}, {row[where[1]]}")
            if problem is coordinates.ZERO:
                placed.declared[index] = float("nan")
        for axis, name in enumerate(("longitude", "latitude")):
            values[name] = known(placed.declared[:, axis])
            values[f"wgs84_{name}"] = known(placed.wgs84[:, axis])
        self._declare(work, said, placed)

    def _declare(self, work: Workpiece, said: str, placed: coordinates.Placed) -> None:
        systems = work.values.get("declared_crs")
        if systems is None and not said:
            return
        if systems is None or said:
            systems = [system or said for system in systems or work.column("")]
        for index in np.flatnonzero(np.isnan(placed.declared[:, 0])).tolist():
            systems[index] = None
        if placed.from_geometry is not None:
            for index in placed.from_geometry.nonzero()[0].tolist():
                systems[index] = ReferenceSystem.WGS_84.value
        work.values["declared_crs"] = systems

    def _geometry(self, work: Workpiece, axis: int) -> list[float | None]:
        assert self._columns.geometry
        values = self._memos[("longitude", "latitude")[axis]].read(work.texts(self._columns.geometry[axis]))
        return [value.value if type(value) is Noted else value for value in values]

    def _sort(self, work: Workpiece) -> Checked:
        """Part the rows that go in from those that stay out."""
        work.leave_out()
        chunk = work.chunk
        done = Checked(rows=work.size - sum(problem is None for problem in work.left_out.values()))
        done.faults = work.faults()
        refused = work.refused() - work.left_out.keys()
        for index in sorted(refused):
            done.refused.append(chunk.numbers[index])
            identity = (
                work.column("layer_id")[index],
                work.column("code")[index],
                work.column("source_key")[index],
            )
            done.listed.append(identity)
        for number, cells, problem in chunk.broken:
            done.rows += 1
            done.refused.append(number)
            done.faults.append(fault(number, "", ", ".join(cells), problem))
        self._identities.refuse(done.refused)
        if work.aliases:
            work.values["alias_key"] = [work.aliases.get(index) for index in range(work.size)]
        done.numbers, done.values = chunk.numbers, work.values
        done.logins, done.cleared = work.logins, work.cleared
        done.stays = [True] * work.size
        for index in refused | work.left_out.keys():
            done.stays[index] = False
        return done


def _in_unit(parser: Parser, unit: str) -> Parser:
    """``parser`` for a column whose header names the unit of its bare numbers."""
    if not unit:
        return parser

    def parse(text: str) -> Any:
        return parser(f"{text}{unit}" if _PLAIN_NUMBER.fullmatch(text.strip()) else text)

    return parse


def known(column: NDArray[np.float64]) -> list[float | None]:
    """NaN as None."""
    values: list[float | None] = column.tolist()
    for index in np.flatnonzero(np.isnan(column)).tolist():
        values[index] = None
    return values
