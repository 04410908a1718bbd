"""``dengta suggest``: teach the classifier, make suggestions, look at them, measure how right they are."""

from __future__ import annotations

import asyncio
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from base.clock import SystemClock
from base.database import driver_of
from base.errors import NotFoundError
from base.settings import get_settings
from camera_registry.jobs import scope_of
from camera_registry.selection import CameraFilter
from dengta.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from camera_registry.jobs import Tell

app = typer.Typer(no_args_is_help=True, help="Which scenes cameras should serve, and why.")

Json = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
Unit = Annotated[list[str] | None, typer.Option(help="Only cameras of this unit's subtree; may be repeated.")]


@app.command()
def train(json: Json = False) -> None:
    """Learn from what staff have classified and refused, and put the classifier in force."""
    trained = asyncio.run(_train())
    if json:
        _print(trained)
        return
    card = trained["card"]
    Console(highlight=False).print(
        f"Classifier {trained['version']}: taught by {card['cameras']:,} cameras of {card['units']:,} units "
        f"and {card['refusals']:,} refusals. On units it had not seen, the likeliest scene is right for "
        f"{card['top1']:.1%}; calibration error {card['calibration_error']:.3f}."
    )


@app.command()
def run(unit: Unit = None, json: Json = False) -> None:
    """Make the suggestions anew, by the rules and, once trained, by the classifier."""
    report = asyncio.run(_run(CameraFilter(units=tuple(unit or ())) if unit else None))
    if json:
        _print(report)
        return
    Console(highlight=False).print(
        f"{report['cameras']:,} cameras: {report['suggested']:,} suggestions ({report['learned']:,} learned, "
        f"{report['by_rule']:,} by rules); {report['fresh']:,} new, {report['superseded']:,} withdrawn, "
        f"{report['refused']:,} held back because they were refused."
    )


