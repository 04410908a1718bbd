"""Accepting and refusing suggestions in bulk, after a dry run; accepting classifies, and can be undone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, select

from base.database import driver_of
from base.errors import ConflictError, InvalidInputError
from camera_registry.classification import Action, Change, Conflicts, Proposal, Source, apply, lock
from camera_registry.suggestion.reasons import Lexicon, Words, put_in_words
from camera_registry.suggestion.wanted import FROM
from models.tables import camera, camera_scene, scene, suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import asyncpg
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from base.clock import Clock
    from camera_registry.classification import Outcome
    from camera_registry.suggestion.wanted import Wanted
    from models.scope import Scope

MOST_AT_ONCE = 250_000
"""Suggestions that one request may decide on: a whole city's."""

BANDS = (0.3, 0.5, 0.7, 0.9)
"""Lower ends of the bands by which suggestions are counted; the last reaches to 1."""

_DECIDE = """
update suggestion s set state = $1, decided_at = $2, decided_by = $3, batch_id = $4
  from unnest($5::bigint[], $6::smallint[]) as d(camera_id, scene_id)
 where s.camera_id = d.camera_id and s.scene_id = d.scene_id and s.state = $7
   and ($1 <> 'accepted' or exists (
        select from camera_scene c where c.camera_id = s.camera_id and c.scene_id = s.scene_id))
"""


