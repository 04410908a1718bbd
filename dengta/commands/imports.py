"""``dengta import`` and ``dengta imports``: lists into the catalogue, and what came in before."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from base.clock import SystemClock
from base.errors import InvalidInputError
from base.seal import Sealer
from base.settings import get_settings
from camera_registry.import_job import follow_up
from camera_registry.importing import Blanks, ImportRequest, Kind, import_file
from camera_registry.importing.ledger import list_batches
from dengta.import_wording import history_table, show_report
from dengta.store import open_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import RowMapping

    from camera_registry.importing import ImportReport


def import_(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX, GeoJSON or GeoPackage; told by its content.")],
    kind: Annotated[Kind, typer.Option(help="What the list lists.")] = Kind.CAMERAS,
    source: Annotated[
        str, typer.Option(help="The list that the file is an issue of; else the file's name without ending.")
    ] = "",
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="列名=field", help="What a column is; may be repeated. 列名= leaves it out."
        ),
    ] = None,
    crs: Annotated[
        str, typer.Option(help="Reference system of rows that declare none: WGS-84, CGCS2000, GCJ-02, BD-09.")
    ] = "",
    layer: Annotated[str, typer.Option(help="Layer of points that name none: number, code or name.")] = "",
    blanks: Annotated[
        Blanks, typer.Option(help="What an empty cell does to a value that the catalogue has from the list.")
    ] = Blanks.KEEP,
    partial: Annotated[
        bool, typer.Option("--partial", help="The file is a supplement: nothing is gone.")
    ] = False,
    overwrite_edits: Annotated[
        bool, typer.Option("--overwrite-edits", help="Let the list overrule what people entered.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report everything and change nothing.")] = False,
    rejects: Annotated[
        Path | None, typer.Option(help="Write refused rows there, in the file's form, with their reasons.")
    ] = None,
    examples: Annotated[int, typer.Option(min=1, max=25, help="Faults shown in full of each kind.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Mark records gone even if they are more than half of the source.")
    ] = False,
) -> None:
    """Import a list: all its good rows in one transaction, every fault told with its remedy."""
    if rejects and rejects.resolve() == file.resolve():
        raise InvalidInputError("--rejects names the list itself.", remedy="Name another file.")
    request = ImportRequest(
        path=file,
        name=file.name,
        kind=kind,
        source=source,
        mapping=_mapping(mapping or []),
        crs=crs,
        layer=layer,
        blanks=blanks,
        partial=partial,
        dry_run=dry_run,
        confirm_gone=yes,
        overwrite_edits=overwrite_edits,
        rejects=rejects,
    )
    report = asyncio.run(_import(request))
    if json:
        sys.stdout.buffer.write(orjson.dumps(report.as_json(), default=str, option=orjson.OPT_APPEND_NEWLINE))
        return
    show_report(Console(), report, examples=examples)


def imports(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most that are listed.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="One JSON object an import.")] = False,
) -> None:
    """List the imports that were made, newest first."""
    batches = asyncio.run(_list(limit))
    if json:
        for batch in batches:
            sys.stdout.buffer.write(orjson.dumps(dict(batch), option=orjson.OPT_APPEND_NEWLINE))
        return
    Console().print(history_table(batches))


def _mapping(pairs: list[str]) -> dict[str, str]:
    """``列名=field`` pairs; the header may hold an equals sign itself."""
    found = {}
    for pair in pairs:
        header, equals, field = pair.rpartition("=")
        if not equals or not header:
            raise InvalidInputError(f"--map {pair!r} is not of the form 列名=field.")
        found[header.strip()] = field.strip()
    return found


async def _import(request: ImportRequest) -> ImportReport:
    settings = get_settings()
    columns = (TextColumn("{task.description:<28}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("database", total=1.0)
        async with open_store(settings) as store:
            report = await import_file(
                store.database,
                SystemClock(),
                request,
                lambda stage, share: bar.update(task, description=stage, completed=share),
                sealer=Sealer(settings.keys_dir),
            )
            bar.update(task, description="tidying up")
            await follow_up(store.database, report)
            return report


async def _list(limit: int) -> Sequence[RowMapping]:
    async with open_store(get_settings()) as store, store.database.begin() as connection:
        return await list_batches(connection, None, limit=limit)
