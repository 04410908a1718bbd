"""Comparing units, scenes, owners, sources and vendors, without ranking what is too small to be ranked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from base.errors import NotFoundError
from camera_registry.governance.rollup import EVERYTHING, GROUPINGS, Unit, rolled_up, tallies_of
from camera_registry.governance.tally import Tally, together

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import asyncpg

    from camera_registry.governance.meant import Cameras
    from camera_registry.governance.rollup import By
    from camera_registry.governance.rules import RuleBook
    from models.scope import Scope

MOST_ROWS = 500
"""Of one comparison; owners may be many."""


@dataclass(frozen=True, slots=True)
class Group:
    """One unit, scene, owner, source or vendor.

    Attributes:
        key: Its code or name; empty where nobody reported it.
        title: In Chinese.
        title_en: In English.
        tally: What there is to say of its cameras.
        rank: 1 is best; None where it is too small, or nothing was checked.
    """

    key: str
    title: str
    title_en: str
    tally: Tally
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Groups, in the order of the tree or of the table, else the largest first.

    Attributes:
        total: All cameras that were asked for, each once.
        groups: The groups.
        more: Groups beyond :data:`MOST_ROWS`.
    """

    total: Tally
    groups: tuple[Group, ...]
    more: int


async def compare(  # noqa: PLR0913, PLR0917 - a question has these parts
    connection: asyncpg.Connection[Any],
    book: RuleBook,
    now: datetime,
    scope: Scope,
    cameras: Cameras,
    by: By,
    rank_by: str,
) -> Comparison:
    """Compare the cameras within ``scope`` that are meant.

    By unit, the rows are the units below the one that is asked for, or below the asker's own; of several
    that are asked for, those. By scene, they are the scenes that are asked for, or all.

    Args:
        connection: Where.
        book: What is asked.
        now: The moment it is for.
        scope: Who asks.
        cameras: Which cameras.
        by: How they are grouped.
        rank_by: Code of an indicator, or ``score``.

    Raises:
        NotFoundError: There is no such unit within ``scope``.
    """
    found = await tallies_of(connection, book, now, scope, cameras, GROUPINGS[by])
    if by == "scene":
        # A camera of two scenes counts in both, and once in all.
        total = (await tallies_of(connection, book, now, scope, cameras, EVERYTHING)).get((), Tally())
    else:
        total = together(found.values())
    if by == "unit":
        groups = await _units(connection, scope, cameras, found)
    elif by == "scene":
        rows = await connection.fetch("select code, name, name_en from scene order by id")
        asked = cameras.wanted.scenes or tuple(row["code"] for row in rows)
        groups = [
            Group(r["code"], r["name"], r["name_en"], found.get((r["code"],), Tally()))
            for r in rows
            if r["code"] in asked
        ]
    else:
        groups = [Group(key, key, key, tally) for (key,), tally in found.items()]
        groups.sort(key=lambda group: (-group.tally.cameras, group.key))
    shown = ranked(groups[:MOST_ROWS], book, rank_by)
    return Comparison(total, tuple(shown), max(0, len(groups) - MOST_ROWS))


def ranked(groups: Sequence[Group], book: RuleBook, rank_by: str) -> list[Group]:
    """The groups with their ranks; equals share one."""
    values = {}
    for group in groups:
        value = _value(group.tally, book, rank_by)
        if value is not None and group.tally.cameras >= book.setting("ranked-from"):
            values[group.key] = value
    order = sorted(values.values(), reverse=True)
    return [
        Group(
            g.key,
            g.title,
            g.title_en,
            g.tally,
            order.index(values[g.key]) + 1 if g.key in values else None,
        )
        for g in groups
    ]


def _value(tally: Tally, book: RuleBook, rank_by: str) -> float | None:
    if rank_by == "score":
        return tally.mean_score
    return tally.of(rank_by).rate(book.indicators[rank_by])


_COLUMNS = "o.code, o.name, o.name_en, o.level, o.tree_left, o.tree_right"

_NAMED = f"""
select {_COLUMNS} from organisation o
 where o.code = any($1::text[]) and o.tree_left between $2 and $3 order by o.tree_left
"""  # noqa: S608 - our own words

_BELOW = f"""
select {_COLUMNS} from organisation o join organisation top on top.id = o.parent_id
 where top.tree_left = $1 order by o.tree_left
"""  # noqa: S608 - our own words

_TOP = f"select {_COLUMNS} from organisation o where o.tree_left = $1"  # noqa: S608 - our own words


async def _units(
    connection: asyncpg.Connection[Any], scope: Scope, cameras: Cameras, found: dict[tuple[Any, ...], Tally]
) -> list[Group]:
    """Each unit with all below it: of several that are asked for those, of one or none the units below."""
    asked = cameras.wanted.units
    if asked:
        rows = await connection.fetch(_NAMED, list(asked), scope.tree_left, scope.tree_right)
    else:
        rows = await connection.fetch(_TOP, scope.tree_left)
    if not rows:
        raise NotFoundError("There is no such unit.")
    if len(asked) < 2:
        # A township has none below it and stands for itself.
        rows = await connection.fetch(_BELOW, rows[0]["tree_left"]) or rows
    units = [Unit(**row) for row in rows]
    by_unit = rolled_up(found, units)
    return [Group(unit.code, unit.name, unit.name_en, by_unit[unit.code]) for unit in units]
