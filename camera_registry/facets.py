"""Exact counts of the cameras that a filter lets through, by each of their facets, in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.camera import CameraState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import asyncpg

COLUMNS: Mapping[str, str] = {
    "unit": "camera.unit_tree",
    "state": f"coalesce(camera_state.state, {int(CameraState.UNKNOWN)})",
    "owner": "camera.owner",
    "manufacturer": "camera.manufacturer",
    "model": "camera.model",
    "source": "camera.source",
    "ptz_type": "camera.ptz_type",
    "room_type": "camera.room_type",
    "direction": "camera.direction_type",
    "protocol": "camera.protocol",
    "sensitivity": "camera.sensitivity",
    "has_stream": "camera.stream_url is not null",
    "has_place": "camera.geom is not null",
    "gone": "camera.gone_since is not null",
}
"""What each camera has one of, as SQL."""

SCENE = "scene"
"""What a camera may have several of; those without any are counted under None."""

FACETS = (*COLUMNS, SCENE)

UNITS = "select tree_left, tree_right, code, name, level from organisation order by tree_left"
SCENES = "select id, code, name from scene"


@dataclass(frozen=True, slots=True)
class Count:
    """How many cameras have a value.

    Attributes:
        value: What they have in common; None is not reported, or in no unit, or serving no scene.
        cameras: How many.
        name: The value's name, where it has one beside its code.
        level: Of a unit: 0 city, 1 district, 2 township.
    """

    value: str | int | bool | None
    cameras: int
    name: str | None = None
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Facets:
    """The counts.

    Attributes:
        cameras: How many cameras are let through.
        by: For each facet that was asked for its counts, most cameras first; units in the order of the tree,
            each with the units below it.
    """

    cameras: int
    by: Mapping[str, list[Count]]


async def count_facets(
    connection: asyncpg.Connection[Any],
    condition: str,
    values: Sequence[object],
    facets: Sequence[str] = FACETS,
) -> Facets:
    """Count the cameras that meet a condition.

    Args:
        connection: To the store.
        condition: On ``camera``, as :func:`camera_registry.selection.as_sql` gives it; the scope's included.
        values: Its parameters, numbered from 1.
        facets: Of :data:`FACETS`.
    """
    columns = [facet for facet in COLUMNS if facet in facets]
    rows = await connection.fetch(_statement(condition, columns, scenes=SCENE in facets), *values)
    counted: dict[str, dict[Any, int]] = {facet: {} for facet in facets}
    cameras = 0
    for which, value, number in rows:
        if which is None:
            cameras = number
        else:
            counted[which][_typed(which, value)] = number
    by = {facet: _by_number(counts) for facet, counts in counted.items()}
    if "unit" in by:
        by["unit"] = _up_the_tree(by["unit"], await connection.fetch(UNITS))
    if SCENE in by:
        by[SCENE] = await _named_scenes(connection, by[SCENE], cameras)
    return Facets(cameras, {facet: by[facet] for facet in facets})


def _statement(condition: str, columns: Sequence[str], *, scenes: bool) -> str:
    """Rows of (facet, value as text, cameras); the total has no facet.

    The rows are found once. Grouping sets count all columns in the one pass over them.
    """
    state = "left join camera_state on camera_state.camera_id = camera.id" if "state" in columns else ""
    kept = ", ".join(["camera.id", *(f"({COLUMNS[facet]}) as {facet}" for facet in columns)])
    sets = ", ".join(["()", *(f"({facet})" for facet in columns)])
    grouping = " ".join(f"when grouping({facet}) = 0 then '{facet}'" for facet in columns)
    value = " ".join(f"when grouping({facet}) = 0 then {facet}::text" for facet in columns)
    which, what = (f"case {grouping} end", f"case {value} end") if columns else ("null", "null")
    sql = f"""
with meant as {"materialized" if scenes else ""} (
    select {kept} from camera {state} where {condition})
select {which} as facet, {what} as value, count(*) as cameras from meant group by grouping sets ({sets})
"""  # noqa: S608 - put together from this file's own words and a compiled condition
    if scenes:
        sql += f"""
union all
select '{SCENE}', scene_id::text, count(*)
  from meant left join camera_scene on camera_scene.camera_id = meant.id group by scene_id
"""  # noqa: S608
    return sql


def _by_number(counts: Mapping[Any, int]) -> list[Count]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0] is None, str(item[0])))
    return [Count(value, number) for value, number in ordered]


def _typed(facet: str, value: str | None) -> str | int | bool | None:
    if value is None:
        return None
    if facet in {"has_stream", "has_place", "gone"}:
        return value == "true"
    numbers = {"unit", "state", "ptz_type", "room_type", "direction", "sensitivity", SCENE}
    return int(value) if facet in numbers else value


def _up_the_tree(counts: Sequence[Count], units: Sequence[Any]) -> list[Count]:
    """Each unit that has cameras, with all below it; what is in no unit last."""
    at = {count.value: count.cameras for count in counts}
    found = []
    for left, right, code, name, level in units:
        cameras = sum(
            number for place, number in at.items() if isinstance(place, int) and left <= place <= right
        )
        if cameras:
            found.append(Count(code, cameras, name, level))
    return [*found, Count(None, at[None])] if None in at else found


async def _named_scenes(
    connection: asyncpg.Connection[Any], counts: Sequence[Count], cameras: int
) -> list[Count]:
    scenes = {row["id"]: row for row in await connection.fetch(SCENES)}
    named = [
        Count(scenes[count.value]["code"], count.cameras, scenes[count.value]["name"])
        for count in counts
        if count.value is not None
    ]
    unclassified = sum(count.cameras for count in counts if count.value is None)
    return [*named, Count(None, unclassified)] if unclassified and cameras else named
