"""An npm package's TensorFlow.js model made into the ONNX file that the shelf keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx

from inference.tfjs import Cut, convert

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inference.cards import ModelCard, NpmSource


def to_onnx(card: ModelCard, source: NpmSource, members: Mapping[str, bytes]) -> bytes:
    """Convert a model; the same members always give the same bytes.

    Args:
        card: The model.
        source: Its package, with the names of its input and outputs.
        members: The package's files by full path.

    Raises:
        ModelError: The model holds something the converter does not know.
    """
    model = convert(
        members[source.topology.path],
        {source.weights.name: members[source.weights.path]},
        Cut(source.input, source.outputs, card.size),
    )
    onnx.helper.set_model_props(model, {"source": str(source), "licence": card.licence})
    content: bytes = model.SerializeToString(deterministic=True)
    return content
