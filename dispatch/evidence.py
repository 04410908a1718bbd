"""Evidence pictures, kept by the digest of their content."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from typing import TYPE_CHECKING, Protocol

import cv2

from base.errors import InvalidInputError, NotFoundError, UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_DIGEST = re.compile(r"[0-9a-f]{64}")


JPEG_QUALITY = 85
"""Keeps number plates as readable as the picture had them, at about a tenth of a byte a pixel."""


def encode_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """``pixels`` (height x width x 3, BGR) as a JPEG file.

    Raises:
        InvalidInputError: That is no picture.
    """
    try:
        done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    except cv2.error as err:
        raise InvalidInputError("The picture cannot be encoded.") from err
    if not done:
        raise InvalidInputError("The picture cannot be encoded.")
    return data.tobytes()


class EvidenceStore(Protocol):
    """Where evidence is kept."""

    def put(self, picture: bytes) -> str:
        """Keep a JPEG and return its sha256; the same picture is kept once."""
        ...

    def get(self, digest: str) -> bytes:
        """The JPEG of that sha256."""
        ...


class FolderEvidence:
    """Evidence in a folder, as ``ab/cd/abcd….jpg``.

    Args:
        folder: Made if absent.
        minimum_free_mib: Below this much free space nothing more is stored.
    """

    def __init__(self, folder: Path, *, minimum_free_mib: int = 0) -> None:
        self._folder = folder
        self._minimum_free = minimum_free_mib << 20
        # What cameras see is nobody's business but Dengta's: not even other users of this machine may look.
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, picture: bytes) -> str:
        """See :class:`EvidenceStore`. The file is whole and on the disk before this returns.

        Raises:
            UnavailableError: The disk is full or cannot be written.
        """
        digest = hashlib.sha256(picture).hexdigest()
        path = self._path(digest)
        if path.exists():
            return digest
        fresh = path.with_suffix(f".{os.getpid()}.new")
        try:
            if shutil.disk_usage(self._folder).free < self._minimum_free:
                raise UnavailableError(
                    "The evidence disk is nearly full; no picture can be stored.",
                    remedy="Make room, or set DENGTA_EVIDENCE_FOLDER to another disk.",
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as file:
                file.write(picture)
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(path)
        except OSError as err:
            fresh.unlink(missing_ok=True)
            raise UnavailableError(f"Evidence cannot be written: {err.strerror}.") from err
        return digest

    def get(self, digest: str) -> bytes:
        """See :class:`EvidenceStore`.

        Raises:
            InvalidInputError: That is not a sha256.
            NotFoundError: No such picture is kept.
        """
        try:
            return self._path(digest).read_bytes()
        except OSError as err:
            raise NotFoundError("This evidence is not kept here.") from err

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise InvalidInputError("Evidence is named by 64 lower-case hexadecimal digits.")
        return self._folder / digest[:2] / digest[2:4] / f"{digest}.jpg"
