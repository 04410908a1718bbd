"""Walks the part of a TensorFlow graph between one input and the wanted outputs, and rebuilds it in ONNX.

Only what lies between is visited, so control flow before the input (decoding, resizing) and after the outputs
(non-maximum suppression) is cut away. From the first convolution on, pictures are carried channels-first; a
transposition is emitted only where an operation needs the other order, and never back and forth.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from base.errors import ModelError
from inference.tfjs.builder import FLOAT, Builder, Tensor
from inference.tfjs.graph import GraphModel, Ref, load
from inference.tfjs.handlers import HANDLERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import onnx
    from numpy.typing import NDArray

    from inference.tfjs.builder import Operand

TO_NCHW = (0, 3, 1, 2)
TO_NHWC = (0, 2, 3, 1)


@dataclass(frozen=True, slots=True)
class Cut:
    """Which part of the graph to keep.

    Attributes:
        input: Name of the picture's placeholder.
        outputs: Names of the wanted outputs; they keep TensorFlow's layout and become ``output_0`` …
        size: Side of the square input in pixels; None keeps the model's own. Resize targets scale along.
    """

    input: str
    outputs: tuple[str, ...]
    size: int | None = None


def convert(topology: bytes, shards: Mapping[str, bytes], cut: Cut) -> onnx.ModelProto:
    """Convert a model; its input becomes ``input``, batch × channels × height × width, float32.

    Args:
        topology: The content of ``model.json``.
        shards: Binary weight shards by name.
        cut: What to keep.

    Raises:
        ModelError: The model cannot be read, or holds something this converter does not know.
    """
    return Conversion(load(topology, shards), cut).model()


class Convolution(NamedTuple):
    """What a convolution was made of, so that a following per-channel factor or offset can be folded in."""

    picture: Tensor
    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    attributes: Mapping[str, Any]


class Padding(NamedTuple):
    """What a zero padding was made of: its input, and top, left, bottom, right in pixels."""

    picture: Tensor
    pads: tuple[int, int, int, int]


class Conversion:
    """The state of one conversion; the handlers of single operations work through it."""

    def __init__(self, graph: GraphModel, cut: Cut) -> None:
        self.builder = Builder()
        self._graph = graph
        self._outputs = [Ref.parse(name) for name in cut.outputs]
        self._values: dict[Ref, Tensor] = {}
        self._twins: dict[tuple[str, bool], Tensor] = {}
        self._convolutions: dict[str, Convolution] = {}
        self._paddings: dict[str, Padding] = {}
        self._input, self.scale = self._place_input(cut)
        order = self._order()
        self._readers = Counter(ref for name in order for ref in graph.nodes[name].inputs)
        self._readers.update(self._outputs)
        for name in order:
            self._convert(name)

    def model(self) -> onnx.ModelProto:
        """The finished ONNX model."""
        outputs = [self.channels_last(self._values[ref]) for ref in self._outputs]
        return self.builder.build([self._input], {f"output_{k}": t for k, t in enumerate(outputs)})

    def _place_input(self, cut: Cut) -> tuple[Tensor, float]:
        node = self._graph.nodes.get(cut.input)
        shape = node.get("shape") if node else None
        if not isinstance(shape, list) or len(shape) != 4 or 3 not in (shape[1], shape[3]):
            raise ModelError(f"The model has no picture input named {cut.input} with a known shape.")
        nchw = shape[3] == 3
        own = shape[2]
        size = cut.size or own
        tensor = Tensor("input", (1, 3, size, size), FLOAT, nchw=nchw)
        self._values[Ref(cut.input, 0)] = tensor
        return tensor, size / own

    def _order(self) -> list[str]:
        """The operations between input and outputs, each after what it reads; too deep to recurse."""
        order: list[str] = []
        seen: set[str] = set()
        stack = [(ref.node, False) for ref in reversed(self._outputs)]
        while stack:
            name, inputs_done = stack.pop()
            if inputs_done:
                order.append(name)
            elif name not in seen and Ref(name, 0) not in self._values:
                seen.add(name)
                if name not in self._graph.nodes:
                    raise ModelError(f"The model's graph has no node named {name}.")
                stack.append((name, True))
                stack.extend((ref.node, False) for ref in self._graph.nodes[name].inputs)
        return order

    def _convert(self, name: str) -> None:
        node = self._graph.nodes[name]
        if name in self._graph.weights:
            self._values[Ref(name, 0)] = self.builder.constant(self._graph.weights[name])
            return
        handler = HANDLERS.get(node.op)
        if handler is None:
            raise ModelError(f"The converter does not know the operation {node.op} ({name}).")
        if missing := [ref.node for ref in node.inputs if ref not in self._values]:
            raise ModelError(f"The operation {name} reads an output that {missing[0]} does not have.")
        try:
            results = handler(self, node, [self._values[ref] for ref in node.inputs])
        except (ArithmeticError, LookupError, TypeError, ValueError) as err:
            raise ModelError(f"The operation {node.op} ({name}) cannot be converted: {err}.") from err
        self._values.update({Ref(name, k): tensor for k, tensor in enumerate(results)})

    # --- layout ---

    def channels_first(self, tensor: Tensor) -> Tensor:
        """The picture as it is carried; a tensor of another rank stays as it is."""
        if tensor.nchw or len(tensor.shape) != 4:
            return tensor
        return self._transposed(tensor, TO_NCHW, nchw=True)

    def channels_last(self, tensor: Tensor) -> Tensor:
        """The tensor as TensorFlow sees it."""
        return self._transposed(tensor, TO_NHWC, nchw=False) if tensor.nchw else tensor

    def _transposed(self, tensor: Tensor, order: tuple[int, ...], *, nchw: bool) -> Tensor:
        twin = self._twins.get((tensor.name, nchw))
        if twin is None:
            twin = self.builder.emit("Transpose", [tensor], nchw=nchw, perm=order)
            self._twins[tensor.name, nchw] = twin
            self._twins[twin.name, tensor.nchw] = tensor
        return twin

    def relabelled(self, tensor: Tensor, *, nchw: bool) -> Tensor:
        """The same stored bytes, seen in TensorFlow's other order: a transposition that costs nothing."""
        if padding := self._paddings.get(tensor.name):
            # The padding's own input changes its label too, for the convolution that takes it over.
            self._paddings[tensor.name] = padding._replace(picture=replace(padding.picture, nchw=nchw))
        return replace(tensor, nchw=nchw)

    def aligned(self, tensors: Sequence[Tensor]) -> tuple[list[Tensor], bool]:
        """Operands of an elementwise operation in one layout, and whether that is channels-first."""
        if not any(tensor.nchw for tensor in tensors):
            return list(tensors), False
        return [self._beside_picture(tensor) for tensor in tensors], True

    def _beside_picture(self, tensor: Tensor) -> Tensor:
        """A lower-rank constant broadcasts from the last axis, which is the channel: move it to its place."""
        if tensor.value is None or len(tensor.shape) == 4:
            return self.channels_first(tensor)
        full = tensor.value.reshape((1,) * (4 - tensor.value.ndim) + tensor.value.shape)
        return self.builder.constant(full.transpose(TO_NCHW), nchw=True)

    # --- folding ---

    def read_once(self, ref: Ref) -> bool:
        """Whether one operation alone reads this value, so that it may be absorbed."""
        return self._readers[ref] == 1

    def pad(self, picture: Tensor, pads: tuple[int, int, int, int]) -> Tensor:
        """Zeros around a channels-first picture; a convolution that follows takes them over."""
        top, left, bottom, right = pads
        amounts = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
        padded = self.builder.emit("Pad", [picture, amounts], nchw=picture.nchw, mode="constant")
        self._paddings[padded.name] = Padding(picture, pads)
        return padded

    def convolve(
        self,
        picture: Tensor,
        kernel: NDArray[np.float32],
        bias: NDArray[np.float32],
        attributes: Mapping[str, Any],
    ) -> Tensor:
        """A convolution of a channels-first picture; kernel is out × in/group × height × width."""
        if padding := self._paddings.get(picture.name):
            picture = self.channels_first(padding.picture)
            pads = [own + more for own, more in zip(attributes["pads"], padding.pads, strict=True)]
            attributes = {**attributes, "pads": pads}
        operands: list[Operand] = [picture, kernel.astype(np.float32), bias.astype(np.float32)]
        result = self.builder.emit("Conv", operands, nchw=True, **attributes)
        self._convolutions[result.name] = Convolution(picture, kernel, bias, attributes)
        return result

    def fold(self, op: str, tensor: Tensor, operand: NDArray[Any]) -> Tensor | None:
        """Absorb ``tensor op operand`` into the convolution that made ``tensor``, or None if that cannot be.

        Args:
            op: ``Add``, ``Sub`` or ``Mul``.
            tensor: A value that nothing else reads.
            operand: A scalar or one number a channel.
        """
        made = self._convolutions.get(tensor.name)
        if made is None or not tensor.nchw or not _per_channel(operand, tensor.shape[1]):
            return None
        k = np.broadcast_to(operand.reshape(-1), made.bias.shape).astype(np.float32)
        if op == "Mul":
            kernel = made.kernel * k[:, None, None, None]
            return self.convolve(made.picture, kernel, made.bias * k, made.attributes)
        bias = made.bias + k if op == "Add" else made.bias - k
        return self.convolve(made.picture, made.kernel, bias, made.attributes)


def _per_channel(operand: NDArray[Any], channels: int) -> bool:
    return operand.size == 1 or (operand.size == channels and operand.shape[-1] == channels)
