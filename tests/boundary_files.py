"""Boundary files as cities hand them in: every form, encoding and reference system."""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path

import numpy as np
import orjson
import shapely
from pyogrio import raw
from pyproj import Transformer

Row = tuple[dict[str, object], shapely.Geometry | None]
"""What a unit carries, and its boundary in WGS-84 degrees."""


def geojson(rows: list[Row], **members: object) -> bytes:
    features = [
        {
            "type": "Feature",
            "properties": said,
            "geometry": None if shape is None else shapely.geometry.mapping(shape),
        }
        for said, shape in rows
    ]
    return orjson.dumps({"type": "FeatureCollection", "features": features, **members})


def projected(shape: shapely.Geometry, epsg: int, *, northing_first: bool = False) -> shapely.Geometry:
    """A shape in degrees in another system, eastings first unless told."""
    way = Transformer.from_crs(4326, epsg, always_xy=True)

    def convert(corners: np.ndarray) -> np.ndarray:
        east, north = way.transform(corners[:, 0], corners[:, 1])
        return np.column_stack([north, east] if northing_first else [east, north])

    return shapely.transform(shape, convert)


def write(
    path: Path,
    rows: list[Row],
    driver: str,
    crs: str | None,
    *,
    layer: str | None = None,
    encoding: str | None = None,
) -> None:
    """Write rows as they are, without conversion."""
    names = list(rows[0][0])
    columns = [np.array([said[name] for said, _ in rows], dtype=object) for name in names]
    shapes = np.array([shapely.to_wkb(shape) for _, shape in rows], dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a Shapefile's names of columns are cut to ten bytes
        raw.write(
            path, shapes, columns, np.array(names, dtype=object),
            driver=driver, geometry_type="Polygon", crs=crs, layer=layer, encoding=encoding,
            append=path.exists(),
        )  # fmt: skip


def shapefile_zip(
    folder: Path, rows: list[Row], crs: str | None = "EPSG:4490", *, encoding: str = "UTF-8",
    without: tuple[str, ...] = (), inside: str = "", stem: str = "units",
) -> Path:  # fmt: skip
    """A .zip with a Shapefile."""
    made = folder / f"{stem}-parts"
    made.mkdir()
    write(made / f"{stem}.shp", rows, "ESRI Shapefile", crs, encoding=encoding)
    packed = folder / f"{stem}.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(made.iterdir()):
            if part.suffix not in without:
                archive.write(part, f"{inside}{part.name}")
    return packed


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()
