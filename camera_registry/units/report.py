"""What came of an import of boundaries, for people and programs alike."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class UnitFault:
    """Why a unit of the file cannot be used.

    Attributes:
        where: Layer and number of its feature.
        unit: Its code and name, as far as the file has them.
        reason: What is wrong, one sentence.
        remedy: What the file's owner can do.
    """

    where: str
    unit: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class UnitRepair:
    """A boundary that was mended.

    Attributes:
        unit: Its code and name.
        done: What was done, in words.
        area_m2: Its area now, square metres.
        changed_m2: By how much the area changed.
    """

    unit: str
    done: tuple[str, ...]
    area_m2: float
    changed_m2: float


@dataclass(frozen=True, slots=True)
class UnitNews:
    """A unit that is new or becomes different.

    Attributes:
        code: Which.
        name: Its name.
        level: 0 city, 1 district, 2 township.
        parent: Code of the unit above.
        changed: Field → (before, after); of a boundary the square metres before, after, and that differ.
    """

    code: str
    name: str
    level: int
    parent: str | None
    changed: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UnitMissing:
    """A unit of the store that the file does not have.

    Attributes:
        code: Which.
        name: Its name.
        becomes: ``kept``, ``removed``, or ``kept without ground``.
        needed_by: What still refers to it: table → rows.
    """

    code: str
    name: str
    becomes: str
    needed_by: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class UnitsReport:
    """What an import found and did; of a dry run, what it would have done.

    Attributes:
        change_id: The row of ``unit_change``, by which it can be undone; None if nothing was changed.
        file: The file's name.
        sha256: Of the file.
        dry_run: Whether nothing was to be changed.
        applied: Whether the tree is now as the file has it.
        refused: Why it is not, where it was to be.
        columns: Field → column that was taken for it.
        notes: What is to be known of the file as a whole, in sentences.
        faults: Units that cannot be used.
        repairs: Boundaries that were mended.
        new: Units that were not there.
        changed: Units that are different.
        unchanged: How many are as they were.
        missing: Units that the file does not have.
        defects: Overlaps, gaps and ground outside of parents; see :meth:`camera_registry.units.check.tell`.
        slivers: How many flaws are no wider than the error of drawing, and their square metres.
        excess_m2: By unit with units below it, the square metres by which these exceed it together.
        moved: By table, how many rows change their unit: ``{"total", "moves": [{"from", "to", "count"}]}``.
        counts: By unit, cameras and points before and after, where they differ.
        seconds: Time by stage.
    """

    change_id: int | None = None
    file: str = ""
    sha256: str = ""
    dry_run: bool = False
    applied: bool = False
    refused: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    faults: list[UnitFault] = field(default_factory=list)
    repairs: list[UnitRepair] = field(default_factory=list)
    new: list[UnitNews] = field(default_factory=list)
    changed: list[UnitNews] = field(default_factory=list)
    unchanged: int = 0
    missing: list[UnitMissing] = field(default_factory=list)
    defects: list[dict[str, Any]] = field(default_factory=list)
    slivers: dict[str, float] = field(default_factory=dict)
    excess_m2: dict[str, float] = field(default_factory=dict)
    moved: dict[str, dict[str, Any]] = field(default_factory=dict)
    counts: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return asdict(self)
