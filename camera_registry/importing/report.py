"""What came of an import, for people and programs alike."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """What a fault does to its row."""

    ERROR = "error"
    """It stays out."""
    WARNING = "warning"
    """It goes in, with a note."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with one row.

    Attributes:
        row: Its number in the file as its program shows it; the header's row counts.
        column: The header of the column, as in the file; empty where the row as a whole is meant.
        value: What stands there, shortened, without secrets.
        code: The kind of fault, stable, e.g. ``coordinate-swapped``.
        reason: What is wrong, one sentence.
        remedy: What the list's owner can do.
        severity: Whether the row stays out.
    """

    row: int
    column: str
    value: str
    code: str
    reason: str
    remedy: str
    severity: Severity


@dataclass(slots=True)
class ImportReport:
    """What an import found and did; of a dry run, what it would have done.

    Attributes:
        batch_id: The row of ``import_batch``; None for a dry run.
        kind: ``cameras`` or ``points``.
        source: The list's name.
        file: The file's name.
        sha256: Of the file.
        form: ``csv``, ``xlsx``, ``geojson`` or ``gpkg``, with what was found of it (encoding, sheet, layer).
        dry_run: Whether nothing was changed.
        partial: Whether the file was taken as a supplement, so that nothing is gone.
        rows: Rows with anything in them.
        accepted: Rows without an error.
        refused: Rows with an error.
        new: Records added.
        changed: Records changed.
        unchanged: Records that were as listed.
        gone: Records of the source that it no longer lists.
        returned: Records that had been gone and are listed again; part of ``changed``.
        gone_stops: Whether so many would be gone that only a confirmed import does it.
        fields: Changes by field.
        kept_edits: Values entered by hand that the list contradicts and that were kept, by field.
        columns: Header → field, or None for a column that was left out.
        notes: What is to be known of the file as a whole, in sentences.
        fault_counts: Faults by kind: ``{"code", "severity", "count", "rows" (the first few)}``.
        faults: The first faults in full.
        samples: The first of what is new, changed and gone.
        rejects: The file of refused rows, if one was written.
        seconds: Time by stage.
    """

    batch_id: int | None = None
    kind: str = ""
    source: str = ""
    file: str = ""
    sha256: str = ""
    form: dict[str, str] = field(default_factory=dict)
    dry_run: bool = False
    partial: bool = False
    rows: int = 0
    accepted: int = 0
    refused: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    returned: int = 0
    gone_stops: bool = False
    fields: dict[str, int] = field(default_factory=dict)
    kept_edits: dict[str, int] = field(default_factory=dict)
    columns: dict[str, str | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    fault_counts: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    rejects: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return asdict(self)
