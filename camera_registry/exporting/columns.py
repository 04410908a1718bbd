"""The columns of an export: the fields that an import reads, and what the catalogue itself knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Date, Double, Integer, Text, case, cast, func, literal, select
from sqlalchemy.dialects.postgresql import INET, REAL, aggregate_order_by

from base.errors import ForbiddenError, InvalidInputError
from camera_registry.exporting.request import Crs, Language
from camera_registry.importing import Kind
from camera_registry.importing.fields import FIELDS
from camera_registry.selection import KNOWN_STATE
from gis.crs import ReferenceSystem
from models.camera import CameraState
from models.scope import Permission
from models.tables import camera, camera_scene, camera_state, organisation, point, point_layer, scene

if TYPE_CHECKING:
    from sqlalchemy import CTE, ColumnElement, FromClause

    from camera_registry.exporting.request import ExportRequest

Type = Literal["text", "whole", "number", "day", "moment"]

SECRET = frozenset({"username", "password"})
"""Never leave the catalogue."""

PRIVATE = frozenset(
    {
        *("contact_info", "stream_url", "sub_stream_url", "snapshot_url", "onvif_url"),
        *("ip_address", "port", "mac"),
    }
)
"""Of persons, or the way into a camera: for those who may edit it."""

PLACE = ("longitude", "latitude", "declared_crs")

_STATES = {
    CameraState.UNKNOWN: ("未知", "unknown"),
    CameraState.ONLINE: ("在线", "online"),
    CameraState.DEGRADED: ("异常", "degraded"),
    CameraState.OFFLINE: ("离线", "offline"),
}


@dataclass(frozen=True, slots=True, eq=False)
class ExportColumn:
    """A column of an export.

    Attributes:
        name: Its name, and its header in English.
        title: Its header in Chinese; both headers are those that an import recognises.
        type: Of its values.
        sql: Where they come from.
    """

    name: str
    title: str
    type: Type
    sql: ColumnElement[Any]


def columns_of(request: ExportRequest) -> list[ExportColumn]:
    """The columns that are asked for, in order.

    Raises:
        InvalidInputError: There is no such field, or it is named twice.
        ForbiddenError: The asker may not see one that is named.
    """
    everything = _columns(request)
    hidden = frozenset() if request.scope.may(Permission.EDIT_CAMERAS) else PRIVATE
    if not request.fields:
        return [column for name, column in everything.items() if name not in hidden]
    for name in request.fields:
        if name not in everything:
            raise InvalidInputError(
                f"fields: there is no {name!r}.", remedy=f"There are {', '.join(everything)}."
            )
    if len(set(request.fields)) < len(request.fields):
        raise InvalidInputError("fields: one is named twice.")
    refused = [name for name in request.fields if name in hidden]
    if refused:
        raise ForbiddenError(
            f"This account may not export {', '.join(refused)}.", remedy="Leave them out, or ask an editor."
        )
    return [everything[name] for name in request.fields]


def _columns(request: ExportRequest) -> dict[str, ExportColumn]:
    table = camera if request.kind is Kind.CAMERAS else point
    places = _place(table, request.crs)
    own = _own_of_cameras(request.language) if request.kind is Kind.CAMERAS else _own_of_points()
    found: dict[str, ExportColumn] = {}
    for field in FIELDS[request.kind].values():
        if field.name in SECRET:
            continue
        if field.name in places:
            found[field.name] = _column(field.name, field.title, places[field.name])
        elif field.name in own:
            found[field.name] = _column(field.name, field.title, own[field.name][1])
        elif field.name in table.c:
            found[field.name] = _column(field.name, field.title, table.c[field.name])
    for name, (title, sql) in own.items():
        found.setdefault(name, _column(name, title, sql))
    return found


def _column(name: str, title: str, sql: ColumnElement[Any]) -> ExportColumn:
    if isinstance(sql.type, REAL):
        # The shortest digits that mean the number, and not those of the double that is nearest to it.
        sql = cast(cast(sql, Text), Double)
    if isinstance(sql.type, INET):
        sql = func.host(sql, type_=Text)
    return ExportColumn(name, title, _type(sql), sql)


def _type(sql: ColumnElement[Any]) -> Type:
    if isinstance(sql.type, Integer):
        return "whole"
    if isinstance(sql.type, Double):
        return "number"
    if isinstance(sql.type, Date):
        return "day"
    return "text" if isinstance(sql.type, Text) else "moment"


def _place(table: FromClause, crs: Crs) -> dict[str, ColumnElement[Any]]:
    """Longitude, latitude and their system; the shifted systems are counted from WGS-84 row by row later."""
    x, y = func.ST_X(table.c.geom, type_=Double), func.ST_Y(table.c.geom, type_=Double)
    system: ColumnElement[Any]
    if crs is Crs.DECLARED:
        # A place that nobody declared was made by hand, in WGS-84.
        made = case((x.is_not(None), literal(ReferenceSystem.WGS_84.value, Text)))
        system = case((table.c.longitude.is_(None), made), else_=table.c.declared_crs)
        x, y = func.coalesce(table.c.longitude, x), func.coalesce(table.c.latitude, y)
    else:
        system = case((x.is_not(None), literal(SYSTEMS[crs].value, Text)))
    return dict(zip(PLACE, (x, y, system), strict=True))


SYSTEMS = {
    Crs.WGS_84: ReferenceSystem.WGS_84,
    Crs.GCJ_02: ReferenceSystem.GCJ_02,
    Crs.BD_09: ReferenceSystem.BD_09,
}


def _own_of_cameras(language: Language) -> dict[str, tuple[str, ColumnElement[Any]]]:
    """What no list says; an import leaves these headers out."""
    chinese = language is Language.CHINESE
    word = scene.c.name if chinese else scene.c.code
    scenes = (
        select(func.string_agg(word, aggregate_order_by(literal("、" if chinese else ";", Text), scene.c.id)))
        .where(camera_scene.c.camera_id == camera.c.id, scene.c.id == camera_scene.c.scene_id)
        .correlate(camera)
        .scalar_subquery()
    )
    words = {int(state): both[not chinese] for state, both in _STATES.items()}
    return {
        **_UNIT,
        "scenes": ("应用场景", cast(scenes, Text)),
        "health": ("监测状态", case(words, value=KNOWN_STATE)),
        "source": ("来源名单", camera.c.source),
        "gone_since": ("名单消失时间", camera.c.gone_since),
        "record_id": ("记录号", camera.c.id),
    }


def _own_of_points() -> dict[str, tuple[str, ColumnElement[Any]]]:
    return {
        "layer": ("图层", point_layer.c.code),
        **_UNIT,
        "source": ("来源名单", point.c.source),
        "gone_since": ("名单消失时间", point.c.gone_since),
        "record_id": ("记录号", point.c.id),
    }


def _paths() -> CTE:
    """Code and full name of each unit, made once for all rows."""
    below, above = organisation.alias("below"), organisation.alias("above")
    full = func.string_agg(above.c.name, aggregate_order_by(literal("/", Text), above.c.level), type_=Text)
    query = (
        select(below.c.id, below.c.code, full.label("path"))
        .join(above, below.c.tree_left.between(above.c.tree_left, above.c.tree_right))
        .group_by(below.c.id, below.c.code)
    )
    return query.cte("unit_path").prefix_with("materialized")


UNITS = _paths()

SOURCES: dict[Kind, FromClause] = {
    Kind.CAMERAS: camera.outerjoin(UNITS, UNITS.c.id == camera.c.unit_id).outerjoin(
        camera_state, camera_state.c.camera_id == camera.c.id
    ),
    Kind.POINTS: point.join(point_layer, point_layer.c.id == point.c.layer_id).outerjoin(
        UNITS, UNITS.c.id == point.c.unit_id
    ),
}
"""What the columns are read from."""

_UNIT = {"unit_code": ("辖区代码", UNITS.c.code), "unit_path": ("辖区全称", UNITS.c.path)}
