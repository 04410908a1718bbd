"""Pieces that several questions share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from api.schemas import Place, UnitRef
from models.tables import organisation

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, FromClause, RowMapping, ScalarSelect


def unit_path(table: FromClause) -> ScalarSelect[Any]:
    """The names of the units above a row's unit, from the city down, and its own."""
    above = organisation.alias()
    return (
        select(func.array_agg(aggregate_order_by(above.c.name, above.c.level)))
        .where(above.c.tree_left <= table.c.unit_tree, above.c.tree_right >= table.c.unit_tree)
        .correlate(table)
        .scalar_subquery()
    )


def place_columns(table: FromClause) -> tuple[ColumnElement[Any], ...]:
    """WGS-84 longitude and latitude, and the accuracy."""
    return (
        func.ST_X(table.c.geom).label("longitude_wgs"),
        func.ST_Y(table.c.geom).label("latitude_wgs"),
        table.c.accuracy_m,
    )


def place_of(row: RowMapping) -> Place | None:
    """The place that :func:`place_columns` read."""
    if row["longitude_wgs"] is None:
        return None
    return Place(longitude=row["longitude_wgs"], latitude=row["latitude_wgs"], accuracy_m=row["accuracy_m"])


def unit_of(row: RowMapping) -> UnitRef | None:
    """The unit of a row with ``unit_code``, ``unit_name`` and ``unit_path``."""
    if row["unit_code"] is None:
        return None
    return UnitRef(code=row["unit_code"], name=row["unit_name"], path=row["unit_path"] or [])
