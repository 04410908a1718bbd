"""Reads a TensorFlow.js graph model: nodes with plain Python attributes, and de-quantised weights.

The format is written down in tfjs-converter's ``docs/format.md``: ``model.json`` holds a TensorFlow GraphDef
in protobuf's JSON form and a manifest that says how weights lie in the binary shards.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from base.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

Attribute: TypeAlias = bool | int | float | str | list[Any] | None


class Ref(NamedTuple):
    """One output of one node."""

    node: str
    output: int

    @classmethod
    def parse(cls, text: str) -> Ref:
        """``name`` or ``name:k``, as GraphDef writes it."""
        name, _, output = text.partition(":")
        return cls(name, int(output or 0))


@dataclass(frozen=True, slots=True)
class Node:
    """One TensorFlow operation. Control inputs (``^name``) carry no value and are left out."""

    name: str
    op: str
    inputs: tuple[Ref, ...]
    attributes: Mapping[str, Attribute]

    def get(self, key: str, default: Attribute = None) -> Any:
        """An attribute, or what TensorFlow assumes when it is not written."""
        value = self.attributes.get(key)
        return default if value is None else value


@dataclass(frozen=True, slots=True)
class GraphModel:
    """Nodes by name, and constants by the name of the node that holds them."""

    nodes: Mapping[str, Node]
    weights: Mapping[str, NDArray[Any]]


def load(topology: bytes, shards: Mapping[str, bytes]) -> GraphModel:
    """Read a model.

    Args:
        topology: The content of ``model.json``.
        shards: Binary shards by the name under which the manifest knows them.

    Raises:
        ModelError: It is not such a model, or a shard is absent or too short.
    """
    try:
        document = json.loads(topology)
        nodes = {raw["name"]: _node(raw) for raw in document["modelTopology"]["node"]}
        weights = dict(_weights(document["weightsManifest"], shards))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as err:
        raise ModelError(
            f"The TensorFlow.js graph model cannot be read: {type(err).__name__}: {err}."
        ) from err
    return GraphModel(nodes, weights)


def _node(raw: Mapping[str, Any]) -> Node:
    inputs = tuple(Ref.parse(text) for text in raw.get("input", ()) if not text.startswith("^"))
    attributes = {key: _attribute(value) for key, value in raw.get("attr", {}).items()}
    return Node(raw["name"], raw["op"], inputs, attributes)


def _attribute(raw: Mapping[str, Any]) -> Attribute:
    """Protobuf's JSON: integers are strings, bytes are base64 (or, by older converters, lists of bytes)."""
    if "i" in raw:
        return int(raw["i"])
    if "s" in raw:
        return _text(raw["s"])
    if "shape" in raw:
        return [int(dim["size"]) for dim in raw["shape"].get("dim", ())]
    if "list" in raw:
        return [int(i) for i in raw["list"].get("i", ())] or [_text(s) for s in raw["list"].get("s", ())]
    return next((raw[key] for key in ("f", "b", "type") if key in raw), None)


def _text(raw: str | list[int]) -> str:
    try:
        return (bytes(raw) if isinstance(raw, list) else base64.b64decode(raw, validate=True)).decode()
    except binascii.Error as err:
        raise ValueError(f"an attribute is not base64: {err}") from err


def _weights(
    manifest: list[Mapping[str, Any]], shards: Mapping[str, bytes]
) -> Iterator[tuple[str, NDArray[Any]]]:
    for group in manifest:
        blob = b"".join(shards[path] for path in group["paths"])
        offset = 0
        for spec in group["weights"]:
            quantised = spec.get("quantization", {})
            stored = np.dtype(quantised.get("dtype", spec["dtype"]))
            count = math.prod(spec["shape"])
            values = np.frombuffer(blob, stored, count, offset).reshape(spec["shape"])
            offset += count * stored.itemsize
            if "scale" in quantised:
                values = values * np.float32(quantised["scale"]) + np.float32(quantised["min"])
            yield spec["name"], values.astype(spec["dtype"])
