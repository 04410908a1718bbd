"""The tree of units as a file that other programs, and :mod:`camera_registry.units.work`, read."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely

from base.errors import InvalidInputError, SetupError
from camera_registry.units.check import outline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from camera_registry.units.tree import Unit

LEVELS = ("city", "district", "township")
FILE_DIGITS = 9
"""Decimals of a degree in a file: what goes out comes in again as it was, to 0.1 mm."""

FIELDS = ("code", "name", "name_en", "civil_code", "level", "parent")


def write_units_file(path: Path, units: Sequence[Unit]) -> None:
    """Write units as GeoJSON or as a GeoPackage, by the file's ending; the file is whole or not there.

    Raises:
        InvalidInputError: The ending is neither.
        SetupError: The file cannot be written.
    """
    write = {".geojson": _geojson, ".json": _geojson, ".gpkg": _geopackage}.get(path.suffix.lower())
    if write is None:
        raise InvalidInputError(f"{path.name}: units are written as .geojson or .gpkg.")
    try:
        with tempfile.TemporaryDirectory(prefix=".units-", dir=path.resolve().parent) as folder:
            whole = Path(folder) / f"units{path.suffix.lower()}"
            write(whole, units)
            whole.replace(path)
    except OSError as err:
        raise SetupError(f"{path} cannot be written: {err.strerror}.") from err


def feature_of(unit: Unit, digits: int = FILE_DIGITS) -> dict[str, Any]:
    """A unit as a GeoJSON feature, corners to so many decimals of a degree."""
    return {
        "type": "Feature",
        "id": unit.code,
        "geometry": None if unit.shape is None else outline(unit.shape, digits),
        "properties": dict(zip(FIELDS, _values(unit), strict=True)),
    }


def _values(unit: Unit) -> tuple[str | None, ...]:
    return unit.code, unit.name, unit.name_en, unit.civil_code, LEVELS[unit.level], unit.parent


def _geojson(path: Path, units: Sequence[Unit]) -> None:
    features = [feature_of(unit) for unit in units]
    path.write_bytes(orjson.dumps({"type": "FeatureCollection", "features": features}))


def _geopackage(path: Path, units: Sequence[Unit]) -> None:
    from pyogrio import raw  # noqa: PLC0415 - GDAL takes 50 ms and 20 MB that only this needs

    columns = [np.array(column, dtype=object) for column in zip(*map(_values, units), strict=True)]
    shapes = [None if unit.shape is None else shapely.to_wkb(unit.shape) for unit in units]
    raw.write(
        path,
        np.array(shapes, dtype=object),
        columns,
        np.array(FIELDS, dtype=object),
        layer="units",
        driver="GPKG",
        geometry_type="MultiPolygon",
        crs="EPSG:4326",
    )
