"""Handing a boundary file to the child that reads it, and surviving whatever the file does to that child."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import signal
import sys
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

from base.errors import InvalidInputError
from camera_registry.units.features import Feature

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MOST_BYTES = 256 << 20
"""Of a file of boundaries."""

PATIENCE_S = 180.0

_HANDED_ON = ("LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "PATH", "TMPDIR")
"""Of this process's environment; the rest may hold secrets, and the child reads a stranger's file."""

_ENVIRONMENT = {
    # One thread: each would map memory of its own, and the child's is bounded.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # A file must not make GDAL open another one, on this machine or on the network.
    "GDAL_SKIP": "VRT,OGR_VRT,GDALG,WFS,OAPIF,CSW,HTTP,OGCAPI,Elasticsearch,Carto,AmigoCloud,PLSCENES,NGW",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
    "SHAPE_RESTORE_SHX": "YES",  # a lost index is made anew
    "OGR_GEOJSON_MAX_OBJ_SIZE": "200",  # MB
    "PROJ_NETWORK": "OFF",
    "LANG": "C.UTF-8",
}


async def read_file(path: Path, crs: str = "") -> tuple[list[Feature], list[str]]:
    """The features of a boundary file in WGS-84, and what is to be known of it.

    Args:
        path: A GeoJSON file, a GeoPackage, or a .zip with Shapefiles.
        crs: The reference system, in words or as an EPSG code; empty: as the file says.

    Raises:
        InvalidInputError: It cannot be used; the sentence says why.
    """
    whole = await asyncio.to_thread(_checked, path)
    with tempfile.TemporaryDirectory(prefix="dengta-units-") as folder:
        answer = await _ask_child({"path": whole, "folder": folder, "crs": crs}, path.name)
    if refused := answer.get("refused"):
        raise InvalidInputError(f"{path.name}: {refused['detail']}", remedy=refused["remedy"])
    features = [Feature(**{**row, "wkb": base64.b64decode(row["wkb"])}) for row in answer["features"]]
    return features, answer["notes"]


def _checked(path: Path) -> str:
    try:
        size = path.stat().st_size
    except OSError as err:
        raise InvalidInputError(f"{path.name} cannot be read: {err.strerror}.") from err
    if size > MOST_BYTES:
        raise InvalidInputError(
            f"{path.name} has {size >> 20} MiB; {MOST_BYTES >> 20} are the most.",
            remedy="Simplify the boundaries.",
        )
    return str(path.resolve())


async def _ask_child(question: dict[str, str], name: str) -> dict[str, Any]:
    child = await asyncio.create_subprocess_exec(
        *_command(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in _HANDED_ON if name in os.environ} | _ENVIRONMENT,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            said, _ = await child.communicate(orjson.dumps(question))
    except TimeoutError as err:
        raise InvalidInputError(
            f"{name}: reading it takes longer than {PATIENCE_S:.0f} s.", remedy="Simplify the boundaries."
        ) from err
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    try:
        answer: dict[str, Any] = orjson.loads(said)
    except orjson.JSONDecodeError as err:
        how = signal.Signals(-child.returncode).name if child.returncode and child.returncode < 0 else "early"
        raise InvalidInputError(
            f"{name}: reading it ended its reader ({how}); it is damaged, or far too large.",
            remedy="Save it anew from the program that made it, or simplify the boundaries.",
        ) from err
    return answer


def _command() -> Sequence[str]:
    return (sys.executable, "-I", "-m", "camera_registry.units.reader")


def digest(path: Path) -> str:
    """sha256 of a file.

    Raises:
        InvalidInputError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as err:
        raise InvalidInputError(f"{path.name} cannot be read: {err.strerror}.") from err
