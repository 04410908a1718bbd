"""The normal form of a name: half-width, one kind of dash and bracket, and where each character came from."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

_SAME = {
    **dict.fromkeys("‐‑‒–—―−﹣➖﹘", "-"),
    **dict.fromkeys("【〔〖《「『[{<〈", "("),
    **dict.fromkeys("】〕〗》」』]}>〉", ")"),
    **dict.fromkeys("～〜∼", "~"),
    **dict.fromkeys("×✕╳", "×"),
    **dict.fromkeys("⇒➡⟶", "→"),
    "﹢": "+",
    "﹫": "@",
}
"""What NFKC leaves apart and names use alike."""


class _Normal(dict[int, str]):
    """A translation table that learns: characters to their normal form, empty for what cannot be seen."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        shape = unicodedata.normalize("NFKC", character)
        shape = "".join(_SAME.get(c, c) for c in shape)
        shape = "".join(_visible(c) for c in shape)
        self[code] = shape
        return shape


def _visible(character: str) -> str:
    if "a" <= character <= "z":
        return character.upper()
    kind = unicodedata.category(character)
    if kind in {"Cf", "Cs"}:
        return ""  # joiners, marks of direction, halves of surrogates
    return " " if kind[0] == "C" or kind[0] == "Z" else character


_TABLE = _Normal()


class Normal(NamedTuple):
    """A text in its normal form.

    Attributes:
        text: The normal form.
        origins: For each of its characters, and for its end, the position in the given text; None where the
            two have one character for one.
    """

    text: str
    origins: list[int] | None

    def origin(self, position: int) -> int:
        """Where the character at ``position`` came from."""
        return position if self.origins is None else self.origins[position]

    def end(self, position: int) -> int:
        """Where what comes before ``position``, which is not 0, ends in the given text."""
        return position if self.origins is None else self.origins[position - 1] + 1


def normalise(given: str) -> Normal:
    """The normal form (NFKC character by character, ASCII in capitals); doing it twice changes nothing."""
    text = given.translate(_TABLE)
    if text == given:
        return Normal(text, None)
    origins = [position for position, c in enumerate(given) for _ in _TABLE[ord(c)]]
    return Normal(text, [*origins, len(given)])
