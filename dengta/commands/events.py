"""``dengta events``: a real consumer of the event stream."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from base.errors import InvalidInputError, SetupError
from base.log import configure_logging
from base.settings import get_settings
from dengta.consumer import EventConsumer
from dengta.store import connect_bus
from dengta.wording import event_line

if TYPE_CHECKING:
    from models.event import Event

IDLE_S = 3.0
"""Without --follow: how long a quiet stream is taken for its end."""


def events(
    follow: Annotated[bool, typer.Option("--follow", help="Go on as events come, until Ctrl-C.")] = False,
    durable: Annotated[str, typer.Option(help="Name under which the position is remembered.")] = "cli",
    kind: Annotated[str, typer.Option(help="Only this kind, e.g. crowd.")] = "*",
    district: Annotated[str, typer.Option(help="Only this district's code.")] = "*",
    out: Annotated[Path | None, typer.Option(help="Also append each event to this file, as JSON.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="End after so many events; 0 is no limit.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="One CloudEvent a line.")] = False,
) -> None:
    """Consume events: each is acknowledged after it was printed, and never lost in between."""
    for name, value, all_ in (
        ("--durable", durable, ""),
        ("--kind", kind, "*"),
        ("--district", district, "*"),
    ):
        if value != all_ and not _is_name(value):
            raise InvalidInputError(f"{name} holds letters, digits, - and _, at most 64.")
    settings = get_settings()
    configure_logging("events", level="warning", json=settings.log_json)
    asyncio.run(_consume(durable, f"dengta.events.{kind}.{district}", out, limit, follow=follow, json=json))


def _is_name(value: str) -> bool:
    return 0 < len(value) <= 64 and all(letter.isalnum() or letter in "-_" for letter in value)


async def _consume(
    durable: str, subject: str, out: Path | None, limit: int, *, follow: bool, json: bool
) -> None:
    bus = await connect_bus(get_settings(), name=f"events-{durable}")
    ledger = _open(out) if out else None
    stream = EventConsumer(bus, durable, subject=subject).follow()
    count = 0
    try:
        while not limit or count < limit:
            delivery = await asyncio.wait_for(anext(stream), None if follow else IDLE_S)
            _keep(ledger, delivery.event)
            print(delivery.event.model_dump_json() if json else event_line(delivery.event), flush=True)
            await delivery.acknowledge()
            count += 1
    except TimeoutError:
        if not count:
            print("No new events. --follow waits for them.", file=sys.stderr)
    finally:
        await stream.aclose()
        if ledger:
            ledger.close()
        with contextlib.suppress(Exception):  # the queue may be away; nothing waits to be sent
            await asyncio.wait_for(bus.close(), 2)


def _open(path: Path) -> FileIO:
    try:
        return FileIO(path, "a")
    except OSError as err:
        raise SetupError(f"{path} cannot be written: {err.strerror}.") from err


def _keep(ledger: FileIO | None, event: Event) -> None:
    """On the disk before the acknowledgement: a ledger with a hole would be worse than none."""
    if ledger is None:
        return
    end = ledger.tell()
    try:
        ledger.write(event.model_dump_json().encode() + b"\n")
        os.fsync(ledger.fileno())
    except OSError as err:
        with contextlib.suppress(OSError):  # half a line would spoil the next one
            ledger.truncate(end)
        raise SetupError(f"The ledger cannot be written: {err.strerror}.") from err
