"""What is read of classifications: dry runs, batches, the assignments of one camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from camera_registry.classification.change import Source
    from camera_registry.classification.decision import Standing
    from camera_registry.classification.token import Token
    from models.camera import CameraState


@dataclass(frozen=True, slots=True)
class Facet:
    """Cameras of one group; ``key`` and ``name`` are None for those that have none."""

    key: str | None
    name: str | None
    cameras: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """Cameras that serve another scene than those that are named, by who said so."""

    scene: str
    name: str
    source: Source
    by: str | None
    cameras: int


@dataclass(frozen=True, slots=True)
class Sampled:
    """One camera, with the scenes that it serves and those that it would."""

    id: int
    standing: Standing
    code: str | None
    name: str
    unit: str | None
    unit_name: str | None
    serves: tuple[str, ...]
    will_serve: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do; cameras unless it says otherwise.

    Attributes:
        meant: Within the asker's scope; the sum of new, already and differs.
        new: They would change, and nothing speaks against it.
        already: They are so already.
        differs: They serve other scenes.
        changed: Whose assignments would change.
        added: Assignments that would come.
        removed: Assignments that would go.
        kept: Left alone because they serve other scenes, as the policy asks.
        protected: Where a person's decision stands against another source's.
        unknown: Listed cameras that do not exist within the asker's scope.
        unknown_some: Some of those.
        conflicts: Of the cameras that differ, which scenes they serve, and by whose word.
        units: All of ``meant`` by unit.
        states: By state.
        scenes: By the scenes they serve now.
        owners: By owner.
        sample: Some of each standing.
        token: Names what was seen, for the change that follows.
    """

    meant: int
    new: int
    already: int
    differs: int
    changed: int
    added: int
    removed: int
    kept: int
    protected: int
    unknown: int
    unknown_some: tuple[str, ...]
    conflicts: tuple[Conflict, ...]
    units: tuple[Facet, ...]
    states: dict[CameraState, int]
    scenes: tuple[Facet, ...]
    owners: tuple[Facet, ...]
    sample: tuple[Sampled, ...]
    token: Token


@dataclass(frozen=True, slots=True)
class BatchFilter:
    """Which batches are meant; None means all.

    Attributes:
        by: User name of who made them.
        scene: Code of a scene that they named.
        source: Whose word.
        action: What they did.
        since: Made then or later.
    """

    by: str | None = None
    scene: str | None = None
    source: Source | None = None
    action: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch; its counts are of the cameras within the reader's scope, where they stood then.

    Attributes:
        id: Its number, which grows with time.
        at: When.
        by: User name; None is the system itself.
        action: add, remove, replace or undo.
        source: Whose word.
        conflicts: What was done with cameras that served other scenes.
        scenes: Codes of the scenes that were named.
        reason: Why.
        asked: Which cameras, as asked.
        undoes: The batch that it took back.
        undone_by: Batches that took it back, whole or in part.
        cameras: Whose assignments it changed.
        added: Assignments that came.
        removed: Assignments that went.
    """

    id: int
    at: datetime
    by: str | None
    action: str
    source: Source
    conflicts: str
    scenes: tuple[str, ...]
    reason: str | None
    asked: dict[str, Any]
    undoes: int | None
    undone_by: tuple[int, ...]
    cameras: int
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class UnitCount:
    """What a batch changed in one unit; None is no unit."""

    code: str | None
    name: str | None
    cameras: int
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class ChangedCamera:
    """A camera of a batch: the scenes that it began to serve, and those that it ceased to."""

    id: int
    code: str | None
    name: str
    came: tuple[str, ...]
    went: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assigned:
    """An assignment: a scene that a camera serves, and who says so, when and why.

    Attributes:
        scene: Code of the scene.
        name: Its name.
        source: Whose word it is.
        confidence: 0 to 1, or None where nobody measured it.
        reason: Why.
        by: User name; None is the system itself.
        at: When.
        batch_id: In which batch; None is older than all batches.
    """

    scene: str
    name: str
    source: Source
    confidence: float | None
    reason: str | None
    by: str | None
    at: datetime
    batch_id: int | None


@dataclass(frozen=True, slots=True)
class CameraEvent:
    """One change of one camera.

    Attributes:
        batch_id: The batch.
        at: When it happened.
        by: Who did it.
        action: What the batch did.
        undoes: The batch that it took back, if it is an undo.
        why: The batch's reason.
        added: Whether the assignment came or went.
        assigned: The assignment that came or went, as it stood.
    """

    batch_id: int
    at: datetime
    by: str | None
    action: str
    undoes: int | None
    why: str | None
    added: bool
    assigned: Assigned
