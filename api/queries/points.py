"""Points within a scope: layers, lists, one record, and what is near."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from api import cursor
from api.queries.parts import unit_of, unit_path
from api.schemas import Declared, Page, Place
from api.schemas_points import NearPoint, Origin, PointLayer, PointRecord, PointSummary
from base.errors import InvalidInputError, NotFoundError
from camera_registry.selection import within_unit
from models.tables import camera, incident, organisation, point, point_layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from api.schemas import Box
    from gis.nearest import Near
    from models.scope import Scope


@dataclass(frozen=True, slots=True)
class PointFilter:
    """Which points are meant; what is empty or None lets all through, and all parts must hold.

    Attributes:
        layers: Codes of layers; one of them.
        unit: Code of a unit; its subtree.
        box: Where they stand.
        words: A part of the name or address, or the beginning of the code.
        gone: Whether their list ceased to have them; None is either.
    """

    layers: tuple[str, ...] = ()
    unit: str | None = None
    box: Box | None = None
    words: str | None = None
    gone: bool | None = False

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter in the store's terms."""
        found: list[ColumnElement[bool]] = []
        if self.layers:
            found.append(point_layer.c.code.in_(self.layers))
        if self.unit is not None:
            found.append(within_unit(point, self.unit))
        if self.box is not None:
            corners = (self.box.west, self.box.south, self.box.east, self.box.north, 4326)
            found.append(func.ST_Intersects(point.c.geom, func.ST_MakeEnvelope(*corners)))
        if self.words:
            found.append(
                or_(
                    point.c.name.icontains(self.words, autoescape=True),
                    point.c.address.icontains(self.words, autoescape=True),
                    point.c.code.istartswith(self.words, autoescape=True),
                )
            )
        if self.gone is not None:
            found.append(point.c.gone_since.is_not(None) if self.gone else point.c.gone_since.is_(None))
        return found


def seen_points(scope: Scope) -> ColumnElement[bool]:
    """The condition that holds a query on ``point`` to ``scope``; points have no sensitivity."""
    within: ColumnElement[bool] = point.c.unit_tree.between(scope.tree_left, scope.tree_right)
    return within | point.c.unit_tree.is_(None) if scope.whole_city else within


_FROM = point.join(point_layer, point_layer.c.id == point.c.layer_id).outerjoin(
    organisation, organisation.c.id == point.c.unit_id
)
_SUMMARY = (
    *(point.c.id, point.c.code, point.c.name, point.c.address, point_layer.c.code.label("layer")),
    func.ST_X(point.c.geom).label("longitude_wgs"),
    func.ST_Y(point.c.geom).label("latitude_wgs"),
    organisation.c.code.label("unit_code"),
    organisation.c.name.label("unit_name"),
    unit_path(point).label("unit_path"),
)
_RECORD = (
    *_SUMMARY,
    *(point.c.longitude, point.c.latitude, point.c.declared_crs, point.c.source, point.c.gone_since),
    *(point.c.version, point.c.updated_at),
)


async def list_layers(connection: AsyncConnection) -> list[PointLayer]:
    """The layer table, in drawing order."""
    rows = await connection.execute(select(point_layer).order_by(point_layer.c.position, point_layer.c.id))
    return [PointLayer(**row) for row in rows.mappings()]


def layers_tag(layers: Sequence[PointLayer]) -> str:
    """The entity tag of the whole table."""
    told = " ".join(f"{layer.code}:{layer.version}:{layer.position}" for layer in layers)
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:16]}"'


async def list_points(
    connection: AsyncConnection, scope: Scope, wanted: PointFilter, *, after: str | None, limit: int
) -> Page[PointSummary]:
    """A page of the points within ``scope`` that ``wanted`` lets through, by id."""
    query: Select[Any] = (
        select(*_SUMMARY)
        .select_from(_FROM)
        .where(seen_points(scope), *wanted.conditions())
        .order_by(point.c.id)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(point.c.id > cursor.decode_id(after))
    rows = (await connection.execute(query)).mappings().all()
    more = cursor.encode(rows[limit - 1]["id"]) if len(rows) > limit else None
    return Page(items=[PointSummary(**_summary(row)) for row in rows[:limit]], next=more)


async def read_point(connection: AsyncConnection, scope: Scope, point_id: int) -> PointRecord:
    """One point.

    Raises:
        NotFoundError: There is none of that id within ``scope``.
    """
    query = select(*_RECORD).select_from(_FROM).where(seen_points(scope), point.c.id == point_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError("There is no such point.")
    return PointRecord(
        **_summary(row),
        declared=Declared(longitude=row["longitude"], latitude=row["latitude"], crs=row["declared_crs"]),
        **{name: row[name] for name in ("source", "gone_since", "version", "updated_at")},
    )


async def origin_of(
    connection: AsyncConnection, scope: Scope, *, camera_id: int | None, incident_id: int | None
) -> Origin:
    """Where a camera or an incident within ``scope`` is.

    Raises:
        NotFoundError: There is none of that id within ``scope``.
        InvalidInputError: It has no place.
    """
    table, row_id = (camera, camera_id) if camera_id is not None else (incident, incident_id)
    place = (func.ST_X(table.c.geom).label("longitude"), func.ST_Y(table.c.geom).label("latitude"))
    query = select(*place).where(scope.sees(table), table.c.id == row_id)
    row = (await connection.execute(query)).one_or_none()
    what = "camera" if camera_id is not None else "event"
    if row is None:
        raise NotFoundError(f"There is no such {what}.")
    if row.longitude is None:
        raise InvalidInputError(f"This {what} has no place, so nothing is near it.")
    return Origin(longitude=row.longitude, latitude=row.latitude, camera=camera_id, incident=incident_id)


async def describe_near(connection: AsyncConnection, near: Sequence[Near]) -> list[NearPoint]:
    """Points that were found near a place, in their order."""
    ids = [each.point_id for each in near]
    rows = await connection.execute(select(*_SUMMARY).select_from(_FROM).where(point.c.id.in_(ids)))
    by_id = {row["id"]: row for row in rows.mappings()}
    return [
        NearPoint(
            **_summary(by_id[each.point_id]),
            distance_m=round(each.distance_m, 2),
            bearing_deg=None if each.bearing_deg is None else round(each.bearing_deg, 1) % 360,
            direction=each.direction,  # type: ignore[arg-type]  # one of the eight
        )
        for each in near
        if each.point_id in by_id  # it may have been deleted meanwhile
    ]


def _summary(row: RowMapping) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("id", "layer", "code", "name", "address")},
        "place": Place(longitude=row["longitude_wgs"], latitude=row["latitude_wgs"], accuracy_m=None),
        "unit": unit_of(row),
    }
