"""A report on the tree of units, told in words at the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from camera_registry.units.report import UnitNews, UnitsReport

MOST_LINES = 20
"""Of one list; the JSON has all."""

SQUARE_KM = 1e6


def show_report(console: Console, report: UnitsReport) -> None:
    """Print what an import did, or would do."""
    for note in report.notes:
        console.print(f"Note: {note}.", markup=False)
    for fault in report.faults[:MOST_LINES]:
        console.print(
            f"Cannot be used: {fault.unit} ({fault.where}). {fault.reason} {fault.remedy}", markup=False
        )
    _more(console, report.faults)
    for repair in report.repairs[:MOST_LINES]:
        changed = f", {area(repair.changed_m2)} of {area(repair.area_m2)}" if repair.changed_m2 >= 1 else ""
        console.print(f"Mended: {repair.unit}: {'; '.join(repair.done)}{changed}.", markup=False)
    _more(console, report.repairs)
    if report.refused:
        console.print(report.refused, markup=False)
        return
    _show_news(console, "New", report.new)
    _show_news(console, "Changed", report.changed)
    for unit in report.missing[:MOST_LINES]:
        needs = ", ".join(f"{count:,} {table} rows" for table, count in unit.needed_by.items())
        why = f" (needed by {needs})" if needs else ""
        console.print(f"Not in the file: {unit.code} {unit.name}, {unit.becomes}{why}.", markup=False)
    _more(console, report.missing)
    show_defects(console, report.defects, report.slivers)
    if report.moved:
        show_moves(console, report.moved, dry_run=report.dry_run)
    console.print(_summary(report), markup=False)


def _summary(report: UnitsReport) -> str:
    numbers = (
        f"{len(report.new)} new, {len(report.changed)} changed, {report.unchanged} unchanged units, "
        f"{len(report.faults)} that cannot be used"
    )
    if report.dry_run:
        return f"Dry run, nothing was changed: {numbers}."
    undo = f" Undo: dengta units undo {report.change_id}" if report.change_id else ""
    return f"Done in {sum(report.seconds.values()):.1f} s: {numbers}.{undo}"


def _show_news(console: Console, title: str, news: Sequence[UnitNews]) -> None:
    for unit in news[:MOST_LINES]:
        told = "; ".join(_difference(field, change) for field, change in unit.changed.items())
        console.print(f"{title}: {unit.code} {unit.name}{f': {told}' if told else ''}", markup=False)
    _more(console, news)


def _difference(field: str, change: Any) -> str:
    if field == "boundary":
        before, after, differs = (area(change[name]) for name in ("before_m2", "after_m2", "differs_m2"))
        return f"boundary {before} → {after}, {differs} differ"
    before, after = change
    return f"{field} {before or '—'} → {after or '—'}"


def show_defects(
    console: Console, defects: Sequence[Mapping[str, Any]], slivers: Mapping[str, float]
) -> None:
    """Print overlaps, gaps and overreach, the largest first."""
    for defect in defects[:MOST_LINES]:
        names = [f"{code} {name}" for code, name in zip(defect["units"], defect["names"], strict=True)]
        place = f"{area(defect['area_m2'])} at {defect['place'][0]}, {defect['place'][1]}"
        console.print(f"{_flaw(defect['flaw'], names)}: {place}", markup=False)
    _more(console, defects)
    if slivers.get("count"):
        total = f"{slivers['count']:,} slivers, {area(slivers['area_m2'])} together"
        console.print(f"And {total}: borders that were drawn twice.", markup=False)
    elif not defects:
        console.print("No overlaps, no gaps, nothing outside of the unit above.")


def _flaw(flaw: str, names: Sequence[str]) -> str:
    if flaw == "overlap":
        return f"Claimed by both {names[0]} and {names[1]}"
    if flaw == "gap":
        beside = f", beside {', '.join(names[1:4])}" if len(names) > 1 else ""
        return f"In {names[0]} but in none of its units{beside}"
    return f"In {names[0]} but outside of {names[1]}"


def show_moves(console: Console, moved: Mapping[str, Mapping[str, Any]], *, dry_run: bool) -> None:
    """Print how many rows of each table change their unit, and between which."""
    would = "would move" if dry_run else "moved"
    for table, told in moved.items():
        if not told["total"]:
            console.print(f"Every {table} has the unit on whose ground it stands.")
            continue
        listing = Table(f"{table}s that {would}", "from", "to", box=None, pad_edge=False)
        for move in told["moves"][:MOST_LINES]:
            listing.add_row(f"{move['count']:,}", move["from"] or "nobody's", move["to"] or "nobody's")
        console.print(listing)
        _more(console, told["moves"])
        console.print(f"{told['total']:,} in all.")


def area(square_metres: float) -> str:
    """An area in the unit that reads best."""
    if square_metres >= SQUARE_KM / 10:
        return f"{square_metres / SQUARE_KM:,.2f} km²"
    return f"{square_metres:,.0f} m²"


def _more(console: Console, listed: Sequence[object]) -> None:
    if len(listed) > MOST_LINES:
        console.print(f"… and {len(listed) - MOST_LINES:,} more (--json has all).")
