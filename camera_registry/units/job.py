"""The jobs that change the tree of units: an import that was uploaded, an undoing, a new assignment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from camera_registry.jobs import Job, Tell, Work, scope_of
from camera_registry.units.request import Missing, Policy, UnitsRequest
from camera_registry.units.work import assign_all, import_units, require_editor, undo_change

if TYPE_CHECKING:
    from base.clock import Clock
    from base.database import Database
    from camera_registry.job_files import JobFolder
    from models.scope import Scope

IMPORT, UNDO, ASSIGN = "units", "units-undo", "units-assign"
"""Kinds of jobs."""


def units_work(database: Database, clock: Clock, folder: JobFolder) -> Work:
    """The work of an import of boundaries.

    Args:
        database: The store.
        clock: Time of the change.
        folder: Where the upload is.
    """

    async def work(job: Job, tell: Tell) -> dict[str, Any]:
        asked = job.parameters
        city = asked["city"]
        policy = Policy(
            level=asked["level"],
            city=(city[0], city[1]) if city else None,
            missing=Missing(asked["missing"]),
            skip_faulty=asked["skip_faulty"],
            repair_limit=asked["repair_limit"],
        )
        request = UnitsRequest(
            path=folder.existing(job.file),
            name=asked["filename"],
            mapping=asked["mapping"],
            crs=asked["crs"],
            policy=policy,
            dry_run=asked["dry_run"],
            scope=await _asker(database, job),
        )
        return (await import_units(database, clock, request, tell)).as_json()

    return work


def undo_work(database: Database, clock: Clock) -> Work:
    """The work of undoing a change of the tree.

    Args:
        database: The store.
        clock: Time of the change.
    """

    async def work(job: Job, tell: Tell) -> dict[str, Any]:
        scope = await _asker(database, job)
        change_id, dry_run = job.parameters["change"], job.parameters["dry_run"]
        report = await undo_change(database, clock, change_id, tell, scope=scope, dry_run=dry_run)
        return report.as_json()

    return work


def assign_work(database: Database) -> Work:
    """The work of giving every camera and point its unit anew.

    Args:
        database: The store.
    """

    async def work(job: Job, tell: Tell) -> dict[str, Any]:
        require_editor(await _asker(database, job))
        tell("assigning", 0.1)
        return await assign_all(database, dry_run=job.parameters["dry_run"])

    return work


async def _asker(database: Database, job: Job) -> Scope | None:
    """Who asked, as they are now: whose right was taken away meanwhile changes nothing."""
    if job.account_id is None:
        return None
    async with database.raw() as connection:
        return await scope_of(connection, job.account_id)
