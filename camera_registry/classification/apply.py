"""Doing a change of classifications: under one lock, in one statement, as one batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg
import orjson

from base.errors import ConflictError, InvalidInputError
from camera_registry.classification.asked import described
from camera_registry.classification.change import MeaningChangedError, Outcome, Since
from camera_registry.classification.decision_sql import Asking, Statement
from camera_registry.classification.writing import ANY_SINCE, LOCK, LOCK_WAIT, NEXT_BATCH, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from base.clock import Clock
    from camera_registry.classification.change import Change
    from camera_registry.classification.token import Token
    from models.scope import Scope

_BATCHES = """
select b.id, b.at, a.username
  from classification_batch b left join account a on a.id = b.account_id
 where b.id = any($1::bigint[])
"""


async def apply(
    connection: asyncpg.Connection[Any],
    clock: Clock,
    scope: Scope,
    change: Change,
    token: Token | None = None,
) -> Outcome:
    """Do ``change`` in the caller's transaction, which should be short: nobody else classifies meanwhile.

    A caller that writes cameras in the same transaction calls :func:`lock` before it does.

    Args:
        connection: Within a transaction.
        clock: Time of the batch.
        scope: By whom (:data:`NOBODY` for the system itself), and which cameras exist for them.
        change: What.
        token: What a dry run showed; the change is refused if it means something else by now.

    Raises:
        InvalidInputError: A scene does not exist, or the token is another change's.
        MeaningChangedError: The cameras changed since the dry run. The transaction must be rolled back.
        ConflictError: Somebody else has been classifying for too long.
    """
    if token is not None:
        token.require(change)
    await lock(connection)
    scene_ids = await scenes_by_code(connection, change.scene_codes)
    batch_id = await connection.fetchval(NEXT_BATCH)
    statement = Statement()
    values = {
        "batch": statement.give(batch_id),
        "root": "$1",
        "at": statement.give(clock.now()),
        "account": statement.give(scope.account_id or None),
        "source": f"'{change.source}'",
        "action": f"'{change.action}'",
        "conflicts": f"'{change.policy}'",
        "undoes": "null",
        "scenes": statement.give(sorted(scene_ids.values())),
        "reason": statement.give(change.reason),
        "asked": statement.give(orjson.dumps(described(change)).decode()),
    }
    asking = Asking(change, scope, scene_ids, values)
    since = token.batch if token and await connection.fetchval(ANY_SINCE, token.batch) else None
    text = write(statement, asking, since=since)
    row = await connection.fetchrow(text, *statement.parameters)
    assert row is not None
    if token is not None:
        await _require_same(connection, token, row)
    return Outcome(
        batch_id=batch_id if row["changed"] else None,
        **{name: row[name] for name in ("meant", "changed", "added", "removed", "kept", "protected")},
    )


async def lock(connection: asyncpg.Connection[Any]) -> None:
    """Be the only one who changes classifications until the transaction ends; it may be called again.

    Raises:
        ConflictError: Somebody else has been at it for :data:`LOCK_WAIT`.
    """
    try:
        await connection.execute(LOCK)
    except asyncpg.LockNotAvailableError as err:
        raise ConflictError(
            f"Somebody else has been classifying for {LOCK_WAIT}.", remedy="Try again in a moment."
        ) from err


async def scenes_by_code(connection: asyncpg.Connection[Any], codes: Sequence[str]) -> dict[str, int]:
    """The numbers of these scenes.

    Raises:
        InvalidInputError: One does not exist.
    """
    found = dict(await connection.fetch("select code, id from scene where code = any($1::text[])", codes))
    unknown = [code for code in codes if code not in found]
    if unknown:
        raise InvalidInputError(
            f"scenes: there is no scene {', '.join(repr(code) for code in unknown[:5])}.",
            remedy="The list of scenes names their codes.",
        )
    return found


async def since_of(connection: asyncpg.Connection[Any], counted: dict[int, int]) -> tuple[Since, ...]:
    """The batches of these numbers, each with how many cameras it changed, those of most cameras first."""
    if not counted:
        return ()
    batches = await connection.fetch(_BATCHES, list(counted))
    since = [Since(b["id"], b["username"], b["at"], counted[b["id"]]) for b in batches]
    return tuple(sorted(since, key=lambda each: (-each.cameras, -each.batch_id)))


async def _require_same(connection: asyncpg.Connection[Any], token: Token, row: asyncpg.Record) -> None:
    counted = dict(row.get("since", ()))
    if counted or (token.meant, token.mark) != (row["meant"], row["mark"]):
        since = await since_of(connection, counted)
        raise MeaningChangedError(then=token.meant, now=row["meant"], since=since)
