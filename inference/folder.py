"""The local models folder: which models lie in it, each verified whole, and how new ones come to be there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from base.errors import ModelError
from inference.cards import ModelCard, NpmSource, Sha256

if TYPE_CHECKING:
    from collections.abc import Iterator

    from base.clock import Clock

CONVERTER_VERSION = "1"
"""Raised whenever ``inference.tfjs`` makes a different model of the same source: kept ones are made anew."""
PARTIAL = ".partial-"
PARTIAL_KEPT_S = 24 * 3600
"""What a killed fetch leaves behind goes at the next one a day later; until then it may still be running."""
MANIFEST_BYTES_MAX = 1 << 16


class State(StrEnum):
    """How a model stands in the local folder."""

    READY = "ready"
    ABSENT = "absent"
    DAMAGED = "damaged"
    """A file of its name is there and is not what it should be."""


@dataclass(frozen=True, slots=True)
class Stock:
    """One model and its place in the local folder.

    Attributes:
        path: The verified file; present exactly when the state is ``READY``.
        sha256: Of that file, or empty.
        detail: Why it is not ready, or where the file came from.
    """

    card: ModelCard
    state: State
    path: Path | None = None
    sha256: str = ""
    detail: str = ""

    @property
    def label(self) -> str:
        """The model as observations name it: its name and the first digits of the file's sha256."""
        return f"{self.card.name}@{self.sha256[:8]}"


class Manifest(BaseModel):
    """What is written beside a converted model: which bytes it is, and what they were made from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    sha256: Sha256
    converter: str
    package: str
    topology_sha256: Sha256
    weights_sha256: Sha256
    size: int
    licence: str

    @classmethod
    def of(cls, card: ModelCard, source: NpmSource, sha256: str) -> Manifest:
        """What it must say of a model converted now."""
        return cls(
            model=card.name,
            sha256=sha256,
            converter=CONVERTER_VERSION,
            package=str(source),
            topology_sha256=source.topology.sha256,
            weights_sha256=source.weights.sha256,
            size=card.size,
            licence=card.licence,
        )


class ModelFolder:
    """One folder of model files.

    Args:
        path: The folder; made when something is first put there.
        clock: Wall time, for sweeping what killed fetches left.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock

    def inspect(self, card: ModelCard) -> Stock:
        """Look for a model's file and read it whole.

        Raises:
            ModelError: The folder cannot be read.
        """
        try:
            return self._converted(card, card.npm) if card.npm else self._published(card)
        except OSError as err:
            raise ModelError(f"The models folder {self.path} cannot be read: {err.strerror}.") from err

    def _published(self, card: ModelCard) -> Stock:
        for path in self._candidates(card):
            for published in card.files:
                if path.stat().st_size == published.bytes and sha256_of(path) == published.sha256:
                    return Stock(card, State.READY, path, published.sha256, published.origin)
        named = self.path / card.filename
        if named.exists():
            return Stock(card, State.DAMAGED, detail=f"{named} is not the file on the shelf.")
        return self._absent(card)

    def _candidates(self, card: ModelCard) -> Iterator[Path]:
        """The file of the right name, then any other: what a file is called says nothing of what it is."""
        named = self.path / card.filename
        if named.is_file():
            yield named
        if self.path.is_dir():
            yield from (p for p in sorted(self.path.glob("*.onnx")) if p != named and p.is_file())

    def _converted(self, card: ModelCard, source: NpmSource) -> Stock:
        path = self.path / card.filename
        if not path.is_file():
            return self._absent(card)
        try:
            sha256 = _vouched(path, Manifest.of(card, source, "0" * 64))
        except ModelError as err:
            return Stock(card, State.DAMAGED, detail=err.detail)
        return Stock(card, State.READY, path, sha256, f"converted from {source}")

    def _absent(self, card: ModelCard) -> Stock:
        return Stock(card, State.ABSENT, detail=f"{self.path} holds no {card.filename}.")

    @contextlib.contextmanager
    def incoming(self, *, folder: bool = False) -> Iterator[Path]:
        """A file, or a folder, beside the models for what is not verified yet; gone afterwards.

        Raises:
            ModelError: Nothing can be written there (rights, a full disk).
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._sweep()
            if folder:
                place = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=self.path))
            else:
                handle, name = tempfile.mkstemp(prefix=PARTIAL, dir=self.path)
                os.close(handle)
                place = Path(name)
            try:
                yield place
            finally:
                _remove(place)
        except OSError as err:
            raise ModelError(f"Nothing can be written to {self.path}: {err.strerror or err}.") from err

    def put(self, incoming: Path, name: str) -> None:
        """Make a finished incoming file visible under its name, whole or not at all."""
        incoming.chmod(0o644)
        with incoming.open("rb") as written:
            os.fsync(written.fileno())
        incoming.replace(self.path / name)

    def put_converted(self, card: ModelCard, source: NpmSource, content: bytes) -> None:
        """Store a converted model with its manifest.

        The manifest comes last: a model without one is no model, so a fall between the two is harmless.

        Raises:
            ModelError: It cannot be written.
        """
        manifest = Manifest.of(card, source, hashlib.sha256(content).hexdigest())
        beside = manifest.model_dump_json(indent=1).encode()
        for name, data in ((card.filename, content), (f"{card.filename}.json", beside)):
            with self.incoming() as target:
                target.write_bytes(data)
                self.put(target, name)

    def _sweep(self) -> None:
        oldest = self._clock.now().timestamp() - PARTIAL_KEPT_S
        for left in self.path.glob(f"{PARTIAL}*"):
            with contextlib.suppress(FileNotFoundError):  # another process sweeps too
                if left.stat().st_mtime < oldest:
                    _remove(left)


def _vouched(path: Path, expected: Manifest) -> str:
    """The sha256 of a converted file that its manifest describes, and describes as made the way expected.

    Raises:
        ModelError: The manifest is absent or unreadable, or speaks of another file or another making.
    """
    beside = path.with_name(f"{path.name}.json")
    if not beside.is_file() or beside.stat().st_size > MANIFEST_BYTES_MAX:
        raise ModelError(f"{path} has no manifest that says what it was made from.")
    try:
        manifest = Manifest.model_validate_json(beside.read_bytes())
    except ValidationError as err:
        raise ModelError(f"{path} has a manifest that cannot be read.") from err
    if manifest.model_copy(update={"sha256": expected.sha256}) != expected:
        raise ModelError(f"{path} was converted from another source or by another version.")
    if sha256_of(path) != manifest.sha256:
        raise ModelError(f"{path} is not the file that its manifest describes.")
    return manifest.sha256


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """A file's sha256 in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
