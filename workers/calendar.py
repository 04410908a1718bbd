"""The calendar's process: answers workers' asks with the most due looks."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from nats.errors import Error as NatsError
from pydantic import ValidationError

from base.log import get_logger
from camera_registry.health import report_silence
from ingest.schedule import Calendar, PlannedWatch
from models.messages import ASK, DONE, Ask, Done, Grant, Lease
from workers.retry import forever

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

    from base.clock import Clock
    from base.database import Database

log = get_logger(__name__)

REPLAN_S = 10.0
"""How soon a new or changed watch is planned."""

LONGEST_WAIT_S = 1.0
"""A worker asks again at least this often, so that a new plan reaches it."""

_WATCHES = """
select w.id, w.camera_id, w.cadence_s::float8 as cadence_s, w.priority,
       extract(epoch from now() - s.captured_at)::float8 as age_s,
       split_part(c.stream_url, '/', 3) as authority
  from watch w
  join camera c on c.id = w.camera_id
  left join rule_state s on s.watch_id = w.id
 where w.enabled and c.stream_url is not null
"""


class CalendarProcess:
    """Owns one calendar, rebuilt from the database at start: it stores nothing of its own."""

    def __init__(self, database: Database, bus: Client, clock: Clock, *, lease_s: float) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._calendar = Calendar(lease_s=lease_s)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self._bus.subscribe(ASK, queue="calendar", cb=self._answer)
        await self._bus.subscribe(DONE, cb=self._take_back)
        await forever(self._replan, what="calendar's plan")

    async def _replan(self) -> None:
        async with self._database.raw() as connection:
            rows = await connection.fetch(_WATCHES)
        now = self._now()
        # A picture from the future (a clock that was set back) must not put its camera off until then.
        watches = (
            PlannedWatch(
                row["id"],
                row["camera_id"],
                row["cadence_s"],
                None if row["age_s"] is None else now - max(0.0, row["age_s"]),
                row["priority"],
                row["authority"],
            )
            for row in rows
        )
        self._calendar.replan(watches, now)
        await report_silence(self._database, self._calendar.silent_cameras, self._clock.now())
        await asyncio.sleep(REPLAN_S)

    async def _answer(self, message: Msg) -> None:
        try:
            ask = Ask.model_validate_json(message.data)
        except ValidationError:
            log.warning("ask not understood", bytes=len(message.data))
            return
        if (self._clock.now() - ask.asked_at).total_seconds() > ask.patience_s:
            # It waited in the queue while this process was away; leases would go to nobody.
            return
        now = self._now()
        leases = tuple(
            Lease(
                id=leased.id,
                camera_id=leased.camera_id,
                watches=leased.watches,
                expires_in_s=leased.expires_at - now,
            )
            for leased in self._calendar.lease(ask.count, now)
        )
        wait = self._calendar.wait_s(now)
        grant = Grant(leases=leases, wait_s=LONGEST_WAIT_S if math.isinf(wait) else min(wait, LONGEST_WAIT_S))
        try:
            await message.respond(grant.encode())
        except NatsError as err:  # the worker asks again; the leases expire
            log.debug("grant lost", reason=type(err).__name__)

    async def _take_back(self, message: Msg) -> None:
        try:
            done = Done.model_validate_json(message.data)
        except ValidationError:
            log.warning("return not understood", bytes=len(message.data))
            return
        now = self._now()
        for returned in done.returned:
            self._calendar.complete(returned.lease, now, returned.outcome)

    def _now(self) -> float:
        # Monotonic, so that a jump of the wall clock neither floods nor blinds the city.
        return self._clock.monotonic()