@dataclass(frozen=True, slots=True)
class SceneCount:
    """Suggestions of one scene.

    Attributes:
        scene: Its code.
        name: Its name.
        name_en: In English.
        suggestions: How many.
        bands: How many by confidence, in the order of :data:`BANDS`.
    """

    scene: str
    name: str
    name_en: str
    suggestions: int
    bands: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """A dry run of a decision.

    Attributes:
        suggestions: How many are meant.
        cameras: How many cameras they are for.
        classified: How many of those serve another scene already.
        scenes: By scene, those with most suggestions first.
        token: Stands for exactly these suggestions.
    """

    suggestions: int
    cameras: int
    classified: int
    scenes: tuple[SceneCount, ...]
    token: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision came to.

    Attributes:
        suggestions: How many were decided on.
        cameras: For how many cameras.
        batch_id: The classification that accepting made, for its undo; None if nothing was assigned.
        outcome: What came of that classification; None for a refusal.
    """

    suggestions: int
    cameras: int
    batch_id: int | None = None
    outcome: Outcome | None = None


class SuggestionsChangedError(ConflictError):
    """The suggestions that are meant are not those of the dry run."""

    code = "suggestions-changed"


async def count(connection: AsyncConnection, scope: Scope, wanted: Wanted, state: str = "open") -> Counted:
    """What a decision would mean: the dry run."""
    mine = wanted.conditions(scope, state)
    band = func.width_bucket(suggestion.c.confidence, list(BANDS[1:]))
    numbers = [func.count().filter(band == place) for place in range(len(BANDS))]
    columns = (scene.c.code, scene.c.name, scene.c.name_en, func.count().label("suggestions"))
    rows = await connection.execute(
        select(*columns, *numbers)
        .select_from(FROM)
        .where(*mine)
        .group_by(scene.c.code, scene.c.name, scene.c.name_en)
        .order_by(func.count().desc(), scene.c.code)
    )
    scenes = tuple(
        SceneCount(row.code, row.name, row.name_en, row.suggestions, tuple(row[4:])) for row in rows
    )
    serves = (
        select(1).where(camera_scene.c.camera_id == suggestion.c.camera_id).correlate(suggestion).exists()
    )
    distinct = suggestion.c.camera_id.distinct()
    whole = (
        await connection.execute(
            select(
                func.count(distinct),
                func.count(case((serves, suggestion.c.camera_id)).distinct()),
                func.coalesce(func.sum(_mark()), 0),
            )
            .select_from(FROM)
            .where(*mine)
        )
    ).one()
    total = sum(each.suggestions for each in scenes)
    return Counted(total, whole[0], whole[1], scenes, _token(total, whole[2]))


def _mark() -> Any:
    """A number for each suggestion, so that their sum stands for which they are."""
    return func.hashint8extended(suggestion.c.camera_id, suggestion.c.scene_id)


def _token(total: int, mark: int) -> str:
    return hashlib.sha256(f"{total}/{mark}".encode()).hexdigest()[:24]


async def accept(  # noqa: PLR0913 - what a decision consists of
    connection: AsyncConnection,
    clock: Clock,
    scope: Scope,
    wanted: Wanted,
    *,
    token: str | None = None,
    conflicts: Conflicts = Conflicts.BESIDE,
    reason: str | None = None,
) -> Decided:
    """Let the cameras serve what is suggested, in the caller's transaction, as one batch that can be undone.

    Args:
        connection: The transaction.
        clock: Time of the decision.
        scope: By whom, and which cameras exist for them.
        wanted: Which open suggestions.
        token: Of the dry run: refused if the suggestions are others by now.
        conflicts: ``beside`` what the cameras serve, or ``keep`` those that serve something as they are.
        reason: Why, for the batch; each assignment keeps the suggestion's own strongest reason.

    Raises:
        SuggestionsChangedError: They are not those of the dry run.
        InvalidInputError: Too many at once.
        ConflictError: Somebody else has been classifying for too long.
    """
    driver = await driver_of(connection)
    await lock(driver)
    rows = await _meant(connection, scope, wanted, "open", token)
    if not rows:
        return Decided(0, 0)
    words = await lexicon(driver)
    proposals = tuple(
        Proposal(row["camera_id"], row["code"], row["confidence"], _reason(row, words)) for row in rows
    )
    change = Change(
        Action.ADD, proposals=proposals, source=Source.SUGGESTION, conflicts=conflicts, reason=reason
    )
    outcome = await apply(driver, clock, scope, change)
    decided = await _decide(driver, "accepted", clock.now(), scope, rows, outcome.batch_id)
    return Decided(decided, len({row["camera_id"] for row in rows}), outcome.batch_id, outcome)


async def refuse(
    connection: AsyncConnection, clock: Clock, scope: Scope, wanted: Wanted, *, token: str | None = None
) -> Decided:
    """Refuse what is suggested: it stays away while its evidence stays, and the classifier learns from it.

    Raises:
        SuggestionsChangedError: They are not those of the dry run.
        InvalidInputError: Too many at once.
    """
    return await _settle(connection, clock, scope, wanted, ("open", "refused"), token)


async def reopen(
    connection: AsyncConnection, clock: Clock, scope: Scope, wanted: Wanted, *, token: str | None = None
) -> Decided:
    """Take refusals back: the suggestions are open again.

    Raises:
        SuggestionsChangedError: They are not those of the dry run.
        InvalidInputError: Too many at once.
    """
    return await _settle(connection, clock, scope, wanted, ("refused", "open"), token)


async def _settle(  # noqa: PLR0913, PLR0917 - what a decision consists of
    connection: AsyncConnection,
    clock: Clock,
    scope: Scope,
    wanted: Wanted,
    change: tuple[str, str],
    token: str | None,
) -> Decided:
    before, after = change
    rows = await _meant(connection, scope, wanted, before, token)
    decided = await _decide(await driver_of(connection), after, clock.now(), scope, rows, None, before)
    return Decided(decided, len({row["camera_id"] for row in rows}))


async def _meant(
    connection: AsyncConnection, scope: Scope, wanted: Wanted, state: str, token: str | None
) -> Sequence[RowMapping]:
    """The suggestions, held still until the transaction ends."""
    columns = (suggestion.c.camera_id, suggestion.c.scene_id, scene.c.code, suggestion.c.confidence)
    query = (
        select(*columns, suggestion.c.reasons, _mark().label("mark"))
        .select_from(FROM)
        .where(*wanted.conditions(scope, state))
        .order_by(camera.c.id, suggestion.c.scene_id)
        .limit(MOST_AT_ONCE + 1)
        .with_for_update(of=suggestion)
    )
    rows = (await connection.execute(query)).mappings().all()
    if len(rows) > MOST_AT_ONCE:
        raise InvalidInputError(
            f"More than {MOST_AT_ONCE:,} suggestions are meant.", remedy="Take one scene or unit at a time."
        )
    if token is not None and token != _token(len(rows), sum(row["mark"] for row in rows)):
        raise SuggestionsChangedError(
            f"The suggestions changed after the dry run: {len(rows):,} are meant now.",
            remedy="Look at a new dry run, or send the decision without the token to do it all the same.",
        )
    return rows


async def _decide(  # noqa: PLR0913, PLR0917 - the columns of a decision
    driver: asyncpg.Connection[Any],
    state: str,
    at: datetime,
    scope: Scope,
    rows: Sequence[RowMapping],
    batch_id: int | None,
    before: str = "open",
) -> int:
    """Write the decision down and return how many suggestions it settled."""
    settled = state != "open"
    status = await driver.execute(
        _DECIDE,
        state,
        at if settled else None,
        (scope.account_id or None) if settled else None,
        batch_id,
        [row["camera_id"] for row in rows],
        [row["scene_id"] for row in rows],
        before,
    )
    return int(status.rsplit(" ", 1)[-1])


def _reason(row: RowMapping, words: Lexicon) -> str | None:
    return put_in_words(row["reasons"][0], words).zh[:200] if row["reasons"] else None


async def lexicon(connection: asyncpg.Connection[Any]) -> Lexicon:
    """What the codes in reasons mean."""
    layers = await connection.fetch("select code, name, name_en from point_layer")
    rules = await connection.fetch("select code, reason, reason_en from suggestion_rule")
    return Lexicon(
        {row["code"]: Words(row["name"], row["name_en"]) for row in layers},
        {row["code"]: Words(row["reason"], row["reason_en"]) for row in rules},
    )
