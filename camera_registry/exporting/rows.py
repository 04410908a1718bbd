"""The rows of an export: one snapshot of the catalogue, read in batches, so that memory stays constant."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from sqlalchemy import Double, and_, func, or_, select
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from camera_registry.exporting.columns import PLACE, SOURCES, SYSTEMS
from camera_registry.exporting.request import Crs
from camera_registry.importing import Kind
from camera_registry.selection import within_unit
from gis.crs import from_wgs84
from models.tables import camera, point, point_layer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sqlalchemy import ColumnElement, Select

    from base.database import Database
    from camera_registry.exporting.columns import ExportColumn
    from camera_registry.exporting.request import ExportRequest, PointFilter
    from models.scope import Scope

BATCH = 1_000
"""Rows at once: some milliseconds of work, so that whoever shares the process hardly waits."""

Row = list[Any]
"""The values of the columns, in order; behind them longitude and latitude in WGS-84, or None."""


class Snapshot:
    """The rows that are asked for, as they were at one moment.

    Attributes:
        count: How many there are.
    """

    def __init__(self, count: int, batches: AsyncIterator[list[Row]]) -> None:
        self.count = count
        self._batches = batches

    def __aiter__(self) -> AsyncIterator[list[Row]]:
        return self._batches


@asynccontextmanager
async def snapshot(
    database: Database, request: ExportRequest, columns: Sequence[ExportColumn]
) -> AsyncIterator[Snapshot]:
    """Open a snapshot; it ends, and with it its transaction, with the body.

    Raises:
        UnavailableError: The database went away.
    """
    table = camera if request.kind is Kind.CAMERAS else point
    conditions = _conditions(request)
    place = (func.ST_X(table.c.geom, type_=Double), func.ST_Y(table.c.geom, type_=Double))
    wanted = (*(column.sql for column in columns), *place)
    query = select(*(sql.label(f"c{i}") for i, sql in enumerate(wanted))).select_from(SOURCES[request.kind])
    text, values = compiled(query.where(*conditions).order_by(table.c.id))
    counting, counted = compiled(select(func.count()).select_from(table).where(*conditions))
    shift = _Shift.of(request.crs, columns)

    async with (
        database.raw() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        count: int = await connection.fetchval(counting, *counted)

        async def batches() -> AsyncIterator[list[Row]]:
            cursor = await connection.cursor(text, *values)
            while records := await cursor.fetch(BATCH):
                rows = [list(record.values()) for record in records]
                if shift:
                    shift.apply(rows)
                yield rows

        yield Snapshot(count, batches())


def compiled(query: Select[Any]) -> tuple[str, list[Any]]:
    """The query as asyncpg takes it: its cursors stream, which SQLAlchemy's do at a price."""
    done = query.compile(
        dialect=dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"render_postcompile": True},
    )
    return str(done), [done.params[name] for name in done.positiontup or []]


class _Shift:
    """Turns WGS-84 in the columns of the place into another system, a batch at a time."""

    def __init__(self, crs: Crs, longitude: int | None, latitude: int | None) -> None:
        self._system = SYSTEMS[crs]
        self._columns = (longitude, latitude)

    @classmethod
    def of(cls, crs: Crs, columns: Sequence[ExportColumn]) -> _Shift | None:
        if crs in {Crs.DECLARED, Crs.WGS_84}:
            return None
        names = [column.name for column in columns]
        longitude, latitude = (names.index(name) if name in names else None for name in PLACE[:2])
        return cls(crs, longitude, latitude)

    def apply(self, rows: list[Row]) -> None:
        wgs84 = np.array([[np.nan, np.nan] if row[-1] is None else row[-2:] for row in rows], dtype=float)
        shifted = from_wgs84(wgs84, self._system).round(8).tolist()
        for row, place in zip(rows, shifted, strict=True):
            for column, value in zip(self._columns, place, strict=True):
                if column is not None and row[-1] is not None:
                    row[column] = value


def _conditions(request: ExportRequest) -> list[ColumnElement[bool]]:
    if request.kind is Kind.CAMERAS:
        return [request.scope.sees(camera), *request.cameras.conditions()]
    return [_sees_points(request.scope), *_of_points(request.points)]


def _sees_points(scope: Scope) -> ColumnElement[bool]:
    """Points are no secret within a unit: they have no sensitivity."""
    within: ColumnElement[bool] = point.c.unit_tree.between(scope.tree_left, scope.tree_right)
    return within | point.c.unit_tree.is_(None) if scope.whole_city else within


def _of_points(wanted: PointFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.layers:
        layers = select(point_layer.c.id).where(point_layer.c.code.in_(wanted.layers))
        found.append(point.c.layer_id.in_(layers))
    if wanted.units:
        found.append(or_(*(within_unit(point, code) for code in wanted.units)))
    if wanted.area is not None:
        shape = func.ST_GeomFromWKB(shapely.to_wkb(wanted.area), 4326)
        found.append(and_(func.ST_Intersects(point.c.geom, shape)))
    if wanted.words:
        found.append(
            or_(
                point.c.name.icontains(wanted.words, autoescape=True),
                point.c.code.startswith(wanted.words, autoescape=True),
            )
        )
    return found
