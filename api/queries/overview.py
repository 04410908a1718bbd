"""What a scope holds in numbers, and the reference lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from api.schemas import Counts, IncidentCount, Organisation, Scene, SceneCount, state_name
from models.camera import CameraState
from models.scope import GRANTS, Permission
from models.tables import camera, camera_scene, camera_state, incident, organisation, scene

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from models.scope import Scope


async def count(connection: AsyncConnection, scope: Scope) -> Counts:
    """Cameras by state and scene, and open incidents, within ``scope``."""
    state = func.coalesce(camera_state.c.state, int(CameraState.UNKNOWN))
    by_state = dict.fromkeys((state_name(known) for known in CameraState), 0)
    without_place = 0
    rows = await connection.execute(
        select(state, func.count(), func.count().filter(camera.c.geom.is_(None)))
        .select_from(camera.outerjoin(camera_state, camera_state.c.camera_id == camera.c.id))
        .where(scope.sees(camera))
        .group_by(state)
    )
    for known, cameras, unplaced in rows:
        by_state[state_name(known)] += cameras
        without_place += unplaced
    return Counts(
        cameras=sum(by_state.values()),
        by_state=by_state,
        without_place=without_place,
        by_scene=await _by_scene(connection, scope),
        incidents=await _open_incidents(connection, scope),
    )


async def _by_scene(connection: AsyncConnection, scope: Scope) -> list[SceneCount]:
    serving = (
        select(camera_scene.c.scene_id, func.count().label("cameras"))
        .join_from(camera_scene, camera, camera.c.id == camera_scene.c.camera_id)
        .where(scope.sees(camera))
        .group_by(camera_scene.c.scene_id)
        .subquery()
    )
    query = (
        select(scene.c.code, scene.c.name, func.coalesce(serving.c.cameras, 0).label("cameras"))
        .outerjoin(serving, serving.c.scene_id == scene.c.id)
        .order_by(scene.c.id)
    )
    return [SceneCount(**row) for row in (await connection.execute(query)).mappings()]


async def _open_incidents(connection: AsyncConnection, scope: Scope) -> list[IncidentCount]:
    if not any(Permission.READ_EVENTS in GRANTS[role] for role in scope.roles):
        return []
    query = (
        select(incident.c.kind, incident.c.severity, func.count().label("open"))
        .where(scope.sees(incident), incident.c.state != "closed")
        .group_by(incident.c.kind, incident.c.severity)
        .order_by(incident.c.severity, incident.c.kind)
    )
    return [IncidentCount(**row) for row in (await connection.execute(query)).mappings()]


def _in_tree(scope: Scope) -> ColumnElement[bool]:
    return organisation.c.tree_left.between(scope.tree_left, scope.tree_right)


async def organisation_tree(connection: AsyncConnection, scope: Scope) -> Organisation:
    """The asker's unit and all below it."""
    box = func.Box2D(organisation.c.geom)
    edges = [func.ST_XMin(box), func.ST_YMin(box), func.ST_XMax(box), func.ST_YMax(box)]
    columns = (organisation.c.code, organisation.c.name, organisation.c.name_en, organisation.c.civil_code)
    query = (
        select(
            organisation.c.id,
            organisation.c.parent_id,
            *columns,
            organisation.c.level,
            *(edge.label(f"edge_{number}") for number, edge in enumerate(edges)),
        )
        .where(_in_tree(scope))
        .order_by(organisation.c.tree_left)
    )
    nodes: dict[int, dict[str, Any]] = {}
    top: dict[str, Any] | None = None
    # In the order of the tree a parent comes before its children.
    for row in (await connection.execute(query)).mappings():
        edge = [row[f"edge_{number}"] for number in range(4)]
        named = {name: row[name] for name in ("code", "name", "name_en", "civil_code", "level")}
        node = {**named, "bounds": None if edge[0] is None else edge, "children": []}
        nodes[row["id"]] = node
        if top is None:
            top = node
        else:
            nodes[row["parent_id"]]["children"].append(node)
    return Organisation.model_validate(top)


async def bounds(connection: AsyncConnection, scope: Scope) -> list[float] | None:
    """West, south, east, north of the asker's unit; None while it has no boundary."""
    box = select(func.ST_Extent(organisation.c.geom).label("box")).where(_in_tree(scope)).subquery()
    edges = [edge(box.c.box) for edge in (func.ST_XMin, func.ST_YMin, func.ST_XMax, func.ST_YMax)]
    row = (await connection.execute(select(*edges))).one()
    return None if row[0] is None else list(row)


async def scenes(connection: AsyncConnection) -> list[Scene]:
    """The scene table."""
    rows = await connection.execute(select(scene).order_by(scene.c.id))
    return [Scene(**row) for row in rows.mappings()]
