"""``dengta units``: the tree of units and its boundaries."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from base.clock import SystemClock
from base.errors import InvalidInputError, SetupError
from base.settings import get_settings
from camera_registry.units import work
from camera_registry.units.check import draw, find_defects, slivers, tell
from camera_registry.units.export import LEVELS, write_units_file
from camera_registry.units.history import list_changes
from camera_registry.units.request import Missing, Policy, UnitsRequest
from camera_registry.units.store import read_tree
from dengta.store import open_store
from dengta.units_wording import show_defects, show_moves, show_report
from gis.boundaries import REPAIR_LIMIT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeVar

    from base.database import Database
    from camera_registry.units.report import UnitsReport
    from camera_registry.units.request import Tell
    from camera_registry.units.tree import Unit

    Answer = TypeVar("Answer")

app = typer.Typer(help="The tree of units, 1 + 16 + 153, and its boundaries.", no_args_is_help=True)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Report everything and change nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="GeoJSON, GeoPackage, or a .zip with Shapefiles.")],
    dry_run: DryRun = False,
    crs: Annotated[
        str, typer.Option(help="Reference system, e.g. EPSG:4549, CGCS2000, GCJ-02; else as the file says.")
    ] = "",
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="FIELD=COLUMN, e.g. code=XZQDM; may be repeated.", metavar="FIELD=COLUMN"),
    ] = None,
    level: Annotated[
        str, typer.Option(help="Of units of which nothing says it: city, district or township.")
    ] = "",
    city: Annotated[
        str, typer.Option(help="CODE=NAME of the city itself, where the file lacks it.", metavar="CODE=NAME")
    ] = "",
    missing: Annotated[
        Missing, typer.Option(help="What becomes of units that the file does not have.")
    ] = Missing.KEEP,
    skip_faulty: Annotated[
        bool, typer.Option("--skip-faulty", help="Import the rest when some units cannot be used.")
    ] = False,
    repair_limit: Annotated[
        float, typer.Option(min=0, max=1, help="Share of its area by which a boundary may be mended.")
    ] = REPAIR_LIMIT,
    json: AsJson = False,
) -> None:
    """Put the boundaries of a file in place, and give every camera and point its unit."""
    policy = Policy(
        level=_level(level),
        city=_pair(city, "--city") if city else None,
        missing=missing,
        skip_faulty=skip_faulty,
        repair_limit=repair_limit,
    )
    request = UnitsRequest(
        path=file,
        name=file.name,
        mapping=dict(_pair(each, "--map") for each in mapping or ()),
        crs=crs,
        policy=policy,
        dry_run=dry_run,
    )
    _report(lambda database, tell_: work.import_units(database, SystemClock(), request, tell_), json=json)


@app.command()
def undo(
    change: Annotated[int, typer.Argument(min=1, help="Its number; see: dengta units history")],
    dry_run: DryRun = False,
    json: AsJson = False,
) -> None:
    """Make the tree what it was before a change."""
    _report(
        lambda database, tell_: work.undo_change(database, SystemClock(), change, tell_, dry_run=dry_run),
        json=json,
    )


@app.command()
def assign(dry_run: DryRun = False, json: AsJson = False) -> None:
    """Give every camera and point the unit on whose ground it stands."""
    told = _run(lambda database: work.assign_all(database, dry_run=dry_run))
    if json:
        typer.echo(orjson.dumps(told))
    else:
        show_moves(_console(), told["moved"], dry_run=dry_run)


@app.command("list")
def list_(json: AsJson = False) -> None:
    """List the units, each below the one that it belongs to."""
    units = _run(_tree)
    if json:
        typer.echo(orjson.dumps([_plain(unit) for unit in units]))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("code", "name", "level", "administrative code", "boundary"):
        table.add_column(heading)
    for unit in units:
        drawn = "yes" if unit.shape is not None else "no"
        indent = "  " * unit.level
        table.add_row(indent + unit.code, unit.name, LEVELS[unit.level], unit.civil_code or "", drawn)
    Console().print(table)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="A new .geojson or .gpkg.")],
    level: Annotated[str, typer.Option(help="Only this level: city, district or township.")] = "",
) -> None:
    """Write the units and their boundaries, WGS-84, as a file that `units import` reads."""
    wanted = _level(level)
    units = [unit for unit in _run(_tree) if wanted in {None, unit.level}]
    write_units_file(file, units)
    sys.stderr.write(f"{len(units)} units were written to {file}.\n")


@app.command()
def check(
    geojson: Annotated[Path | None, typer.Option(help="Also draw the flaws into this file.")] = None,
    json: AsJson = False,
) -> None:
    """Find ground that two units claim, that none claims, or that lies outside of the unit above."""
    units = _run(_tree)
    names = {unit.code: unit.name for unit in units}
    defects, excess = find_defects(units)
    if geojson:
        try:
            geojson.write_bytes(orjson.dumps(draw(defects, names)))
        except OSError as err:
            raise SetupError(f"{geojson} cannot be written: {err.strerror}.") from err
    told, thin = tell(defects, names), slivers(defects)
    if json:
        typer.echo(orjson.dumps({"defects": told, "slivers": thin, "excess_m2": excess}))
    else:
        show_defects(_console(), told, thin)


@app.command()
def history(json: AsJson = False) -> None:
    """List the changes of the tree, newest first."""

    async def read(database: Database) -> list[dict[str, Any]]:
        async with database.raw() as connection:
            return [asdict(each) for each in await list_changes(connection)]

    changes = _run(read)
    if json:
        typer.echo(orjson.dumps(changes))
        return
    table = Table("number", "when", "by", "file", "new", "changed", "removed", "cameras moved", box=None)
    for each in changes:
        who = each["username"] or ""
        numbers = (str(each[name]) for name in ("new", "changed", "removed", "cameras"))
        table.add_row(str(each["id"]), f"{each['at']:%Y-%m-%d %H:%M}", who, each["file"], *numbers)
    Console().print(table)


async def _tree(database: Database) -> list[Unit]:
    async with database.raw() as connection:
        return await read_tree(connection)


def _plain(unit: Unit) -> dict[str, Any]:
    named = ("code", "civil_code", "name", "name_en", "parent", "tree_left", "tree_right")
    return {
        **{name: getattr(unit, name) for name in named},
        "level": LEVELS[unit.level],
        "boundary": unit.shape is not None,
    }


def _report(change: Callable[[Database, Tell], Awaitable[UnitsReport]], *, json: bool) -> None:
    columns = (TextColumn("{task.description:<12}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        report = _run(
            lambda database: change(
                database, lambda stage, share: bar.update(task, description=stage, completed=share)
            )
        )
    if json:
        typer.echo(orjson.dumps(report.as_json()))
    else:
        show_report(_console(), report)
    if report.refused:
        raise typer.Exit(1)


def _console() -> Console:
    """For sentences that the terminal, not we, breaks into lines."""
    return Console(highlight=False, soft_wrap=True)


def _run(work_: Callable[[Database], Awaitable[Answer]]) -> Answer:
    async def run() -> Answer:
        async with open_store(get_settings(), pool_size=2) as store:
            return await work_(store.database)

    return asyncio.run(run())


def _level(text: str) -> int | None:
    if not text:
        return None
    if text not in LEVELS:
        raise InvalidInputError(f"--level is {', '.join(LEVELS)}, not {text}.")
    return LEVELS.index(text)


def _pair(text: str, option: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not (left and equals and right):
        raise InvalidInputError(f"{option} takes two words joined by =, not {text!r}.")
    return left.strip(), right.strip()
