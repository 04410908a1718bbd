"""Which cameras are meant: one filter for lists, counts, tiles, exports, classification and governance."""

from camera_registry.selection.conditions import KNOWN_STATE, within_unit
from camera_registry.selection.filter import Along, CameraFilter, Near, NearPoints, SeenPlace
from camera_registry.selection.text import as_sql

__all__ = [
    "KNOWN_STATE",
    "Along",
    "CameraFilter",
    "Near",
    "NearPoints",
    "SeenPlace",
    "as_sql",
    "within_unit",
]
