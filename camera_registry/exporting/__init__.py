"""The catalogue as files: any filtered set of cameras or points, in the forms that imports read."""

from camera_registry.exporting.columns import columns_of
from camera_registry.exporting.export import export
from camera_registry.exporting.request import (
    Crs,
    Encoding,
    ExportReport,
    ExportRequest,
    Form,
    Language,
    PointFilter,
)

__all__ = [
    "Crs",
    "Encoding",
    "ExportReport",
    "ExportRequest",
    "Form",
    "Language",
    "PointFilter",
    "columns_of",
    "export",
]
