"""Where each unit stands in the tree: as the file says, as the codes say, or as the ground says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from base.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LOWEST = 2
MOSTLY = 0.5
"""Share of a unit's ground that must lie in another for that one to be taken as the unit above."""

_SEPARATOR = re.compile(r"[-_./]")


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit before and after its place in the tree is known.

    Attributes:
        code: Which.
        level: 0 city, 1 district, 2 township, or None.
        parent: Code of the unit above, or None.
        shape: Its boundary, or None.
        digits: Its administrative code where that differs from ``code``, or empty.
    """

    code: str
    level: int | None = None
    parent: str | None = None
    shape: shapely.MultiPolygon | None = None
    digits: str = ""


def gb_key(code: str) -> str:
    """An administrative code (GB/T 2260 and 10114) without the zeros that stand for levels below.

    ``370600`` and ``370600000000`` → ``3706``; ``370602001000`` → ``370602001``; what is no such code → "".
    """
    if not (code.isascii() and code.isdecimal() and len(code) in {4, 6, 9, 12}) or int(code[:2]) < 11:
        return ""
    padded = code.ljust(12, "0")
    for kept in (12, 9, 6, 4):
        if padded[kept:].strip("0") == "" and padded[kept - (2 if kept < 9 else 3) : kept].strip("0"):
            return padded[:kept]
    return ""


def gb_level(code: str) -> int | None:
    """The level that an administrative code says, or None."""
    return {4: 0, 6: 1, 9: 2}.get(len(gb_key(code)))


def settle(units: Sequence[Standing]) -> list[Standing]:
    """Give every unit its level and parent, the city first.

    What a unit says itself counts most, then its code, then where most of its ground lies.

    Raises:
        InvalidInputError: A unit's place cannot be told, or there is no city or more than one; the sentence
            names it and how to say it.
    """
    by_code = {unit.code: unit for unit in units}
    levels = _levels(units, by_code)
    _require_one_city([code for code, level in levels.items() if level == 0])
    settled: dict[str, Standing] = {}
    for unit in sorted(units, key=lambda each: levels[each.code]):
        level = levels[unit.code]
        above = [each for each in settled.values() if each.level == level - 1]
        parent = _parent(unit, above) if level else None
        if level and parent is None:
            raise InvalidInputError(
                f"Unit {unit.code}: neither it, nor its code, nor its ground says which unit is above it.",
                remedy="Give it a column 'parent' with the code of the unit above.",
            )
        settled[unit.code] = Standing(unit.code, level, parent, unit.shape, unit.digits)
    return list(settled.values())


def _require_one_city(roots: Sequence[str]) -> None:
    if len(roots) != 1:
        named = f": {', '.join(roots[:5])}" if roots else ""
        raise InvalidInputError(
            f"There must be one unit of the city itself, and there are {len(roots)}{named}.",
            remedy="Add it to the file, or name it: --city CODE=NAME." if not roots else "",
        )


def _levels(units: Sequence[Standing], by_code: Mapping[str, Standing]) -> dict[str, int]:
    levels = {unit.code: _own_level(unit) for unit in units}
    # A unit is one below its parent, and a parent one above its children.
    for _ in range(LOWEST + 1):
        for unit in units:
            above = unit.parent or _prefix(unit.code, by_code)
            if above not in levels or above is None:
                continue
            own, higher = levels[unit.code], levels[above]
            if own is None and higher is not None:
                levels[unit.code] = higher + 1
            elif own is not None and higher is None and own > 0:
                levels[above] = own - 1
    unknown = [unit for unit in units if levels[unit.code] is None]
    if unknown:
        levels |= _levels_by_ground(unknown, [unit for unit in units if unit.shape is not None])
    found: dict[str, int] = {}
    for code, level in levels.items():
        if level is None or level > LOWEST:
            raise InvalidInputError(
                f"Unit {code}: its level cannot be told."
                if level is None
                else f"Unit {code} stands below a township; there are three levels.",
                remedy="Give it a column 'level': city, district or township (市, 区县, 乡镇).",
            )
        found[code] = level
    return found


def _own_level(unit: Standing) -> int | None:
    if unit.level is not None:
        return unit.level
    level = gb_level(unit.code)
    return gb_level(unit.digits) if level is None else level


def _levels_by_ground(unknown: Sequence[Standing], everywhere: Sequence[Standing]) -> dict[str, int | None]:
    """By how many other units each lies within, where the outermost is one alone: the city."""
    shapes = np.array([unit.shape for unit in everywhere])
    areas = shapely.area(shapes)
    inner = shapely.point_on_surface(shapes)
    depth = {}
    for index, unit in enumerate(everywhere):
        around = shapely.contains(shapes, inner[index]) & (areas > areas[index] * 1.001)
        depth[unit.code] = int(around.sum())
    if sum(level == 0 for level in depth.values()) != 1:
        return {}
    return {unit.code: depth.get(unit.code) for unit in unknown}


def _parent(unit: Standing, above: Sequence[Standing]) -> str | None:
    known = {each.code: each for each in above}
    if unit.parent:
        if unit.parent in known:
            return unit.parent
        same = [each.code for each in above if _same_district(unit.parent, each)]
        if len(same) == 1:
            return same[0]
        raise InvalidInputError(
            f"Unit {unit.code}: the unit above it, {unit.parent}, is neither in the file nor in the store.",
            remedy="Add it to the file, or correct the column 'parent'.",
        )
    if len(above) == 1:
        return above[0].code
    if prefix := _prefix(unit.code, known):
        return prefix
    own = gb_key(unit.code) or gb_key(unit.digits)
    fitting = [each.code for each in above if own and _covers(each, own)]
    if len(fitting) == 1:
        return fitting[0]
    return _by_ground(unit, [each for each in above if not fitting or each.code in fitting])


def _same_district(code: str, unit: Standing) -> bool:
    key = gb_key(code)
    return bool(key) and key in {gb_key(unit.code), gb_key(unit.digits)}


def _covers(unit: Standing, key: str) -> bool:
    """Whether an administrative code without its zeros lies below a unit's."""
    return any(own and key.startswith(own) for own in (gb_key(unit.code), gb_key(unit.digits)))


def _prefix(code: str, known: Iterable[str]) -> str | None:
    """Of codes such as ``YT-ZF-01`` the longest known one that it continues."""
    ends = [found.start() for found in _SEPARATOR.finditer(code)]
    return next((code[:end] for end in reversed(ends) if code[:end] in known), None)


def _by_ground(unit: Standing, above: Sequence[Standing]) -> str | None:
    drawn = [each for each in above if each.shape is not None]
    if unit.shape is None or not drawn:
        return None
    common = shapely.area(shapely.intersection(np.array([each.shape for each in drawn]), unit.shape))
    best = int(np.argmax(common))
    return drawn[best].code if common[best] >= MOSTLY * shapely.area(unit.shape) else None
