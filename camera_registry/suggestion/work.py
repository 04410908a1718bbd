"""The job that suggests: train if asked to, then make the suggestions anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from camera_registry.jobs import Job, Tell, Work, scope_of
from camera_registry.suggestion.run import as_json, run, train_model
from models.scope import Permission

if TYPE_CHECKING:
    from base.clock import Clock
    from base.database import Database

KIND = "suggest"


def suggest_work(database: Database, clock: Clock) -> Work:
    """The work of a job ``{"train": bool, "suggest": bool}``; doing it twice is harmless.

    Args:
        database: The store.
        clock: Time of the suggestions.
    """

    async def work(job: Job, tell: Tell) -> dict[str, Any]:
        async with database.raw() as connection:
            scope = await scope_of(connection, job.account_id)
        scope.require(Permission.CLASSIFY_CAMERAS)
        trains, suggests = job.parameters.get("train", False), job.parameters.get("suggest", True)
        result: dict[str, Any] = {}
        share = 0.7 if trains and suggests else 1.0 if trains else 0.0
        if trains:
            trained = await train_model(
                database, clock, lambda stage, done: tell(stage, share * done), account_id=job.account_id
            )
            result["model"] = trained["version"]
        if suggests:
            report = await run(database, clock, lambda stage, done: tell(stage, share + (1 - share) * done))
            result["report"] = as_json(report)
        return result

    return work
