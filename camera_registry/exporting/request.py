"""What is asked of an export, and what it answers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import shapely

from camera_registry.importing import Kind
from camera_registry.selection import CameraFilter
from models.camera import CameraState

if TYPE_CHECKING:
    from models.scope import Scope


MOST_TOLD = 100
"""Items of a filter that the record of an export names."""


class Form(StrEnum):
    """The form of the file; the value is its ending."""

    CSV = "csv"
    XLSX = "xlsx"
    GEOJSON = "geojson"
    GEOPACKAGE = "gpkg"

    @property
    def grows(self) -> bool:
        """Whether its beginning can be sent before its end is written."""
        return self in {Form.CSV, Form.GEOJSON}

    @property
    def for_maps(self) -> bool:
        """Whether it carries geometries."""
        return self in {Form.GEOJSON, Form.GEOPACKAGE}


MEDIA_TYPES = {
    Form.CSV: "text/csv",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.GEOJSON: "application/geo+json",
    Form.GEOPACKAGE: "application/geopackage+sqlite3",
}


class Crs(StrEnum):
    """What the columns of longitude and latitude are counted in; geometries are WGS-84 always."""

    DECLARED = "declared"
    """Each as its source declared it, with the system beside it: nothing is lost."""
    WGS_84 = "wgs84"
    GCJ_02 = "gcj02"
    BD_09 = "bd09"


class Language(StrEnum):
    """Of the headers and of the words for states."""

    CHINESE = "zh"
    ENGLISH = "en"


class Encoding(StrEnum):
    """Of CSV."""

    UTF_8_BOM = "utf-8-sig"
    """With the mark by which spreadsheet programs tell it."""
    UTF_8 = "utf-8"
    GB18030 = "gb18030"


@dataclass(frozen=True, slots=True)
class PointFilter:
    """Which points are meant; what is empty or None lets all through, and all parts must hold.

    Attributes:
        layers: Codes of layers; they lie in one of them.
        units: Codes of units; one of their subtrees.
        area: Where they stand, WGS-84.
        words: Part of the name, or the beginning of the code.
    """

    layers: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    area: shapely.Geometry | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """One export.

    Attributes:
        form: Of the file.
        scope: Who asks; holds what is exported to what they see.
        kind: What is exported.
        cameras: Which cameras.
        points: Which points.
        fields: Which columns, in order; empty: all that the asker may see.
        crs: What longitude and latitude are counted in.
        language: Of the headers.
        encoding: Of CSV.
    """

    form: Form
    scope: Scope
    kind: Kind = Kind.CAMERAS
    cameras: CameraFilter = field(default_factory=CameraFilter)
    points: PointFilter = field(default_factory=PointFilter)
    fields: tuple[str, ...] = ()
    crs: Crs = Crs.DECLARED
    language: Language = Language.CHINESE
    encoding: Encoding = Encoding.UTF_8_BOM

    def told(self) -> dict[str, Any]:
        """The parts of the filter that let not everything through, as JSON for the record."""
        wanted = self.cameras if self.kind is Kind.CAMERAS else self.points
        parts = {part.name: getattr(wanted, part.name) for part in dataclasses.fields(wanted)}
        return {name: _told(value) for name, value in parts.items() if value not in (None, ())}


def _told(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_told(each) for each in value[:MOST_TOLD]]
    if isinstance(value, shapely.Geometry):
        shape = shapely.to_wkt(value, rounding_precision=5)
        return shape if len(shape) <= MOST_TOLD * 20 else shapely.to_wkt(shapely.envelope(value))
    return value.name.lower() if isinstance(value, CameraState) else value


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was exported.

    Attributes:
        rows: Records.
        fields: Columns, by name.
        seconds: How long it took.
    """

    rows: int
    fields: tuple[str, ...]
    seconds: float
