"""One handler for each TensorFlow operation that detectors on the shelf are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from base.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inference.tfjs.builder import Operand, Tensor
    from inference.tfjs.convert import Conversion
    from inference.tfjs.graph import Node

    Handler: TypeAlias = Callable[[Conversion, Node, list[Tensor]], Sequence[Tensor]]

NCHW_AXIS = (0, 2, 3, 1)
"""Where axis k of a channels-last tensor is when it is stored channels-first."""

ELEMENTWISE = {
    "Add": "Add",
    "AddV2": "Add",
    "BiasAdd": "Add",
    "Sub": "Sub",
    "Mul": "Mul",
    "RealDiv": "Div",
    "Maximum": "Max",
    "Minimum": "Min",
}
COMMUTATIVE = {"Add", "Mul"}
FOLDABLE = {"Add", "Sub", "Mul"}


def _identity(_: Conversion, __: Node, inputs: list[Tensor]) -> list[Tensor]:
    return inputs[:1]


def _activation(c: Conversion, node: Node, inputs: list[Tensor]) -> list[Tensor]:
    return [_activate(c, node.op, inputs[0], node.get("alpha", 0.2))]


def _activate(c: Conversion, name: str, x: Tensor, alpha: float) -> Tensor:
    if name == "Relu6":
        return c.builder.emit("Clip", [x, np.float32(0), np.float32(6)], nchw=x.nchw)
    attributes = {"alpha": float(alpha)} if name == "LeakyRelu" else {}
    return c.builder.emit(name, [x], nchw=x.nchw, **attributes)


def _elementwise(c: Conversion, node: Node, inputs: list[Tensor]) -> list[Tensor]:
    op = ELEMENTWISE[node.op]
    tensor, operand = inputs
    ref = node.inputs[0]
    if operand.value is None and op in COMMUTATIVE:
        tensor, operand, ref = operand, tensor, node.inputs[1]
    if operand.value is not None and op in FOLDABLE and c.read_once(ref):
        folded = c.fold(op, tensor, operand.value)
        if folded is not None:
            return [folded]
    aligned, nchw = c.aligned(inputs)
    return [c.builder.emit(op, aligned, nchw=nchw)]


def _convolution(c: Conversion, node: Node, inputs: list[Tensor]) -> list[Tensor]:
    picture, kernel = c.channels_first(inputs[0]), inputs[1].constant
    if node.get("data_format", "NHWC") != "NHWC":
        raise ModelError(f"The converter knows convolutions in NHWC only ({node.name}).")
    if "Depthwise" in node.op:
        # height × width × in × multiplier: output channel = in × multiplier + m
        kernel = kernel.transpose(2, 3, 0, 1).reshape(-1, 1, *kernel.shape[:2])
    else:
        kernel = kernel.transpose(3, 2, 0, 1)
    group, rest = divmod(picture.shape[1], kernel.shape[1])
    if rest or not group:
        raise ModelError(f"The kernel of {node.name} is made for other channels than its picture has.")
    strides = node.get("strides", [1] * 4)[1:3]
    dilations = (node.get("dilations") or [1] * 4)[1:3]
    attributes = {
        "strides": strides,
        "dilations": dilations,
        "group": group,
        "pads": _pads(node, picture.shape[2:], kernel.shape[2:], strides, dilations),
    }
    result = c.convolve(picture, kernel, np.zeros(len(kernel), np.float32), attributes)
    for fused in node.get("fused_ops") or ():
        if fused == "BiasAdd":
            result = c.fold("Add", result, inputs[2].constant) or result
        else:
            result = _activate(c, fused, result, node.get("leakyrelu_alpha", 0.2))
    return [result]


def _pads(
    node: Node, size: Sequence[int], kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> list[int]:
    """Top, left, bottom, right; TensorFlow's SAME puts an odd pixel at the end."""
    padding = node.get("padding", "VALID")
    if padding == "VALID":
        return [0, 0, 0, 0]
    if padding != "SAME":
        raise ModelError(f"The converter does not know the padding {padding} ({node.name}).")
    totals = [
        max((-(-n // stride) - 1) * stride + (k - 1) * dilation + 1 - n, 0)
        for n, k, stride, dilation in zip(size, kernel, strides, dilations, strict=True)
    ]
    return [total // 2 for total in totals] + [total - total // 2 for total in totals]


def _batch_norm(c: Conversion, node: Node, inputs: list[Tensor]) -> list[Tensor]:
    scale, offset, mean, variance = (tensor.constant for tensor in inputs[1:5])
    factor = scale / np.sqrt(variance + np.float32(node.get("epsilon", 1e-4)))
    shift = offset - mean * factor
    picture = c.channels_first(inputs[0])
    folded = c.fold("Mul", picture, factor) if c.read_once(node.inputs[0]) else None
    if folded is None:
        aligned, _ = c.aligned([picture, c.builder.constant(factor)])
        folded = c.builder.emit("Mul", aligned, nchw=True)
    shifted = c.fold("Add", folded, shift)
    if shifted is None:
        aligned, _ = c.aligned([folded, c.builder.constant(shift)])
        shifted = c.builder.emit("Add", aligned, nchw=True)
    return [shifted]


def _max_pool(c: Conversion, node: Node, inputs: list[Tensor]) -> list[Tensor]:
    picture = c.channels_first(inputs[0])
    kernel, strides = node.get("ksize")[1:3], node.get("strides")[1:3]
    pads = _pads(node, picture.shape[2:], kernel, strides, (1, 1))
    return [c.builder.emit("MaxPool", [picture], nchw=True, kernel_shape=kernel, strides=strides, pads=pads)]


def _resize_bilinear(c: Conversion, node: Node, inputs: list[Tensor]) -> list[Tensor]:
    picture = c.channels_first(inputs[0])
    sizes = np.round(inputs[1].constant * c.scale).astype(np.int64)
    if node.get("align_corners"):
        mode = "align_corners"
    else:
        mode = "half_pixel" if node.get("half_pixel_centers") else "asymmetric"
    attributes = {
        "axes": [2, 3],
        "coordinate_transformation_mode": mode,
        "mode": "linear",
    }
    return [c.builder.emit("Resize", [picture, None, None, sizes], nchw=True, **attributes)]


def _reduce(c: Conversion, node: Node, inputs: list[Tensor]) -> list[Tensor]:
    x, rank = inputs[0], len(inputs[0].shape)
    axes = sorted(int(axis) % rank for axis in inputs[1].constant.reshape(-1))
    if 0 in axes:
        raise ModelError(f"{node.name} mixes the pictures of a batch; the converter keeps them apart.")
    keep = bool(node.get("keep_dims", False))
    if x.nchw and not keep:
        x = c.channels_last(x)
    stored = [NCHW_AXIS[axis] for axis in axes] if x.nchw else axes
    operands: list[Operand] = [x, np.array(stored, np.int64)]
    return [c.builder.emit(f"Reduce{node.op}", operands, nchw=x.nchw, keepdims=int(keep))]


def _concat(c: Conversion, node: Node, inputs: list[Tensor]) -> list[Tensor]:
    *parts, axis_tensor = inputs
    rank = len(parts[0].shape)
    axis = int(axis_tensor.constant) % rank
    if axis == 0:
        raise ModelError(f"{node.name} mixes the pictures of a batch; the converter keeps them apart.")
    if nchw := any(part.nchw for part in parts):
        parts = [c.channels_first(part) for part in parts]
        axis = NCHW_AXIS[axis]
    return [c.builder.emit("Concat", parts, nchw=nchw, axis=axis)]


def _pad(c: Conversion, node: Node, inputs: list[Tensor]) -> list[Tensor]:
    x, amounts = inputs[0], inputs[1].constant.astype(np.int64)
    if x.nchw:
        amounts = amounts[[0, 3, 1, 2]]
    if not amounts.any():
        return [x]
    value = np.float32(inputs[2].constant) if node.op == "PadV2" else np.float32(0)
    if value == 0 and len(x.shape) == 4 and not amounts[:2].any():
        (top, bottom), (left, right) = amounts[2:].tolist()
        return [c.pad(x, (top, left, bottom, right))]
    return [c.builder.emit("Pad", [x, amounts.T.reshape(-1), value], nchw=x.nchw, mode="constant")]


def _transpose(c: Conversion, _: Node, inputs: list[Tensor]) -> list[Tensor]:
    x, order = inputs[0], inputs[1].constant.tolist()
    if x.nchw and order == [0, 3, 1, 2]:
        return [c.relabelled(x, nchw=False)]  # it is stored that way already
    if not x.nchw and order == [0, 2, 3, 1] and x.value is None:
        return [c.relabelled(x, nchw=True)]
    return [c.builder.emit("Transpose", [c.channels_last(x)], perm=order)]


def _reshape(c: Conversion, _: Node, inputs: list[Tensor]) -> list[Tensor]:
    x = c.channels_last(inputs[0])
    target = inputs[1].constant.astype(np.int64).reshape(-1)
    if x.shape[:1] == (1,) and target[:1].tolist() == [1]:
        target = np.concatenate(
            [[0], target[1:]]
        )  # ONNX: keep this dimension, so that a batch passes through
    return [c.builder.emit("Reshape", [x, target])]


def _split(c: Conversion, node: Node, inputs: list[Tensor]) -> list[Tensor]:
    x, sizes, axis_tensor = inputs
    axis = int(axis_tensor.constant) % len(x.shape)
    axis = NCHW_AXIS[axis] if x.nchw else axis
    operands: list[Operand] = [x, sizes.constant.astype(np.int64)]
    return c.builder.emit_many("Split", operands, outputs=node.get("num_split"), nchw=x.nchw, axis=axis)


def _sparse_to_dense(c: Conversion, _: Node, inputs: list[Tensor]) -> list[Tensor]:
    indices, shape, values, default = (tensor.constant for tensor in inputs)
    dense: Any = np.full(shape, default)
    dense[tuple(indices.T)] = values
    return [c.builder.constant(dense)]


HANDLERS: dict[str, Handler] = {
    "Identity": _identity,
    **dict.fromkeys(("Relu", "Relu6", "LeakyRelu", "Sigmoid"), _activation),
    **dict.fromkeys(ELEMENTWISE, _elementwise),
    **dict.fromkeys(
        ("Conv2D", "_FusedConv2D", "DepthwiseConv2dNative", "FusedDepthwiseConv2dNative"), _convolution
    ),
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), _batch_norm),
    "MaxPool": _max_pool,
    "ResizeBilinear": _resize_bilinear,
    **dict.fromkeys(("Mean", "Max"), _reduce),
    "ConcatV2": _concat,
    **dict.fromkeys(("Pad", "PadV2"), _pad),
    "Transpose": _transpose,
    "Reshape": _reshape,
    "SplitV": _split,
    "SparseToDense": _sparse_to_dense,
}
