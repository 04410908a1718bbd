"""Reading evidence and decisions from the store."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np

from camera_registry.selection import as_sql
from camera_registry.suggestion.evidence import REACH_M, Evidence, Near, read_names
from camera_registry.suggestion.lessons import ACCEPTED, REFUSED, SERVES, Lessons

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg
    from numpy.typing import NDArray
    from sqlalchemy import ColumnElement

    Connection = asyncpg.Connection[Any]

ROAD_REACH_M = 40.0
"""A camera of a road hangs beside it."""

_DEGREE_M = 110_570.0
"""Of latitude, at its shortest; so a box of degrees is never too small."""

_BOX = (
    "ST_Expand(camera.geom, {metres} / (111320.0 * greatest(cos(radians(ST_Y(camera.geom))), 0.01)),"
    f" {{metres}} / {_DEGREE_M})"
)

_CAMERAS = """
select camera.id, camera.name, camera.address, camera.owner, coalesce(camera.unit_id, 0) as unit
  from camera where {condition} order by camera.id
"""

_NEAR = f"""
select camera.id, p.layer_id, min(ST_DistanceSphere(camera.geom, p.geom))::real as metres
  from camera join point p on p.geom && {_BOX.format(metres=REACH_M)}
 where {{condition}} group by 1, 2
"""  # noqa: S608 - put together from this program's own words

# Distances in degrees only order the few roads of the box; a road is met at right angles or not at all.
_ROADS = f"""
select camera.id, near.road_class
  from camera cross join lateral (
       select r.road_class, r.geom <-> camera.geom as apart from road r
        where r.geom && {_BOX.format(metres=ROAD_REACH_M)} order by 2 limit 1) near
 where {{condition}} and near.apart * {_DEGREE_M} <= {ROAD_REACH_M}
"""  # noqa: S608 - put together from this program's own words

_SERVED = "select camera_id, scene_id, source from camera_scene"
_REFUSED = "select camera_id, scene_id from suggestion where state = 'refused'"


async def read_evidence(connection: Connection, conditions: list[ColumnElement[bool]]) -> Evidence:
    """What is known of the cameras that meet ``conditions``, by id.

    Call it in a transaction that sees one state of the store.
    """
    condition, parameters = as_sql(conditions, first=1)
    cameras = await connection.fetch(_CAMERAS.format(condition=condition), *parameters)
    names = [row["name"] for row in cameras]
    # Names are read here while the store looks for what is near: on two cores both take the time of one.
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(asyncio.to_thread(read_names, names))
        near = await connection.fetch(_NEAR.format(condition=condition), *parameters)
        roads = await connection.fetch(_ROADS.format(condition=condition), *parameters)
    ids = np.array([row["id"] for row in cameras], dtype=np.int64)
    return Evidence(
        ids,
        np.array([row["unit"] for row in cameras], dtype=np.int64),
        names,
        [row["address"] for row in cameras],
        [row["owner"] for row in cameras],
        _road_classes(ids, roads),
        _near(ids, near),
        reading.result(),
    )


def _near(ids: NDArray[np.int64], rows: Sequence[asyncpg.Record]) -> Near:
    owner = np.searchsorted(ids, np.array([row["id"] for row in rows], dtype=np.int64))
    layers = np.array([row["layer_id"] for row in rows], dtype=np.int64)
    metres = np.array([row["metres"] for row in rows], dtype=np.float32)
    within = metres <= REACH_M
    return Near(owner[within], layers[within], metres[within])


def _road_classes(ids: NDArray[np.int64], rows: Sequence[asyncpg.Record]) -> list[str | None]:
    classes: list[str | None] = [None] * len(ids)
    places = np.searchsorted(ids, np.array([row["id"] for row in rows], dtype=np.int64)).tolist()
    for place, row in zip(places, rows, strict=True):
        classes[place] = row["road_class"]
    return classes


async def read_lessons(
    connection: Connection, evidence: Evidence, scenes: dict[int, str], *, everything: bool = False
) -> Lessons:
    """What staff decided on these cameras.

    Args:
        connection: The store.
        evidence: The cameras.
        scenes: Codes by number.
        everything: Whether assignments by rules count too: what it serves, not who taught it.
    """
    numbers = sorted(scenes)
    place = {number: index for index, number in enumerate(numbers)}
    said = np.zeros((len(evidence), len(numbers)), dtype=np.int8)
    meaning = {"person": SERVES, "import": SERVES, "suggestion": ACCEPTED}
    if everything:
        meaning["rule"] = ACCEPTED
    refused, served = await connection.fetch(_REFUSED), await connection.fetch(_SERVED)
    for rows, values in (
        (refused, [REFUSED] * len(refused)),
        (served, [meaning.get(row["source"], 0) for row in served]),
    ):
        ids = np.array([row["camera_id"] for row in rows], dtype=np.int64)
        at = np.minimum(np.searchsorted(evidence.camera_ids, ids), max(len(evidence) - 1, 0))
        known = (evidence.camera_ids[at] == ids) if len(evidence) else np.zeros(len(ids), dtype=bool)
        columns = np.array([place.get(row["scene_id"], 0) for row in rows], dtype=np.int64)
        told = np.array(values, dtype=np.int8)
        known &= told != 0
        said[at[known], columns[known]] = told[known]
    return Lessons(tuple(scenes[number] for number in numbers), said)


async def read_scenes(connection: Connection) -> dict[int, str]:
    """Codes of the scenes by number."""
    return dict(await connection.fetch("select id, code from scene order by id"))


async def read_layers(connection: Connection) -> tuple[tuple[int, str], ...]:
    """Number and code of each point layer, in order."""
    return tuple(
        (row["id"], row["code"])
        for row in await connection.fetch("select id, code from point_layer order by id")
    )
