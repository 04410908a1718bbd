"""What is asked of classifications and what comes of it: values, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from base.errors import ConflictError, InvalidInputError

if TYPE_CHECKING:
    from datetime import datetime

    from camera_registry.selection import CameraFilter

NOBODY = 0
"""``Scope.account_id`` of the system itself: the command line, or a job that nobody asked for."""

MAX_REASON = 500
MAX_PROPOSALS = 1_000_000
"""A city four times as large, each camera once."""


class Source(StrEnum):
    """Whose word an assignment is. A person's is never overruled by another source."""

    PERSON = "person"
    RULE = "rule"
    SUGGESTION = "suggestion"
    IMPORT = "import"


class Action(StrEnum):
    """What is done to the scenes of the cameras that are meant."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"
    """They serve exactly the scenes that are named."""


class Conflicts(StrEnum):
    """What is done with a camera that serves other scenes than those that are named."""

    KEEP = "keep"
    """It is left as it is."""
    BESIDE = "beside"
    """It serves both."""
    REPLACE = "replace"
    """The others go."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One assignment of a list: this camera serves, or ceases to serve, this scene.

    Attributes:
        camera_id: Which camera.
        scene: Code of the scene.
        confidence: 0 to 1, or None where nobody measured it.
        reason: Why; the batch's own if None.
    """

    camera_id: int
    scene: str
    confidence: float | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        _check_confidence(self.confidence)
        check_reason(self.reason)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of classifications that becomes one batch.

    Which cameras are meant is said by a filter, and then all get the same ``scenes``, or by a list of
    proposals, each with a scene of its own. Cameras outside the asker's scope are not meant in either case.

    Attributes:
        action: What to do.
        scenes: Codes of the scenes, with a filter.
        cameras: The filter.
        proposals: The list, instead of filter and scenes.
        conflicts: What of cameras that serve other scenes; None is what the action suggests: ``beside`` when
            adding, ``replace`` when replacing.
        source: Whose word it is.
        confidence: Of each assignment, with a filter.
        reason: Why.
        confirm: Assignments that are there already become this batch's own, with its source and reason.
    """

    action: Action
    scenes: tuple[str, ...] = ()
    cameras: CameraFilter | None = None
    proposals: tuple[Proposal, ...] | None = None
    conflicts: Conflicts | None = None
    source: Source = Source.PERSON
    confidence: float | None = None
    reason: str | None = None
    confirm: bool = False

    def __post_init__(self) -> None:
        if (self.cameras is None) == (self.proposals is None):
            raise InvalidInputError("A change means cameras by a filter or by a list, one of the two.")
        if self.proposals is not None and (self.scenes or self.confidence is not None):
            raise InvalidInputError("proposals: each names its own scene and confidence.")
        if self.proposals is not None and len(self.proposals) > MAX_PROPOSALS:
            raise InvalidInputError(f"proposals: at most {MAX_PROPOSALS:,} in one batch.")
        if self.cameras is not None and not self.scenes:
            raise InvalidInputError("scenes: name at least one.")
        self._check_conflicts()
        _check_confidence(self.confidence)
        check_reason(self.reason)

    def _check_conflicts(self) -> None:
        if self.action is Action.REMOVE:
            if self.conflicts is not None or self.confirm:
                raise InvalidInputError(
                    "conflicts: what is removed conflicts with nothing, and confirms nothing."
                )
        elif self.action is Action.REPLACE and self.conflicts is Conflicts.BESIDE:
            raise InvalidInputError(
                "conflicts: a camera cannot serve exactly these scenes and others beside them.",
                remedy="Use the action add.",
            )

    @property
    def policy(self) -> Conflicts:
        """What is done with cameras that serve other scenes."""
        if self.conflicts is not None:
            return self.conflicts
        return Conflicts.REPLACE if self.action is Action.REPLACE else Conflicts.BESIDE

    @property
    def exact(self) -> bool:
        """Whether a camera that serves other scenes besides is not as it should be."""
        return self.action is Action.REPLACE or self.policy is Conflicts.REPLACE

    @property
    def scene_codes(self) -> tuple[str, ...]:
        """All scenes that are named, each once."""
        named = self.scenes if self.proposals is None else (p.scene for p in self.proposals)
        return tuple(dict.fromkeys(named))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change came to; cameras unless it says otherwise.

    Attributes:
        batch_id: The batch; None if there was nothing to change, and then none was made.
        meant: Within the asker's scope.
        changed: Whose assignments changed.
        added: Assignments that came.
        removed: Assignments that went.
        kept: Left alone because they serve other scenes, as the policy asked.
        protected: Where a person's decision stood against another source's.
    """

    batch_id: int | None
    meant: int
    changed: int
    added: int
    removed: int
    kept: int = 0
    protected: int = 0

    @property
    def unchanged(self) -> int:
        """Cameras that were so already, or were left alone."""
        return self.meant - self.changed


@dataclass(frozen=True, slots=True)
class Since:
    """A batch that came in between.

    Attributes:
        batch_id: Which.
        by: User name; None is the system itself.
        at: When.
        cameras: How many of those concerned it changed.
    """

    batch_id: int
    by: str | None
    at: datetime
    cameras: int


class MeaningChangedError(ConflictError):
    """What a change means is not what its dry run showed.

    Attributes:
        then: Cameras that were meant in the dry run.
        now: Cameras that are meant.
        since: Batches that changed some of them meanwhile.
    """

    code: ClassVar[str] = "meaning-changed"

    def __init__(self, *, then: int, now: int, since: tuple[Since, ...]) -> None:
        what = [f"{now:,} cameras are meant now, {then:,} were then"]
        if now == then and not since:
            what = [f"other {now:,} cameras are meant now"]
        what += [
            f"{each.cameras:,} of them were classified by {each.by or 'the system'} in batch {each.batch_id}"
            for each in since[:3]
        ]
        super().__init__(
            f"The cameras changed after the dry run: {'; '.join(what)}.",
            remedy="Look at a new dry run, or send the change without the token to do it all the same.",
        )
        self.then = then
        self.now = now
        self.since = since


def _check_confidence(confidence: float | None) -> None:
    if confidence is not None and not 0 <= confidence <= 1:
        raise InvalidInputError("confidence: it lies between 0 and 1.")


def check_reason(reason: str | None) -> None:
    """Refuse a reason that is too long or cannot be stored.

    Raises:
        InvalidInputError: It is.
    """
    if reason is not None and len(reason) > MAX_REASON:
        raise InvalidInputError(f"reason: it has at most {MAX_REASON} characters.")
    if reason is not None and "\0" in reason:
        raise InvalidInputError("reason: it has characters that cannot be stored.")
