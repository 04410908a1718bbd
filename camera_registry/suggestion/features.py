"""Evidence as a sparse matrix, and what its columns mean: learned from the cameras that staff classified."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from camera_registry.suggestion.evidence import CLOSE_M, REACH_M
from camera_registry.suggestion.ngrams import grams, text_of_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from camera_registry.names import CameraName
    from camera_registry.suggestion.evidence import Evidence

    Keys = NDArray[np.uint64]
    Floats = NDArray[np.float32]

RAREST = 8
"""Occurrences below which an n-gram is one name's own and says nothing of others."""
FEWEST_UNITS = 3
"""Units below which it is a township's own: 苑岸段 stands in 清苑岸段 and tells where, not what."""
MOST_NAME_GRAMS = 24_000
MOST_ADDRESS_GRAMS = 4_000
MOST_OWNERS = 400
TEXT_WEIGHT = 4.0
"""Length of the n-grams' part of a row, where every other entry is 1 or less."""

_DIGITS = re.compile(r"\d+")


class Column(NamedTuple):
    """What a column means.

    Attributes:
        kind: ``name``, ``address``, ``owner``, ``close``, ``near``, ``road`` or ``trait``.
        value: The n-gram, the department, the code of the layer, the class of the road, or the trait.
    """

    kind: str
    value: str


