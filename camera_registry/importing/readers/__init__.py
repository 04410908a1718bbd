"""Readers of lists, one for each form of file, all giving chunks of text; the form is told by content."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from base.errors import InvalidInputError
from camera_registry.importing.readers.delimited import DelimitedReader
from camera_registry.importing.readers.geojson import GeoJsonReader
from camera_registry.importing.readers.geopackage import GeoPackageReader
from camera_registry.importing.readers.workbook import WorkbookReader

if TYPE_CHECKING:
    from pathlib import Path

    from camera_registry.importing.readers.reader import Reader
    from camera_registry.importing.request import Kind

FORMS = "CSV, XLSX, GeoJSON or GeoPackage"

_SQLITE = b"SQLite format 3\x00"
_ZIP = b"PK\x03\x04"
_OTHERS = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": (
        "an old Excel file (.xls) or an encrypted one",
        "Save it as .xlsx without a password.",
    ),
    b"%PDF": ("a PDF document", "Export the list as XLSX or CSV."),
    b"Rar!": ("a RAR archive", "Unpack it and import the list in it."),
    b"7z\xbc\xaf": ("a 7z archive", "Unpack it and import the list in it."),
    b"\x1f\x8b": ("a gzip archive", "Unpack it and import the list in it."),
    b"\x89PNG": ("a picture", "Import the list itself."),
    b"\xff\xd8\xff": ("a picture", "Import the list itself."),
}


def open_list(path: Path, kind: Kind) -> Reader:
    """The reader of a file.

    Raises:
        InvalidInputError: It is of no form that is read here, damaged, empty, or too large.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as err:
        raise InvalidInputError(f"The file cannot be read: {err.strerror}.") from err
    if not start.strip(b"\x00\r\n\t \xef\xbb\xbf\xff\xfe"):
        raise InvalidInputError("The file is empty.", remedy="Export the list again.")
    for magic, (what, remedy) in _OTHERS.items():
        if start.startswith(magic):
            raise InvalidInputError(f"The file is {what}, not {FORMS}.", remedy=remedy)
    if start.startswith(_SQLITE):
        return GeoPackageReader(path, kind)
    if start.startswith(_ZIP):
        return _zipped(path, kind)
    if start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["}:
        return GeoJsonReader(path)
    return DelimitedReader(path, kind)


def _zipped(path: Path, kind: Kind) -> Reader:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as err:
        raise InvalidInputError(
            "The file is a damaged XLSX or ZIP archive.", remedy="Copy or export it again."
        ) from err
    if "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names):
        return WorkbookReader(path, kind)
    if any(name.lower().endswith(".shp") for name in names):
        raise InvalidInputError(
            "The file is a zipped Shapefile.",
            remedy=f"Save the layer as {FORMS}; GeoPackage keeps all of it.",
        )
    raise InvalidInputError(
        f"The file is a ZIP archive, not {FORMS}.", remedy="Unpack it and import the list in it."
    )
