"""The jobs folder: what was uploaded for a job and what it wrote for its asker, bounded in size and age."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING, Any

from base.errors import InvalidInputError, NotFoundError, UnavailableError
from base.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from base.clock import Clock

KEPT = timedelta(days=7)
"""A dry run can be committed, and refused rows fetched, for so long."""

ABANDONED = timedelta(hours=6)
"""An upload that is not whole by then never will be: its sender or its receiver has gone."""

_NAME = re.compile(r"[0-9a-z-]{1,60}\.(?:upload|rejects)")
_PART = ".part"
_SPOOL = "spool-"


@dataclass(slots=True)
class Incoming:
    """A file that is being received.

    Attributes:
        path: Where it grows.
        size: Bytes so far.
        digest: sha256 so far.
    """

    path: Path
    file: IO[bytes]
    minimum_free: int
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    @property
    def name(self) -> str:
        """By which a job will refer to it once it is kept."""
        return f"{self.path.stem}.upload"

    def write(self, data: bytes) -> None:
        """Append ``data``.

        Raises:
            UnavailableError: The disk is full or cannot be written.
        """
        try:
            if shutil.disk_usage(self.path.parent).free - len(data) < self.minimum_free:
                raise _no_room()
            self.file.write(data)
        except OSError as err:
            raise UnavailableError(f"The upload cannot be kept: {err.strerror}.") from err
        self.size += len(data)
        self.digest.update(data)

    def discard(self) -> None:
        """Remove it, unless it was kept."""
        self.file.close()
        self.path.unlink(missing_ok=True)


class JobFolder:
    """The files of jobs; only their owner may look.

    Args:
        folder: Made when it is first needed.
        clock: Decides what is old.
        minimum_free_mib: Below this much free space nothing more is stored.
    """

    def __init__(self, folder: Path, clock: Clock, *, minimum_free_mib: int = 0) -> None:
        self._folder = folder
        self._clock = clock
        self._minimum_free = minimum_free_mib << 20

    def receive(self, expected: int = 0) -> Incoming:
        """Begin to receive a file.

        Args:
            expected: Bytes that its sender announced.

        Raises:
            UnavailableError: There is no room for it, or the folder cannot be written.
        """
        path = self._folder / f"{new_id()}{_PART}"
        self._require_room(expected)
        try:
            opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as err:
            raise UnavailableError(f"The upload cannot be kept: {err.strerror}.") from err
        return Incoming(path, os.fdopen(opened, "wb"), self._minimum_free)

    def _require_room(self, expected: int) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if shutil.disk_usage(self._folder).free - expected < self._minimum_free:
                raise _no_room()
        except OSError as err:
            raise UnavailableError(f"The jobs folder cannot be written: {err.strerror}.") from err

    def keep(self, incoming: Incoming) -> None:
        """Give a file that is whole its name.

        Raises:
            UnavailableError: It cannot be written.
        """
        try:
            incoming.file.flush()
            os.fsync(incoming.file.fileno())
            incoming.file.close()
            incoming.path.rename(self._folder / incoming.name)
        except OSError as err:
            raise UnavailableError(f"The upload cannot be kept: {err.strerror}.") from err

    def spool(self, ending: str) -> Path:
        """Where a file of that ending may be made for somebody who waits for it.

        Raises:
            UnavailableError: There is no room for it, or the folder cannot be written.
        """
        self._require_room(0)
        return self._folder / f"{_SPOOL}{new_id()}.{ending}"

    def path(self, name: str) -> Path:
        """Where the file of that name is or would be.

        Raises:
            InvalidInputError: That is no name of a job's file.
        """
        if not _NAME.fullmatch(name):
            raise InvalidInputError("That is no file of a job.")
        return self._folder / name

    def existing(self, name: str | None) -> Path:
        """Where the file of that name is.

        Raises:
            NotFoundError: It is not kept any more, or this machine does not have it.
        """
        if name is not None and (path := self.path(name)).is_file():
            return path
        raise NotFoundError(
            "The file of this job is not kept any more.",
            remedy=f"Upload it again; files are kept for {KEPT.days} days.",
        )

    def remove(self, names: Collection[str]) -> None:
        """Remove these files, if they are there."""
        for name in names:
            self.path(name).unlink(missing_ok=True)

    def sweep(self, needed: Collection[str]) -> int:
        """Remove what is too old, and return how many files went.

        Args:
            needed: Files of jobs that have not ended: they stay, however old.
        """
        removed = 0
        now = self._clock.now()
        for path in self._folder.glob("*") if self._folder.is_dir() else ():
            passing = path.suffix == _PART or path.name.startswith(_SPOOL)
            most = ABANDONED if passing else KEPT
            try:
                age = now - datetime.fromtimestamp(path.stat().st_mtime, UTC)
                if age > most and path.name not in needed:
                    path.unlink()
                    removed += 1
            except OSError:  # somebody else swept it, or it is no file of ours
                continue
        return removed


def _no_room() -> UnavailableError:
    return UnavailableError(
        "The disk is nearly full; no file can be taken or made.",
        remedy="Make room, or set DENGTA_JOBS_FOLDER to another disk.",
    )
