"""``dengta export``: any filtered set of cameras or points as a file."""

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
from base.settings import get_settings
from camera_registry.exporting import (
    Crs,
    Encoding,
    ExportRequest,
    Form,
    Language,
    PointFilter,
    export,
)
from camera_registry.importing import Kind
from camera_registry.jobs import scope_of
from camera_registry.selection import CameraFilter
from dengta.options import area_of, state_named
from dengta.store import open_store

if TYPE_CHECKING:
    from base.database import Database
    from camera_registry.exporting import ExportReport

Many = list[str] | None


def export_(
    file: Annotated[Path, typer.Argument(help="Its ending says the form: csv, xlsx, geojson or gpkg.")],
    kind: Annotated[Kind, typer.Option(help="What is exported.")] = Kind.CAMERAS,
    unit: Annotated[Many, typer.Option(help="Code of a unit; its subtree. May be repeated.")] = None,
    scene: Annotated[Many, typer.Option(help="Code of a scene that they serve. May be repeated.")] = None,
    classified: Annotated[
        bool | None, typer.Option("--classified/--unclassified", help="Whether they serve any scene.")
    ] = None,
    state: Annotated[
        Many, typer.Option(help="unknown, online, degraded or offline. May be repeated.")
    ] = None,
    owner: Annotated[Many, typer.Option(help="Department that owns them. May be repeated.")] = None,
    source: Annotated[Many, typer.Option(help="List that they came from. May be repeated.")] = None,
    layer: Annotated[Many, typer.Option(help="Code of a layer of points. May be repeated.")] = None,
    area: Annotated[
        Path | None, typer.Option(help="A file with a GeoJSON polygon, WGS-84, within which they stand.")
    ] = None,
    query: Annotated[str, typer.Option("--query", "-q", help="What you would type to search.")] = "",
    fields: Annotated[
        str, typer.Option(help="Columns, in order, separated by commas; none is all of them.")
    ] = "",
    crs: Annotated[
        Crs, typer.Option(help="Of longitude and latitude; geometries are WGS-84.")
    ] = Crs.DECLARED,
    lang: Annotated[Language, typer.Option(help="Of the headers.")] = Language.CHINESE,
    encoding: Annotated[Encoding, typer.Option(help="Of CSV.")] = Encoding.UTF_8_BOM,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write cameras or points to a file that other programs read and an import takes back."""
    form = _form_of(file)
    if file.exists() and not force:
        raise InvalidInputError(f"{file} is there already.", remedy="Name another file, or use --force.")
    within = area_of(area) if area else None
    cameras = CameraFilter(
        units=tuple(unit or ()),
        scenes=tuple(scene or ()),
        classified=classified,
        states=tuple(state_named(name) for name in state or ()),
        owners=tuple(owner or ()),
        sources=tuple(source or ()),
        area=within,
        words=query or None,
    )
    points = PointFilter(tuple(layer or ()), tuple(unit or ()), within, query or None)
    wanted = tuple(name.strip() for name in fields.split(",")) if fields else ()

    async def run() -> ExportReport:
        async with open_store(get_settings()) as store:
            async with store.database.raw() as connection:
                scope = await scope_of(connection, None)
            request = ExportRequest(form, scope, kind, cameras, points, wanted, crs, lang, encoding)
            return await _export(store.database, request, file)

    report = asyncio.run(run())
    if as_json:
        told = {"file": str(file), "rows": report.rows, "bytes": file.stat().st_size, "fields": report.fields}
        sys.stdout.buffer.write(orjson.dumps({**told, "seconds": round(report.seconds, 3)}) + b"\n")
    else:
        size = file.stat().st_size / (1 << 20)
        Console().print(f"{report.rows:,} {kind.value} in {file} ({size:.1f} MiB).", highlight=False)


async def _export(database: Database, request: ExportRequest, file: Path) -> ExportReport:
    """Under a progress bar; the file is there whole or not at all."""
    fresh = file.with_name(f".{file.stem}.part{file.suffix}")
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("exporting", total=1.0)
            report = await export(
                database,
                SystemClock(),
                request,
                fresh,
                lambda stage, share: bar.update(task, description=stage, completed=share),
            )
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
    return report


def _form_of(file: Path) -> Form:
    try:
        return Form(file.suffix.removeprefix(".").lower())
    except ValueError as err:
        raise InvalidInputError(
            f"{file} names no form.", remedy=f"Give it one of the endings {', '.join(Form)}."
        ) from err
