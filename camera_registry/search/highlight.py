"""Where in a name what was typed was found, for those who read the list. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from camera_registry.search.readings import similar_to, sounds_of
from camera_registry.search.text import marks, search_key, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from camera_registry.search.vocabulary import Vocabulary


class Highlighter:
    """Finds the parts of names that answer what was typed.

    Args:
        typed: What somebody typed.
        vocabulary: What occurs.
    """

    def __init__(self, typed: str, vocabulary: Vocabulary) -> None:
        self._words = words_of(typed)
        self._vocabulary = vocabulary
        self._patterns: dict[str, list[re.Pattern[str]]] = {}

    def marks(self, name: str) -> list[tuple[int, int]]:
        """From and to of each part, in characters of ``name`` as it is written; none if it was elsewhere."""
        key = search_key(name)
        return marks(name, tuple(part for word in self._words if (part := self._part(key, word))))

    def _part(self, key: str, word: str) -> str:
        if word in key:
            return word
        # Most words stand there as they are: what else they may mean is not asked before it matters.
        if word not in self._patterns:
            self._patterns[word] = [*_patterns(word, self._vocabulary)]
        found = (pattern.search(key) for pattern in self._patterns[word])
        return next((part[0] for part in found if part), "")


def _patterns(word: str, vocabulary: Vocabulary) -> Iterator[re.Pattern[str]]:
    """What else the word may stand for, the likeliest first."""
    for sound in sounds_of(word, vocabulary):
        yield re.compile(sound.pattern)
    similar = similar_to(word, vocabulary, codes=False)
    for pattern in similar.patterns:
        yield re.compile(re.escape(pattern).replace("_", "."))
    for left, right in similar.split:
        yield re.compile(f"{re.escape(left)}|{re.escape(right)}")
