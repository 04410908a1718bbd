"""Reading boundary files with GDAL, in a process of its own: a hostile file breaks that process alone.

The parent gives one JSON object on standard input and gets one back on standard output:
``{"features": […], "notes": […]}`` or ``{"refused": {"detail", "remedy"}}``.
"""

from __future__ import annotations

import base64
import resource
import sys
import warnings
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyogrio
import shapely
from pyogrio import raw

from base.errors import InvalidInputError
from camera_registry.units.features import Feature
from camera_registry.units.georeference import Georeference
from camera_registry.units.layout import FORMS, Source, lay_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

MEMORY_BYTES = 3 << 30
"""Address space; libraries alone map half of it."""

CPU_S = 120

MOST_FEATURES = 20_000
"""A city has 170 units; a province 2,000."""

MOST_VERTICES = 5_000_000
"""Of a whole file."""

MOST_FIELDS = 200
MOST_TEXT = 500
"""Characters of one value; names are shorter."""


def read_features(path: Path, folder: Path, crs: str) -> tuple[list[Feature], list[str]]:
    """All features of all layers of polygons, and what is to be known of them.

    Args:
        path: The file.
        folder: An empty one for what it unpacks to.
        crs: The reference system, in words or as ``EPSG:4549``; empty: as the file says.

    Raises:
        InvalidInputError: It cannot be read, or its place on Earth cannot be told.
    """
    features: list[Feature] = []
    notes: list[str] = []
    corners = 0
    for source in lay_out(path, folder):
        for layer, name in _layers(source):
            read, shapes, told = _read(source, layer)
            corners += int(shapely.get_num_coordinates(shapes).sum())
            if len(features) + len(shapes) > MOST_FEATURES or corners > MOST_VERTICES:
                raise InvalidInputError(
                    f"It holds more than {MOST_FEATURES:,} features or {MOST_VERTICES:,} corners.",
                    remedy="Leave out what is not a unit, or simplify the boundaries.",
                )
            placed = Georeference.of(told, crs).place(shapes)
            notes += [note for note in placed.notes if note not in notes]
            features += [
                Feature(number, name, attributes, shapely.to_wkb(shape) if shape is not None else b"")
                for number, (attributes, shape) in enumerate(zip(read, placed.shapes, strict=True), start=1)
            ]
    if not features:
        raise InvalidInputError("It holds no polygons.", remedy=FORMS)
    return features, notes


def _layers(source: Source) -> list[tuple[str, str]]:
    """The layers that may hold polygons, and what to call each."""
    with _gdal_errors():
        found = pyogrio.list_layers(source.path).tolist()
    wanted = [name for name, kind in found if kind and "Point" not in kind and "Line" not in kind]
    named = source.form == "gpkg"
    return [(name, name if named else source.name) for name in wanted]


def _read(source: Source, layer: str) -> tuple[list[dict[str, str]], NDArray[np.object_], str | None]:
    with _gdal_errors():
        meta, _, geometry, columns = raw.read(
            source.path, layer=layer, force_2d=True, max_features=MOST_FEATURES + 1, datetime_as_string=True
        )
    with _gdal_errors():
        # An unclosed ring is closed; what is no geometry at all becomes None.
        shapes = shapely.from_wkb(geometry, on_invalid="fix")
    names = [_text(name, source) for name in meta["fields"][:MOST_FIELDS]]
    texts = [[_text(value, source) for value in column] for column in columns[:MOST_FIELDS]]
    rows = zip(*texts, strict=True) if texts else ((),) * len(shapes)
    return [dict(zip(names, row, strict=True)) for row in rows], shapes, meta["crs"]


def _text(value: Any, source: Source) -> str:
    """A value as text: a code that was stored as a number has no decimals."""
    if value is None or (isinstance(value, float | np.floating) and not np.isfinite(value)):
        return ""
    if isinstance(value, float | np.floating) and value == int(value):
        value = int(value)
    text = str(value)
    if source.form == "shapefile":
        text = text.encode("latin-1", "replace").decode(source.encoding, "ignore")
    kept = "".join(letter if letter.isprintable() else " " for letter in text[:MOST_TEXT])
    return kept.strip()


@contextmanager
def _gdal_errors() -> Iterator[None]:
    """GDAL's, pyogrio's and GEOS's failures are the file's; what they warn of is looked at later."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except Exception as err:
            said = (str(err).splitlines() or [type(err).__name__])[0][:200].rstrip(".")
            remedy = "Save it anew from the program that made it."
            raise InvalidInputError(f"It cannot be read: {said}.", remedy=remedy) from err


def main() -> None:
    """Be the child: read one request, write one answer."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asked = orjson.loads(sys.stdin.buffer.read())
    try:
        features, notes = read_features(Path(asked["path"]), Path(asked["folder"]), asked["crs"])
        rows = [{**asdict(each), "wkb": base64.b64encode(each.wkb).decode()} for each in features]
        answer: dict[str, Any] = {"features": rows, "notes": notes}
    except InvalidInputError as err:
        answer = {"refused": {"detail": err.detail, "remedy": err.remedy}}
    sys.stdout.buffer.write(orjson.dumps(answer))


if __name__ == "__main__":
    main()
