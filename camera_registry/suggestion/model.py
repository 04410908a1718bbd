"""A trained classifier: one linear score a scene, and the curve that makes it a probability."""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import orjson

from base.errors import ModelError
from camera_registry.suggestion.curve import Curve
from camera_registry.suggestion.features import Space

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    from camera_registry.suggestion.evidence import Evidence

FORMAT = 1
MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Model:
    """A classifier of k scenes over the columns of a space.

    Attributes:
        space: What the columns mean.
        scenes: Codes of the scenes it knows (k).
        weights: (k, width), float32.
        intercepts: (k,), float32.
        curves: From score to probability (k).
    """

    space: Space
    scenes: tuple[str, ...]
    weights: NDArray[np.float32]
    intercepts: NDArray[np.float32]
    curves: tuple[Curve, ...]

    def scores(self, matrix: sparse.csr_array) -> NDArray[np.float32]:
        """Uncalibrated scores (n, k)."""
        found: NDArray[np.float32] = matrix @ self.weights.T + self.intercepts
        return found

    def probabilities(self, matrix: sparse.csr_array) -> NDArray[np.float64]:
        """Calibrated probabilities (n, k)."""
        scores = self.scores(matrix)
        return np.column_stack([curve(scores[:, each]) for each, curve in enumerate(self.curves)])

    def knows(self, evidence: Evidence) -> NDArray[np.bool_]:
        """Whether each camera (n,) is of a kind that it was taught.

        Staff classify some kinds of place and never others. Of a kind that it has not met, its probability
        would be that of the kinds that it has: it abstains.
        """
        taught = {trait.removeprefix("place:") for trait in self.space.traits if trait.startswith("place:")}
        return np.array([name.place_kind is None or name.place_kind in taught for name in evidence.parsed])

    def strongest(
        self, matrix: sparse.csr_array, scenes: NDArray[np.int64], most: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
        """What speaks most for one scene of each row.

        Args:
            matrix: Cameras (n, width).
            scenes: Index of a scene for each (n,).
            most: How many reasons.

        Returns:
            Columns (n, most), their contributions to the score and their entries in the row, strongest first;
            a contribution of 0 means that there are no more.
        """
        count = matrix.shape[0]
        lengths = np.diff(matrix.indptr)
        widest = max(int(lengths.max(initial=0)), most)
        row = np.repeat(np.arange(count), lengths)
        place = np.arange(len(row)) - np.repeat(matrix.indptr[:-1], lengths)
        share = np.zeros((count, widest), dtype=np.float32)
        share[row, place] = matrix.data * self.weights[np.repeat(scenes, lengths), matrix.indices]
        top = np.argpartition(-share, most - 1, axis=1)[:, :most]
        top = np.take_along_axis(top, np.argsort(-np.take_along_axis(share, top, 1), axis=1), 1)
        column = np.zeros((count, widest), dtype=np.int64)
        column[row, place] = matrix.indices
        entry = np.zeros((count, widest), dtype=np.float32)
        entry[row, place] = matrix.data
        columns, shares, entries = (np.take_along_axis(each, top, 1) for each in (column, share, entry))
        return columns, np.maximum(shares, 0), entries

    def to_bytes(self) -> bytes:
        """As plain arrays; nothing in them can be executed."""
        space = self.space
        words = {
            "format": FORMAT,
            "scenes": self.scenes,
            "owners": space.owners,
            "layers": space.layers,
            "road_classes": space.road_classes,
            "traits": space.traits,
        }
        file = io.BytesIO()
        np.savez_compressed(
            file,
            weights=self.weights,
            intercepts=self.intercepts,
            name_keys=space.name_keys,
            name_weights=space.name_weights,
            address_keys=space.address_keys,
            curve_ends=np.cumsum([len(curve.scores) for curve in self.curves]),
            curve_scores=np.concatenate([curve.scores for curve in self.curves]),
            curve_probabilities=np.concatenate([curve.probabilities for curve in self.curves]),
            words=np.frombuffer(orjson.dumps(words), dtype=np.uint8),
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Model:
        """What :meth:`to_bytes` gave; pickled objects are refused.

        Raises:
            ModelError: It is not that.
        """
        if len(data) > MOST_BYTES:
            raise ModelError("The classifier of suggestions is larger than any that Dengta makes.")
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            return cls._of(arrays, orjson.loads(arrays["words"].tobytes()))
        except (ValueError, KeyError, TypeError, EOFError, OSError, BadZipFile) as err:
            raise ModelError(
                "The classifier of suggestions cannot be read.", remedy="Train it anew: dengta suggest train"
            ) from err

    @classmethod
    def _of(cls, arrays: dict[str, NDArray[Any]], words: dict[str, Any]) -> Model:
        space = Space(
            name_keys=arrays["name_keys"].astype(np.uint64),
            name_weights=arrays["name_weights"].astype(np.float32),
            address_keys=arrays["address_keys"].astype(np.uint64),
            owners=tuple(words["owners"]),
            layers=tuple((int(number), str(code)) for number, code in words["layers"]),
            road_classes=tuple(words["road_classes"]),
            traits=tuple(words["traits"]),
        )
        scenes = tuple(words["scenes"])
        starts = [0, *arrays["curve_ends"].tolist()]
        curves = tuple(
            Curve(arrays["curve_scores"][start:end], arrays["curve_probabilities"][start:end])
            for start, end in pairwise(starts)
        )
        weights, intercepts = arrays["weights"].astype(np.float32), arrays["intercepts"].astype(np.float32)
        shapes = (weights.shape, intercepts.shape, len(curves), words["format"])
        if shapes != ((len(scenes), space.width), (len(scenes),), len(scenes), FORMAT):
            raise ValueError(shapes)
        return cls(space, scenes, weights, intercepts, curves)
