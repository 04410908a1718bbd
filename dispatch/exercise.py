"""Ending exercises: what simulated cameras left open is closed, with its event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from dispatch.announce import announce, wake_relay
from models.event import source_of

if TYPE_CHECKING:
    import asyncpg

    from base.clock import Clock

_CLOSE = """
update incident set state = 'closed', closed_at = $1, updated_at = $1, sequence = sequence + 1
 where exercise and closed_at is null
returning id, facts::text as facts
"""

_FORGET = """
delete from rule_state where watch_id in
       (select w.id from watch w join camera c on c.id = w.camera_id where c.simulated)
"""


async def end_exercises(connection: asyncpg.Connection[Any], *, site: str, clock: Clock) -> int:
    """Close all exercises and forget what their rules remember; call it inside a transaction.

    Returns:
        How many incidents were closed.
    """
    rows = await connection.fetch(_CLOSE, clock.now())
    for row in rows:
        facts = {**orjson.loads(row["facts"]), "closed_because": "the exercise has ended"}
        await announce(connection, row["id"], source=source_of(site), moments=None, facts=facts)
    await connection.execute(_FORGET)
    if rows:
        await wake_relay(connection)
    return len(rows)