@app.command()
def show(
    scene: Annotated[list[str] | None, typer.Option(help="Only this scene's; may be repeated.")] = None,
    unit: Unit = None,
    least: Annotated[float, typer.Option(min=0, max=1, help="Confidence at least.")] = 0.0,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most that are listed.")] = 20,
    english: Annotated[bool, typer.Option("--english", help="Reasons in English.")] = False,
    json: Json = False,
) -> None:
    """List open suggestions, the surest first, with their reasons."""
    rows = asyncio.run(_list(tuple(scene or ()), tuple(unit or ()), least, limit))
    if json:
        for row in rows:
            _print(row)
        return
    table = Table("camera", box=None)
    for heading in ("name", "scene", "confidence", "by", "reasons"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        reasons = "; ".join(reason["en" if english else "zh"] for reason in row["reasons"])
        table.add_row(
            *(str(row["camera"]), escape(row["name"]), row["scene"], f"{row['confidence']:.2f}"),
            *(row["source"], escape(reasons)),
        )
    Console().print(table)


@app.command()
def evaluate(json: Json = False) -> None:
    """Measure on a quarter of the townships, after learning from the others; nothing is kept."""
    found = asyncio.run(_evaluate())
    if json:
        _print(found)
        return
    console = Console(highlight=False)
    console.print(
        f"Taught by {found['taught']:,} cameras, measured on {found['held_out']:,} of "
        f"{found['units_held_out']} other units."
    )
    for what in ("clean", "noised"):
        for who in ("both", "learned", "rules"):
            told = found[what][who]
            console.print(
                f"{what:>7} {who:<8} likeliest right {told['top1']:.1%}, suggested {told['suggested']:.1%}, "
                f"of these right {told['suggested_right'] or 0:.1%}, "
                f"calibration error {told['calibration_error']:.3f}"
            )
    console.print(_by_scene(found["clean"]["both"]["by_scene"], found["noised"]["both"]["by_scene"]))


@app.command()
def model(json: Json = False) -> None:
    """Tell what the classifier in force was taught and how right it was."""
    card = asyncio.run(_card())
    if json:
        _print(card)
        return
    Console(highlight=False).print(
        f"Classifier {card['version']}, trained {card['trained_at']:%Y-%m-%d %H:%M}: "
        f"{card['card']['cameras']:,} cameras, likeliest right {card['card']['top1']:.1%}, "
        f"calibration error {card['card']['calibration_error']:.3f}."
    )
    Console().print(_by_scene(card["card"]["by_scene"], None))


def _by_scene(clean: dict[str, Any], noised: dict[str, Any] | None) -> Table:
    table = Table(box=None)
    table.add_column("scene", no_wrap=True)
    for heading in ("cameras", "precision", "recall"):
        table.add_column(heading, justify="right")
    if noised:
        table.add_column("precision, noised", justify="right")
        table.add_column("recall, noised", justify="right")
    for scene, told in clean.items():
        columns = [told, noised[scene]] if noised else [told]
        shares = [_share(each[name]) for each in columns for name in ("precision", "recall")]
        table.add_row(scene, f"{told['cameras']:,}", *shares)
    return table


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


async def _train() -> dict[str, Any]:
    from camera_registry.suggestion.run import train_model

    with _told() as tell:
        async with open_store(get_settings()) as store:
            return await train_model(store.database, SystemClock(), tell)


async def _run(cameras: CameraFilter | None) -> dict[str, Any]:
    from camera_registry.suggestion.run import as_json, run

    with _told() as tell:
        async with open_store(get_settings()) as store:
            return as_json(await run(store.database, SystemClock(), tell, cameras))


async def _list(
    scenes: tuple[str, ...], units: tuple[str, ...], least: float, limit: int
) -> list[dict[str, Any]]:
    from camera_registry.suggestion.decide import lexicon
    from camera_registry.suggestion.listing import list_suggestions
    from camera_registry.suggestion.reasons import put_in_words
    from camera_registry.suggestion.wanted import Wanted

    wanted = Wanted(CameraFilter(units=units), scenes, least=least)
    async with open_store(get_settings()) as store, store.database.begin() as connection:
        driver = await driver_of(connection)
        scope = await scope_of(driver, None)
        words = await lexicon(driver)
        rows = await list_suggestions(connection, scope, wanted, "open", after=None, limit=limit)
    told = []
    for row in rows:
        reasons = [put_in_words(reason, words) for reason in row["reasons"]]
        told.append(
            {
                "camera": row["camera_id"],
                "name": row["camera_name"],
                "scene": row["scene"],
                "confidence": round(row["confidence"], 4),
                "source": row["source"],
                "made_by": row["made_by"],
                "reasons": [{"zh": each.zh, "en": each.en} for each in reasons],
            }
        )
    return told


async def _evaluate() -> dict[str, Any]:
    from camera_registry.suggestion.evaluate import evaluate
    from camera_registry.suggestion.evidence_store import (
        read_evidence,
        read_layers,
        read_lessons,
        read_scenes,
    )
    from camera_registry.suggestion.rule_book import rules_in_force

    with _told() as tell:
        async with open_store(get_settings()) as store, store.database.raw() as connection:
            tell("reading", 0.0)
            evidence = await read_evidence(connection, [])
            lessons = await read_lessons(connection, evidence, await read_scenes(connection))
            layers, rules = await read_layers(connection), await rules_in_force(connection)
        return await asyncio.to_thread(
            evaluate, evidence, lessons, layers, rules, lambda share: tell("measuring", share)
        )


async def _card() -> dict[str, Any]:
    from camera_registry.suggestion.model_store import read_card

    async with open_store(get_settings()) as store, store.database.raw() as connection:
        card = await read_card(connection)
    if card is None:
        raise NotFoundError("No classifier has been trained.", remedy="Train one: dengta suggest train")
    return {name: getattr(card, name) for name in ("version", "trained_at", "trained_by", "bytes", "card")}


@contextmanager
def _told() -> Iterator[Tell]:
    """A bar on standard error."""
    columns = (TextColumn("{task.description:<10}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("database", total=1.0)
        yield lambda stage, share: bar.update(task, description=stage, completed=share)


def _print(value: Any) -> None:
    sys.stdout.buffer.write(orjson.dumps(value, default=str, option=orjson.OPT_APPEND_NEWLINE))
