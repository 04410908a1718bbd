"""Builds an ONNX graph node by node; each is shape-inferred as it comes, or folded away if constant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from base.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

OPSET = 18
"""The first in which Resize names its axes, so that the batch's size need not be written into the graph."""
IR_VERSION = 8
BATCH = "batch"
"""Name of the one symbolic dimension."""
FLOAT = int(TensorProto.FLOAT)


@dataclass(frozen=True, eq=False, slots=True)
class Tensor:
    """A value in the graph being built.

    Attributes:
        name: Its ONNX name.
        shape: Its shape as it is stored, with a batch of one.
        dtype: ONNX element type.
        value: What it holds, if that is known already.
        nchw: It is stored channels-first although TensorFlow thinks of it as channels-last.
    """

    name: str
    shape: tuple[int, ...]
    dtype: int
    value: NDArray[Any] | None = None
    nchw: bool = False

    @property
    def constant(self) -> NDArray[Any]:
        """What it holds; it must be known: a parameter that depends on the picture has no place in ONNX."""
        if self.value is None:
            raise ModelError(f"The converter needs {self.name} to be constant, and it depends on the input.")
        return self.value


Operand: TypeAlias = "Tensor | NDArray[Any] | np.generic | None"
"""What an operation may read; None is an optional input that is left out."""


class Builder:
    """Collects nodes. Names are counted, so the same model always gives the same bytes."""

    def __init__(self) -> None:
        self._count = 0
        self._nodes: list[tuple[onnx.NodeProto, list[Tensor]]] = []

    def constant(self, value: NDArray[Any] | np.generic, *, nchw: bool = False) -> Tensor:
        """A tensor whose value is known."""
        self._count += 1
        array = np.ascontiguousarray(value).reshape(np.shape(value))
        dtype = helper.np_dtype_to_tensor_dtype(array.dtype)
        return Tensor(f"c{self._count}", array.shape, dtype, array, nchw)

    def emit(self, op: str, operands: Sequence[Operand], *, nchw: bool = False, **attributes: Any) -> Tensor:
        """Add an operation with one output, or evaluate it at once if all it reads is known."""
        return self.emit_many(op, operands, outputs=1, nchw=nchw, **attributes)[0]

    def emit_many(
        self, op: str, operands: Sequence[Operand], *, outputs: int, nchw: bool = False, **attributes: Any
    ) -> list[Tensor]:
        """The same for an operation with several outputs."""
        read = [o if o is None or isinstance(o, Tensor) else self.constant(o) for o in operands]
        inputs = [tensor for tensor in read if tensor is not None]
        self._count += 1
        names = [f"t{self._count}_{k}" for k in range(outputs)]
        node = helper.make_node(op, [t.name if t else "" for t in read], names, **attributes)
        if all(t.value is not None for t in inputs):
            return [self.constant(value, nchw=nchw) for value in _evaluate(node, inputs)]
        self._nodes.append((node, inputs))
        return [
            Tensor(name, shape, dtype, None, nchw)
            for name, (shape, dtype) in zip(names, _infer(node, inputs), strict=True)
        ]

    def build(self, inputs: Sequence[Tensor], outputs: dict[str, Tensor]) -> onnx.ModelProto:
        """The model: dead nodes dropped, the leading dimension of inputs and outputs free.

        Raises:
            ModelError: Something in the graph fixes the batch's size.
        """
        nodes, constants = self._live(outputs)
        nodes += [helper.make_node("Identity", [tensor.name], [name]) for name, tensor in outputs.items()]
        initializers = [numpy_helper.from_array(t.constant, t.name) for t in constants]

        def model(batch: int | str) -> onnx.ModelProto:
            graph = helper.make_graph(
                nodes,
                "tfjs",
                [_described(tensor.name, tensor, batch) for tensor in inputs],
                [_described(name, tensor, batch) for name, tensor in outputs.items()],
                initializers,
            )
            return helper.make_model(
                graph,
                opset_imports=[helper.make_opsetid("", OPSET)],
                ir_version=IR_VERSION,
                producer_name="dengta",
            )

        try:
            # Symbolic inference gives up at some operations; a batch of two is followed to the end.
            onnx.shape_inference.infer_shapes(model(2), check_type=True, strict_mode=True, data_prop=True)
        except onnx.shape_inference.InferenceError as err:
            raise ModelError(f"The converted model cannot take a batch of pictures: {err}.") from err
        return model(BATCH)

    def _live(self, outputs: dict[str, Tensor]) -> tuple[list[onnx.NodeProto], list[Tensor]]:
        wanted = {tensor.name for tensor in outputs.values()}
        constants = {t.name: t for t in outputs.values() if t.value is not None}
        nodes: list[onnx.NodeProto] = []
        for node, inputs in reversed(self._nodes):
            if wanted.isdisjoint(node.output):
                continue
            nodes.append(node)
            wanted.update(node.input)
            constants.update({t.name: t for t in inputs if t.value is not None})
        return nodes[::-1], list(constants.values())


def _described(name: str, tensor: Tensor, batch: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, tensor.dtype, [batch, *tensor.shape[1:]])


def _evaluate(node: onnx.NodeProto, inputs: Sequence[Tensor]) -> list[NDArray[Any]]:
    graph = helper.make_graph(
        [node],
        "constant",
        [helper.make_tensor_value_info(t.name, t.dtype, t.shape) for t in inputs],
        [helper.make_empty_tensor_value_info(name) for name in node.output],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    results = ReferenceEvaluator(model).run(None, {t.name: t.constant for t in inputs})
    return [np.asarray(result) for result in cast("list[Any]", results)]


def _infer(node: onnx.NodeProto, inputs: Sequence[Tensor]) -> list[tuple[tuple[int, ...], int]]:
    try:
        types = onnx.shape_inference.infer_node_outputs(
            onnx.defs.get_schema(node.op_type, OPSET),
            node,
            {t.name: helper.make_tensor_type_proto(t.dtype, t.shape) for t in inputs},
            {t.name: numpy_helper.from_array(t.value, t.name) for t in inputs if t.value is not None},
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
    except onnx.shape_inference.InferenceError as err:
        raise ModelError(f"The converter met shapes that {node.op_type} cannot take: {err}.") from err
    inferred = [types[name].tensor_type for name in node.output]
    return [(tuple(int(d.dim_value) for d in t.shape.dim), int(t.elem_type)) for t in inferred]
