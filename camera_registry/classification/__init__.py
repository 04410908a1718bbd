"""Which scenes cameras serve: changed in bulk after a dry run, every change on record, any of them undone."""

from camera_registry.classification.apply import apply
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
from camera_registry.classification.undo import Undo, Undoing, preview_undo, undo

__all__ = [
    "NOBODY",
    "Action",
    "Change",
    "Conflicts",
    "MeaningChangedError",
    "Outcome",
    "Proposal",
    "Since",
    "Source",
    "Undo",
    "Undoing",
    "apply",
    "preview_undo",
    "undo",
]
