"""Camera names as staff write them, taken apart: roads, junction, place, side, direction, form, number."""

from camera_registry.names.compass import Compass, turn_between
from camera_registry.names.gazetteer import Gazetteer, preset_gazetteer
from camera_registry.names.parse import parse_name
from camera_registry.names.value import CameraName, Direction, Flow, Part, PartKind, Road, Sense

__all__ = [
    "CameraName",
    "Compass",
    "Direction",
    "Flow",
    "Gazetteer",
    "Part",
    "PartKind",
    "Road",
    "Sense",
    "parse_name",
    "preset_gazetteer",
    "turn_between",
]
