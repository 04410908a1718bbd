"""Classifying on somebody's behalf: the change and its record in one transaction."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from api.audit import record
from api.cursor import MAX_ID
from api.errors import AnswerError, EditedMeanwhileError
from api.schemas_classification import SinceBatch
from base.database import driver_of
from base.errors import ConflictError, NotFoundError
from camera_registry.classification import (
    Action,
    Change,
    MeaningChangedError,
    Proposal,
    Token,
    apply,
    assignments,
    camera_events,
    lock,
    undo,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from api.audit import Deed
    from base.clock import Clock
    from camera_registry.classification import Assigned, Outcome, Undo, Undoing
    from models.scope import Scope

APPLIED = "classification.apply"
UNDONE = "classification.undo"


class Author(Protocol):
    """Who classifies: somebody who is logged in, or whoever works at the machine itself."""

    @property
    def scope(self) -> Scope:
        """Within which scope."""
        ...

    def deed(self, action: str, object_: str, detail: dict[str, Any] | None = None) -> Deed:
        """Something that they did."""
        ...


class RefusedMeaningError(AnswerError, ConflictError):
    """What a change means is not what its dry run showed; the answer carries the counts."""

    code: ClassVar[str] = MeaningChangedError.code


async def classify(
    connection: AsyncConnection, clock: Clock, asker: Author, change: Change, token: str | None = None
) -> Outcome:
    """Do ``change`` in the caller's transaction and put it on record.

    Args:
        connection: The transaction.
        clock: Time of the batch.
        asker: By whom, and within which scope.
        change: What.
        token: Of its dry run.

    Raises:
        InvalidInputError: A scene does not exist, or the token is another change's.
        RefusedMeaningError: The cameras changed since the dry run.
        ConflictError: Somebody else has been classifying for too long.
    """
    driver = await driver_of(connection)
    seen = None if token is None else Token.decode(token)
    try:
        outcome = await apply(driver, clock, asker.scope, change, seen)
    except MeaningChangedError as err:
        raise RefusedMeaningError(
            err.detail,
            remedy=err.remedy,
            members={
                "then": err.then,
                "now": err.now,
                "since": [SinceBatch.of(each).model_dump(mode="json") for each in err.since],
            },
        ) from err
    if outcome.batch_id is not None:
        detail = {
            "action": change.action,
            "scenes": list(change.scene_codes),
            "source": change.source,
            "reason": change.reason,
            **{name: getattr(outcome, name) for name in ("meant", "changed", "added", "removed")},
        }
        await record(connection, asker.deed(APPLIED, f"classification/{outcome.batch_id}", detail))
    return outcome


async def take_back(connection: AsyncConnection, clock: Clock, asker: Author, wish: Undo) -> Undoing:
    """Undo a batch in the caller's transaction and put it on record.

    Raises:
        NotFoundError: There is no such batch that the asker sees.
        ConflictError: It is too old, or somebody else has been classifying for too long.
    """
    undoing = await undo(await driver_of(connection), clock, asker.scope, wish)
    if undoing.batch_id is not None:
        names = ("undoes", "undone", "already", "changed", "gone", "added", "removed")
        detail = {"reason": wish.reason, **{name: getattr(undoing, name) for name in names}}
        await record(connection, asker.deed(UNDONE, f"classification/{undoing.batch_id}", detail))
    return undoing


async def assign_one(
    connection: AsyncConnection, clock: Clock, asker: Author, proposal: Proposal, if_match: str
) -> list[Assigned]:
    """Let one camera serve one scene, by the asker's word, if nobody changed its scenes since they were read.

    Raises:
        NotFoundError: There is no such camera within the asker's scope.
        InvalidInputError: There is no such scene.
        EditedMeanwhileError: Its scenes are not those that the asker saw.
    """
    await _require_unchanged(connection, asker, proposal.camera_id, if_match)
    change = Change(
        Action.ADD,
        proposals=(Proposal(proposal.camera_id, proposal.scene, proposal.confidence),),
        reason=proposal.reason,
        confirm=True,
    )
    await classify(connection, clock, asker, change)
    return await assignments(await driver_of(connection), asker.scope, proposal.camera_id)


async def unassign_one(
    connection: AsyncConnection, clock: Clock, asker: Author, proposal: Proposal, if_match: str
) -> list[Assigned]:
    """Let one camera cease to serve one scene, if nobody changed its scenes since they were read.

    Raises:
        NotFoundError: There is no such camera within the asker's scope, or it does not serve that scene.
        EditedMeanwhileError: Its scenes are not those that the asker saw.
    """
    held = await _require_unchanged(connection, asker, proposal.camera_id, if_match)
    if proposal.scene not in {assigned.scene for assigned in held}:
        raise NotFoundError(f"The camera does not serve the scene {proposal.scene!r}.")
    change = Change(
        Action.REMOVE,
        proposals=(Proposal(proposal.camera_id, proposal.scene),),
        reason=proposal.reason,
    )
    await classify(connection, clock, asker, change)
    return await assignments(await driver_of(connection), asker.scope, proposal.camera_id)


def etag_of(held: Sequence[Assigned]) -> str:
    """The entity tag of what a camera serves: another one after each change."""
    digest = hashlib.sha256()
    for assigned in held:
        digest.update(f"{assigned.scene}/{assigned.batch_id}/{assigned.at.isoformat()};".encode())
    return f'"{digest.hexdigest()[:16]}"'


async def _require_unchanged(
    connection: AsyncConnection, asker: Author, camera_id: int, if_match: str
) -> list[Assigned]:
    """What the camera serves, held still until the transaction ends."""
    driver = await driver_of(connection)
    await lock(driver)
    held = await assignments(driver, asker.scope, camera_id)
    tags = [tag.strip() for tag in if_match.split(",")]
    if "*" not in tags and etag_of(held) not in tags:
        events = await camera_events(driver, asker.scope, camera_id, before=MAX_ID, limit=1)
        last = events[0] if events else None
        raise EditedMeanwhileError(
            version=etag_of(held), edited_by=last.by if last else None, edited_at=last.at if last else None
        )
    return held
