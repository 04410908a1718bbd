"""``dengta up``: run the system on this machine until told to end."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from rich.console import Console

from base.log import configure_logging
from base.settings import get_settings
from dengta.detector import obtain_detector
from dengta.system import end_on_signals, in_thread, owned_system


def up() -> None:
    """Run Dengta on this machine until Ctrl-C."""
    settings = get_settings()
    configure_logging("supervisor", level=settings.log_level, json=settings.log_json)
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_up())


async def _up() -> None:
    task: asyncio.Task[Any] | None = asyncio.current_task()
    assert task is not None
    end_on_signals(task)
    settings = get_settings()
    console = Console(stderr=True)
    async with owned_system(settings) as system:
        await system.start_database()
        await system.start_queue()
        await in_thread(obtain_detector, settings)
        await system.start_work()
        console.print(f"Dengta runs. Console: {system.console_url}  Logs: {settings.log_dir}  End: Ctrl-C")
        await asyncio.Event().wait()
