"""``dengta models``: which models there are, on what terms, and how to get and check them."""

from __future__ import annotations

import contextlib
import json as json_format
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from base.errors import ModelError
from base.settings import get_settings
from inference.detector import Detector
from inference.folder import State, Stock
from inference.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inference.sources import Progress as Watcher

app = typer.Typer(help="The model shelf: list, fetch, verify, import and time models.", no_args_is_help=True)

Folder = Annotated[
    Path | None, typer.Option("--dir", help="Models folder; without it, that of the settings.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON list.")]
STATE_STYLE = {State.READY: "green", State.ABSENT: "dim", State.DAMAGED: "red"}
BENCH_ROUNDS = 15
BENCH_SIZE = (720, 1280, 3)


def _shelf(folder: Path | None) -> Shelf:
    return Shelf(folder or get_settings().models_dir)


@app.command("list")
def list_models(folder: Folder = None, json: Json = False) -> None:
    """Show every model of the shelf: its state here, licence, source, size and sha256."""
    shelf = _shelf(folder)
    _show([shelf.inspect(card.name) for card in shelf.cards], json=json)


@app.command()
def verify(folder: Folder = None, json: Json = False) -> None:
    """Read every model file that is there and compare it with the shelf; exit with 1 if one is damaged."""
    shelf = _shelf(folder)
    stocks = [stock for card in shelf.cards if (stock := shelf.inspect(card.name)).state is not State.ABSENT]
    _show(stocks, json=json)
    if damaged := [stock.card.name for stock in stocks if stock.state is State.DAMAGED]:
        raise ModelError(f"Damaged: {', '.join(damaged)}.", remedy="`dengta models fetch NAME` replaces it.")


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A model's name; without it, the default detector.")] = "",
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Get a model from its sources, verified, and convert it where it needs that."""
    shelf = _shelf(folder)
    with _watched() as progress:
        stock = shelf.ensure(name, progress) if name else shelf.default_detector(progress)
    _show([stock], json=json)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="An ONNX file that the shelf knows by its sha256.")],
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Put a model file that you have into the models folder."""
    _show([_shelf(folder).adopt(file)], json=json)


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="A model's name; without it, all that are there.")] = "",
    folder: Folder = None,
    json: Json = False,
) -> None:
    """CPU milliseconds a picture, from the decoded picture to detections, alone and in a batch of four."""
    shelf = _shelf(folder)
    stocks = [shelf.inspect(card.name) for card in shelf.cards if name in ("", card.name)]
    if name and not stocks:
        shelf.card(name)
    if name and stocks[0].state is not State.READY:
        raise ModelError(stocks[0].detail, remedy=f"`dengta models fetch {name}` gets it.")
    rows = [_timed(stock, batch) for stock in stocks if stock.state is State.READY for batch in (1, 4)]
    if json:
        typer.echo(json_format.dumps(rows))
        return
    table = Table("model", "runs on", "batch", "CPU ms a picture", "wall ms a picture", box=None)
    for row in rows:
        timings = f"{row['cpu_ms']:.1f}", f"{row['wall_ms']:.1f}"
        table.add_row(row["model"], row["provider"], str(row["batch"]), *timings)
    Console().print(table)


def _timed(stock: Stock, batch: int) -> dict[str, Any]:
    """Noise is the dearest picture for what comes after the network, so the figure is an upper one."""
    detector = Detector.load(stock, batch=batch)
    pictures = [np.random.default_rng(7).integers(0, 256, BENCH_SIZE, dtype=np.uint8)] * batch
    cpu, wall = [], []
    for _ in range(BENCH_ROUNDS):
        started = time.process_time(), time.perf_counter()
        detector.detect(pictures, stock.card.threshold)
        cpu.append((time.process_time() - started[0]) * 1e3 / batch)
        wall.append((time.perf_counter() - started[1]) * 1e3 / batch)
    return {
        "model": stock.label,
        "provider": detector.provider.removesuffix("ExecutionProvider"),
        "batch": batch,
        "cpu_ms": round(median(cpu), 2),
        "wall_ms": round(median(wall), 2),
    }


@contextlib.contextmanager
def _watched() -> Iterator[Watcher]:
    """A progress bar on the error stream; a step whose length nobody knows gets a moving one."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def watch(step: str, done: int, total: int | None) -> None:
            if step not in tasks:
                for task in tasks.values():  # steps follow each other: the last one is over
                    bars.update(task, total=1, completed=1)
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done)

        yield watch


def _show(stocks: list[Stock], *, json: bool) -> None:
    if json:
        typer.echo(json_format.dumps([_row(stock) for stock in stocks], ensure_ascii=False))
        return
    console = Console()
    table = Table("model", "state", "licence", "source", "MB", "sha256", box=None, pad_edge=False)
    table.columns[3].overflow = "fold"
    for row, stock in ((_row(stock), stock) for stock in stocks):
        state = f"[{STATE_STYLE[stock.state]}]{stock.state}[/]"
        size = f"{row['bytes'] / 1e6:.1f}" if row["bytes"] else ""
        table.add_row(row["name"], state, row["licence"], row["source"], size, row["sha256"][:12])
    console.print(table)
    for stock in stocks:
        console.print(
            f"[bold]{stock.card.name}[/]: {stock.detail.rstrip('.')}. {stock.card.licence_remarks}",
            style="dim",
        )


def _row(stock: Stock) -> dict[str, Any]:
    card = stock.card
    published = card.files[0] if card.files else None
    size = stock.path.stat().st_size if stock.path else published.bytes if published else None
    return {
        "name": card.name,
        "state": stock.state.value,
        "task": card.task,
        "family": card.family,
        "input_size": card.size,
        "threshold": card.threshold,
        "licence": card.licence,
        "licence_remarks": card.licence_remarks,
        "homepage": str(card.homepage),
        "source": card.source,
        "bytes": size,
        "sha256": stock.sha256 or (published.sha256 if published else ""),
        "path": str(stock.path) if stock.path else None,
        "detail": stock.detail,
    }
