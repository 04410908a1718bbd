"""Which unit of the tree each unit of a file is, once its boundary has been mended. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import shapely

from base.errors import InvalidInputError
from camera_registry.units.hierarchy import gb_key, gb_level
from camera_registry.units.report import UnitFault, UnitRepair
from gis.boundaries import mend

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from camera_registry.units.attributes import Drawn
    from camera_registry.units.request import Policy
    from camera_registry.units.tree import Unit


@dataclass(slots=True)
class Matching:
    """A file's units beside those of the tree.

    Attributes:
        units: By the code that each has in the tree: the file's unit, and the store's, if it has one.
        spoilt: Codes of the store's units that the file has and that cannot be used as it has them.
        faults: Units of the file that cannot be used.
        repairs: What was mended.
        notes: What is to be known.
    """

    units: dict[str, tuple[Drawn, Unit | None]] = field(default_factory=dict)
    spoilt: set[str] = field(default_factory=set)
    faults: list[UnitFault] = field(default_factory=list)
    repairs: list[UnitRepair] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def match(present: Sequence[Unit], drawn: Iterable[Drawn], policy: Policy) -> Matching:
    """Join the pieces of each unit, mend it, and find it in the tree.

    A unit is told by its code, by its administrative code, or by a name that only one has; a unit of the
    store keeps its code.
    """
    found = Matching()
    known = _Known(present)
    for unit in _joined(drawn, found):
        old, by_name = known.find(unit)
        try:
            mended = _mend(unit, policy, found)
            code = _code_of(mended, old, found)
        except InvalidInputError as err:
            found.faults.append(UnitFault(unit.where, _title(unit), err.detail, err.remedy))
            if old is not None:
                found.spoilt.add(old.code)
            continue
        if by_name and unit.code:
            found.notes.append(f"{_title(unit)} was taken for {code} by its name")
        if old is None and not unit.name:
            found.notes.append(f"{code} is new and has no name, so it is called by its code")
        found.units[code] = mended, old
    return found


def _joined(drawn: Iterable[Drawn], found: Matching) -> list[Drawn]:
    """Features of one code are pieces of one unit: islands often come each as its own."""
    by_code: dict[str, Drawn] = {}
    for unit in drawn:
        key = unit.code or f"\0{unit.where}"
        known = by_code.get(key)
        if known is None:
            by_code[key] = unit
        elif known.name != unit.name:
            reason = f"It has the code of {known.name or 'another unit'} ({known.where})."
            remedy = "Give each unit a code of its own."
            found.faults.append(UnitFault(unit.where, _title(unit), reason, remedy))
        else:
            shapes = [shape for shape in (known.shape, unit.shape) if shape is not None]
            found.notes.append(f"{_title(unit)} comes in pieces, which were joined")
            by_code[key] = replace(known, shape=shapely.GeometryCollection(shapes))
    return list(by_code.values())


def _mend(unit: Drawn, policy: Policy, found: Matching) -> Drawn:
    level = policy.level if unit.level is None else unit.level
    upper = (gb_level(unit.code) if level is None else level) in {0, 1}
    if unit.shape is None and upper:  # it has the ground of the units below it
        return replace(unit, level=level)
    repair = mend(unit.shape, limit=policy.repair_limit)
    # Rings are turned without a word: half of all programs write them the other way round.
    told = tuple(each for each in repair.done if not each.startswith("rings turned"))
    if told:
        found.repairs.append(UnitRepair(_title(unit), told, repair.area_m2, repair.changed_m2))
    return replace(unit, shape=repair.shape, level=level)


def _code_of(unit: Drawn, old: Unit | None, found: Matching) -> str:
    code = old.code if old else unit.code
    if not code:
        raise InvalidInputError("It is new and has no code.", remedy="Give it a column 'code'.")
    if code in found.units:
        where = found.units[code][0].where
        raise InvalidInputError(f"It is the same unit as {where}.", remedy="Leave one of them out.")
    return code


class _Known:
    """The store's units by all that tells one."""

    def __init__(self, present: Sequence[Unit]) -> None:
        self._by_code = {old.code: old for old in present}
        self._by_civil = _unique((gb_key(old.civil_code or ""), old) for old in present)
        self._by_name = _unique(((old.level, old.name), old) for old in present)

    def find(self, unit: Drawn) -> tuple[Unit | None, bool]:
        """The store's unit that a file's unit is, and whether only its name tells so."""
        keys = (gb_key(unit.code), gb_key(unit.civil_code))
        old = self._by_code.get(unit.code) if unit.code else None
        old = old or next((self._by_civil[key] for key in keys if key in self._by_civil), None)
        if old is not None:
            return old, False
        levels = (0, 1, 2) if unit.level is None else (unit.level,)
        named = [(level, unit.name) for level in levels if unit.name and (level, unit.name) in self._by_name]
        return (self._by_name[named[0]], True) if len(named) == 1 else (None, False)


def _unique(pairs: Iterable[tuple[Any, Unit]]) -> dict[Any, Unit]:
    """What a key names, where it names one only."""
    found: dict[Any, list[Unit]] = {}
    for key, unit in pairs:
        found.setdefault(key, []).append(unit)
    return {key: units[0] for key, units in found.items() if key and len(units) == 1}


def _title(unit: Drawn) -> str:
    return f"{unit.code} {unit.name}".strip()
