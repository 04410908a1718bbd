"""The relay: from the outbox to the JetStream stream, at least once, in order per incident."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from nats.errors import Error as NatsError
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError as StreamNotFoundError

from base.errors import UnavailableError
from base.log import get_logger
from models.event import STREAM, SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg
    from nats.js import JetStreamContext

log = get_logger(__name__)

BATCH = 200
DAY_S = 24 * 3600
STREAM_CONFIG = StreamConfig(
    name=STREAM,
    subjects=[SUBJECTS],
    retention=RetentionPolicy.LIMITS,
    storage=StorageType.FILE,
    discard=DiscardPolicy.OLD,
    max_age=30 * DAY_S,
    max_bytes=1 << 30,
    # An event published again within this time is dropped by its id; consumers drop later ones themselves.
    duplicate_window=3600,
)

_PENDING = """
select seq, event_id, incident_id, subject, body::text as body
  from outbox where published_at is null order by seq limit $1
"""
_MARK = "update outbox set published_at = now() where seq = any($1::bigint[])"
_REPUBLISH = "update outbox set published_at = null where created_at > now() - interval '30 days'"


async def ensure_stream(connection: asyncpg.Connection[Any], jetstream: JetStreamContext) -> None:
    """Make the stream unless it is there. One that has to be made anew gets what the old one had.

    The outbox is marked for publishing again *before* the stream is made: a fall between the two is met by
    the next call, which still finds no stream.

    Raises:
        UnavailableError: JetStream does not answer.
    """
    try:
        try:
            await jetstream.stream_info(STREAM)
        except StreamNotFoundError:
            done = await connection.execute(_REPUBLISH)
            await jetstream.add_stream(STREAM_CONFIG)
            log.info("stream made", republishing=done)
    except (NatsError, TimeoutError) as err:
        raise UnavailableError("JetStream does not answer now.") from err


async def relay_once(
    connection: asyncpg.Connection[Any], jetstream: JetStreamContext, *, batch: int = BATCH
) -> int:
    """Publish the oldest unpublished events and mark those that the stream has on its disk.

    Only one relay may work at a time: the caller holds the lock.

    Returns:
        How many were published.

    Raises:
        UnavailableError: The stream did not acknowledge; those that it did are marked.
    """
    rows = await connection.fetch(_PENDING, batch)
    acknowledged: list[int] = []
    try:
        for wave in _waves(rows):
            results = await asyncio.gather(
                *(_publish(jetstream, row) for row in wave), return_exceptions=True
            )
            acknowledged += [
                row["seq"] for row, r in zip(wave, results, strict=True) if not isinstance(r, BaseException)
            ]
            failed = next((r for r in results if isinstance(r, BaseException)), None)
            if failed is not None:
                raise UnavailableError("The event stream does not acknowledge.") from failed
    finally:
        if acknowledged:
            await connection.execute(_MARK, acknowledged)
    return len(rows)


async def _publish(jetstream: JetStreamContext, row: asyncpg.Record) -> None:
    headers = {"Nats-Msg-Id": str(row["event_id"]), "Content-Type": "application/cloudevents+json"}
    await jetstream.publish(row["subject"], row["body"].encode(), timeout=5, headers=headers)


def _waves(rows: Sequence[asyncpg.Record]) -> list[list[asyncpg.Record]]:
    """Split so that no wave holds two events of one incident: a later one must never pass an earlier one."""
    waves: list[list[asyncpg.Record]] = []
    depth: dict[int, int] = {}
    for row in rows:
        level = depth.get(row["incident_id"], 0)
        depth[row["incident_id"]] = level + 1
        if level == len(waves):
            waves.append([])
        waves[level].append(row)
    return waves
