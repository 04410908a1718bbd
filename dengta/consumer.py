"""A consumer of events: durable by name, acknowledging each event after it was handled."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError as MissingError
from pydantic import ValidationError

from base.errors import InvalidInputError
from base.log import get_logger
from models.event import STREAM, SUBJECTS, Event

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js import JetStreamContext

log = get_logger(__name__)

ACK_WAIT_S = 30
REMEMBERED = 100_000
"""Ids kept to drop what comes twice; about 15 MB."""
RETRY_S = 0.5


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event in the hands of its consumer."""

    event: Event
    _message: Msg
    _remember: Callable[[Event], None]

    async def acknowledge(self) -> None:
        """Say that the event is handled. When the server cannot be told, it comes again and is dropped."""
        self._remember(self.event)
        try:
            await self._message.ack_sync(timeout=5)
        except (NatsError, TimeoutError) as err:
            log.debug("acknowledgement lost", reason=type(err).__name__)


class EventConsumer:
    """Follows the stream under a durable name: what was acknowledged never comes again, all else does.

    One event is under way at a time, so that the order within each incident holds even when one is
    delivered again.

    Args:
        bus: The queue.
        durable: Name under which the server remembers the position.
        subject: Filter, in the form ``dengta.events.KIND.DISTRICT``.
        from_now: At the first use of the name, begin with what comes next instead of the oldest kept.
    """

    def __init__(self, bus: Client, durable: str, *, subject: str = SUBJECTS, from_now: bool = False) -> None:
        self._jetstream: JetStreamContext = bus.jetstream(timeout=5)
        self._durable = durable
        self._subject = subject
        self._from_now = from_now
        self._handled: OrderedDict[str, None] = OrderedDict()

    async def follow(self) -> AsyncGenerator[Delivery, None]:
        """Every event, until each is acknowledged; what came twice by its id comes once.

        Raises:
            InvalidInputError: The durable name exists with another filter.
        """
        while True:
            try:
                async for delivery in self._session():
                    yield delivery
            except MissingError:
                log.debug("no stream yet")
            except (NatsError, TimeoutError) as err:
                log.debug("consumer waits", reason=type(err).__name__)
            await asyncio.sleep(RETRY_S)

    async def _session(self) -> AsyncGenerator[Delivery, None]:
        config = ConsumerConfig(
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_S,
            max_ack_pending=1,
            deliver_policy=DeliverPolicy.NEW if self._from_now else DeliverPolicy.ALL,
        )
        subscription = await self._jetstream.pull_subscribe(
            self._subject, durable=self._durable, stream=STREAM, config=config
        )
        info = await subscription.consumer_info()
        if info.config.filter_subject != self._subject:
            raise InvalidInputError(
                f"The durable name {self._durable} follows {info.config.filter_subject} and not "
                f"{self._subject}.",
                remedy="Choose another name for another filter.",
            )
        while True:
            try:
                (message,) = await subscription.fetch(1, timeout=5)
            except TimeoutError:
                # Says whether the consumer is still there: a lost store takes it along.
                await subscription.consumer_info()
                continue
            try:
                event = Event.model_validate_json(message.data)
            except ValidationError:
                # Not a CloudEvent of ours: newer versions are, and are delivered.
                log.warning("no event", subject=message.subject, bytes=len(message.data))
                await message.term()
                continue
            if str(event.id) in self._handled:
                await message.ack_sync(timeout=5)
            else:
                yield Delivery(event, message, self._remember)

    def _remember(self, event: Event) -> None:
        self._handled[str(event.id)] = None
        if len(self._handled) > REMEMBERED:
            self._handled.popitem(last=False)
