"""Entering, editing and deleting points and their layers by hand, on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.audit import record
from api.camera_edit import matches
from api.edits import difference, edited_meanwhile
from api.queries.points import layers_tag, list_layers, seen_points
from base.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from gis.crs import DeclaredPlace, ReferenceSystem
from gis.jurisdiction import unit_at
from models.tables import point, point_layer

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from api.schemas_points import LayerEdit, LayerOrder, PointEdit, PointNew
    from api.sessions import Asker
    from base.clock import Clock

POSITION_STEP = 10
"""Between layers, so that one can be put between two by hand."""

_TOLD = ("layer_id", "code", "name", "address", "longitude", "latitude", "declared_crs", "unit_id")


async def add_point(connection: AsyncConnection, clock: Clock, asker: Asker, new: PointNew) -> int:
    """Enter a point in the caller's transaction, and return its id.

    Raises:
        InvalidInputError: There is no such layer, or its coordinates are none.
        ConflictError: Its layer has a point of that code.
        ForbiddenError: It lies outside the asker's unit.
    """
    values = {
        "layer_id": await _layer_id(connection, new.layer),
        "name": new.name,
        "code": new.code,
        "address": new.address,
        "updated_at": clock.now(),
        **await _place(connection, asker, new.longitude, new.latitude, new.crs),
    }
    point_id: int = await _write(connection, insert(point).values(**values).returning(point.c.id), new.code)
    told = {name: values[name] for name in _TOLD}
    await record(connection, asker.deed("point.add", f"point/{point_id}", told))
    return point_id


async def edit_point(  # noqa: PLR0913, PLR0917 - a conditional edit has these parts
    connection: AsyncConnection, clock: Clock, asker: Asker, point_id: int, change: PointEdit, if_match: str
) -> None:
    """Edit a point in the caller's transaction.

    Raises:
        NotFoundError: There is none of that id within the asker's scope.
        EditedMeanwhileError: The record is of another version.
        InvalidInputError, ConflictError, ForbiddenError: As :func:`add_point`.
    """
    before = await _locked(connection, asker, point_id, if_match)
    values = change.model_dump(exclude_unset=True, exclude={"layer", "crs", "longitude", "latitude"})
    if change.layer is not None:
        values["layer_id"] = await _layer_id(connection, change.layer)
    if change.longitude is not None and change.latitude is not None:
        values |= await _place(connection, asker, change.longitude, change.latitude, change.crs)
    edited = {"version": point.c.version + 1, "updated_at": clock.now(), **values}
    await _write(connection, update(point).where(point.c.id == point_id).values(**edited), change.code)
    detail = difference(before, values, _TOLD)
    await record(connection, asker.deed("point.edit", f"point/{point_id}", detail))


async def delete_point(connection: AsyncConnection, asker: Asker, point_id: int, if_match: str) -> None:
    """Delete a point in the caller's transaction; the record of the deed keeps what it was.

    Raises:
        NotFoundError: There is none of that id within the asker's scope.
        EditedMeanwhileError: The record is of another version.
    """
    before = await _locked(connection, asker, point_id, if_match)
    await connection.execute(delete(point).where(point.c.id == point_id))
    detail = {name: before[name] for name in _TOLD}
    await record(connection, asker.deed("point.delete", f"point/{point_id}", detail))


async def edit_layer(
    connection: AsyncConnection, asker: Asker, code: str, change: LayerEdit, if_match: str
) -> None:
    """Change how a layer is called and drawn, in the caller's transaction.

    Raises:
        NotFoundError: There is no such layer.
        EditedMeanwhileError: It is of another version.
        ForbiddenError: The asker sees a part of the city only; layers are the whole city's.
    """
    _require_whole_city(asker)
    query = select(point_layer).where(point_layer.c.code == code).with_for_update()
    before = (await connection.execute(query)).mappings().one_or_none()
    if before is None:
        raise NotFoundError("There is no such layer.")
    if not matches(if_match, before["version"]):
        raise await edited_meanwhile(connection, f"point-layer/{code}", before["version"])
    values = change.model_dump(exclude_unset=True)
    await connection.execute(
        update(point_layer)
        .where(point_layer.c.code == code)
        .values(**values, version=point_layer.c.version + 1)
    )
    detail = difference(before, values, values)
    await record(connection, asker.deed("point-layer.edit", f"point-layer/{code}", detail))


async def order_layers(connection: AsyncConnection, asker: Asker, order: LayerOrder, if_match: str) -> None:
    """Put all layers in a new order, in the caller's transaction.

    Raises:
        InvalidInputError: The order lacks a layer, has one twice, or has one that there is not.
        EditedMeanwhileError: Somebody else changed a layer or the order.
        ForbiddenError: The asker sees a part of the city only; layers are the whole city's.
    """
    _require_whole_city(asker)
    await connection.execute(select(point_layer.c.id).order_by(point_layer.c.id).with_for_update())
    layers = await list_layers(connection)
    before = [layer.code for layer in layers]
    tags = [tag.strip() for tag in if_match.split(",")]
    if "*" not in tags and layers_tag(layers) not in tags:
        raise await edited_meanwhile(connection, "point-layers", max(layer.version for layer in layers))
    if sorted(order.codes) != sorted(before):
        lacking, strange = set(before) - set(order.codes), set(order.codes) - set(before)
        twice = [code for code in set(order.codes) if order.codes.count(code) > 1]
        named = (
            ("lacks", lacking), ("has no such layer as", strange), ("has more than once", set(twice)),
        )  # fmt: skip
        said = "; ".join(f"{what} {', '.join(sorted(codes)[:5])}" for what, codes in named if codes)
        raise InvalidInputError(f"codes: the order {said}.", remedy="Name every layer once.")
    for rank, code in enumerate(order.codes, start=1):
        position = rank * POSITION_STEP
        await connection.execute(
            update(point_layer)
            .where(point_layer.c.code == code, point_layer.c.position != position)
            .values(position=position, version=point_layer.c.version + 1)
        )
    detail = {"before": before, "after": order.codes}
    await record(connection, asker.deed("point-layer.order", "point-layers", detail))


def _require_whole_city(asker: Asker) -> None:
    if not asker.scope.whole_city:
        raise ForbiddenError(
            "Layers are the whole city's; this account sees a part of it.",
            remedy="Ask a colleague of the city to change them.",
        )


async def _locked(connection: AsyncConnection, asker: Asker, point_id: int, if_match: str) -> RowMapping:
    columns = (point.c.version, *(point.c[name] for name in _TOLD))
    query = select(*columns).where(seen_points(asker.scope), point.c.id == point_id).with_for_update()
    before = (await connection.execute(query)).mappings().one_or_none()
    if before is None:
        raise NotFoundError("There is no such point.")
    if not matches(if_match, before["version"]):
        raise await edited_meanwhile(connection, f"point/{point_id}", before["version"])
    return before


async def _layer_id(connection: AsyncConnection, code: str) -> int:
    found: int | None = await connection.scalar(select(point_layer.c.id).where(point_layer.c.code == code))
    if found is None:
        raise InvalidInputError(f"layer: there is no layer {code}.", remedy="GET /point-layers lists them.")
    return found


async def _place(
    connection: AsyncConnection, asker: Asker, longitude: float, latitude: float, crs: str
) -> dict[str, Any]:
    """The columns of a place, as declared and in WGS-84, and the unit whose ground it is."""
    system = ReferenceSystem.parse(crs)
    east, north = DeclaredPlace(longitude, latitude, system).wgs84
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    unit = await unit_at(driver, east, north)
    inside = unit is not None and asker.scope.tree_left <= unit.tree_left <= asker.scope.tree_right
    if not inside and not asker.scope.whole_city:
        raise ForbiddenError(
            "The place lies outside your unit.", remedy="Ask a colleague of the city to enter it."
        )
    return {
        "longitude": longitude,
        "latitude": latitude,
        "declared_crs": str(system),
        "geom": func.ST_SetSRID(func.ST_MakePoint(east, north), 4326),
        "unit_id": unit.unit_id if unit else None,
        "unit_tree": unit.tree_left if unit else None,
    }


async def _write(connection: AsyncConnection, statement: Any, code: str | None) -> Any:
    try:
        async with connection.begin_nested():
            result = await connection.execute(statement)
            return result.scalar_one() if result.returns_rows else None
    except IntegrityError as err:
        raise ConflictError(
            f"The layer has another point with the code {code}.", remedy="Give it another code, or none."
        ) from err
