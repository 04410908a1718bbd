"""When the day's assessment is due: once a day, from the hour that the city decided on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from camera_registry.governance.assess import KIND
from camera_registry.governance.rules import read_rules
from camera_registry.jobs import ask
from models.tables import camera, governance_run, job

if TYPE_CHECKING:
    from datetime import date, datetime

    from base.clock import Clock
    from base.database import Database


def is_due(now: datetime, last_day: date | None, hour: int) -> bool:
    """Whether the day of ``now``, which is in the city's time zone, still wants its assessment."""
    return now.hour >= hour and (last_day is None or last_day < now.date())


GLANCE_S = 60.0
"""How often it is looked whether it is due."""


class DailyAssessment:
    """Asks for each day's assessment, however often it is called.

    Args:
        database: The store.
        clock: Says what time it is.
        time_zone: The city's.
    """

    def __init__(self, database: Database, clock: Clock, time_zone: str) -> None:
        self._database = database
        self._clock = clock
        self._time_zone = time_zone
        self._looked = -GLANCE_S

    async def glance(self) -> None:
        """Ask for it if it is due; at most once in :data:`GLANCE_S` is looked."""
        now = self._clock.monotonic()
        if now - self._looked >= GLANCE_S:
            self._looked = now
            await ask_daily(self._database, self._clock, self._time_zone)


async def ask_daily(database: Database, clock: Clock, time_zone: str) -> int | None:
    """Ask for the day's assessment if it is due and nobody has asked; the job's id, or None.

    A job of today that failed is not asked for again by itself: what stopped it would stop it again.
    """
    now = clock.now().astimezone(ZoneInfo(time_zone))
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    async with database.begin() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        hour = int((await read_rules(driver)).setting("assess-hour"))
        last = (await connection.execute(select(func.max(governance_run.c.day)))).scalar_one()
        if not is_due(now, last, hour):
            return None
        # Two clerks at once ask once.
        await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("dengta/daily", 0))))
        today = or_(job.c.ended_at.is_(None), job.c.asked_at >= midnight)
        asked = select(job.c.id).where(job.c.kind == KIND, today).limit(1)
        if (await connection.execute(asked)).scalar_one_or_none() is not None:
            return None
        if (await connection.execute(select(camera.c.id).limit(1))).scalar_one_or_none() is None:
            return None
        return await ask(connection, KIND, account_id=None)
