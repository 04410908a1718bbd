"""The worker's process: asks for looks, takes them, recognises in batches, records, and hands leases back."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import asyncpg
from nats.errors import Error as NatsError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from base.errors import InvalidInputError, UnavailableError
from base.ids import new_id
from base.log import get_logger
from camera_registry.health import HealthReport, report_health
from dispatch.evidence import encode_jpeg
from dispatch.record import Sighting
from ingest.target import CameraAddress
from models.camera import CameraState
from models.look import Look, Outcome
from models.messages import ASK, DONE, LEASES_PER_ASK, LOOKED, Ask, Done, Grant, Lease, Looked, Returned
from models.observation import Observation
from workers.retry import forever, until_done

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from nats.aio.client import Client

    from base.clock import Clock
    from base.database import Database
    from base.settings import Settings
    from camera_registry.addresses import AddressBook
    from dispatch.record import Recorder
    from inference.objects import ObjectRecogniser, Sight
    from ingest.look import Looker
    from models.camera import StreamLogin

log = get_logger(__name__)

PATIENCE_S = 2.0
"""How long the calendar's answer is waited for."""
RECORD_BATCH = 200
RECORD_GATHER_S = 0.05
"""How long a batch waits for company: adds that much to an event's way, saves a commit a look."""
RECOGNISE_GATHER_S = 0.03
"""The same before recognition."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """A look that was taken, on its way to the record."""

    lease: Lease
    look: Look
    looked_at: datetime
    ended_at: datetime
    observation: Observation | None = None
    recognised_at: datetime | None = None


class LookerProcess:
    """One worker.

    A look holds one of ``settings.looks_in_flight`` places from the ask to the commit, so that when any stage
    is slow, fewer looks start, and memory stays bounded.
    """

    def __init__(  # noqa: PLR0913 - the composition hands in each part by name
        self,
        *,
        name: str,
        database: Database,
        bus: Client,
        clock: Clock,
        settings: Settings,
        addresses: AddressBook,
        looker: Looker,
        recogniser: ObjectRecogniser,
        recorder: Recorder,
    ) -> None:
        self._name = name
        self._database = database
        self._bus = bus
        self._clock = clock
        self._settings = settings
        self._addresses = addresses
        self._looker = looker
        self._recogniser = recogniser
        self._recorder = recorder
        self._places = asyncio.Semaphore(settings.looks_in_flight)
        self._to_recognise: asyncio.Queue[_Taken] = asyncio.Queue(settings.looks_in_flight)
        self._to_record: asyncio.Queue[_Taken] = asyncio.Queue(settings.looks_in_flight)
        self._engine = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recognise")
        self._outcomes: Counter[str] = Counter()
        self._recognised = 0
        self._decided = 0

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(forever(self._ask, what="asking for looks"))
                group.create_task(forever(self._recognise, what="recognition"))
                group.create_task(forever(self._record, what="recording"))
                group.create_task(self._tell())
        finally:
            self._engine.shutdown(wait=False, cancel_futures=True)

    async def _ask(self) -> None:
        """Ask for as many looks as there are places, and start them."""
        await self._places.acquire()
        places = 1
        while places < LEASES_PER_ASK and not self._places.locked():
            await self._places.acquire()
            places += 1
        started = 0
        try:
            grant = await self._request(places)
            addresses = await self._addresses.of([lease.camera_id for lease in grant.leases])
            for lease in grant.leases:
                if lease.camera_id in addresses:
                    self._group.create_task(self._take(lease, addresses[lease.camera_id]))
                    started += 1
        finally:
            for _ in range(places - started):
                self._places.release()
        if not grant.leases:
            await asyncio.sleep(max(grant.wait_s, 0.02))

    async def _request(self, count: int) -> Grant:
        if not self._bus.is_connected:  # an ask would wait in a buffer, and be answered to nobody
            raise UnavailableError("The queue is away.")
        ask = Ask(worker=self._name, count=count, asked_at=self._clock.now(), patience_s=PATIENCE_S)
        try:
            answer = await self._bus.request(ASK, ask.encode(), timeout=PATIENCE_S)
            return Grant.model_validate_json(answer.data)
        except (NatsError, TimeoutError) as err:
            raise UnavailableError("The calendar does not answer.") from err
        except ValidationError as err:
            raise UnavailableError("The calendar's answer is not understood.") from err

    async def _take(self, lease: Lease, login: StreamLogin) -> None:
        """Look once, and pass the result on; the place is given back when it is recorded."""
        looked_at = self._clock.now()
        try:
            address = CameraAddress(login.url, login.username, login.password)
        except InvalidInputError as err:
            look = Look(Outcome.NOT_ALLOWED, detail=err.detail)
        else:
            look = await self._look(address)
        taken = _Taken(lease, look, looked_at, self._clock.now())
        await (self._to_recognise if look.frame else self._to_record).put(taken)

    async def _look(self, address: CameraAddress) -> Look:
        """Look once. What nobody foresaw costs this look, and not all others that are under way."""
        try:
            return await self._looker.look(
                address, deadline_s=self._settings.look_deadline_s, max_width=self._settings.look_width
            )
        except Exception:
            log.exception("look failed in an unforeseen way")
            return Look(Outcome.MALFORMED, detail="The look failed in a way that nobody foresaw.")

    async def _recognise(self) -> None:
        batch = await _gather(self._to_recognise, self._settings.recognition_batch, RECOGNISE_GATHER_S)
        sights = [(t.lease.camera_id, new_id(), t.look.frame) for t in batch if t.look.frame]
        observations = await asyncio.get_running_loop().run_in_executor(self._engine, self._judged, sights)
        now = self._clock.now()
        for taken, observation in zip(batch, observations, strict=True):
            await self._to_record.put(replace(taken, observation=observation, recognised_at=now))
        self._recognised += len(batch)

    def _judged(self, sights: Sequence[Sight]) -> list[Observation]:
        """Recognise a batch; a picture that the recogniser cannot bear is abstained from, by itself."""
        try:
            return self._recogniser.recognise(sights)
        except Exception:
            if len(sights) > 1:
                return [observation for sight in sights for observation in self._judged([sight])]
            log.exception("picture not recognised")
            ((camera_id, look_id, frame),) = sights
            return [
                Observation(
                    camera_id=camera_id,
                    look_id=look_id,
                    captured_at=frame.captured_at,
                    recogniser="objects",
                    model="",
                    values={},
                    confidence=0.0,
                    abstained="error",
                )
            ]

    async def _record(self) -> None:
        """Record a batch until it is recorded: what was looked at is not dropped because a part is away."""
        batch = await _gather(self._to_record, RECORD_BATCH, RECORD_GATHER_S)
        await until_done(lambda: self._commit(batch), what="recording")
        self._outcomes.update(t.look.outcome.value for t in batch)
        returned = tuple(Returned(lease=t.lease.id, outcome=t.look.outcome) for t in batch)
        try:
            await self._bus.publish(DONE, Done(returned=returned).encode())
        except NatsError as err:  # the leases expire, and their cameras are due again
            log.debug("return lost", reason=type(err).__name__)
        for _ in batch:
            self._places.release()

    async def _commit(self, batch: Sequence[_Taken]) -> None:
        sightings = [s for taken in batch for s in _sightings(taken)]
        if sightings:
            await self._record_sightings(sightings)
        await report_health(self._database, [_health(taken) for taken in batch])

    async def _record_sightings(self, sightings: Sequence[Sighting]) -> None:
        """Record them together; if the store refuses one of them, the others are recorded without it."""
        try:
            recorded = await self._recorder.record(sightings)
        except UnavailableError:
            raise
        except (DBAPIError, asyncpg.PostgresError, ValueError, TypeError, KeyError):
            # What says that the store is ill is an UnavailableError; here it is the row that is wrong.
            if len(sightings) == 1:
                log.exception("sighting refused", watch=sightings[0].watch_id)
                return
            for sighting in sightings:
                await self._record_sightings([sighting])
        else:
            self._decided += len(recorded.events)

    async def _tell(self) -> None:
        """Tell once a second what was done; nobody has to listen."""
        began = self._clock.monotonic()
        while True:
            await asyncio.sleep(1)
            now = self._clock.monotonic()
            word = Looked(
                worker=self._name,
                seconds=now - began,
                outcomes=dict(self._outcomes),
                recognised=self._recognised,
                decided=self._decided,
            )
            self._outcomes.clear()
            self._recognised = self._decided = 0
            began = now
            with suppress(NatsError):
                await self._bus.publish(LOOKED, word.encode())


def _sightings(taken: _Taken) -> list[Sighting]:
    if taken.observation is None or taken.look.frame is None or taken.recognised_at is None:
        return []
    pixels = taken.look.frame.pixels
    return [
        Sighting(
            watch_id=watch_id,
            observation=taken.observation,
            looked_at=taken.looked_at,
            recognised_at=taken.recognised_at,
            picture=lambda: encode_jpeg(pixels),
        )
        for watch_id in taken.lease.watches
    ]


def _health(taken: _Taken) -> HealthReport:
    state: CameraState | None = None
    if taken.observation is not None:
        state = CameraState.DEGRADED if taken.observation.abstained else CameraState.ONLINE
    return HealthReport(taken.lease.camera_id, taken.ended_at, taken.look.outcome.value, state)


async def _gather(queue: asyncio.Queue[_Taken], most: int, wait_s: float) -> list[_Taken]:
    """The next item, and those that come within ``wait_s`` of it, ``most`` in all."""
    batch = [await queue.get()]
    try:
        async with asyncio.timeout(wait_s):
            while len(batch) < most:
                batch.append(await queue.get())
    except TimeoutError:
        pass
    return batch
