"""The job that surveys the catalogue's coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from camera_registry.coordinates.survey import Grouping, survey_cameras
from camera_registry.jobs import Job, Tell, Work, scope_of
from models.scope import Permission

if TYPE_CHECKING:
    from base.clock import Clock
    from base.database import Database

KIND = "crs-check"


def survey_work(database: Database, clock: Clock) -> Work:
    """The work of a survey.

    Args:
        database: The store.
        clock: Time of the survey.
    """

    async def work(job: Job, tell: Tell) -> dict[str, Any]:
        if job.account_id is not None:
            async with database.raw() as connection:
                (await scope_of(connection, job.account_id)).require(Permission.EDIT_CAMERAS)
        grouping = Grouping(job.parameters["grouping"])
        return (await survey_cameras(database, clock, grouping, tell)).as_json()

    return work
