"""GeoJSON (RFC 7946), read feature by feature."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import ijson

from base.errors import InvalidInputError
from camera_registry.importing.headers import GEOMETRY
from camera_registry.importing.readers.reader import (
    CHUNK,
    MOST_CELL,
    MOST_COLUMNS,
    Chunk,
    as_text,
    require_rows,
)
from camera_registry.importing.values import Problem
from gis.crs import ReferenceSystem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NOT_A_POINT = "no-point"


class GeoJsonReader:
    """Reads a FeatureCollection; a feature's number counts from 1.

    Raises:
        InvalidInputError: It is no FeatureCollection, is damaged, or is in a reference system not known here.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = path.stat().st_size
        self._features = ""
        names: dict[str, None] = {}
        with self._events() as events:
            declared = self._survey(events, names)
        if not self._features:
            raise InvalidInputError(
                "The file is JSON and no GeoJSON FeatureCollection.", remedy="Export the layer as GeoJSON."
            )
        if len(names) > MOST_COLUMNS:
            raise InvalidInputError(
                f"The features have more than {MOST_COLUMNS} properties.", remedy="Leave some out."
            )
        self._properties = list(names)
        self.header = [*self._properties, *GEOMETRY]
        self.notes: list[str] = []
        self.form = {"form": "geojson"}
        if declared:
            self.form["crs"] = _known_system(declared)

    def chunks(self) -> Iterator[Chunk]:
        """The features, in order."""
        width, read = len(self.header), 0
        chunk = Chunk(width)
        numbers: list[int] = []
        rows: list[list[str]] = []
        for number, (feature, share) in enumerate(self.features(), start=1):
            properties = feature.get("properties") if isinstance(feature, dict) else None
            if not isinstance(properties, dict):
                properties = {}
            cells = [_cell(properties.get(name)) for name in self._properties]
            longitude, latitude, problem = point_of(
                feature.get("geometry") if isinstance(feature, dict) else None
            )
            if problem:
                chunk.spoilt.append((len(rows), len(cells), problem))
            numbers.append(number)
            rows.append([*cells, longitude, latitude])
            if len(rows) == CHUNK:
                read += CHUNK
                require_rows(read)
                chunk.share = share
                chunk.add(numbers, rows)
                yield chunk
                chunk, numbers, rows = Chunk(width), [], []
        chunk.share = 1.0
        chunk.add(numbers, rows)
        yield chunk

    def features(self) -> Iterator[tuple[Any, float]]:
        """The features as they stand, and the share of the file that is read."""
        with self._file() as file:
            for feature in ijson.items(file, self._features, use_float=True):
                yield feature, min(1.0, file.tell() / self._size)

    def _survey(self, events: Any, names: dict[str, None]) -> str:
        """One pass for the names of all properties and the declared reference system."""
        declared = ""
        for prefix, event, value in events:
            if event == "map_key" and prefix == "features.item.properties":
                if len(names) <= MOST_COLUMNS:
                    names[value] = None
            elif prefix == "crs.properties.name" and event == "string":
                declared = value
            elif prefix == "features" and event == "start_array":
                self._features = "features.item"
        return declared

    @contextmanager
    def _events(self) -> Iterator[Any]:
        with self._file() as file:
            yield ijson.parse(file, use_float=True)

    @contextmanager
    def _file(self) -> Iterator[Any]:
        try:
            with self._path.open("rb") as file:
                if file.read(3) != b"\xef\xbb\xbf":
                    file.seek(0)
                yield file
        except (ijson.JSONError, UnicodeDecodeError, ValueError, RecursionError) as err:
            raise InvalidInputError(
                "The GeoJSON cannot be read to its end: it is damaged or cut off.", remedy="Export it again."
            ) from err


def point_of(geometry: Any) -> tuple[str, str, Problem | None]:
    """Longitude and latitude of a Point as text, or what is wrong with the geometry."""
    if geometry is None:
        return "", "", None
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    place = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if kind == "MultiPoint" and isinstance(place, list) and len(place) == 1:
        kind, place = "Point", place[0]
    if kind != "Point":
        return "", "", not_a_point(str(kind)[:40])
    if not isinstance(place, list) or len(place) < 2:
        return "", "", None if place == [] else not_a_point("Point without coordinates")
    return _number(place[0]), _number(place[1]), None


def not_a_point(kind: str) -> Problem:
    """The problem of a geometry of another kind."""
    return Problem(
        _NOT_A_POINT,
        "Its geometry is no Point.",
        "Give a Point for each; make one of a line or an area with your map program (centroid).",
        shown=kind,
    )


def _number(value: Any) -> str:
    return repr(value) if isinstance(value, float) else as_text(value)[:100]


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value[:MOST_CELL]
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)[:MOST_CELL]
    return as_text(value)


def _known_system(declared: str) -> str:
    """The system of a GeoJSON of 2008, which could name one."""
    if declared.upper().endswith("CRS84"):
        return ReferenceSystem.WGS_84.value
    try:
        return ReferenceSystem.parse(declared.replace("urn:ogc:def:crs:", "").replace("::", ":")).value
    except InvalidInputError as err:
        raise InvalidInputError(
            f"The GeoJSON is in the reference system {declared[:80]!r}; only degrees are read.",
            remedy="Export it in WGS-84 (EPSG:4326).",
        ) from err
