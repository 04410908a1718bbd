"""``dengta demo``: the whole system on a sample city, in one command."""

from __future__ import annotations

import asyncio
import contextlib
import json as json_format
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from base.errors import UnavailableError
from base.log import configure_logging
from base.settings import get_settings
from dengta.board import Board
from dengta.consumer import Delivery, EventConsumer
from dengta.demo import CONSUMER, DemoPlan, RunningDemo, running_demo
from dengta.store import connect_bus
from dengta.system import end_on_signals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from nats.aio.client import Client

    from models.event import Event

INTERRUPTED = 130
"""Exit code of a program that was told to end (128 + SIGINT)."""

PUBLISHED = "select published_at from outbox where event_id = $1"


def demo(
    cameras: Annotated[int, typer.Option(min=200, max=1_000_000, help="Size of the sample city.")] = 230_000,
    streams: Annotated[int, typer.Option(min=1, max=500, help="Cameras with a live sample stream.")] = 24,
    clips: Annotated[Path | None, typer.Option(help="A folder of your own films.")] = None,
    rtsp_port: Annotated[
        int, typer.Option(min=1, max=65534, help="RTSP port of the sample cameras; the next is used too.")
    ] = 8554,
    seed: Annotated[int, typer.Option(help="Decides the city and the cameras.")] = 7,
    until_event: Annotated[
        bool, typer.Option("--until-event", help="End when the first event of a filmed clip is delivered.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=1, help="With --until-event: seconds to wait for it once all runs.")
    ] = 180,
    json: Annotated[
        bool, typer.Option("--json", help="With --until-event: the event and the stages' times.")
    ] = False,
) -> None:
    """Run the whole system on a sample city, until Ctrl-C."""
    plan = DemoPlan(
        cameras=cameras, streams=streams, clips=clips.resolve() if clips else None, port=rtsp_port, seed=seed
    )
    # The terminal belongs to the view; the supervisor's own log goes where the others' go.
    settings = get_settings()
    with contextlib.suppress(OSError):
        settings.log_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = (settings.log_dir / "supervisor.log").open("a") if settings.log_dir.is_dir() else None
    configure_logging("supervisor", level=settings.log_level, json=settings.log_json, stream=log)
    try:
        asyncio.run(_demo(plan, until_event=until_event, timeout_s=timeout, json=json))
    except asyncio.CancelledError:
        if until_event:  # it was ended before there was an event
            raise typer.Exit(INTERRUPTED) from None


async def _demo(plan: DemoPlan, *, until_event: bool, timeout_s: float, json: bool) -> None:
    started_at = datetime.now(UTC)
    task: asyncio.Task[Any] | None = asyncio.current_task()
    assert task is not None
    end_on_signals(task)
    console = Console(stderr=True)
    with _progress(console) as tell:
        async with contextlib.AsyncExitStack() as stack:
            running = await stack.enter_async_context(running_demo(get_settings(), plan, tell))
            tell("", 1)
            bus = await connect_bus(get_settings(), name="demo")
            stack.push_async_callback(_close, bus)
            if until_event:
                await _first_event(running, bus, started_at, timeout_s, json=json)
            else:
                await _watch(running, bus)


async def _close(bus: Client) -> None:
    with contextlib.suppress(Exception):
        await asyncio.wait_for(bus.close(), 2)


@contextlib.contextmanager
def _progress(console: Console) -> Iterator[Any]:
    """A bar for each long step on standard error; an empty name ends them all."""
    columns = (TextColumn("{task.description:<32}"), BarColumn(), TimeElapsedColumn())
    bars = Progress(*columns, console=console)
    tasks: dict[str, TaskID] = {}

    def tell(name: str, share: float) -> None:
        if not name:
            bars.stop()
            return
        if name not in tasks:
            tasks[name] = bars.add_task(name, total=1.0)
        bars.update(tasks[name], completed=share)

    bars.start()
    try:
        yield tell
    finally:
        bars.stop()


async def _watch(running: RunningDemo, bus: Client) -> None:
    """The live view, until cancelled."""
    board = Board(running)
    await board.listen(bus)
    async with asyncio.TaskGroup() as group:
        group.create_task(board.count())
        group.create_task(_consume(board, bus))
        with Live(board, console=Console(), refresh_per_second=4, screen=sys.stdout.isatty()):
            await asyncio.Event().wait()


async def _consume(board: Board, bus: Client) -> None:
    async for delivery in EventConsumer(bus, CONSUMER).follow():
        board.show(delivery.event)
        await delivery.acknowledge()


async def _first_event(
    running: RunningDemo, bus: Client, started_at: datetime, timeout_s: float, *, json: bool
) -> None:
    """Wait for the first event of this run, and print it with how long each stage took."""
    began = time.monotonic()
    stream = EventConsumer(bus, CONSUMER).follow()
    try:
        async with asyncio.timeout(timeout_s):
            delivery = await _first_opened(stream, running.filmed, started_at)
    except TimeoutError as err:
        raise UnavailableError(
            f"No event reached the consumer within {timeout_s:.0f} s.",
            remedy=f"The processes' logs are in {running.system.settings.log_dir}.",
        ) from err
    received = datetime.now(UTC)
    await delivery.acknowledge()
    await stream.aclose()
    async with running.database.raw() as connection:
        published = await connection.fetchval(PUBLISHED, delivery.event.id)
    stages = _stages(delivery.event, published, received)
    setup = {**running.watch.seconds, "first event": round(time.monotonic() - began, 3)}
    if json:
        told = {
            "event": delivery.event.model_dump(mode="json"),
            "setup_s": setup,
            "stages_ms": stages,
            "problems": running.problems,
        }
        print(json_format.dumps(told, ensure_ascii=False))
        return
    from dengta.wording import event_line

    console = Console()
    console.print(event_line(delivery.event), markup=False)
    console.print("  ".join(f"{name} {value:.2f} s" for name, value in setup.items()), style="dim")
    console.print("  ".join(f"{name} {value:.0f} ms" for name, value in stages.items()), style="dim")


async def _first_opened(
    stream: AsyncIterator[Delivery], filmed: frozenset[int], started_at: datetime
) -> Delivery:
    """The first matter of this run that opens before a camera with a filmed clip, where there is such a one.

    A rendered clip shows that the thread runs; a filmed one shows that something real is recognised.
    """
    while True:
        delivery = await anext(stream)
        opened = delivery.event.type.endswith(".opened.v1") and delivery.event.time >= started_at
        if opened and (not filmed or delivery.event.data.camera.id in filmed):
            return delivery
        await delivery.acknowledge()


def _stages(event: Event, published: datetime | None, received: datetime) -> dict[str, float]:
    """Milliseconds from each stage's end to the next, along the way of the deciding picture."""
    data = event.data
    assert data.looked_at
    assert data.captured_at
    assert data.recognised_at
    moments = [
        ("look", data.looked_at, data.captured_at),
        ("decode and recognise", data.captured_at, data.recognised_at),
        ("judge and record", data.recognised_at, event.time),
        ("publish and receive", event.time, received),
        ("in all", data.looked_at, received),
    ]
    stages = {name: round((end - start).total_seconds() * 1000, 1) for name, start, end in moments}
    if published:
        stages["acknowledged by the stream after"] = round((published - event.time).total_seconds() * 1000, 1)
    return stages
