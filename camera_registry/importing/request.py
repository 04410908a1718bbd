"""What is asked of an import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from models.scope import Scope

Tell = Callable[[str, float], None]
"""Told the stage, in words, and the finished share of the whole, 0 to 1."""


class Kind(StrEnum):
    """What a list lists."""

    CAMERAS = "cameras"
    POINTS = "points"


class Blanks(StrEnum):
    """What an empty cell says of a record that the catalogue holds already."""

    KEEP = "keep"
    """Nothing: the list does not know."""
    CLEAR = "clear"
    """That there is nothing: what the catalogue holds from the list goes."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """One import.

    Attributes:
        path: Where the file is; it is only read. Its form is told by its content.
        name: What its sender calls it; shown, and the source's name where none is given.
        kind: What it lists.
        source: The list it is an issue of: records of the same source that it no longer has are marked gone.
            Empty: the file's name without its ending.
        mapping: Header → field, over what is recognised; an empty field leaves that column out.
        crs: The reference system of rows that declare none, in words; empty: WGS-84, as GB/T 28181 has it.
        layer: The layer of points that name none, by number, code or name; empty: the one that the file's
            name names.
        blanks: What an empty cell says.
        partial: The file is a supplement: nothing is marked gone.
        dry_run: Report everything and change nothing.
        confirm_gone: Mark records gone even if they are more than half of the source.
        overwrite_edits: Let the list overrule what people entered by hand.
        scope: Who asks; None is the system itself, which may do everything.
        rejects: Where the rows with faults go, as a file of the same form with a column of reasons; None for
            nowhere. It is written if there are any, also by a dry run.
    """

    path: Path
    name: str
    kind: Kind = Kind.CAMERAS
    source: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    crs: str = ""
    layer: str = ""
    blanks: Blanks = Blanks.KEEP
    partial: bool = False
    dry_run: bool = False
    confirm_gone: bool = False
    overwrite_edits: bool = False
    scope: Scope | None = None
    rejects: Path | None = None
