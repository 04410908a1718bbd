"""``dengta jobs``: long work that was asked for, how far it is, and its end."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from base.settings import get_settings
from camera_registry.jobs import JobFilter, cancel_job, list_jobs, scope_of
from dengta.store import open_store

if TYPE_CHECKING:
    from camera_registry.jobs import JobStatus
    from dengta.store import Store
    from models.scope import Scope

app = typer.Typer(help="Long work that was asked for.", no_args_is_help=True)


@app.command("list")
def list_(
    kind: Annotated[
        list[str] | None, typer.Option(help="Kind of work, e.g. import. May be repeated.")
    ] = None,
    state: Annotated[str | None, typer.Option(help="queued, running, done, failed or cancelled.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most that are listed.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a job.")] = False,
) -> None:
    """List jobs, newest first."""
    wanted = JobFilter(kinds=tuple(kind) if kind else None, state=state)
    jobs = asyncio.run(_list(wanted, limit))
    if as_json:
        for job in jobs:
            sys.stdout.buffer.write(orjson.dumps(asdict(job), option=orjson.OPT_APPEND_NEWLINE))
        return
    table = Table("job", "kind", "asked by", "asked at", "state", "", box=None)
    for job in jobs:
        asked = job.asked_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        by = escape(job.username or "the system")
        table.add_row(str(job.id), escape(job.kind), by, asked, job.state, escape(_told(job)))
    Console().print(table)


@app.command()
def cancel(job_id: Annotated[int, typer.Argument(help="Its number.")]) -> None:
    """Ask for a job's end: one that waits ends at once, one that runs is rolled back within seconds."""
    job = asyncio.run(_cancel(job_id))
    Console().print(f"Job {job.id} is {job.state}{', and asked to end' * (job.ended_at is None)}.")


def _told(job: JobStatus) -> str:
    if job.problem:
        return str(job.problem.get("detail", ""))
    return f"{job.share:.0%} {job.stage}" if job.state == "running" else ""


async def _list(wanted: JobFilter, limit: int) -> list[JobStatus]:
    async with open_store(get_settings()) as store:
        scope = await _everything(store)
        async with store.database.begin() as connection:
            return await list_jobs(connection, scope, wanted, limit=limit)


async def _cancel(job_id: int) -> JobStatus:
    async with open_store(get_settings()) as store:
        scope = await _everything(store)
        async with store.database.begin() as connection:
            return await cancel_job(connection, scope, job_id)


async def _everything(store: Store) -> Scope:
    """Who has the machine sees all of it."""
    async with store.database.raw() as connection:
        return await scope_of(connection, None)
