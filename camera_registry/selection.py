"""Which cameras are meant: one filter for lists, counts, tiles, exports, classification and governance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely
from sqlalchemy import ColumnElement, Integer, Select, func, literal_column, or_, select, true
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from models.camera import CameraState
from models.tables import camera, camera_scene, camera_state, organisation, scene

if TYPE_CHECKING:
    from sqlalchemy import FromClause

KNOWN_STATE: ColumnElement[int] = func.coalesce(camera_state.c.state, int(CameraState.UNKNOWN))
"""A camera that was never looked at has no row of its own there. Needs ``camera_state`` outer-joined."""

_STATE_OF: ColumnElement[int] = func.coalesce(
    select(camera_state.c.state)
    .where(camera_state.c.camera_id == camera.c.id)
    .correlate(camera)
    .scalar_subquery(),
    int(CameraState.UNKNOWN),
)


@dataclass(frozen=True, slots=True)
class CameraFilter:
    """Which cameras are meant; what is empty or None lets all through, and all parts must hold.

    Attributes:
        units: Codes of units; one of their subtrees.
        scenes: Codes of scenes; they serve one of them.
        classified: Whether they serve any scene at all.
        states: What is known of their health.
        owners: Departments that own them.
        sources: Lists they came from.
        ids: Rows.
        codes: Device ids.
        area: Where they stand, WGS-84; a lasso, a box, a unit's boundary.
        words: What staff would type into a search box.
    """

    units: tuple[str, ...] = ()
    scenes: tuple[str, ...] = ()
    classified: bool | None = None
    states: tuple[CameraState, ...] = ()
    owners: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    ids: tuple[int, ...] | None = None
    codes: tuple[str, ...] | None = None
    area: shapely.Geometry | None = None
    words: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:  # noqa: C901 - one clause a part
        """The filter in the store's terms: conditions on ``camera`` that stand alone, without a join."""
        found: list[ColumnElement[bool]] = []
        if self.units:
            found.append(or_(*(within_unit(camera, code) for code in self.units)))
        if self.scenes:
            found.append(_serves(scene.c.code.in_(self.scenes)))
        if self.classified is not None:
            found.append(_serves() if self.classified else ~_serves())
        if self.states:
            found.append(_STATE_OF.in_([int(state) for state in self.states]))
        if self.owners:
            found.append(camera.c.owner.in_(self.owners))
        if self.sources:
            found.append(camera.c.source.in_(self.sources))
        if self.ids is not None:
            found.append(camera.c.id == func.any(list(self.ids)))
        if self.codes is not None:
            found.append(camera.c.code == func.any(list(self.codes)))
        if self.area is not None:
            shape = func.ST_GeomFromWKB(shapely.to_wkb(self.area), 4326)
            found.append(func.ST_Intersects(camera.c.geom, shape))
        if self.words:
            found.append(
                or_(
                    camera.c.name.icontains(self.words, autoescape=True),
                    camera.c.code.startswith(self.words, autoescape=True),
                )
            )
        return found


def within_unit(table: FromClause, unit_code: str) -> ColumnElement[bool]:
    """Whether a row belongs to the unit of that code or one below it."""
    unit = organisation.alias()
    return (
        select(1)
        .where(unit.c.code == unit_code, table.c.unit_tree.between(unit.c.tree_left, unit.c.tree_right))
        .correlate(table)
        .exists()
    )


def _serves(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    assigned = select(1).where(camera_scene.c.camera_id == camera.c.id)
    if which:
        assigned = assigned.where(camera_scene.c.scene_id == scene.c.id, *which)
    return assigned.correlate(camera).exists()


def as_sql(conditions: list[ColumnElement[bool]], *, first: int) -> tuple[str, tuple[object, ...]]:
    """The conditions as text for a hand-written statement, with its parameters numbered from ``first``.

    The table must be called ``camera`` in that statement.
    """
    # Compiled within a query, so that what correlates with the camera finds it there.
    query: Select[int] = select(literal_column("1", Integer)).select_from(camera).where(true(), *conditions)
    compiled = query.compile(
        dialect=dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"render_postcompile": True},
    )
    _, _, condition = str(compiled).partition("\nWHERE ")
    text = re.sub(r"\$(\d+)", lambda found: f"${int(found[1]) + first - 1}", condition)
    return text or "true", tuple(compiled.params[name] for name in compiled.positiontup or [])
