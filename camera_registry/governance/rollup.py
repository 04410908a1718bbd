"""Tallies of cameras, grouped as one asks: by unit, scene, owner, source or vendor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from camera_registry.governance.indicators import RESULTS, validity
from camera_registry.governance.meant import meant
from camera_registry.governance.score import EXCUSED, MENDED, OPEN
from camera_registry.governance.tally import Checked, Tally, together

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import asyncpg

    from camera_registry.governance.meant import Cameras
    from camera_registry.governance.rules import RuleBook
    from models.scope import Scope

By = Literal["unit", "scene", "owner", "source", "vendor"]

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Grouping:
    """How cameras are put together.

    Attributes:
        columns: SQL of each part of the group's key, over ``camera`` and what ``joined`` brings.
        joined: SQL after ``from camera``. Where it meets a camera twice, the camera counts in both groups.
    """

    columns: tuple[str, ...] = ()
    joined: str = ""

    def seen(self, condition: str) -> str:
        """The table expression ``seen``: the cameras that are meant, with their keys ``k0``, ``k1``."""
        keys = "".join(f", {column} as k{number}" for number, column in enumerate(self.columns))
        return f"seen as (select camera.id{keys} from camera {self.joined} where {condition})"  # noqa: S608

    @property
    def keys(self) -> str:
        """The key's columns, each followed by a comma."""
        return "".join(f"k{number}, " for number in range(len(self.columns)))

    @property
    def grouped(self) -> str:
        """The clause that groups by the key."""
        return f"group by {self.keys.removesuffix(', ')}" if self.columns else ""


EVERYTHING = Grouping()

OF_SCENES = (
    "join camera_scene on camera_scene.camera_id = camera.id join scene on scene.id = camera_scene.scene_id"
)


def _plain(column: str) -> str:
    """A column as a key: byte by byte, as the order of Chinese words is dear and not asked for."""
    return f"coalesce(camera.{column}, '') collate \"C\""


GROUPINGS: Mapping[By, Grouping] = {
    "unit": Grouping(("camera.unit_tree",)),
    "scene": Grouping(("scene.code",), OF_SCENES),
    "owner": Grouping((_plain("owner"),)),
    "source": Grouping((_plain("source"),)),
    "vendor": Grouping((_plain("manufacturer"),)),
}


async def tallies(  # noqa: PLR0913, PLR0917 - a question has these parts
    connection: asyncpg.Connection[Any],
    book: RuleBook,
    now: datetime,
    grouping: Grouping,
    condition: str = "true",
    parameters: Sequence[object] = (),
) -> dict[Key, Tally]:
    """The tally of each group.

    Args:
        connection: Where.
        book: Says until when checks count.
        now: The moment it is for.
        grouping: How.
        condition: On ``camera``, its parameters numbered from $3.
        parameters: Those.
    """
    with_ = f"with {RESULTS}, {grouping.seen(condition)}"
    given = (*validity(book, now), *parameters)
    base = await connection.fetch(f"{with_} {_base(grouping)}", *given)
    checks = await connection.fetch(f"{with_} {_checks(grouping)}", *given)
    faults = await connection.fetch(f"{with_} {_faults(grouping)}", *given)
    return _gathered(base, checks, faults, len(grouping.columns))


async def tallies_of(  # noqa: PLR0913, PLR0917 - a question has these parts
    connection: asyncpg.Connection[Any],
    book: RuleBook,
    now: datetime,
    scope: Scope,
    wanted: Cameras,
    grouping: Grouping,
) -> dict[Key, Tally]:
    """The tally of each group of the cameras within ``scope`` that ``wanted`` lets through."""
    condition, parameters = meant(scope, wanted, first=3)
    return await tallies(connection, book, now, grouping, condition, parameters)


def _base(grouping: Grouping) -> str:
    return f"""
select {grouping.keys} count(*) as cameras, count(s.camera_id) as assessed,
       coalesce(sum(s.score), 0)::float8 as score, count(*) filter (where s.excused) as excused
  from seen left join camera_score s on s.camera_id = seen.id {grouping.grouped}
"""  # noqa: S608 - put together from this program's own words


def _checks(grouping: Grouping) -> str:
    return f"""
select {grouping.keys} r.indicator, count(*) as checked, count(*) filter (where r.passed) as passed,
       sum(r.value)::float8 as total
  from seen join results r on r.camera_id = seen.id group by {grouping.keys} r.indicator
"""  # noqa: S608 - put together from this program's own words


def _faults(grouping: Grouping) -> str:
    return f"""
select {grouping.keys} f.rule_id, count(*) filter (where f.state = {OPEN}) as open,
       count(*) filter (where f.state = {EXCUSED}) as excused
  from seen join camera_fault f on f.camera_id = seen.id and f.state < {MENDED}
 group by {grouping.keys} f.rule_id
"""  # noqa: S608 - put together from this program's own words


def _gathered(
    base: list[asyncpg.Record], checks: list[asyncpg.Record], faults: list[asyncpg.Record], parts: int
) -> dict[Key, Tally]:
    found: dict[Key, Tally] = {
        tuple(row)[:parts]: Tally(row["cameras"], row["assessed"], row["score"], row["excused"])
        for row in base
    }
    for row in checks:
        checked = Checked(row["checked"], row["passed"], row["total"])
        found[tuple(row)[:parts]].checks[row["indicator"]] = checked
    for row in faults:
        tally = found[tuple(row)[:parts]]
        for kept, count in ((tally.faults, row["open"]), (tally.excuses, row["excused"])):
            if count:
                kept[row["rule_id"]] = count
    return found


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of the tree.

    Attributes:
        code: The operations centre's own code.
        name: As it is written.
        name_en: For readers of English.
        level: 0 city, 1 district, 2 township.
        tree_left: First position of its subtree.
        tree_right: Last position of it.
    """

    code: str
    name: str
    name_en: str
    level: int
    tree_left: int
    tree_right: int

    def holds(self, position: int | None) -> bool:
        """Whether a position of the tree lies in its subtree."""
        return position is not None and self.tree_left <= position <= self.tree_right


def rolled_up(leaves: Mapping[Key, Tally], units: Sequence[Unit]) -> dict[str, Tally]:
    """The tally of each unit with all that lies below it, from tallies by tree position.

    Args:
        leaves: By ``(tree_left,)``; what lies in no unit, ``(None,)``, is nobody's.
        units: Those that are asked for.
    """
    return {
        unit.code: together(tally for (position,), tally in leaves.items() if unit.holds(position))
        for unit in units
    }
