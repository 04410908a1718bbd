"""The engine runs what it is given, in batches where the model allows them, and names what it cannot run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from base.errors import ModelError
from inference.engine import Engine, choose_providers


def doubling(folder: Path, shape: list[int | str], dtype: int = TensorProto.FLOAT) -> Path:
    """A model that answers each picture with twice its pixels."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "doubling",
        [helper.make_tensor_value_info("x", dtype, shape)],
        [helper.make_tensor_value_info("y", dtype, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    path = folder / "doubling.onnx"
    onnx.save(model, path)
    return path


def test_a_batch_is_run_in_place(tmp_path: Path) -> None:
    engine = Engine(doubling(tmp_path, ["batch", 3, 4, 4]), batch=3)
    engine.warm_up()
    engine.slots(2)[:] = np.arange(2).reshape(2, 1, 1, 1) + 1
    (result,) = engine.run(2)
    assert (engine.size, engine.batch, engine.provider) == (4, 3, "CPUExecutionProvider")
    assert result.shape == (2, 3, 4, 4)
    assert result[:, 0, 0, 0].tolist() == [2, 4]


def test_a_model_made_for_one_picture_gets_one_at_a_time(tmp_path: Path) -> None:
    assert Engine(doubling(tmp_path, [1, 3, 4, 4]), batch=8).batch == 1


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        (["batch", 4, 4, 4], TensorProto.FLOAT),
        (["batch", 3, 4, 8], TensorProto.FLOAT),
        (["batch", 3, "height", "width"], TensorProto.FLOAT),
        ([3, 4, 4], TensorProto.FLOAT),
        (["batch", 3, 4, 4], TensorProto.DOUBLE),
    ],
)
def test_a_model_that_takes_no_square_picture_is_refused(tmp_path: Path, shape: list, dtype: int) -> None:
    with pytest.raises(ModelError, match=r"doubling\.onnx does not take"):
        Engine(doubling(tmp_path, shape, dtype))


@pytest.mark.parametrize("content", [b"", b"\x80\x04\x95 a pickle", b"<html>not here</html>"])
def test_a_file_that_is_no_model_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.onnx cannot be loaded"):
        Engine(path)


def test_the_fastest_provider_that_the_machine_has_comes_first() -> None:
    have = ["CPUExecutionProvider", "AzureExecutionProvider", "CUDAExecutionProvider"]
    assert choose_providers(have) == ["CUDAExecutionProvider", "CPUExecutionProvider"]
