"""``dengta city``: make a sample city from a seed and load it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from base.clock import SystemClock
from base.settings import get_settings
from dengta.sample import city as sample
from dengta.sample import load
from dengta.sample.stages import Stages
from dengta.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

STARTING = "database"


def city(
    cameras: Annotated[
        int, typer.Option(min=1, max=sample.MOST_CAMERAS, help="How many cameras it has.")
    ] = sample.FULL_SIZE,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same city.")] = 7,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Remove the cameras, roads, points, incidents and events that there are."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print counts and timings as JSON.")] = False,
) -> None:
    """Make a sample city, the same for the same seed, and load it: units, roads, points, cameras, scenes."""
    report = asyncio.run(_make_and_load(cameras, seed, replace=replace))
    if json:
        typer.echo(orjson.dumps(report))
        return
    counts = ", ".join(
        f"{number:,} {table.replace('_', ' ')} rows" for table, number in report["rows"].items()
    )
    Console(highlight=False).print(f"Loaded in {report['total_s']:.1f} s: {counts}.")


async def _make_and_load(cameras: int, seed: int, *, replace: bool) -> dict[str, Any]:
    names = (STARTING, *sample.STAGES, *load.STAGES)
    columns = (TextColumn("{task.description:<22}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        stages = Stages(SystemClock(), _shown(bar, names))
        stages.begin(STARTING)
        async with open_store(get_settings()) as store:
            await load.require_vacancy(store.database, replace=replace)
            made = await asyncio.to_thread(sample.make_city, cameras, seed, stages.begin)
            rows = await load.load_city(store.database, made, replace=replace, progress=stages.begin)
            stages.end()
    seconds = {name: round(took, 3) for name, took in stages.seconds.items()}
    return {
        "cameras": cameras,
        "seed": seed,
        "rows": rows,
        "seconds": seconds,
        "total_s": round(sum(seconds.values()), 3),
    }


def _shown(bar: Progress, names: tuple[str, ...]) -> Callable[[str], None]:
    task = bar.add_task("", total=len(names))
    return lambda name: bar.update(task, description=name, completed=names.index(name))
