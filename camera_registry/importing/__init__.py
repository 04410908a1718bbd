"""Lists from departments into the catalogue: read, checked, placed, merged, and answered for row by row."""

from camera_registry.importing.report import Fault, ImportReport, Severity
from camera_registry.importing.request import Blanks, ImportRequest, Kind, Tell
from camera_registry.importing.work import import_file, tidy_up

__all__ = [
    "Blanks",
    "Fault",
    "ImportReport",
    "ImportRequest",
    "Kind",
    "Severity",
    "Tell",
    "import_file",
    "tidy_up",
]
