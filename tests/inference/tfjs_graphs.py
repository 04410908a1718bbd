"""Handmade TensorFlow.js graphs, small enough to compute by hand, in the format that the converter reads."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from inference.tfjs import Cut, convert

Weights = dict[str, NDArray[Any]]


def attribute(value: Any) -> dict[str, Any]:
    """A Python value as protobuf's JSON writes an attribute."""
    match value:
        case bool():
            return {"b": value}
        case int():
            return {"i": str(value)}
        case float():
            return {"f": value}
        case str():
            return {"s": base64.b64encode(value.encode()).decode()}
        case [str(), *_]:
            return {"list": {"s": [base64.b64encode(text.encode()).decode() for text in value]}}
        case _:
            return {"list": {"i": [str(number) for number in value]}}


def node(op: str, name: str, inputs: Sequence[str] = (), **attributes: Any) -> dict[str, Any]:
    """One operation."""
    attr = {key: attribute(value) for key, value in attributes.items()}
    return {"name": name, "op": op, "input": list(inputs), "attr": attr}


def picture(size: int, *, channels_first: bool = False, name: str = "picture") -> dict[str, Any]:
    """The placeholder that graphs begin with."""
    shape = [1, 3, size, size] if channels_first else [1, size, size, 3]
    dims = {"dim": [{"size": str(side)} for side in shape]}
    return {"name": name, "op": "Placeholder", "attr": {"shape": {"shape": dims}}}


def graph_model(
    nodes: Sequence[Mapping[str, Any]], weights: Weights, shard: str = "shard.bin"
) -> tuple[bytes, dict[str, bytes]]:
    """``model.json`` and its one shard."""
    constants = [{"name": name, "op": "Const", "input": [], "attr": {}} for name in weights]
    manifest = [
        {"name": name, "shape": list(array.shape), "dtype": array.dtype.name}
        for name, array in weights.items()
    ]
    document = {
        "modelTopology": {"node": [*nodes, *constants]},
        "weightsManifest": [{"paths": [shard], "weights": manifest}],
    }
    return json.dumps(document).encode(), {shard: b"".join(array.tobytes() for array in weights.values())}


def converted(
    nodes: Sequence[Mapping[str, Any]], weights: Weights, *outputs: str, size: int | None = None
) -> onnx.ModelProto:
    """The graph from ``picture`` to ``outputs`` in ONNX."""
    topology, shards = graph_model(nodes, weights)
    return convert(topology, shards, Cut("picture", outputs, size))


def operations(model: onnx.ModelProto) -> list[str]:
    """What the model is made of, the naming of outputs apart."""
    return [n.op_type for n in model.graph.node if n.op_type != "Identity"]


def run(model: onnx.ModelProto, pictures: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """The model's outputs for pictures given as TensorFlow holds them, batch × height × width × 3."""
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    stored = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))
    return session.run(None, {"input": stored})


def convolution(
    x: NDArray[np.float32], kernel: NDArray[np.float32], stride: int, *, same: bool
) -> NDArray[np.float32]:
    """TensorFlow's Conv2D by its definition: x batch × h × w × in, kernel h × w × in × out."""
    side = kernel.shape[0]
    if same:
        total = max((-(-x.shape[1] // stride) - 1) * stride + side - x.shape[1], 0)
        x = np.pad(x, ((0, 0), *[(total // 2, total - total // 2)] * 2, (0, 0)))
    places = range(0, x.shape[1] - side + 1, stride)
    rows = [[np.tensordot(x[:, r : r + side, c : c + side], kernel, axes=3) for c in places] for r in places]
    return np.moveaxis(np.array(rows), 2, 0).astype(np.float32)
