"""Character n-grams of many short texts at once: as numbers, without a loop over the texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Keys = NDArray[np.uint64]
    Ints = NDArray[np.int64]

EDGE = "\n"
"""Stands before and behind each text, so that its beginning and its end are part of n-grams."""

BITS = 21
"""Of one character: Unicode has 17 x 2^16; three of them fit into a key."""

LENGTHS = (1, 2, 3)


def grams(texts: Sequence[str], lengths: Sequence[int] = LENGTHS) -> tuple[Ints, Keys]:
    """All n-grams of all texts, once for each time they occur.

    Args:
        texts: Without line breaks.
        lengths: Characters in an n-gram, 1 to 3.

    Returns:
        The index of the text, and the n-gram as a key, for each occurrence.
    """
    joined = EDGE + EDGE.join(texts) + EDGE
    codes = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    edge = codes == ord(EDGE)
    # An edge counts to the text behind it, so the first character of an n-gram says whose it is.
    text_of = np.cumsum(edge) - 1
    found = [_of_length(codes, edge, text_of, length) for length in lengths]
    return np.concatenate([texts for texts, _ in found]), np.concatenate([keys for _, keys in found])


def _of_length(codes: Keys, edge: NDArray[np.bool_], text_of: Ints, length: int) -> tuple[Ints, Keys]:
    count = max(0, len(codes) - length + 1)
    key = np.zeros(count, dtype=np.uint64)
    allowed = np.ones(count, dtype=bool)
    for place in range(length):
        key = (key << np.uint64(BITS)) | codes[place : place + count]
        if length == 1 or 0 < place < length - 1:  # edges stand at the ends only
            allowed &= ~edge[place : place + count]
    if length == 2:
        allowed &= ~(edge[:count] & edge[1 : 1 + count])  # an empty text
    return text_of[:count][allowed], key[allowed]


def text_of_key(key: int) -> str:
    """The n-gram; edges are left out."""
    letters = []
    while key:
        letters.append(chr(key & ((1 << BITS) - 1)))
        key >>= BITS
    return "".join(reversed(letters)).replace(EDGE, "")
