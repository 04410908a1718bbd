"""Units within a scope: one record, and editing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import shapely
from sqlalchemy import func, select, update

from api.audit import record
from api.camera_edit import matches
from api.errors import EditedMeanwhileError
from api.schemas_units import UnitRecord
from base.errors import NotFoundError
from camera_registry.units.check import outline
from camera_registry.units.export import LEVELS
from gis.boundaries import area_m2
from models.tables import account, audit, camera, organisation, point

if TYPE_CHECKING:
    from sqlalchemy import RowMapping, ScalarSelect
    from sqlalchemy.ext.asyncio import AsyncConnection

    from api.schemas_units import UnitEdit
    from api.sessions import Asker
    from base.clock import Clock
    from models.scope import Scope

ACTION = "unit.edit"

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


async def edit_unit(  # noqa: PLR0913, PLR0917 - a conditional edit has these parts
    connection: AsyncConnection, clock: Clock, asker: Asker, code: str, change: UnitEdit, if_match: str
) -> None:
    """Change what of a unit is no boundary, in the caller's transaction.

    Raises:
        NotFoundError: There is none of that code within the asker's scope.
        EditedMeanwhileError: The record is of another version.
    """
    this = organisation.c.code == code
    mine = organisation.c.tree_left.between(asker.scope.tree_left, asker.scope.tree_right)
    columns = (organisation.c.version, organisation.c.name, organisation.c.name_en, organisation.c.civil_code)
    query = select(*columns).where(this, mine).with_for_update()
    before = (await connection.execute(query)).mappings().one_or_none()
    if before is None:
        raise NotFoundError("There is no such unit.")
    if not matches(if_match, before["version"]):
        raise await _edited_meanwhile(connection, code, before["version"])
    values = change.model_dump(exclude_unset=True)
    changed = [name for name in values if values[name] != before[name]]
    await connection.execute(
        update(organisation)
        .where(this)
        .values(**values, version=organisation.c.version + 1, updated_at=clock.now())
    )
    detail = {
        "before": {name: before[name] for name in changed},
        "after": {name: values[name] for name in changed},
    }
    await record(connection, asker.deed(ACTION, f"unit/{code}", detail))


async def _edited_meanwhile(connection: AsyncConnection, code: str, version: int) -> EditedMeanwhileError:
    query = (
        select(account.c.username, audit.c.at)
        .join_from(audit, account)
        .where(audit.c.action == ACTION, audit.c.object == f"unit/{code}")
        .order_by(audit.c.id.desc())
        .limit(1)
    )
    last = (await connection.execute(query)).one_or_none()
    return EditedMeanwhileError(
        version=version, edited_by=last.username if last else None, edited_at=last.at if last else None
    )
