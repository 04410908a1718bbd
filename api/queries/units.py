"""Units within a scope: one record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import shapely
from sqlalchemy import func, select

from api.schemas_units import UnitRecord
from base.errors import NotFoundError
from camera_registry.units.check import outline
from camera_registry.units.export import LEVELS
from gis.boundaries import area_m2
from models.tables import camera, organisation, point

if TYPE_CHECKING:
    from sqlalchemy import RowMapping, ScalarSelect
    from sqlalchemy.ext.asyncio import AsyncConnection

    from models.scope import Scope

_above = organisation.alias("above")
_below = organisation.alias("below")


def _in_subtree(table: Any, *conditions: Any) -> ScalarSelect[Any]:
    within = table.c.unit_tree.between(organisation.c.tree_left, organisation.c.tree_right)
    return (
        select(func.count())
        .select_from(table)
        .where(within, *conditions)
        .correlate(organisation)
        .scalar_subquery()
    )


async def read_unit(
    connection: AsyncConnection, scope: Scope, code: str, *, boundary: bool = True
) -> UnitRecord:
    """One unit.

    Raises:
        NotFoundError: There is none of that code within ``scope``.
    """
    columns = ("code", "name", "name_en", "civil_code", "level", "version", "updated_at")
    query = select(
        *(organisation.c[name] for name in columns),
        select(_above.c.code)
        .where(_above.c.id == organisation.c.parent_id)
        .scalar_subquery()
        .label("parent"),
        func.array(
            select(_above.c.name)
            .where(organisation.c.tree_left.between(_above.c.tree_left, _above.c.tree_right))
            .order_by(_above.c.level)
            .scalar_subquery()
        ).label("path"),
        func.array(
            select(_below.c.code)
            .where(_below.c.parent_id == organisation.c.id)
            .order_by(_below.c.tree_left)
            .scalar_subquery()
        ).label("children"),
        _in_subtree(camera, camera.c.sensitivity <= scope.max_sensitivity).label("cameras"),
        _in_subtree(point).label("points"),
        func.ST_AsBinary(organisation.c.geom).label("wkb"),
    ).where(organisation.c.code == code, organisation.c.tree_left.between(scope.tree_left, scope.tree_right))
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError("There is no such unit.")
    return _record(row, boundary=boundary)


def _record(row: RowMapping, *, boundary: bool) -> UnitRecord:
    values = dict(row)
    wkb, level = values.pop("wkb"), values.pop("level")
    shape = shapely.from_wkb(wkb) if wkb else None
    return UnitRecord(
        **values,
        level=LEVELS[level],  # type: ignore[arg-type]  # the three of LevelName
        area_m2=None if shape is None else round(area_m2(shape), 1),
        bounds=None if shape is None else list(shape.bounds),
        boundary=outline(shape) if shape is not None and boundary else None,
    )
