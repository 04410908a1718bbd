"""A list's good rows in the store's temporary tables, each with the unit on whose ground it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from camera_registry.importing.fields import FIELDS
from gis.jurisdiction import UNITS_OF

if TYPE_CHECKING:
    import asyncpg

    from camera_registry.importing.check import Checked
    from camera_registry.importing.credentials import Credentials
    from camera_registry.importing.headers import Columns
    from camera_registry.importing.request import Kind

_TABLES = """
create temp table import_spot (
    id integer, longitude float8, latitude float8,
    geom geometry(point, 4326) generated always as (ST_SetSRID(ST_MakePoint(longitude, latitude), 4326)) stored
) on commit drop;
create index on import_spot using gist (geom);
create temp table import_place (row integer, unit_id integer, unit_tree integer) on commit drop;
create temp table import_listed (layer_id smallint, code text, source_key text) on commit drop;
create temp table import_stage ({columns}) on commit drop;
"""

_PLACE = f"""
insert into import_place select id, unit_id, unit_tree from ({UNITS_OF.format(table="import_spot")}) found
"""  # noqa: S608 - put together from this program's own words

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
}
"""Columns that every stage has, whatever the list does."""


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
        types = {name: FIELDS[kind][name].sql for name in columns.columns if FIELDS[kind][name].sql}
        if {"longitude", "latitude"} <= types.keys():
            types["declared_crs"] = "text"
        else:
            for name in ("longitude", "latitude", "declared_crs"):
                types.pop(name, None)
        self.fields = tuple(name for name in types if name not in ALWAYS)
        self._types = ALWAYS | types
        self.has_cleared = False
        self.logins = 0

    async def create(self) -> None:
        """Make the tables."""
        columns = ", ".join(f"{name} {kind}" for name, kind in self._types.items())
        await self._connection.execute(_TABLES.format(columns=columns))

    async def add(self, checked: Checked) -> None:
        """Copy a chunk's good rows, and place them."""
        values = {**checked.values, "row": checked.numbers}
        size = len(checked.numbers)
        if checked.cleared:
            self.has_cleared = True
            values["cleared"] = [checked.cleared.get(position) for position in range(size)]
        if checked.logins and self._credentials:
            self.logins += len(checked.logins)
            ids = await self._credentials.ids(checked.logins.values())
            login = checked.logins.get
            values["credential_id"] = [
                ids[found] if (found := login(position)) else None for position in range(size)
            ]
        names = [name for name in self._types if name in values]
        copy = self._connection.copy_records_to_table
        await copy("import_stage", records=zip(*(values[name] for name in names), strict=True), columns=names)
        await copy("import_listed", records=checked.listed)
        if "wgs84_longitude" in values:
            await self._place(values)

    async def _place(self, values: dict[str, list[Any]]) -> None:
        spots = zip(values["row"], values["wgs84_longitude"], values["wgs84_latitude"], strict=True)
        await self._connection.execute("truncate import_spot")
        await self._connection.copy_records_to_table(
            "import_spot",
            records=(spot for spot in spots if spot[1] is not None),
            columns=("id", "longitude", "latitude"),
        )
        await self._connection.execute("analyze import_spot")
        await self._connection.execute(_PLACE)

    async def finish(self) -> None:
        """Tell the planner what came."""
        await self._connection.execute("analyze import_stage; analyze import_place; analyze import_listed")
