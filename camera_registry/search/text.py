"""Texts as they are compared: the same in Python as ``search_key`` makes them in the store."""

from __future__ import annotations

import re
import string
import unicodedata
from typing import TYPE_CHECKING

from models.tables.search import REMOVED

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_WORDS = 8
MAX_LENGTH = 64
"""Characters of what is typed; the longest names have fewer."""

START = "^"
"""Stands before the first character of a text, so that every character belongs to a pair."""

_BITS = 21
"""Of a Unicode code point."""

_BETWEEN_WORDS = re.compile(r"[\s,;|、]+")
_KEY = str.maketrans(string.ascii_uppercase, string.ascii_lowercase, REMOVED)


def search_key(written: str) -> str:
    """What is compared: full width and half width, upper case and lower are one; blanks and signs are none.

    The connecting 与 is left out like a sign, because junctions are written with it and without.
    """
    return unicodedata.normalize("NFKC", written).translate(_KEY)


def words_of(typed: str) -> tuple[str, ...]:
    """The words that somebody typed, each as :func:`search_key` makes it; none twice, at most eight."""
    parts = _BETWEEN_WORDS.split(unicodedata.normalize("NFKC", typed))
    keys = (key for part in parts if (key := search_key(part)))
    return tuple(dict.fromkeys(keys))[:MAX_WORDS]


def grams(key: str) -> tuple[str, ...]:
    """The pairs of neighbouring characters within ``key``, in order; none of a single character."""
    return tuple(key[place : place + 2] for place in range(len(key) - 1))


def number_of(gram: str) -> int:
    """A pair as the store has it: ``search_grams``."""
    return ord(gram[0]) << _BITS | ord(gram[1])


def gram_of(number: int) -> str:
    """The pair of a number of the store."""
    return chr(number >> _BITS) + chr(number & ((1 << _BITS) - 1))


def numbers_of(pairs: Iterable[str]) -> list[int]:
    """Pairs as the store has them."""
    return [number_of(pair) for pair in pairs]


def is_code_like(key: str) -> bool:
    """Whether ``key`` may be part of a device id: letters and digits of ASCII, and a digit among them."""
    return key.isascii() and key.isalnum() and any(map(str.isdigit, key))


def marks(written: str, found: tuple[str, ...]) -> list[tuple[int, int]]:
    """Where the keys ``found`` stand in a text as it is written, from and to, in its own characters.

    What was left out between two characters that were found is marked with them.
    """
    keys = [search_key(letter) for letter in written]
    place = [index for index, key in enumerate(keys) for _ in key]
    whole = "".join(keys)
    spans = []
    for key in found:
        start = whole.find(key) if key else -1
        if start >= 0:
            spans.append((place[start], place[start + len(key) - 1] + 1))
    return _merged(sorted(spans))


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
