"""What a file makes of the tree: its units settled among those there are, in order, and compared. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from camera_registry.units.hierarchy import Standing, gb_key, settle
from camera_registry.units.matching import Matching, match
from camera_registry.units.report import UnitNews
from camera_registry.units.request import Missing
from camera_registry.units.tree import Unit
from gis.boundaries import area_m2, plane
from gis.nested_sets import fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from camera_registry.units.attributes import Drawn
    from camera_registry.units.request import Policy

SAME_M = 0.1
"""Outlines that are nowhere further apart, on average, are the same: a file may have fewer decimals than the
store, and six are what RFC 7946 advises."""


@dataclass(slots=True)
class Plan:
    """What is to become of the tree.

    Attributes:
        matching: The file's units beside those of the tree.
        units: All units as they are to be, parents before children, with their positions; empty if the file
            cannot be used as it is.
        retired: Codes of units among them that are to go if nothing needs them.
        renumbered: Whether units that stay change their position.
        new: Units that were not there.
        changed: Units that are different.
        missing: Units of the store that the file does not have.
    """

    matching: Matching
    units: list[Unit] = field(default_factory=list)
    retired: set[str] = field(default_factory=set)
    renumbered: bool = False
    new: list[UnitNews] = field(default_factory=list)
    changed: list[UnitNews] = field(default_factory=list)
    missing: list[Unit] = field(default_factory=list)


def make_plan(present: Sequence[Unit], drawn: Iterable[Drawn], policy: Policy) -> Plan:
    """Weigh a file's units against the tree.

    Args:
        present: The tree as it is, in its order.
        drawn: The file's units.
        policy: How they are weighed.

    Raises:
        InvalidInputError: The units make no tree; the sentence names the one at fault.
    """
    plan = Plan(match(present, drawn, policy))
    matching = plan.matching
    if matching.faults and not policy.skip_faulty:
        return plan
    levels = {unit.level for unit, _ in matching.units.values()}
    levels |= {old.level for _, old in matching.units.values() if old is not None}
    there = matching.units.keys() | matching.spoilt
    plan.missing = [old for old in present if old.code not in there and old.level in levels]
    if policy.missing is Missing.RETIRE:
        plan.retired = {old.code for old in plan.missing if old.level > 0}
    _arrange(plan, present, policy)
    _compare(plan, present)
    return plan


def make_restoring_plan(present: Sequence[Unit], before: Sequence[Unit]) -> Plan:
    """Make the tree what it was: ``before``, in its order, with parents before children."""
    there = {old.code: old for old in present}
    units = {
        unit.code: replace(unit, **_row(there[unit.code])) if unit.code in there else unit for unit in before
    }
    root = next(unit.code for unit in before if unit.parent is None)
    plan = Plan(Matching())
    plan.missing = [old for old in present if old.code not in units]
    plan.retired = {old.code for old in plan.missing}
    for code, unit in units.items():
        if code in there:
            units[code] = replace(unit, shape=_restored(unit.shape, there[code].shape))
    for old in plan.missing:
        units[old.code] = replace(old, parent=old.parent if old.parent in units else root, shape=None)
    _number(plan, present, units)
    _compare(plan, present)
    return plan


def _restored(
    before: shapely.MultiPolygon | None, now: shapely.MultiPolygon | None
) -> shapely.MultiPolygon | None:
    """``before``; the very object of ``now`` where nothing differs."""
    if before is None or now is None:
        return before
    return now if shapely.equals_exact(before, now, 0.0) else before


def _row(old: Unit) -> dict[str, Any]:
    return {"id": old.id, "tree_left": old.tree_left, "tree_right": old.tree_right}


def _arrange(plan: Plan, present: Sequence[Unit], policy: Policy) -> None:
    """Settle the tree, put it in order, and number it if its form has changed."""
    matched = plan.matching.units
    old_by_code = {old.code: old for old in present}
    own_code = {unit.code: code for code, (unit, _) in matched.items() if unit.code}
    standings = [_standing_of(code, *pair, own_code, plan.retired) for code, pair in matched.items()]
    standings += [_standing(old) for old in present if old.code not in matched.keys() | plan.retired]
    if policy.city and not any(each.level == 0 for each in standings):
        standings.append(Standing(policy.city[0], 0))
    settled = {each.code: each for each in settle(standings)}
    root = next(code for code, each in settled.items() if each.level == 0)
    for old in present:
        if old.code in plan.retired:  # parents come first in the order of the tree
            above = old.parent if old.parent in settled else root
            settled[old.code] = replace(_standing(old), parent=above, shape=None)
    position = {old.code: old.tree_left for old in present}
    ordered = sorted(settled, key=lambda code: (settled[code].level, position.get(code, 1 << 40), code))
    units = {}
    for code in ordered:
        drawn = matched[code][0] if code in matched else None
        units[code] = _unit(settled[code], drawn, old_by_code.get(code), policy)
    _fill_ground(units, plan)
    _number(plan, present, units)


def _number(plan: Plan, present: Sequence[Unit], units: Mapping[str, Unit]) -> None:
    before = {old.code: old.parent for old in present}
    places = {old.code: (old.tree_left, old.tree_right) for old in present}
    now = fit({code: unit.parent for code, unit in units.items()}, before, places)
    plan.renumbered = any(now[code] != place for code, place in places.items() if code in now)
    plan.units = [
        replace(unit, tree_left=now[code][0], tree_right=now[code][1]) for code, unit in units.items()
    ]


def _standing(old: Unit) -> Standing:
    return Standing(old.code, old.level, old.parent, old.shape, old.civil_code or "")


def _standing_of(
    code: str, unit: Drawn, old: Unit | None, own_code: Mapping[str, str], retired: set[str]
) -> Standing:
    digits = next((each for each in (unit.code, unit.civil_code) if gb_key(each)), "")
    parent = own_code.get(unit.parent, unit.parent) or None
    if old is None:
        return Standing(code, unit.level, parent, unit.shape, digits)
    level = old.level if unit.level is None else unit.level
    above = parent or (old.parent if level == old.level and old.parent not in retired else None)
    return Standing(code, level, above, unit.shape, digits or old.civil_code or "")


def _unit(standing: Standing, drawn: Drawn | None, old: Unit | None, policy: Policy) -> Unit:
    assert standing.level is not None
    if drawn is None and old is not None:
        return replace(old, level=standing.level, parent=standing.parent, shape=standing.shape)
    if drawn is None:
        assert policy.city is not None
        return Unit(standing.code, None, policy.city[1], "", 0, None, None)
    civil = drawn.civil_code or (drawn.code if gb_key(drawn.code) else "")
    return Unit(
        code=standing.code,
        civil_code=civil or (old.civil_code if old else None),
        name=drawn.name or (old.name if old else standing.code),
        name_en=drawn.name_en or (old.name_en if old else ""),
        level=standing.level,
        parent=standing.parent,
        shape=_shape(standing.shape, old),
        tree_left=old.tree_left if old else 0,
        tree_right=old.tree_right if old else 0,
        id=old.id if old else None,
    )


def _shape(drawn: shapely.MultiPolygon | None, old: Unit | None) -> shapely.MultiPolygon | None:
    """The file's boundary; the store's own, with all its decimals, where the file has the same or none."""
    if old is None or old.shape is None:
        return drawn
    return old.shape if drawn is None or _same(old.shape, drawn) else drawn


def _fill_ground(units: dict[str, Unit], plan: Plan) -> None:
    """A unit without a boundary has the ground of those below it."""
    for level in (1, 0):
        for code, unit in units.items():
            if unit.level != level or unit.shape is not None or code in plan.retired:
                continue
            below = [each.shape for each in units.values() if each.parent == code and each.shape is not None]
            if below:
                whole = shapely.get_parts(shapely.union_all(below))
                ground = [part for part in whole if part.geom_type == "Polygon"]
                units[code] = replace(unit, shape=shapely.MultiPolygon(ground))
                plan.matching.notes.append(
                    f"{unit.title} has no boundary and was given the ground of its units"
                )


def _compare(plan: Plan, present: Sequence[Unit]) -> None:
    before = {old.code: old for old in present}
    for unit in plan.units:
        if unit.code in plan.retired:
            continue
        old = before.get(unit.code)
        if old is None:
            plan.new.append(UnitNews(unit.code, unit.name, unit.level, unit.parent))
        elif changed := _differences(old, unit):
            plan.changed.append(UnitNews(unit.code, unit.name, unit.level, unit.parent, changed))


def _differences(old: Unit, new: Unit) -> dict[str, Any]:
    changed: dict[str, Any] = {
        name: (getattr(old, name), getattr(new, name))
        for name in ("name", "name_en", "civil_code", "level", "parent")
        if getattr(old, name) != getattr(new, name)
    }
    if old.shape is not new.shape:
        changed["boundary"] = _boundary_change(old.shape, new.shape)
    return changed


def _boundary_change(old: shapely.Geometry | None, new: shapely.Geometry | None) -> dict[str, float]:
    before, after = old or shapely.MultiPolygon(), new or shapely.MultiPolygon()
    areas = (area_m2(before), area_m2(after), area_m2(_between(before, after)))
    return dict(zip(("before_m2", "after_m2", "differs_m2"), areas, strict=True))


def _same(old: shapely.Geometry, new: shapely.Geometry) -> bool:
    """Whether a boundary is the store's, as exactly as a file can say it."""
    if shapely.equals_exact(old, new, 1e-9, normalize=True):
        return True
    outline = float(shapely.length(plane(np.array([old]))[0]))
    return area_m2(_between(old, new)) < SAME_M * outline / 2


def _between(old: shapely.Geometry, new: shapely.Geometry) -> shapely.Geometry:
    return shapely.symmetric_difference(shapely.make_valid(old), shapely.make_valid(new))
