"""Which scenes cameras serve: changed in bulk after a dry run, every change on record, any of them undone."""

from camera_registry.classification.apply import apply, lock
from camera_registry.classification.change import (
    NOBODY,
    Action,
    Change,
    Conflicts,
    MeaningChangedError,
    Outcome,
    Proposal,
    Since,
    Source,
)
from camera_registry.classification.history import (
    assignments,
    camera_events,
    cameras_of_batch,
    list_batches,
    read_batch,
    units_of_batch,
)
from camera_registry.classification.preview import preview
from camera_registry.classification.records import (
    Assigned,
    BatchFilter,
    BatchRow,
    CameraEvent,
    ChangedCamera,
    Facet,
    Preview,
    UnitCount,
)
from camera_registry.classification.token import Token
from camera_registry.classification.undo import Undo, Undoing, preview_undo, undo

__all__ = [
    "NOBODY",
    "Action",
    "Assigned",
    "BatchFilter",
    "BatchRow",
    "CameraEvent",
    "Change",
    "ChangedCamera",
    "Conflicts",
    "Facet",
    "MeaningChangedError",
    "Outcome",
    "Preview",
    "Proposal",
    "Since",
    "Source",
    "Token",
    "Undo",
    "Undoing",
    "UnitCount",
    "apply",
    "assignments",
    "camera_events",
    "cameras_of_batch",
    "list_batches",
    "lock",
    "preview",
    "preview_undo",
    "read_batch",
    "undo",
    "units_of_batch",
]
