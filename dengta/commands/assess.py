"""``dengta assess``: ask every record every rule, now."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from base.clock import SystemClock
from base.settings import get_settings
from dengta.governance_wording import show_assessment
from dengta.store import open_store

if TYPE_CHECKING:
    from camera_registry.governance.assess import Assessment
    from camera_registry.governance.compare import Comparison
    from camera_registry.governance.rules import RuleBook


def assess(
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Assess every camera: find what is wrong with its record, open and close faults, and count the day."""
    summary, book, compared = asyncio.run(_assess())
    if json:
        typer.echo(orjson.dumps(asdict(summary), default=str))
        return
    show_assessment(Console(), summary, book, compared)


async def _assess() -> tuple[Assessment, RuleBook, Comparison]:
    from camera_registry.governance.assess import assess as assess_all
    from camera_registry.governance.compare import compare
    from camera_registry.governance.meant import Cameras
    from camera_registry.governance.rules import read_rules
    from camera_registry.jobs import scope_of

    settings, clock = get_settings(), SystemClock()
    columns = (TextColumn("{task.description:<22}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("database", total=1.0)

        def tell(stage: str, share: float) -> None:
            bar.update(task, description=stage, completed=share)

        async with open_store(settings) as store:
            summary = await assess_all(store.database, clock, settings.time_zone, tell)
            tell("summary", 0.98)
            async with store.database.raw() as connection:
                book = await read_rules(connection)
                scope = await scope_of(connection, None)
                compared = await compare(connection, book, clock.now(), scope, Cameras(), "unit", "record")
    return summary, book, compared
