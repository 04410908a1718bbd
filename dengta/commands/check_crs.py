"""``dengta check-crs``: coordinates that look misdeclared, and declaring them anew."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from base.clock import SystemClock
from base.errors import InvalidInputError
from base.settings import get_settings
from camera_registry.coordinates.repair import cameras_of_finding, repair, undo_repair
from camera_registry.coordinates.survey import Grouping, survey_cameras
from camera_registry.jobs import scope_of
from dengta.store import open_store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeVar

    from base.database import Database
    from camera_registry.coordinates.staging import Repaired
    from camera_registry.coordinates.survey import Surveyed

    Answer = TypeVar("Answer")

MOST_LINES = 30


def check_crs(
    group: Annotated[Grouping, typer.Option(help="What the cameras of a group share.")] = Grouping.SOURCE,
    repair_finding: Annotated[
        int | None,
        typer.Option("--repair", min=1, help="Declare the cameras of this finding anew, by its number."),
    ] = None,
    undo: Annotated[int | None, typer.Option(min=1, help="Undo this repair, by its number.")] = None,
    least: Annotated[
        float, typer.Option(min=0, max=1, help="With --repair: cameras that are at least so likely.")
    ] = 0.9,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --repair or --undo: count and change nothing.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Find cameras whose coordinates are of another system than declared, by the roads they stand beside."""
    if repair_finding is not None and undo is not None:
        raise InvalidInputError("--repair and --undo are two things.")
    console = Console(highlight=False, soft_wrap=True)
    if repair_finding is None and undo is None:
        surveyed, numbers = _survey(group)
        if json:
            typer.echo(orjson.dumps(_numbered(surveyed, numbers)))
        else:
            _show(console, surveyed, numbers)
        return
    done = asyncio.run(_with_store(lambda database: _change(database, repair_finding, undo, least, dry_run)))
    if json:
        typer.echo(orjson.dumps(asdict(done)))
    else:
        _show_change(console, done, undone=undo is not None)


def _survey(group: Grouping) -> tuple[Surveyed, list[int]]:
    columns = (TextColumn("{task.description:<12}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)

        async def work(database: Database) -> tuple[Surveyed, list[int]]:
            surveyed = await survey_cameras(
                database,
                SystemClock(),
                group,
                lambda stage, share: bar.update(task, description=stage, completed=share),
            )
            async with database.raw() as connection:
                rows = await connection.fetch(
                    "select id from crs_finding where grouping = $1 order by id", group
                )
            return surveyed, [row["id"] for row in rows]

        return asyncio.run(_with_store(work))


async def _with_store(work: Callable[[Database], Awaitable[Answer]]) -> Answer:
    async with open_store(get_settings(), pool_size=2) as store:
        return await work(store.database)


async def _change(
    database: Database, finding: int | None, undo: int | None, least: float, dry_run: bool
) -> Repaired:
    clock = SystemClock()
    async with database.raw() as connection:
        everything = await scope_of(connection, None)
        if undo is not None:
            return await undo_repair(connection, clock, undo, scope=everything, dry_run=dry_run)
        assert finding is not None
        reading, cameras = await cameras_of_finding(connection, finding, least=least)
        return await repair(
            *(connection, clock, reading, cameras),
            scope=everything,
            dry_run=dry_run,
            facts={"finding": finding, "least": least},
        )


def _numbered(surveyed: Surveyed, numbers: list[int]) -> dict[str, Any]:
    told = surveyed.as_json()
    findings = [{"id": number, **each} for number, each in zip(numbers, told["findings"], strict=True)]
    return {**told, "findings": findings}


def _show(console: Console, surveyed: Surveyed, numbers: list[int]) -> None:
    console.print(
        f"{surveyed.checked:,} cameras declare WGS-84, CGCS2000 or nothing; "
        f"{surveyed.backed:,} name a road or a point. Weighed in {surveyed.seconds:.1f} s."
    )
    for number, finding in list(zip(numbers, surveyed.findings, strict=True))[:MOST_LINES]:
        unknown = finding.group or f"no {surveyed.grouping}"
        line = str(finding).replace(f" in {finding.group} ", f" in {unknown} ", 1)
        console.print(f"{number:>5}  {line}", markup=False)
    if len(numbers) > MOST_LINES:
        console.print(f"… and {len(numbers) - MOST_LINES:,} more (--json has all).")
    if not numbers:
        console.print("None looks misdeclared.")
    else:
        console.print("Count what a repair would change: dengta check-crs --repair NUMBER --dry-run")


def _show_change(console: Console, done: Repaired, *, undone: bool) -> None:
    would = "would be" if done.dry_run else "were"
    how = "declared as before" if undone else "declared anew"
    far = f"; they move {done.moved_m:,.0f} m in the middle" if done.moved_m else ""
    console.print(f"{done.cameras:,} cameras {would} {how}{far}.")
    for reason, count in done.skipped_count.items():
        console.print(f"{count:,} are left: {reason}.", markup=False)
    moves = sum(move["count"] for move in done.moves)
    if moves:
        console.print(f"{moves:,} of them change their unit.")
    if done.repair_id and not undone and not done.dry_run:
        console.print(f"Undo: dengta check-crs --undo {done.repair_id}")
