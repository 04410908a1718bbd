"""GeoPackage (OGC 12-128r18, version 1.3), written by GDAL a block at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import shapely

from base.errors import UnavailableError
from camera_registry.exporting.writers import as_text, headers_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from camera_registry.exporting.columns import ExportColumn
    from camera_registry.exporting.request import ExportRequest
    from camera_registry.exporting.rows import Row

BLOCK = 20_000
"""Rows for which the file is opened and its index extended once."""

_ABSENT: dict[str, Any] = {"whole": 0, "number": 0.0}


class GeoPackageFile:
    """One layer of points, indexed; rows without a place have no geometry."""

    def __init__(self, path: Path, request: ExportRequest, columns: Sequence[ExportColumn]) -> None:
        self._path = path
        self._columns = columns
        self._names = headers_of(columns, request.language)
        self._layer = request.kind.value
        self._held: list[Row] = []
        self._begun = False

    def write(self, rows: list[Row]) -> None:
        """See :class:`Writer`."""
        self._held += rows
        if len(self._held) >= BLOCK:
            self._put()

    def finish(self) -> None:
        """See :class:`Writer`."""
        if self._held or not self._begun:
            self._put()

    def abandon(self) -> None:
        """See :class:`Writer`."""
        self._held.clear()

    def _put(self) -> None:
        rows, self._held = self._held, []
        new = not self._begun
        try:
            pyogrio.raw.write(
                self._path,
                _geometries(rows),
                [_values(rows, i, column) for i, column in enumerate(self._columns)],
                self._names,
                field_mask=[_mask(rows, i, column) for i, column in enumerate(self._columns)],
                layer=self._layer,
                driver="GPKG",
                geometry_type="Point",
                crs="EPSG:4326",
                append=not new,
                dataset_options={"VERSION": "1.3"} if new else None,
                layer_options={"GEOMETRY_NAME": "geom"} if new else None,
            )
        except pyogrio.errors.DataSourceError as err:
            raise UnavailableError("The GeoPackage cannot be written: the disk may be full.") from err
        self._begun = True


def _geometries(rows: list[Row]) -> NDArray[np.object_]:
    places = np.array([(np.nan, np.nan) if row[-1] is None else row[-2:] for row in rows], dtype=float)
    geometries: NDArray[np.object_] = np.empty(len(rows), dtype=object)
    if len(rows):
        geometries[:] = shapely.to_wkb(shapely.points(places)).tolist()
        geometries[np.isnan(places[:, 0])] = None
    return geometries


def _values(rows: list[Row], i: int, column: ExportColumn) -> NDArray[Any]:
    if column.type in _ABSENT:
        kind = np.int64 if column.type == "whole" else np.float64
        return np.array([_ABSENT[column.type] if row[i] is None else row[i] for row in rows], dtype=kind)
    if column.type == "day":
        return np.array([row[i] for row in rows], dtype="datetime64[D]")
    return np.array([as_text(row[i]) for row in rows], dtype=object)


def _mask(rows: list[Row], i: int, column: ExportColumn) -> NDArray[np.bool_] | None:
    """What is absent of numbers, which have no way of their own to say it."""
    return np.array([row[i] is None for row in rows], dtype=bool) if column.type in _ABSENT else None
