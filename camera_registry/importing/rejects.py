"""The refused rows of a list as a file of the same form, with a column of reasons, to be mended."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from base.errors import UnavailableError
from camera_registry.importing.headers import REASONS
from camera_registry.importing.readers.delimited import DelimitedReader
from camera_registry.importing.readers.geojson import GeoJsonReader
from camera_registry.importing.readers.geopackage import GeoPackageReader, columns_of, open_sqlite, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from camera_registry.importing.readers.reader import Reader
    from camera_registry.importing.report import Fault


_FORMULA = re.compile(r"[=+\-@\t\r]")
_HARMLESS = re.compile(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?")
_SHORT_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,12})?")
_BARE_TYPE = re.compile(r"[A-Za-z]+(?:\(\d+\))?")


def write_rejects(reader: Reader, path: Path, refused: Mapping[int, Sequence[Fault]]) -> None:
    """Write the rows of these numbers to ``path``; it is there whole or not at all.

    Raises:
        UnavailableError: It cannot be written.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        if isinstance(reader, DelimitedReader):
            _write_delimited(reader, fresh, refused)
        elif isinstance(reader, GeoJsonReader):
            _write_geojson(reader, fresh, refused)
        elif isinstance(reader, GeoPackageReader):
            _write_geopackage(reader, fresh, refused)
        else:
            _write_workbook(reader, fresh, refused)
        fresh.replace(path)
    except (OSError, sqlite3.Error) as err:
        fresh.unlink(missing_ok=True)
        raise UnavailableError(
            f"The refused rows cannot be written to {path}.", remedy="Name another file, or make room."
        ) from err


def reasons(faults: Sequence[Fault]) -> str:
    """All that is wrong with a row, in one cell."""
    return "; ".join(
        f"[{fault.severity.value}] {f'{fault.column}: ' if fault.column else ''}{fault.reason} {fault.remedy}"
        for fault in faults
    )


def harmless(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula; :func:`clean` takes the guard off again."""
    return f"'{text}" if _FORMULA.match(text) and not _HARMLESS.fullmatch(text) else text


def _rows(reader: Reader, refused: Mapping[int, Sequence[Fault]]) -> Iterator[list[str]]:
    """Header and refused rows in order, each with its reasons in the last cell; older reasons go."""
    columns = [index for index, name in enumerate(reader.header) if name != REASONS]
    yield [*(reader.header[index] for index in columns), REASONS]
    for chunk in reader.chunks():
        found = [
            (number, chunk.row(index)) for index, number in enumerate(chunk.numbers) if number in refused
        ]
        found += [(number, cells) for number, cells, _ in chunk.broken]
        for number, row in sorted(found, key=lambda pair: pair[0]):
            cells = [row[index] if index < len(row) else "" for index in columns]
            yield [*cells, reasons(refused[number])]


def _write_delimited(reader: DelimitedReader, path: Path, refused: Mapping[int, Sequence[Fault]]) -> None:
    with path.open("w", encoding=reader.form["encoding"], errors="replace", newline="") as file:
        writer = csv.writer(file, delimiter=reader.delimiter)
        for row in _rows(reader, refused):
            writer.writerow([harmless(cell) for cell in row])


def _write_workbook(reader: Reader, path: Path, refused: Mapping[int, Sequence[Fault]]) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(reader.form.get("sheet", "")[:31] or None)
    for row in _rows(reader, refused):
        cells = []
        for text in row:
            if _SHORT_NUMBER.fullmatch(text):
                cells.append(WriteOnlyCell(sheet, float(text) if "." in text else int(text)))
                continue
            cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
            cell.data_type = "s"  # never a formula
            cells.append(cell)
        sheet.append(cells)
    book.save(path)


def _write_geojson(reader: GeoJsonReader, path: Path, refused: Mapping[int, Sequence[Fault]]) -> None:
    head = {"type": "FeatureCollection"}
    if crs := reader.form.get("crs"):
        head["crs"] = {"type": "name", "properties": {"name": crs}}  # type: ignore[assignment]
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "features": [')
        comma = "\n"
        for number, (feature, _) in enumerate(reader.features(), start=1):
            if number in refused:
                whole = feature if isinstance(feature, dict) else {"type": "Feature", "geometry": None}
                known = whole.get("properties")
                properties = {**known} if isinstance(known, dict) else {}
                properties[REASONS] = reasons(refused[number])
                file.write(comma + json.dumps({**whole, "properties": properties}, ensure_ascii=False))
                comma = ",\n"
        file.write("\n]}\n")


_GEOPACKAGE = """
pragma application_id = 1196444487;
pragma user_version = 10300;
create table gpkg_spatial_ref_sys (srs_name text not null, srs_id integer primary key,
    organization text not null, organization_coordsys_id integer not null, definition text not null,
    description text);
create table gpkg_contents (table_name text primary key, data_type text not null, identifier text unique,
    description text default '',
    last_change datetime not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    min_x double, min_y double, max_x double, max_y double, srs_id integer);
create table gpkg_geometry_columns (table_name text not null primary key, column_name text not null,
    geometry_type_name text not null, srs_id integer not null, z tinyint not null, m tinyint not null);
"""


def _write_geopackage(reader: GeoPackageReader, path: Path, refused: Mapping[int, Sequence[Fault]]) -> None:
    """A GeoPackage of the layer: its columns, its reference system, the geometries as they stand."""
    with closing(open_sqlite(reader.path)) as source:
        systems = source.execute(
            "select srs_name, srs_id, organization, organization_coordsys_id, definition, description"
            " from gpkg_spatial_ref_sys"
        ).fetchall()
        geometry = source.execute(
            "select geometry_type_name, srs_id, z, m from gpkg_geometry_columns where table_name = ?",
            (reader.layer,),
        ).fetchone()
        types = {name: kind for name, kind, _ in columns_of(source, reader.layer)}
    names = [name for name in reader.names if name != REASONS]
    columns = ", ".join(f"{quoted(name)} {_type(types.get(name, ''))}" for name in names)
    table = quoted(reader.layer)
    with closing(sqlite3.connect(path)) as target, target:
        target.executescript(_GEOPACKAGE)
        target.executemany("insert into gpkg_spatial_ref_sys values (?, ?, ?, ?, ?, ?)", systems)
        kind = "features" if reader.geometry else "attributes"
        target.execute(
            "insert into gpkg_contents (table_name, data_type, identifier, srs_id) values (?, ?, ?, ?)",
            (reader.layer, kind, reader.layer, geometry[1] if geometry else None),
        )
        own = f"{quoted(reader.geometry)} {_type(geometry[0])}, " if reader.geometry else ""
        if reader.geometry:
            target.execute(
                "insert into gpkg_geometry_columns values (?, ?, ?, ?, ?, ?)",
                (reader.layer, reader.geometry, *geometry),
            )
        key = quoted(reader.key or "fid")
        target.execute(
            f"create table {table} ({key} integer primary key, {own}{columns + ', ' if columns else ''}"
            f"{quoted(REASONS)} text)"
        )
        kept = [index for index, name in enumerate(reader.names) if name != REASONS]
        marks = ", ".join("?" * (len(kept) + 2 + bool(reader.geometry)))
        target.executemany(
            f"insert into {table} values ({marks})",  # noqa: S608 - question marks
            (
                (fid, *((blob,) if reader.geometry else ()), *(cells[i] for i in kept), reasons(refused[fid]))
                for fid, _, cells, blob in reader.records()
                if fid in refused
            ),
        )


def _type(declared: str) -> str:
    """A declared type, if it is a plain word."""
    return declared if _BARE_TYPE.fullmatch(declared) else "text"
