"""The job that imports a list: what was uploaded, into the catalogue, within what its asker may do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, cast, func, select, update

from camera_registry.coordinates.job import KIND as SURVEY
from camera_registry.coordinates.survey import Grouping
from camera_registry.governance.assess import KIND as ASSESS
from camera_registry.importing import Blanks, ImportReport, ImportRequest, Kind, import_file, tidy_up
from camera_registry.importing.doubts import MOST
from camera_registry.jobs import Job, Tell, Work, ask_once, scope_of
from models.scope import Permission
from models.tables import job as job_table

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from base.clock import Clock
    from base.database import Database
    from base.seal import Sealer
    from camera_registry.job_files import JobFolder

KIND = "import"


def import_work(database: Database, clock: Clock, folder: JobFolder, sealer: Sealer) -> Work:
    """The work of an import job.

    Args:
        database: The store.
        clock: Time of the import.
        folder: Where the upload is, and where refused rows go.
        sealer: Seals credentials that the list carries.
    """

    async def work(job: Job, tell: Tell) -> dict[str, Any]:
        # Whose right was taken away while the job waited imports nothing.
        async with database.raw() as connection:
            scope = await scope_of(connection, job.account_id)
        scope.require(Permission.IMPORT_CATALOGUE)
        asked = job.parameters
        rejects = folder.path(f"{job.id}.rejects")
        rejects.unlink(missing_ok=True)
        request = ImportRequest(
            path=folder.existing(job.file),
            name=asked["filename"],
            kind=Kind(asked["kind"]),
            source=asked["source"],
            mapping=asked["mapping"],
            crs=asked["crs"],
            layer=asked["layer"],
            blanks=Blanks(asked["blanks"]),
            partial=asked["partial"],
            dry_run=asked["dry_run"],
            confirm_gone=asked["confirm_gone"],
            overwrite_edits=asked["overwrite_edits"],
            scope=scope if job.account_id is not None else None,
            rejects=rejects,
        )
        done = await import_file(database, clock, request, tell, sealer=sealer)
        await follow_up(database, done)
        report = done.as_json()
        # Where it is on this machine is nobody's business; its name is enough to ask for it.
        written = report["rejects"]
        return {**report, "rejects": Path(written).name if written else None}

    return work


async def follow_up(database: Database, report: ImportReport) -> None:
    """Have what an import changed assessed, and surveyed if it was too much to weigh on the way in.

    The planner learns of its rows too.

    Raises:
        UnavailableError: The database went away; what was imported stays.
    """
    await tidy_up(database, report)
    changed = report.new + report.changed + report.gone
    if report.dry_run or report.kind != Kind.CAMERAS or not changed:
        return
    async with database.begin() as connection:
        await ask_once(connection, ASSESS)
        if report.rows > MOST:
            await ask_once(connection, SURVEY, {"grouping": Grouping.OWNER.value})


async def drop_surplus(connection: AsyncConnection, account_id: int, most_bytes: int) -> list[str]:
    """Forget the oldest uploads of an account beyond ``most_bytes``; returns the files to be removed.

    What a job waits for or works on stays.
    """
    query = (
        select(
            job_table.c.file,
            func.max(cast(job_table.c.parameters["bytes"].astext, BigInteger)).label("bytes"),
            func.bool_or(job_table.c.ended_at.is_(None)).label("needed"),
        )
        .where(job_table.c.account_id == account_id, job_table.c.file.is_not(None))
        .group_by(job_table.c.file)
        .order_by(func.max(job_table.c.id).desc())
    )
    held = 0
    surplus: list[str] = []
    for row in await connection.execute(query):
        held += row.bytes or 0
        if held > most_bytes and not row.needed:
            surplus.append(row.file)
    if surplus:
        await connection.execute(update(job_table).where(job_table.c.file.in_(surplus)).values(file=None))
    return surplus
