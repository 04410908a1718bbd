"""How classifications are told to people in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from camera_registry.classification import (
        BatchRow,
        CameraEvent,
        Facet,
        Outcome,
        Preview,
        Since,
        Undoing,
    )

MOST_SHOWN = 8
"""Groups of a facet."""

SYSTEM = "系统 system"


def show_preview(found: Preview) -> None:
    """What would change, what is so already, what differs and by whose word."""
    out = Console(highlight=False)
    out.print(
        f"{found.meant:,} cameras are meant: [bold]{found.new:,} new[/], {found.already:,} already so, "
        f"[bold]{found.differs:,} serve other scenes[/]."
    )
    out.print(f"{found.changed:,} would change: {found.added:,} assignments come, {found.removed:,} go.")
    if found.kept:
        out.print(f"{found.kept:,} are left alone for the scenes that they serve.")
    if found.unknown:
        some = ", ".join(found.unknown_some[:5])
        out.print(f"{found.unknown:,} of the listed do not exist: {escape(some)}…")
    if found.conflicts:
        table = _table("conflict", "whose word", "by", "cameras")
        for c in found.conflicts[:MOST_SHOWN]:
            table.add_row(f"{c.scene} {escape(c.name)}", c.source, escape(c.by or SYSTEM), f"{c.cameras:,}")
        out.print(table)
    for title, facets in (("unit", found.units), ("scene", found.scenes), ("owner", found.owners)):
        out.print(_facets(title, facets))
    out.print("state: " + ", ".join(f"{s.name.lower()} {count:,}" for s, count in found.states.items()))
    table = _table("camera", "", "serves", "would serve")
    for s in found.sample:
        table.add_row(escape(s.name), s.standing, ", ".join(s.serves), ", ".join(s.will_serve))
    out.print(table)


def show_done(outcome: Outcome) -> None:
    """What was changed, and how to take it back."""
    out = Console(highlight=False)
    if outcome.batch_id is None:
        out.print(f"{outcome.meant:,} cameras are meant, and all are so already: nothing was changed.")
        return
    out.print(
        f"Batch {outcome.batch_id}: {outcome.changed:,} of {outcome.meant:,} cameras changed; "
        f"{outcome.added:,} assignments came, {outcome.removed:,} went"
        + (f"; {outcome.kept:,} were left alone" if outcome.kept else "")
        + "."
    )
    out.print(f"To take it back: dengta classify undo {outcome.batch_id}")


def show_undoing(undoing: Undoing, *, dry_run: bool) -> None:
    """What came back, or would, and what did not, and why."""
    out = Console(highlight=False)
    verb = "would be" if dry_run else "were"
    name = "" if undoing.batch_id is None else f"Batch {undoing.batch_id}: "
    out.print(f"{name}{undoing.undone:,} cameras {verb} restored as they were before batch {undoing.undoes}.")
    if undoing.already:
        out.print(f"{undoing.already:,} are as they were already.")
    if undoing.changed:
        out.print(f"{undoing.changed:,} {verb} left alone: somebody decided otherwise since.")
        out.print(_since(undoing.since))
    if undoing.gone:
        out.print(f"{undoing.gone:,} are gone.")


def show_batches(batches: Sequence[BatchRow]) -> None:
    """Batches, one a line."""
    table = _table("batch", "at", "by", "what", "scenes", "cameras", "+", "−", "reason", "undone by")
    for b in batches:
        what = f"undo of {b.undoes}" if b.undoes else b.action
        table.add_row(
            *(str(b.id), f"{b.at.astimezone():%Y-%m-%d %H:%M}", escape(b.by or SYSTEM), what),
            *(", ".join(b.scenes), f"{b.cameras:,}", f"{b.added:,}", f"{b.removed:,}"),
            *(escape(b.reason or ""), ", ".join(map(str, b.undone_by))),
        )
    Console(highlight=False).print(table if batches else "Nothing was classified yet.")


def show_events(events: Sequence[CameraEvent]) -> None:
    """What happened to one camera."""
    table = _table("batch", "at", "by", "", "scene", "whose word", "confidence", "reason")
    for e in events:
        said = e.assigned
        table.add_row(
            *(str(e.batch_id), f"{e.at.astimezone():%Y-%m-%d %H:%M}", escape(e.by or SYSTEM)),
            *("+" if e.added else "−", f"{said.scene} {escape(said.name)}", said.source),
            "" if said.confidence is None else f"{said.confidence:.2f}",
            escape((e.why if not e.added else said.reason) or ""),
        )
    Console(highlight=False).print(table if events else "Nothing was ever changed.")


def _since(since: Iterable[Since]) -> Table:
    table = _table("batch", "at", "by", "cameras")
    for each in since:
        at = f"{each.at.astimezone():%Y-%m-%d %H:%M}"
        table.add_row(str(each.batch_id), at, escape(each.by or SYSTEM), f"{each.cameras:,}")
    return table


def _facets(title: str, facets: Sequence[Facet]) -> str:
    shown = [f"{escape(f.name or f.key or '—')} {f.cameras:,}" for f in facets[:MOST_SHOWN]]
    more = len(facets) - MOST_SHOWN
    return f"{title}: {', '.join(shown) or '—'}" + (f" and {more} more" if more > 0 else "")


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        right = heading in {"cameras", "+", "−", "batch", "confidence"}
        table.add_column(heading, justify="right" if right else "left", overflow="fold", no_wrap=right)
    return table
