"""A list's good rows in the store's temporary tables, each with the unit on whose ground it stands."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any

from camera_registry.importing.fields import FIELDS
from camera_registry.importing.placing import read_placer

if TYPE_CHECKING:
    import asyncpg

    from camera_registry.importing.check import Checked
    from camera_registry.importing.credentials import Credentials
    from camera_registry.importing.headers import Columns
    from camera_registry.importing.request import Kind

_TABLES = """
create temp table import_place (row integer, unit_id integer, unit_tree integer) on commit drop;
create temp table import_listed (layer_id smallint, code text, source_key text) on commit drop;
create temp table import_stage ({columns}) on commit drop;
"""

MEMORY = "set local work_mem = '64MB'; set local maintenance_work_mem = '256MB'"
"""For one transaction that joins and sorts a city."""

ALWAYS = {
    "row": "integer",
    "code": "text",
    "source_key": "text",
    "alias_key": "text",
    "layer_id": "smallint",
    "unit": "integer",
    "credential_id": "integer",
    "wgs84_longitude": "float8",
    "wgs84_latitude": "float8",
    "cleared": "text[]",
    "doubled": "boolean",
}
"""Columns that every stage has, whatever the list does."""


def record_columns(kind: Kind, columns: Columns) -> dict[str, str]:
    """Columns of the record that the list has, with the types they are staged as."""
    types = {name: FIELDS[kind][name].sql for name in columns.columns if FIELDS[kind][name].sql}
    types.pop("source_key", None)
    if {"longitude", "latitude"} <= types.keys():
        types["declared_crs"] = "text"
    else:
        for name in ("longitude", "latitude", "declared_crs"):
            types.pop(name, None)
    return types


class Staging:
    """The temporary tables of one import.

    Args:
        connection: The import's transaction, at whose end they go.
        kind: What the list lists.
        columns: How it is read.
        credentials: Where logins go; None if they are not taken in.

    Attributes:
        fields: Columns of the record that the list has.
        has_cleared: Whether some row empties a field.
        has_logins: Whether some row carries credentials.
    """

    def __init__(
        self,
        connection: asyncpg.Connection[Any],
        kind: Kind,
        columns: Columns,
        credentials: Credentials | None,
    ) -> None:
        self._connection = connection
        self._credentials = credentials
        types = record_columns(kind, columns)
        self.fields = tuple(name for name in types if name not in ALWAYS)
        self._types = ALWAYS | types
        self.has_cleared = self.has_logins = False

    async def create(self) -> None:
        """Make the tables."""
        columns = ", ".join(f"{name} {kind}" for name, kind in self._types.items())
        await self._connection.execute(f"{MEMORY}; {_TABLES.format(columns=columns)}")
        self._placer = await read_placer(self._connection)

    async def add(self, checked: Checked) -> None:
        """Copy a chunk's good rows, and of those with a place the unit on whose ground they stand."""
        values = {**checked.values, "row": checked.numbers}
        size, stays = len(checked.numbers), checked.stays
        if checked.cleared:
            self.has_cleared = True
            values["cleared"] = [checked.cleared.get(index) for index in range(size)]
        if checked.logins and self._credentials:
            self.has_logins = True
            values["credential_id"] = await self._credentials.column(checked)
        names = [name for name in self._types if name in values]
        copy = self._connection.copy_records_to_table
        good = zip(*(compress(values[name], stays) for name in names), strict=True)
        await copy("import_stage", records=good, columns=names)
        if checked.listed:
            await copy("import_listed", records=checked.listed)
        if "wgs84_longitude" in values:
            stands = [
                stay and place is not None
                for stay, place in zip(stays, values["wgs84_longitude"], strict=True)
            ]
            placed = (checked.numbers, *self._placer.units_of(checked.values, size))
            rows = zip(*(compress(column, stands) for column in placed), strict=True)
            await copy("import_place", records=rows)
