"""Laying a boundary file out for GDAL: told by its content, a zip's parts under names of our own."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from base.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_UNPACKED = 512 << 20
"""Bytes that a zip may unpack to; the boundaries of a province at full detail have a tenth."""

MOST_MEMBERS = 1000
"""Of a zip."""

FORMS = "Boundaries come as GeoJSON, as a GeoPackage, or as a Shapefile in a .zip (.shp, .shx, .dbf, .prj)."

_SHAPE = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_ALONE = (".geojson", ".json", ".gpkg")
_SHP_MAGIC, _SQLITE_MAGIC = b"\x00\x00\x27\x0a", b"SQLite format 3\x00"
_LANGUAGE_BYTE, _ANSI = 29, b"\x57"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that GDAL can open.

    Attributes:
        path: Where it lies.
        name: What its sender calls it, for layers without a name of their own.
        form: ``geojson``, ``gpkg`` or ``shapefile``.
        encoding: Of a Shapefile's texts; they are read as Latin-1 and decoded by us.
    """

    path: Path
    name: str
    form: str
    encoding: str = "utf-8"


def lay_out(path: Path, folder: Path) -> list[Source]:
    """What can be read of ``path``; a zip's parts are unpacked into ``folder``.

    Raises:
        InvalidInputError: It is nothing that holds boundaries.
    """
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if head.startswith(b"PK\x03\x04"):
        return _unpack(path, folder)
    form = _form(head)
    if form == "shapefile":
        raise InvalidInputError(
            "A .shp alone has no names and no codes.", remedy="Put it into a .zip with its .shx, .dbf, .prj."
        )
    # GDAL tells forms by the ending too. SQLite may write beside what it reads, so that is a copy.
    copy = folder / f"whole.{form}"
    if form == "gpkg":
        shutil.copyfile(path, copy)
    else:
        copy.symlink_to(path.resolve())
    return [Source(copy, path.stem, form)]


def _form(head: bytes) -> str:
    if head.startswith(_SQLITE_MAGIC):
        return "gpkg"
    if head.startswith(_SHP_MAGIC):
        return "shapefile"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "geojson"
    raise InvalidInputError("It is no file of boundaries.", remedy=FORMS)


def _unpack(path: Path, folder: Path) -> list[Source]:
    try:
        with zipfile.ZipFile(path) as archive:
            return _unpack_members(archive, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as err:
        raise InvalidInputError(f"The .zip cannot be unpacked: {err}.", remedy="Pack it anew.") from err


def _unpack_members(archive: zipfile.ZipFile, folder: Path) -> list[Source]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MOST_MEMBERS:
        raise InvalidInputError(f"The .zip holds {len(members):,} files; {MOST_MEMBERS:,} are the most.")
    room = MOST_UNPACKED
    sources = []
    for number, (name, parts) in enumerate(sorted(_sets(members).items())):
        for ending, member in parts.items():
            if member.flag_bits & 1:
                raise InvalidInputError("The .zip is locked by a password.", remedy="Pack it without one.")
            room -= _copy(archive, member, folder / f"{number}{ending}", room)
        sources.append(_source(folder, number, name, set(parts)))
    if not sources:
        raise InvalidInputError("The .zip holds no boundaries.", remedy=FORMS)
    return sources


def _sets(members: Iterable[zipfile.ZipInfo]) -> dict[str, dict[str, zipfile.ZipInfo]]:
    """The files that belong together, by what they are called without their ending.

    Members' names are used to tell them apart and for nothing else: they may hold ``..`` or a drive's letter.
    """
    sets: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for member in members:
        name = PurePosixPath(member.filename.replace("\\", "/"))
        ending = name.suffix.lower()
        if "__MACOSX" in name.parts or name.name.startswith("."):
            continue
        if ending in _SHAPE or ending in _ALONE:
            whole = str(name.with_suffix("")) if ending in _SHAPE else str(name)
            sets.setdefault(whole, {})[ending] = member
    return {name: parts for name, parts in sets.items() if ".shp" in parts or set(parts) & set(_ALONE)}


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, room: int) -> int:
    """Unpack one member, counting what comes out: what its header says of its size may be a lie."""
    written = 0
    with archive.open(member) as packed, target.open("wb") as out:
        while block := packed.read(1 << 20):
            written += len(block)
            if written > room:
                raise InvalidInputError(
                    f"The .zip unpacks to more than {MOST_UNPACKED >> 20} MiB.",
                    remedy="Leave out what is not a boundary, or simplify the boundaries.",
                )
            out.write(block)
    return written


def _source(folder: Path, number: int, name: str, endings: set[str]) -> Source:
    shown = PurePosixPath(name).name
    for ending in _ALONE:
        if ending in endings:
            path = folder / f"{number}{ending}"
            with path.open("rb") as file:
                return Source(path, PurePosixPath(name).stem, _form(file.read(1 << 16)))
    if ".dbf" not in endings:
        raise InvalidInputError(
            f"The Shapefile {shown} lacks its .dbf, where names and codes are.",
            remedy="Put .shp, .shx, .dbf and .prj into the .zip.",
        )
    table, page = folder / f"{number}.dbf", folder / f"{number}.cpg"
    encoding = _encoding(table, page)
    page.unlink(missing_ok=True)
    with table.open("r+b") as file:
        file.seek(_LANGUAGE_BYTE)
        file.write(_ANSI)
    return Source(folder / f"{number}.shp", shown, "shapefile", encoding)


def _encoding(table: Path, page: Path) -> str:
    """How the texts are encoded: as the .cpg says if that can be, else UTF-8 if they are, else GB18030.

    Chinese GIS programs write GBK and rarely say so.
    """
    texts = table.read_bytes()
    told = page.read_text("ascii", "ignore").strip().lower() if page.exists() else ""
    told = {"936": "gbk", "cp936": "gbk", "ansi 936": "gbk", "gb2312": "gbk", "65001": "utf-8"}.get(
        told, told
    )
    for encoding in (told, "utf-8", "gb18030"):
        try:
            # The .dbf's head is binary and a name may be cut within a character: what matters are the rows.
            texts[int.from_bytes(texts[8:10], "little") :].rstrip(b"\x1a").decode(encoding)
        except (LookupError, UnicodeError, ValueError):
            continue
        return encoding
    return "gb18030"
