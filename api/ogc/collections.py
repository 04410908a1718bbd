"""What map clients may read, by explicit list: each collection, its properties and whom it is shown to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Double, Text, case, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from api.ogc.conditions import Kind, Typed
from api.schemas import STATE_NAMES
from camera_registry.selection import KNOWN_STATE
from models.tables import (
    camera,
    camera_scene,
    camera_state,
    organisation,
    point,
    point_layer,
    road,
    scene,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import FromClause

    from models.scope import Scope

GEOMETRY = "geometry"
"""The name under which a filter speaks of the place."""

JSON_TYPES: dict[Kind, dict[str, str]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "moment": {"type": "string", "format": "date-time"},
}


@dataclass(frozen=True, slots=True, eq=False)
class Property:
    """A property of a collection's features.

    Attributes:
        name: As clients write it: letters that need no quotation marks.
        title: What it is, for people.
        kind: Its type.
        sql: Where it comes from.
    """

    name: str
    title: str
    kind: Kind
    sql: ColumnElement[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """A set of features.

    Attributes:
        id: Its name in addresses.
        title: Its name for people.
        description: What is in it.
        source: The tables.
        key: The feature's id, ascending in pages.
        geometry: The place.
        shape: Its GeoJSON type.
        properties: In the order in which clients show them.
        seen: The condition that holds a query to the asker's scope.
        moment: Which property the parameter ``datetime`` speaks of, or None.
    """

    id: str
    title: str
    description: str
    source: FromClause
    key: ColumnElement[int]
    geometry: ColumnElement[Any]
    shape: str
    properties: tuple[Property, ...]
    seen: Callable[[Scope], ColumnElement[bool]]
    moment: str | None = None
    named: dict[str, Property] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "named", {each.name: each for each in self.properties})

    @property
    def queryables(self) -> dict[str, Typed]:
        """What a filter may ask for."""
        known = {each.name: Typed(each.sql, each.kind) for each in self.properties}
        return {**known, "id": Typed(self.key, "number"), GEOMETRY: Typed(self.geometry, "shape")}


def _text(name: str, title: str, sql: ColumnElement[Any]) -> Property:
    return Property(name, title, "text", sql)


def _number(name: str, title: str, sql: ColumnElement[Any]) -> Property:
    return Property(name, title, "number", sql)


def _tenths(column: ColumnElement[Any]) -> ColumnElement[float]:
    """A single-precision column as the number that people wrote, so that ``= 12.3`` finds it."""
    return cast(cast(column, Text), Double)


_UNIT = (
    _text("unit", "责任单位编码 unit's code", organisation.c.code),
    _text("unit_name", "责任单位 unit", organisation.c.name),
)

_SCENES = (
    select(func.array_to_string(func.array_agg(aggregate_order_by(scene.c.code, scene.c.id)), ","))
    .where(camera_scene.c.camera_id == camera.c.id, camera_scene.c.scene_id == scene.c.id)
    .correlate(camera)
    .scalar_subquery()
)

CAMERAS = Collection(
    id="cameras",
    title="摄像机 Cameras",
    description="The camera catalogue: one feature a feed, with its unit, scenes and state.",
    source=camera.outerjoin(camera_state, camera_state.c.camera_id == camera.c.id).outerjoin(
        organisation, organisation.c.id == camera.c.unit_id
    ),
    key=camera.c.id,
    geometry=camera.c.geom,
    shape="Point",
    properties=(
        _text("code", "国标编码 GB/T 28181 device id", camera.c.code),
        _text("name", "名称 name", camera.c.name),
        _text("address", "地址 address", camera.c.address),
        *_UNIT,
        _text("civil_code", "行政区划代码 administrative code", camera.c.civil_code),
        _text(
            "state",
            "状态 state: unknown, online, degraded or offline",
            case({int(state): name for state, name in STATE_NAMES.items()}, value=KNOWN_STATE),
        ),
        _text("scenes", "应用场景编码 codes of its scenes, separated by commas", _SCENES),
        _text("owner", "所属部门 department", camera.c.owner),
        _text("manufacturer", "厂商 manufacturer", camera.c.manufacturer),
        _text("model", "型号 model", camera.c.model),
        _text("protocol", "接入协议 protocol", camera.c.protocol),
        _number("ptz_type", "云台类型 GB/T 28181 PTZType", camera.c.ptz_type),
        _number("heading_deg", "朝向(度) degrees clockwise from north", _tenths(camera.c.heading_deg)),
        _number("mount_height_m", "安装高度(米) metres above ground", _tenths(camera.c.mount_height_m)),
        _number("accuracy_m", "位置精度(米) radius that holds the true place", _tenths(camera.c.accuracy_m)),
        _number("sensitivity", "敏感级别 0 open to 3 highest", camera.c.sensitivity),
        Property("simulated", "模拟 a sample camera", "boolean", camera.c.simulated),
        Property("installed_on", "安装日期 installed on", "date", camera.c.installed_on),
        Property("updated_at", "更新时间 record last changed", "moment", camera.c.updated_at),
        Property("gone_since", "不再列出 when its source ceased to list it", "moment", camera.c.gone_since),
    ),
    seen=lambda scope: scope.sees(camera),
    moment="updated_at",
)

POINTS = Collection(
    id="points",
    title="兴趣点 Points of interest",
    description="Points of interest in their professional layers.",
    source=point.join(point_layer, point_layer.c.id == point.c.layer_id).outerjoin(
        organisation, organisation.c.id == point.c.unit_id
    ),
    key=point.c.id,
    geometry=point.c.geom,
    shape="Point",
    properties=(
        _text("layer", "图层编码 layer's code", point_layer.c.code),
        _text("layer_name", "图层 layer", point_layer.c.name),
        _text("code", "编码 code", point.c.code),
        _text("name", "名称 name", point.c.name),
        _text("address", "地址 address", point.c.address),
        *_UNIT,
    ),
    seen=lambda scope: _within(scope, point.c.unit_tree) & point.c.gone_since.is_(None),
)

UNITS = Collection(
    id="units",
    title="行政单位 Units",
    description="The city, its districts and townships with their boundaries.",
    source=organisation,
    key=organisation.c.id,
    geometry=organisation.c.geom,
    shape="MultiPolygon",
    properties=(
        _text("code", "编码 code", organisation.c.code),
        _text("name", "名称 name", organisation.c.name),
        _text("name_en", "英文名 name in English", organisation.c.name_en),
        _text("civil_code", "行政区划代码 administrative code", organisation.c.civil_code),
        _number("level", "级别 0 city, 1 district, 2 township", organisation.c.level),
    ),
    seen=lambda scope: organisation.c.tree_left.between(scope.tree_left, scope.tree_right),
)

ROADS = Collection(
    id="roads",
    title="道路 Roads",
    description="Roads as lines, with their class.",
    source=road,
    key=road.c.id,
    geometry=road.c.geom,
    shape="LineString",
    properties=(
        _text("name", "名称 name", road.c.name),
        _text(
            "road_class",
            "等级 class: expressway, arterial, secondary, branch or coastal",
            road.c.road_class,
        ),
    ),
    # Roads are the base map, which everybody who is logged in sees whole.
    seen=lambda _scope: road.c.id.is_not(None),
)

COLLECTIONS = {each.id: each for each in (CAMERAS, POINTS, UNITS, ROADS)}


def _within(scope: Scope, tree: ColumnElement[int]) -> ColumnElement[bool]:
    inside: ColumnElement[bool] = tree.between(scope.tree_left, scope.tree_right)
    return inside | tree.is_(None) if scope.whole_city else inside
