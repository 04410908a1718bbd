"""GeoPackage (OGC 12-128r15), read with SQLite alone: a damaged or hostile file crashes nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pyproj
import shapely

from base.errors import InvalidInputError
from camera_registry.importing.headers import GEOMETRY, recognise
from camera_registry.importing.readers.geojson import not_a_point
from camera_registry.importing.readers.reader import (
    CHUNK,
    MOST_CELL,
    MOST_COLUMNS,
    Chunk,
    as_text,
    require_rows,
)
from gis.crs import ReferenceSystem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from camera_registry.importing.request import Kind
    from camera_registry.importing.values import Problem

_DEGREES = {4326: ReferenceSystem.WGS_84, 4490: ReferenceSystem.CGCS2000}
_HEADER_BYTES = {0: 8, 1: 40, 2: 56, 3: 56, 4: 72}
"""Length of a geometry blob's header by its kind of envelope."""
_STEPS = 200_000_000
"""Steps of SQLite's machine that one query may take: a list of two million rows needs a tenth of it."""
_STEP_BLOCK = 1_000_000


class GeoPackageReader:
    """Reads the point layer of a GeoPackage that looks most like the list; a row's number is its fid.

    Raises:
        InvalidInputError: It is damaged, has no layer, or one in a reference system that cannot be read.
    """

    def __init__(self, path: Path, kind: Kind) -> None:
        self.path = path
        self.notes: list[str] = []
        with closing(open_sqlite(path)) as database:
            layers = _ask(database, _LAYERS)
            plain = {
                name for (name,) in _ask(database, "select name from sqlite_schema where type = 'table'")
            }
            layers = [row for row in layers if row[0] in plain]
            if not layers:
                raise InvalidInputError(
                    "The file is an SQLite database without a GeoPackage layer.",
                    remedy="Export a point layer.",
                )
            columns = {row[0]: columns_of(database, row[0]) for row in layers}

            def likeness(row: Any) -> int:
                return sum(recognise(kind, name) is not None for name, _, _ in columns[row[0]])

            chosen = max(layers, key=likeness)
            self.layer, self.geometry, srs, organisation, number = chosen
            self._transform = self._to_degrees(srs, organisation, number)
        self.columns = [entry for entry in columns[self.layer] if entry[0] != self.geometry]
        self.key = next((name for name, _, key in self.columns if key), None)
        self.names = [name for name, _, key in self.columns if not key]
        if len(self.names) > MOST_COLUMNS:
            raise InvalidInputError(
                f"The layer has more than {MOST_COLUMNS} columns.", remedy="Leave some out."
            )
        self.header = [*self.names, *(GEOMETRY if self.geometry else ())]
        self.form = {"form": "gpkg", "layer": self.layer}
        if srs in _DEGREES:
            self.form["crs"] = _DEGREES[srs].value
        others = [row[0] for row in layers if row[0] != self.layer]
        if others:
            self.notes.append(f"Read is layer {self.layer!r}; not read: {', '.join(map(repr, others[:10]))}.")

    def chunks(self) -> Iterator[Chunk]:
        """The rows, in order of their fid."""
        width, read = len(self.header), 0
        chunk = Chunk(width)
        numbers: list[int] = []
        rows: list[list[str]] = []
        for fid, total, cells, blob in self.records():
            row = [_cell(value) for value in cells]
            if self.geometry:
                longitude, latitude, problem = self._place(blob)
                if problem:
                    chunk.spoilt.append((len(rows), len(row), problem))
                row += [longitude, latitude]
            numbers.append(fid)
            rows.append(row)
            if len(rows) == CHUNK:
                read += CHUNK
                require_rows(read)
                chunk.share = min(1.0, read / max(total, read))
                chunk.add(numbers, rows)
                yield chunk
                chunk, numbers, rows = Chunk(width), [], []
        chunk.share = 1.0
        chunk.add(numbers, rows)
        yield chunk

    def records(self) -> Iterator[tuple[int, int, tuple[Any, ...], bytes | None]]:
        """fid, number of rows in all, values and geometry of each row, as they stand."""
        names = ", ".join(map(quoted, self.names)) or "null"
        geometry = quoted(self.geometry) if self.geometry else "null"
        key = quoted(self.key) if self.key else "rowid"
        table = quoted(self.layer)
        with closing(open_sqlite(self.path)) as database:
            [(total,)] = _ask(database, f"select count(*) from {table}")  # noqa: S608 - quoted
            query = f"select {key}, {geometry}, {names} from {table} order by {key}"  # noqa: S608 - quoted
            for fid, blob, *cells in _rows(database, query):
                yield int(fid), total, tuple(cells[: len(self.names)]), blob

    def _to_degrees(
        self, srs: int | None, organisation: str | None, number: int | None
    ) -> pyproj.Transformer | None:
        """What brings the layer's coordinates to WGS-84; None if they are degrees already."""
        if srs is None or srs in {-1, 0} or srs in _DEGREES:
            if srs in {-1, 0}:
                self.notes.append("The layer's reference system is undefined: taken as degrees.")
            return None
        if str(organisation).upper() == "EPSG" and number:
            try:
                system = pyproj.CRS.from_epsg(number)
                self.notes.append(f"The geometries are of EPSG:{number} and were brought to WGS-84.")
                return pyproj.Transformer.from_crs(system, 4326, always_xy=True)
            except pyproj.exceptions.ProjError:
                pass
        raise InvalidInputError(
            f"The layer is in a reference system ({srs}) that is not known here.",
            remedy="Save it in WGS-84 (EPSG:4326).",
        )

    def _place(self, blob: Any) -> tuple[str, str, Problem | None]:
        if blob is None:
            return "", "", None
        shape = geometry_of(blob)
        if shape is None:
            return "", "", not_a_point("a damaged geometry")
        if shape.is_empty:
            return "", "", None
        if shape.geom_type == "MultiPoint" and len(shape.geoms) == 1:
            shape = shape.geoms[0]
        if shape.geom_type != "Point":
            return "", "", not_a_point(shape.geom_type)
        x, y = shape.x, shape.y
        if self._transform:
            x, y = self._transform.transform(x, y)
        return repr(x), repr(y), None