@dataclass(frozen=True)
class Space:
    """The columns.

    Attributes:
        name_keys: N-grams of names, ascending.
        name_weights: Their inverse document frequencies.
        address_keys: N-grams of addresses, ascending.
        owners: Departments.
        layers: Codes of point layers, by their numbers.
        road_classes: Classes of roads.
        traits: What a name says when it is taken apart, e.g. ``place:school`` or ``at-junction``.
    """

    name_keys: Keys
    name_weights: Floats
    address_keys: Keys
    owners: tuple[str, ...]
    layers: tuple[tuple[int, str], ...]
    road_classes: tuple[str, ...]
    traits: tuple[str, ...]

    @classmethod
    def learn(cls, evidence: Evidence, layers: Sequence[tuple[int, str]]) -> Space:
        """The columns that these cameras need.

        Args:
            evidence: Cameras that staff have classified.
            layers: Number and code of each point layer.
        """
        keys, counts = _frequent(_cores(evidence), evidence.unit_ids, MOST_NAME_GRAMS)
        weights = np.log((1 + len(evidence)) / (1 + counts)).astype(np.float32) + 1
        owners = Counter(owner for owner in evidence.owners if owner)
        traits = Counter(chain.from_iterable(map(_traits, evidence.parsed)))
        return cls(
            name_keys=keys,
            name_weights=weights,
            address_keys=_frequent(_addresses(evidence), evidence.unit_ids, MOST_ADDRESS_GRAMS)[0],
            owners=tuple(sorted(owner for owner, n in owners.most_common(MOST_OWNERS) if n >= RAREST)),
            layers=tuple(layers),
            road_classes=tuple(sorted({road for road in evidence.road_classes if road})),
            traits=tuple(sorted(trait for trait, n in traits.items() if n >= RAREST)),
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Columns of each block, in order."""
        return (
            *(len(self.name_keys), len(self.address_keys), len(self.owners)),
            *(len(self.layers), len(self.layers), len(self.road_classes), len(self.traits)),
        )

    @property
    def width(self) -> int:
        """All columns."""
        return sum(self.sizes)

    def column(self, index: int) -> Column:
        """What the column of this index means."""
        for kind, size in zip(_BLOCKS, self.sizes, strict=True):
            if index < size:
                return Column(kind, self._value(kind, index))
            index -= size
        raise IndexError(index)

    def _value(self, kind: str, index: int) -> str:
        if kind in {"name", "address"}:
            return text_of_key(int((self.name_keys if kind == "name" else self.address_keys)[index]))
        if kind in {"close", "near"}:
            return self.layers[index][1]
        return {"owner": self.owners, "road": self.road_classes, "trait": self.traits}[kind][index]

    def matrix(self, evidence: Evidence) -> sparse.csr_array:
        """The rows of these cameras (n, width), float32."""
        count = len(evidence)
        name = _tf_idf(_cores(evidence), self.name_keys, self.name_weights)
        even = np.ones(len(self.address_keys), dtype=np.float32)
        address = _tf_idf(_addresses(evidence), self.address_keys, even)
        blocks = [
            name * np.float32(TEXT_WEIGHT),
            address,
            _one_hot(([owner] if owner else [] for owner in evidence.owners), self.owners, count),
            *self._layers(evidence),
            _one_hot(([road] if road else [] for road in evidence.road_classes), self.road_classes, count),
            _one_hot(map(_traits, evidence.parsed), self.traits, count),
        ]
        return sparse.hstack(blocks, format="csr", dtype=np.float32)

    def _layers(self, evidence: Evidence) -> tuple[sparse.csr_array, sparse.csr_array]:
        """Whether a point of each layer is close, and how near it is: 1 at the camera, 0 out of reach."""
        near = evidence.near
        place = {number: index for index, (number, _) in enumerate(self.layers)}
        columns = np.array([place.get(layer, -1) for layer in near.layers.tolist()], dtype=np.int64)
        known = columns >= 0
        rows, columns, metres = near.rows[known], columns[known], near.metres[known]
        shape = (len(evidence), len(self.layers))
        close = metres <= CLOSE_M
        ones = np.ones(int(close.sum()), dtype=np.float32)
        proximity = np.clip(1 - metres / np.float32(REACH_M), 0, 1)
        return (
            sparse.csr_array((ones, (rows[close], columns[close])), shape=shape),
            sparse.csr_array((proximity, (rows, columns)), shape=shape),
        )


_BLOCKS = ("name", "address", "owner", "close", "near", "road", "trait")


def _cores(evidence: Evidence) -> list[str]:
    """Names without district, form and number; other figures only tell one house from the next."""
    return [_DIGITS.sub("0", name.core) for name in evidence.parsed]


def _addresses(evidence: Evidence) -> list[str]:
    return [_DIGITS.sub("0", (address or "").replace("\n", " ")) for address in evidence.addresses]


def _traits(name: CameraName) -> list[str]:
    """What the name says, in words that other names share."""
    if not name.is_name:
        return ["unnamed"]
    found = [f"place:{name.place_kind}"] if name.place_kind else []
    found += [f"road-ends:{road.text[-1]}" for road in name.roads[:2]]
    found += [f"numbered:{road.code[0]}" for road in name.roads[:1] if road.code]
    found += [
        trait
        for trait, holds in (
            ("at-junction", name.at_junction),
            ("section", name.section),
            ("chainage", name.chainage_m is not None),
            ("house", name.house is not None),
            ("traffic", name.direction is not None and name.direction.flow is not None),
            ("no-place", not name.place_kind),
        )
        if holds
    ]
    return found


def _frequent(texts: list[str], units: NDArray[np.int64], most: int) -> tuple[Keys, NDArray[np.int64]]:
    """The n-grams that occur often and in several units, ascending, and how often."""
    rows, keys = grams(texts)
    found, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
    names, unit_of = np.unique(units, return_inverse=True)
    pairs = np.unique(which * len(names) + unit_of[rows])
    spread = np.bincount(pairs // len(names), minlength=len(found))
    often = (counts >= RAREST) & (spread >= min(FEWEST_UNITS, len(names)))
    found, counts = found[often], counts[often]
    if len(found) > most:
        kept = np.sort(np.argsort(-counts, kind="stable")[:most])
        found, counts = found[kept], counts[kept]
    return found, counts


def _tf_idf(texts: list[str], keys: Keys, weights: Floats) -> sparse.csr_array:
    """Rows of length 1, or empty where no n-gram is known."""
    shape = (len(texts), len(keys))
    if not len(keys):
        return sparse.csr_array(shape, dtype=np.float32)
    rows, found = grams(texts)
    columns = np.minimum(np.searchsorted(keys, found), len(keys) - 1)
    known = keys[columns] == found
    rows, columns = rows[known], columns[known]
    counted = sparse.csr_array((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)
    counted.sum_duplicates()
    counted.data = np.sqrt(counted.data) * weights[counted.indices]
    length = np.sqrt(np.asarray(counted.multiply(counted).sum(axis=1)).ravel())
    counted.data /= np.repeat(np.where(length > 0, length, 1), np.diff(counted.indptr)).astype(np.float32)
    return counted


def _one_hot(rows: Iterator[list[str]], words: Sequence[str], count: int) -> sparse.csr_array:
    """1 where a row has a word."""
    place = {word: index for index, word in enumerate(words)}
    indices: list[int] = []
    ends = [0]
    for row in rows:
        indices += {place[word] for word in row if word in place}
        ends.append(len(indices))
    ones = np.ones(len(indices), dtype=np.float32)
    return sparse.csr_array((ones, indices, ends), shape=(count, len(words)))
