"""What is known of cameras that says which scenes they could serve; columns, one row a camera."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from camera_registry.names import parse_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from camera_registry.names import CameraName

REACH_M = 150.0
"""Points farther away say nothing of a camera."""

CLOSE_M = 40.0
"""As near as a camera's own site; it may hang on the far side of a yard."""


@dataclass(frozen=True)
class Near:
    """The nearest point of each layer within :data:`REACH_M` of a camera; one entry a camera and layer.

    Attributes:
        rows: Index of the camera (m,).
        layers: Number of the layer, as in ``point_layer`` (m,).
        metres: How far (m,).
    """

    rows: NDArray[np.int64]
    layers: NDArray[np.int64]
    metres: NDArray[np.float32]


@dataclass(frozen=True)
class Evidence:
    """Cameras and what is known of them (n rows).

    Attributes:
        camera_ids: Rows of the catalogue (n,).
        unit_ids: The unit each stands in, 0 for none (n,).
        names: As staff wrote them.
        addresses: As reported, or None.
        owners: Departments, or None.
        road_classes: Class of the road within ``ROAD_REACH_M``, or None.
        near: Points of interest around them.
        names_read: The names taken apart, where somebody has done it already.
    """

    camera_ids: NDArray[np.int64]
    unit_ids: NDArray[np.int64]
    names: Sequence[str]
    addresses: Sequence[str | None]
    owners: Sequence[str | None]
    road_classes: Sequence[str | None]
    near: Near
    names_read: Sequence[CameraName] | None = None

    def __len__(self) -> int:
        return len(self.camera_ids)

    @cached_property
    def parsed(self) -> Sequence[CameraName]:
        """The names taken apart; by far the dearest column."""
        return read_names(self.names) if self.names_read is None else self.names_read

    @cached_property
    def marks(self) -> NDArray[np.int64]:
        """A fingerprint of each camera's evidence: a refusal holds as long as it stays the same.

        It has the name, the address, the owner, the class of the road and which layers are near. How near
        they are is no part of it: a corrected metre is no new evidence.
        """
        layers: list[list[int]] = [[] for _ in range(len(self))]
        order = np.lexsort((self.near.layers, self.near.rows))
        rows, numbers = self.near.rows[order].tolist(), self.near.layers[order].tolist()
        for row, layer in zip(rows, numbers, strict=True):
            layers[row].append(layer)
        columns = zip(self.names, self.addresses, self.owners, self.road_classes, layers, strict=True)
        digests = b"".join(
            hashlib.blake2b(repr(row).encode("utf-8", "replace"), digest_size=8).digest() for row in columns
        )
        return np.frombuffer(digests, dtype=np.int64)

    def take(self, rows: NDArray[np.int64]) -> Evidence:
        """The cameras of these rows, in ascending order."""
        where = np.full(len(self), -1)
        where[rows] = np.arange(len(rows))
        kept = where[self.near.rows] >= 0
        chosen = rows.tolist()
        read = self.parsed
        return Evidence(
            self.camera_ids[rows],
            self.unit_ids[rows],
            [self.names[row] for row in chosen],
            [self.addresses[row] for row in chosen],
            [self.owners[row] for row in chosen],
            [self.road_classes[row] for row in chosen],
            Near(where[self.near.rows[kept]], self.near.layers[kept], self.near.metres[kept]),
            [read[row] for row in chosen],
        )


def read_names(names: Sequence[str]) -> list[CameraName]:
    """Many names taken apart."""
    return [parse_name(name) for name in names]
