"""Which encoding a text file is in: told by its mark, or by which one can read all of it."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING

from base.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BLOCK = 1 << 20
_TOLERATED = 0.001
"""Share of bytes that may be damaged before the file is no text at all."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding that was found.

    Attributes:
        name: As Python calls it.
        damaged: Whether some bytes are none of it; they read as U+FFFD.
    """

    name: str
    damaged: bool = False


def detect(path: Path) -> Encoding:
    """Tell the encoding of a text file.

    Raises:
        InvalidInputError: It is no text.
    """
    with path.open("rb") as file:
        start = file.read(4096)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return Encoding(name, damaged=_faults(path, name) > 0)
    even, odd = start[::2].count(0), start[1::2].count(0)
    if max(even, odd) * 8 > len(start):  # ASCII letters in 16 bits, without a mark
        name = "utf-16-le" if odd > even else "utf-16-be"
        if min(even, odd) * 8 < max(even, odd) and not _faults(path, name):
            return Encoding(name)
    found = {}
    for name in ("utf-8", "gb18030"):
        found[name] = _faults(path, name)
        if not found[name]:
            return Encoding(name)
    best = min(found, key=lambda name: found[name])
    if found[best] > max(3, path.stat().st_size * _TOLERATED):
        raise InvalidInputError(
            "The file is no text in UTF-8, UTF-16 or GB18030, and no other form that is read here.",
            remedy="Export it again as CSV (UTF-8) or XLSX.",
        )
    return Encoding(best, damaged=True)


def _faults(path: Path, name: str) -> int:
    """How many places cannot be read in that encoding."""
    decoder = codecs.getincrementaldecoder(name)("replace")
    strict = codecs.getincrementaldecoder(name)("strict")
    faults, sound = 0, True
    for block, last in _blocks(path):
        if b"\n" not in block and b"\r" not in block and not last:
            raise InvalidInputError("The file has a line of more than a million characters: it is no list.")
        if sound:
            state = decoder.getstate()
            try:
                strict.decode(block, last)
            except UnicodeDecodeError:
                sound = False
                decoder.setstate(state)
        text = decoder.decode(block, last) if not sound else ""
        faults += text.count("\ufffd")
        if sound:
            decoder.setstate(strict.getstate())
    return faults


def _blocks(path: Path) -> Iterator[tuple[bytes, bool]]:
    with path.open("rb") as file:
        block = file.read(_BLOCK)
        while block:
            following = file.read(_BLOCK)
            yield block, not following
            block = following
