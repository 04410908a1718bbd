"""The converter, operation by operation, on graphs small enough to compute by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tfjs_graphs import converted, convolution, graph_model, node, operations, picture, run

from base.errors import ModelError
from inference.tfjs.graph import load

RANDOM = np.random.default_rng(3)


def noise(*shape: int) -> NDArray[np.float32]:
    return RANDOM.standard_normal(shape).astype(np.float32)


def int32(*values: int) -> NDArray[np.int32]:
    return np.array(values, np.int32)


CONV = {"strides": [1, 1, 1, 1], "padding": "SAME"}


@pytest.mark.parametrize("size", [7, 8])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_a_convolution_gives_what_tensorflow_gives(size: int, stride: int, padding: str) -> None:
    """Even and odd sizes: SAME pads the odd pixel at the end."""
    weights = {"kernel": noise(3, 3, 3, 5)}
    conv = node("Conv2D", "conv", ["picture", "kernel"], strides=[1, stride, stride, 1], padding=padding)
    x = noise(1, size, size, 3)
    (result,) = run(converted([picture(size), conv], weights, "conv"), x)
    expected = convolution(x, weights["kernel"], stride, same=padding == "SAME")
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_a_batch_gives_what_its_pictures_give_alone() -> None:
    weights = {"kernel": noise(3, 3, 3, 4), "shape": int32(1, 64, 4), "axes": int32(1, 2)}
    nodes = [
        picture(8),
        node("Conv2D", "conv", ["picture", "kernel"], **CONV),
        node("Mean", "mean", ["conv", "axes"], keep_dims=True),
        node("Mul", "scaled", ["conv", "mean"]),
        node("Reshape", "flat", ["scaled", "shape"]),
    ]
    model = converted(nodes, weights, "flat")
    pictures = noise(3, 8, 8, 3)
    (together,) = run(model, pictures)
    alone = np.concatenate([run(model, pictures[k : k + 1])[0] for k in range(3)])
    assert together.shape == (3, 64, 4)
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_a_fused_depthwise_convolution_brings_its_bias_and_activation() -> None:
    weights = {"kernel": noise(3, 3, 3, 2), "bias": noise(6)}
    fused = node(
        "FusedDepthwiseConv2dNative",
        "out",
        ["picture", "kernel", "bias"],
        **CONV,
        fused_ops=["BiasAdd", "Relu6"],
    )
    x = noise(1, 6, 6, 3)
    model = converted([picture(6), fused], weights, "out")
    channels = [
        convolution(x[..., k : k + 1], weights["kernel"][:, :, k : k + 1, m : m + 1], 1, same=True)
        for k in range(3)
        for m in range(2)
    ]
    expected = np.clip(np.concatenate(channels, axis=-1) + weights["bias"], 0, 6)
    np.testing.assert_allclose(run(model, x)[0], expected, atol=1e-5)


def batch_norm_graph() -> tuple[list[dict[str, object]], dict[str, NDArray[np.float32]]]:
    weights = {"kernel": noise(1, 1, 3, 4), "gamma": noise(4), "beta": noise(4), "mean": noise(4)}
    weights["variance"] = np.abs(noise(4)) + 0.1
    nodes = [
        picture(4),
        node("Conv2D", "conv", ["picture", "kernel"], **CONV),
        node("FusedBatchNormV3", "norm", ["conv", "gamma", "beta", "mean", "variance"], epsilon=0.001),
    ]
    return nodes, weights


def test_batch_normalisation_disappears_into_the_convolution_before_it() -> None:
    nodes, weights = batch_norm_graph()
    model = converted(nodes, weights, "norm")
    x = noise(1, 4, 4, 3)
    raw = convolution(x, weights["kernel"], 1, same=True)
    factor = weights["gamma"] / np.sqrt(weights["variance"] + 0.001)
    assert operations(model) == ["Conv", "Transpose"]
    np.testing.assert_allclose(
        run(model, x)[0], (raw - weights["mean"]) * factor + weights["beta"], atol=1e-5
    )


def test_nothing_is_folded_into_a_convolution_that_something_else_reads() -> None:
    nodes, weights = batch_norm_graph()
    model = converted(nodes, weights, "norm", "conv")
    x = noise(1, 4, 4, 3)
    normed, raw = run(model, x)
    np.testing.assert_allclose(raw, convolution(x, weights["kernel"], 1, same=True), atol=1e-5)
    assert not np.allclose(normed, raw)


def test_factors_and_offsets_written_out_are_folded_too() -> None:
    weights = {"kernel": noise(1, 1, 3, 4), "factor": noise(4), "offset": noise(1, 1, 1, 4)}
    nodes = [
        picture(4),
        node("Conv2D", "conv", ["picture", "kernel"], **CONV),
        node("Mul", "scaled", ["factor", "conv"]),
        node("AddV2", "moved", ["scaled", "offset"]),
        node("LeakyRelu", "out", ["moved"], alpha=0.1),
    ]
    model = converted(nodes, weights, "out")
    x = noise(1, 4, 4, 3)
    plain = convolution(x, weights["kernel"], 1, same=True) * weights["factor"] + weights["offset"]
    assert operations(model) == ["Conv", "LeakyRelu", "Transpose"]
    np.testing.assert_allclose(run(model, x)[0], np.where(plain > 0, plain, 0.1 * plain), atol=1e-5)


def test_a_channels_first_graph_loses_its_padding_and_its_transpositions() -> None:
    """As ONNX exported through TensorFlow looks: pad, to NHWC, convolve, back to NCHW."""
    weights = {
        "kernel": noise(3, 3, 3, 4),
        "pads": int32(0, 0, 0, 0, 1, 1, 1, 1).reshape(4, 2),
        "last": int32(0, 2, 3, 1),
        "first": int32(0, 3, 1, 2),
    }
    nodes = [
        picture(6, channels_first=True),
        node("Pad", "padded", ["picture", "pads"]),
        node("Transpose", "nhwc", ["padded", "last"]),
        node("Conv2D", "conv", ["nhwc", "kernel"], strides=[1, 1, 1, 1], padding="VALID"),
        node("Transpose", "out", ["conv", "first"]),
    ]
    model = converted(nodes, weights, "out")
    x = noise(1, 6, 6, 3)
    assert operations(model) == ["Conv"]
    expected = convolution(x, weights["kernel"], 1, same=True).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(run(model, x)[0], expected, atol=1e-5)


@pytest.mark.parametrize("half_pixel", [False, True])
def test_a_resize_follows_the_input_to_another_size(half_pixel: bool) -> None:
    """The target of 8 in a graph made for 4 becomes 12 for an input of 6."""
    nodes = [picture(4), node("ResizeBilinear", "out", ["picture", "target"], half_pixel_centers=half_pixel)]
    x = noise(2, 6, 6, 3)
    (result,) = run(converted(nodes, {"target": int32(8, 8)}, "out", size=6), x)
    places = np.arange(12) / 2 - (0.25 if half_pixel else 0)
    wide = np.apply_along_axis(lambda line: np.interp(places, range(6), line), 2, x)
    expected = np.apply_along_axis(lambda line: np.interp(places, range(6), line), 1, wide)
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_pooling_joining_and_splitting_keep_tensorflows_axes() -> None:
    weights = {"axis": np.array(3, np.int32), "sizes": int32(2, 4)}
    nodes = [
        picture(4),
        node("MaxPool", "pooled", ["picture"], ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME"),
        node("Sigmoid", "bounded", ["pooled"]),
        node("ConcatV2", "joined", ["pooled", "bounded", "axis"]),
        node("SplitV", "split", ["joined", "sizes", "axis"], num_split=2),
    ]
    x = noise(1, 4, 4, 3)
    first, second = run(converted(nodes, weights, "split", "split:1"), x)
    pooled = x.reshape(1, 2, 2, 2, 2, 3).max(axis=(2, 4))
    joined = np.concatenate([pooled, 1 / (1 + np.exp(-pooled))], axis=-1)
    np.testing.assert_allclose(first, joined[..., :2], atol=1e-6)
    np.testing.assert_allclose(second, joined[..., 2:], atol=1e-6)


def test_shape_arithmetic_on_constants_is_folded_away() -> None:
    weights = {
        "indices": int32(0, 2).reshape(2, 1),
        "length": int32(3),
        "values": int32(1, 16),
        "nothing": np.array(0, np.int32),
        "middle": int32(0, 3, 0),
    }
    nodes = [
        picture(4),
        node("SparseToDense", "sparse", ["indices", "length", "values", "nothing"]),
        node("Add", "target", ["sparse", "middle"]),
        node("Reshape", "out", ["picture", "target"]),
    ]
    model = converted(nodes, weights, "out")
    assert operations(model) == ["Transpose", "Reshape"]
    assert run(model, noise(2, 4, 4, 3))[0].shape == (2, 3, 16)


def test_what_lies_outside_the_cut_is_never_looked_at() -> None:
    nodes = [
        node("While", "decoding"),
        {**picture(4), "input": ["decoding"]},
        node("Relu", "out", ["picture", "^decoding"]),
        node("NonMaxSuppressionV5", "after", ["out"]),
    ]
    assert operations(converted(nodes, {}, "out")) == ["Relu", "Transpose"]


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_quantised_weights_are_restored(dtype: str) -> None:
    topology = (
        b'{"modelTopology": {"node": []}, "weightsManifest": [{"paths": ["s"], "weights": [{"name": "w",'
        b'"shape": [3], "dtype": "float32", "quantization": {"dtype": "%s", "scale": 0.5, "min": -1.0}}]}]}'
        % dtype.encode()
    )
    weights = load(topology, {"s": np.array([0, 2, 200], dtype).tobytes()}).weights
    np.testing.assert_array_equal(weights["w"], np.float32([-1, 0, 99]))


@pytest.mark.parametrize(
    ("nodes", "weights", "complaint"),
    [
        ([node("NonMaxSuppressionV5", "out", ["picture"])], {}, "does not know the operation NonMaxSuppr"),
        ([node("Relu", "out", ["nowhere"])], {}, "no node named nowhere"),
        ([node("Relu", "out", ["picture:1"])], {}, "reads an output that picture does not have"),
        ([node("Relu", "out", ["loop"]), node("Relu", "loop", ["out"])], {}, "reads an output"),
        ([node("Relu", "out")], {}, "cannot be converted"),
        (
            [node("ConcatV2", "out", ["picture", "picture", "axis"])],
            {"axis": np.array(0, np.int32)},
            "mixes the pictures of a batch",
        ),
        ([node("Mean", "out", ["picture", "axis"])], {"axis": int32(0)}, "mixes the pictures of a batch"),
        ([node("Reshape", "out", ["picture", "to"])], {"to": int32(48)}, "cannot take a batch"),
        ([node("Reshape", "out", ["picture", "picture"])], {}, "to be constant"),
        (
            [node("Conv2D", "out", ["picture", "kernel"], **CONV)],
            {"kernel": noise(3, 3, 5, 2)},
            "other channels",
        ),
        (
            [node("Conv2D", "out", ["picture", "kernel"], strides=[1, 1, 1, 1], padding="EXPLICIT")],
            {"kernel": noise(3, 3, 3, 2)},
            "padding EXPLICIT",
        ),
    ],
)
def test_what_it_cannot_convert_it_names(nodes: list, weights: dict, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        converted([picture(4), *nodes], weights, "out")


def test_a_model_without_the_named_input_is_refused() -> None:
    with pytest.raises(ModelError, match="no picture input named picture"):
        converted([picture(4, name="other"), node("Relu", "out", ["other"])], {}, "out")


def test_a_shard_that_is_absent_or_cut_short_is_refused() -> None:
    topology, shards = graph_model([picture(4)], {"w": noise(8)})
    with pytest.raises(ModelError, match="cannot be read"):
        load(topology, {})
    with pytest.raises(ModelError, match="cannot be read"):
        load(topology, {name: content[:-1] for name, content in shards.items()})


@given(
    st.binary(max_size=200) | st.recursive(st.integers() | st.text(), st.lists).map(lambda v: str(v).encode())
)
def test_whatever_the_bytes_are_they_load_or_are_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        load(content, {})
