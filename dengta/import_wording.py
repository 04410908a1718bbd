"""The report of an import as people read it in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from camera_registry.importing import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console
    from sqlalchemy import RowMapping

    from camera_registry.importing import Fault, ImportReport

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow"}
_ROWS_SHOWN = 6
_FIELDS_SHOWN = 12
_SAMPLES_SHOWN = 5


def show_report(console: Console, report: ImportReport, *, examples: int) -> None:
    """Print what an import did, or would do.

    Args:
        console: Where to.
        report: What came of it.
        examples: Faults shown in full of each kind.
    """
    form = ", ".join(report.form.values())
    console.print(f"{escape(report.file)}: {escape(form)}. Source {escape(report.source)}.", highlight=False)
    mapped = [f"{escape(header)} → {name}" for header, name in report.columns.items() if name]
    console.print(f"Columns: {', '.join(mapped)}.", highlight=False)
    for note in report.notes:
        console.print(f"· {escape(note)}", highlight=False)
    console.print(_outcome(report), highlight=False)
    _show_changes(console, report)
    _show_faults(console, report, examples)
    if report.rejects:
        console.print(
            f"The refused rows are in {escape(report.rejects)}: mend them there and import the file."
        )
    elif report.refused:
        console.print("Name a file with --rejects to get the refused rows back with their reasons.")


def _outcome(report: ImportReport) -> str:
    did = "Would be" if report.dry_run else "Done"
    written = f"{report.new:,} new, {report.changed:,} changed"
    parts = [
        f"{report.rows:,} rows, {report.accepted:,} good, {report.refused:,} refused",
        f"{did}: {written}, {report.unchanged:,} unchanged, {report.gone:,} gone",
    ]
    if report.returned:
        parts.append(f"{report.returned:,} had been gone and are listed again")
    if report.gone_stops:
        parts.append("more than half of the source would be gone: only --yes does that")
    if report.dry_run:
        parts.append("nothing was changed (dry run)")
    return ". ".join(parts) + "."


def _show_changes(console: Console, report: ImportReport) -> None:
    if report.fields:
        counted = [f"{name} {count:,}" for name, count in list(report.fields.items())[:_FIELDS_SHOWN]]
        console.print(f"Changed values: {', '.join(counted)}.", highlight=False)
    if report.kept_edits:
        counted = [f"{name} {count:,}" for name, count in report.kept_edits.items()]
        console.print(
            f"Kept as people entered them: {', '.join(counted)} (--overwrite-edits overrules).",
            highlight=False,
        )
    for sample in report.samples.get("changed", [])[:_SAMPLES_SHOWN]:
        values = [f"{name}: {old} → {new}" for name, (old, new) in sample["values"].items()]
        console.print(
            f"  row {sample['row']} {escape(str(sample['name']))}: {escape('; '.join(values))}",
            highlight=False,
        )
    gone = [str(sample["name"]) for sample in report.samples.get("gone", [])[:_SAMPLES_SHOWN]]
    if gone:
        console.print(
            f"  gone: {escape(', '.join(gone))}{' …' if report.gone > len(gone) else ''}", highlight=False
        )


def _show_faults(console: Console, report: ImportReport, examples: int) -> None:
    if not report.fault_counts:
        return
    by_kind: dict[tuple[str, str], list[Fault]] = {}
    for fault in report.faults:
        by_kind.setdefault((fault.code, fault.severity.value), []).append(fault)
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading, ratio in (("fault", 2), ("number", 1), ("rows", 2), ("example, reason and remedy", 7)):
        table.add_column(
            heading, overflow="fold", ratio=ratio, justify="right" if heading == "number" else "left"
        )
    for kind in report.fault_counts:
        faults = by_kind[kind["code"], kind["severity"]]
        style = _STYLES[faults[0].severity]
        rows = ", ".join(map(str, kind["rows"][:_ROWS_SHOWN])) + (" …" if kind["count"] > _ROWS_SHOWN else "")
        told = "\n".join(_told(fault) for fault in faults[:examples])
        table.add_row(f"[{style}]{kind['code']}[/]", f"{kind['count']:,}", rows, told)
    console.print(table)
    console.print("[red]Red[/] keeps a row out; [yellow]yellow[/] lets it in with a note.")


def _told(fault: Fault) -> str:
    where = f"row {fault.row}" + (f", {fault.column}" if fault.column else "")
    value = f" “{fault.value}”" if fault.value else ""
    return escape(f"{where}{value}: {fault.reason} {fault.remedy}")


def history_table(batches: Sequence[RowMapping | Mapping[str, object]]) -> Table:
    """Imports as a table, newest first."""
    table = Table(box=None, pad_edge=False)
    counts = ("rows", "refused", "new", "changed", "unchanged", "gone")
    for heading in ("id", "when", "by", "kind", "source", "file", *counts):
        table.add_column(heading, justify="right" if heading in {"id", *counts} else "left", overflow="fold")
    for batch in batches:
        table.add_row(
            *(str(batch["id"]), f"{batch['ended_at']:%Y-%m-%d %H:%M}Z", str(batch["username"] or "system")),
            *(escape(str(batch[name])) for name in ("kind", "source", "file")),
            *(f"{batch[name]:,}" for name in counts),
        )
    return table