_LAYERS = """
select c.table_name, g.column_name, g.srs_id, s.organization, s.organization_coordsys_id
  from gpkg_contents c
  left join gpkg_geometry_columns g on g.table_name = c.table_name
  left join gpkg_spatial_ref_sys s on s.srs_id = g.srs_id
 where c.data_type in ('features', 'attributes')
 order by c.data_type desc, c.table_name
"""


def open_sqlite(path: Path) -> sqlite3.Connection:
    """The file, for reading, with SQLite's own precautions against hostile databases."""
    database = sqlite3.connect(f"file:{_escaped(path)}?mode=ro&immutable=1", uri=True)
    steps = 0

    def count() -> bool:
        nonlocal steps
        steps += _STEP_BLOCK
        return steps > _STEPS

    database.set_progress_handler(count, _STEP_BLOCK)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 64 << 20)
    database.text_factory = lambda raw: raw.decode("utf-8", "replace")
    for precaution in ("trusted_schema = off", "cell_size_check = on", "query_only = on", "mmap_size = 0"):
        _ask(database, f"pragma {precaution}")
    return database


def _escaped(path: Path) -> str:
    return str(path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def quoted(name: str) -> str:
    """An identifier for SQLite."""
    return '"' + name.replace('"', '""') + '"'


def _ask(database: sqlite3.Connection, query: str) -> list[Any]:
    return list(_rows(database, query))


def _rows(database: sqlite3.Connection, query: str) -> Iterator[Any]:
    try:
        yield from database.execute(query)
    except (sqlite3.Error, OverflowError, UnicodeError) as err:
        raise InvalidInputError(
            "The GeoPackage is damaged, or no GeoPackage at all.", remedy="Export the layer again."
        ) from err


def columns_of(database: sqlite3.Connection, table: str) -> list[tuple[str, str, bool]]:
    """Name, declared type and whether it is the key, of each column."""
    rows = _ask(database, f"pragma table_info({quoted(table)})")
    return [(str(name), str(declared), bool(key)) for _, name, declared, _, _, key in rows]


def geometry_of(blob: Any) -> shapely.Geometry | None:
    """The shape in a GeoPackage geometry blob; None if it is none."""
    if not isinstance(blob, bytes) or len(blob) < 8 or blob[:2] != b"GP":
        return None
    start = _HEADER_BYTES.get(blob[3] >> 1 & 7)
    if start is None or len(blob) < start:
        return None
    shape: shapely.Geometry | None = shapely.from_wkb(blob[start:], on_invalid="ignore")
    return shape


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value[:MOST_CELL]
    return "" if isinstance(value, bytes) else as_text(value)
