"""``dengta cameras``: sample cameras for this machine, over real RTSP, until Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from base.errors import InvalidInputError, SetupError, UnavailableError
from base.runtime import free_port, require_port
from base.settings import get_settings
from dengta.sample import rtsp_cameras as sample
from dengta.sample.clips import Prepared, prepare_clips


def cameras(
    count: Annotated[int, typer.Option(min=1, max=sample.MAX_CAMERAS, help="How many cameras.")] = 12,
    folder: Annotated[
        Path | None, typer.Option(help="A folder of your own mp4, avi, mkv or mov films.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65534, help="RTSP port; the next one is used too. 0: free ones.")
    ] = sample.DEFAULT_PORT,
    seed: Annotated[int, typer.Option(help="Decides faults and moments.")] = 7,
    key_first: Annotated[
        bool, typer.Option(help="Begin each session with a key picture instead of joining the live one.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a camera on standard output.")
    ] = False,
    ready_fd: Annotated[
        int | None, typer.Option(help="File descriptor that gets one JSON line once all cameras answer.")
    ] = None,
) -> None:
    """Play clips as live cameras with digest authentication, some of them faulty, until Ctrl-C."""
    data = get_settings().data_dir
    prepared = prepare_with_progress(data / "clips", folder)
    plan = data / sample.PLAN
    secret = sample.kept_secret(plan) or secrets.token_bytes(32)
    planned = sample.plan_cameras(
        prepared.clips, count, seed, secret=secret, port=port or _free_pair(sample.HOST)
    )
    sample.write_plan(plan, planned, prepared.clips, data / "clips", secret=secret, key_first=key_first)
    asyncio.run(_serve(plan, planned, as_json=as_json, ready_fd=ready_fd))


def prepare_with_progress(clips: Path, folder: Path | None) -> Prepared:
    """Prepare the clips under a progress bar on standard error, and say what could not be had."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(name: str, share: float) -> None:
            task = tasks.get(name)
            if task is None:
                task = tasks[name] = bars.add_task(f"clip {name}", total=1.0)
            bars.update(task, completed=share)

        prepared = prepare_clips(clips, user_folder=folder, progress=show)
    for problem in prepared.problems:
        console.print(f"No clip from {problem}", markup=False, highlight=False)
    return prepared


def _free_pair(host: str) -> int:
    """A free port whose successor is free too."""
    for _ in range(50):
        port = free_port(host)
        try:
            require_port(host, port + 1, purpose="the faulty sample cameras", setting="--port")
        except (SetupError, OverflowError):
            continue
        return port
    raise UnavailableError("No two free ports in a row were found.", remedy="Name one with --port.")


async def _serve(
    plan: Path, planned: list[sample.SampleCamera], *, as_json: bool, ready_fd: int | None
) -> None:
    stop = asyncio.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(ending, stop.set)
    async with sample.serving(plan) as server:
        _announce(plan, planned, as_json=as_json, ready_fd=ready_fd)
        ended, stopped = asyncio.create_task(server.wait()), asyncio.create_task(stop.wait())
        await asyncio.wait((ended, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not stop.is_set():
            raise UnavailableError(
                f"The sample cameras' server ended by itself (status {server.returncode})."
            )


def _announce(plan: Path, planned: list[sample.SampleCamera], *, as_json: bool, ready_fd: int | None) -> None:
    if as_json:
        for camera in planned:
            sys.stdout.write(json.dumps({**camera.public(), "plan": str(plan)}, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    else:
        table = Table("camera", "address", "clip", "origin", "fault", box=None)
        for camera in planned:
            table.add_row(camera.name, camera.url, camera.clip, camera.origin, camera.fault or "")
        console = Console()
        console.print(table)
        console.print(f"User names and passwords are in {plan}. Ctrl-C ends the cameras.", highlight=False)
    if ready_fd is not None:
        try:
            with os.fdopen(ready_fd, "w") as ready:
                ready.write(json.dumps({"ready": True, "plan": str(plan), "cameras": len(planned)}) + "\n")
        except OSError as err:
            raise InvalidInputError(f"--ready-fd {ready_fd} cannot be written: {err.strerror}.") from err
