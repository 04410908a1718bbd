"""What is asked of an import of boundaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from gis.boundaries import REPAIR_LIMIT

if TYPE_CHECKING:
    from pathlib import Path

    from models.scope import Scope

Tell = Callable[[str, float], None]
"""Told the stage, in words, and the finished share of the whole, 0 to 1."""


class Missing(StrEnum):
    """What becomes of a unit that the file does not have, though it has others of its level."""

    KEEP = "keep"
    """It stays as it is: the file is a part."""
    RETIRE = "retire"
    """It goes; if accounts, incidents or cameras without a place still need it, it stays without ground."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How a file is weighed against the tree.

    Attributes:
        level: Of units of which nothing says it: 0 city, 1 district, 2 township.
        city: Code and name of the city itself, where neither file nor store has it.
        missing: What becomes of units that are not in the file.
        skip_faulty: Import the rest when some units cannot be used; these stay as they are.
        repair_limit: Share of a boundary's area that a repair may change.
    """

    level: int | None = None
    city: tuple[str, str] | None = None
    missing: Missing = Missing.KEEP
    skip_faulty: bool = False
    repair_limit: float = REPAIR_LIMIT


@dataclass(frozen=True, slots=True)
class UnitsRequest:
    """One import.

    Attributes:
        path: Where the file is; it is only read.
        name: What its sender calls it.
        mapping: Field (``code``, ``name``, ``level``, ``parent`` …) → column, over what is recognised.
        crs: The reference system, in words or as an EPSG code; empty: as the file says.
        policy: How it is weighed against the tree.
        dry_run: Report everything and change nothing.
        scope: Who asks; None is the system itself, which may do everything.
    """

    path: Path
    name: str
    mapping: Mapping[str, str] = field(default_factory=dict)
    crs: str = ""
    policy: Policy = Policy()
    dry_run: bool = False
    scope: Scope | None = None
