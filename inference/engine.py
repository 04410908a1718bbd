"""Runs one model on whatever the machine has: an ONNX Runtime session with a reusable input buffer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort

from base.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

PREFERENCE = (
    "TensorrtExecutionProvider",
    "CUDAExecutionProvider",
    "OpenVINOExecutionProvider",
    "CPUExecutionProvider",
)
"""Fastest first; ONNX Runtime gives to a later one what an earlier one cannot run."""
LOG_ERRORS_ONLY = 3


def choose_providers(available: Sequence[str]) -> list[str]:
    """Which execution providers to ask for, given those that this build and machine have."""
    return [name for name in PREFERENCE if name in available]


class Engine:
    """One loaded model. It is not for several threads at once: the input buffer is one.

    Args:
        path: A verified ONNX file.
        batch: Pictures that are run together at most.
        threads: CPU threads for one run. One, because there is one process a core: two sessions that each
            spread over all cores only wait for each other.

    Attributes:
        size: Side of the square input, pixels.
        batch: Pictures that are run together at most; one where the model is made for one.
        provider: What the model runs on.

    Raises:
        ModelError: The file is no model that this machine can run, or its input is no square picture.
    """

    def __init__(self, path: Path, *, batch: int = 4, threads: int = 1) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = LOG_ERRORS_ONLY
        # A spinning pool would burn a core between batches.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = ort.InferenceSession(
                str(path), options, providers=choose_providers(ort.get_available_providers())
            )
        except Exception as err:  # ONNX Runtime's own errors share no base class but this
            raise ModelError(f"The model {path.name} cannot be loaded: {_first_line(err)}") from err
        self._input, self.size, fixed = _describe(path.name, self._session.get_inputs())
        self.batch = fixed or batch
        self.provider: str = self._session.get_providers()[0]
        self._buffer = np.zeros((self.batch, 3, self.size, self.size), np.float32)

    def slots(self, count: int) -> NDArray[np.float32]:
        """The first ``count`` places of the input buffer (count × 3 × size × size), to be overwritten."""
        return self._buffer[:count]

    def run(self, count: int) -> list[NDArray[np.float32]]:
        """Run the model on the first ``count`` slots; each output has ``count`` as its first dimension.

        Raises:
            ModelError: The run failed (out of memory, a device that went away).
        """
        try:
            outputs: list[NDArray[np.float32]] = self._session.run(None, {self._input: self._buffer[:count]})
        except Exception as err:  # as above
            raise ModelError(f"The model could not be run on {self.provider}: {_first_line(err)}") from err
        return outputs

    def warm_up(self) -> None:
        """Run once on nothing, so that the first real batch does not pay for memory and kernel choice."""
        self.run(self.batch)


def _describe(name: str, inputs: Sequence[Any]) -> tuple[str, int, int | None]:
    """The input's name, its side, and the batch size if the model fixes one."""
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)":
        raise ModelError(f"The model {name} does not take one float picture as its input.")
    batch, channels, height, width = inputs[0].shape
    if channels != 3 or height != width or not isinstance(height, int):
        raise ModelError(f"The model {name} does not take a square picture of three channels.")
    return inputs[0].name, height, batch if isinstance(batch, int) else None


def _first_line(err: Exception) -> str:
    return str(err).strip().partition("\n")[0]
