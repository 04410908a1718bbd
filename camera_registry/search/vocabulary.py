"""The pairs of characters that occur in the catalogue: how often, how they sound, what may follow what."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from pypinyin import Style, pinyin

from camera_registry.search.text import START, gram_of, grams

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import asyncpg

_READ = "select gram, in_name, elsewhere from search_gram"

TOTAL = 0
"""The row that counts the cameras."""


@dataclass(frozen=True)
class Vocabulary:
    """What occurs, as it was counted last. What is not in it may occur all the same, but not often.

    Attributes:
        cameras: How many were counted.
        in_name: In how many names each pair occurs.
        elsewhere: In how many addresses or owners.
        followers: For each character, those that stand after it in a name.
        sounds: For each character, its syllables without tones; several for 重 and 长.
        by_sound: For each syllable, and for each initial letter, the characters that have it.
    """

    cameras: int = 0
    in_name: Mapping[str, int] = field(default_factory=dict)
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    followers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sounds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by_sound: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int]]) -> Vocabulary:
        """The vocabulary of the counted pairs: each as a number, with its names and its other texts."""
        in_name, elsewhere = {}, {}
        followers: dict[str, set[str]] = defaultdict(set)
        cameras = 0
        for number, names, others in rows:
            if number == TOTAL:
                cameras = names
                continue
            gram = gram_of(number)
            in_name[gram], elsewhere[gram] = names, others
            if names:
                followers[gram[0]].add(gram[1])
        sounds = {letter: syllables(letter) for letter in set(followers).union(*followers.values())}
        by_sound: dict[str, set[str]] = defaultdict(set)
        for letter, readings in sounds.items():
            for syllable in readings:
                by_sound[syllable].add(letter)
                by_sound[syllable[0]].add(letter)
        return cls(cameras, in_name, elsewhere, _frozen(followers), sounds, _frozen(by_sound))

    def names_with(self, key: str) -> int:
        """At most in how many names ``key`` occurs."""
        return self._at_most(self.in_name, key)

    def others_with(self, key: str) -> int:
        """At most in how many addresses and owners ``key`` occurs."""
        return self._at_most(self.elsewhere, key)

    def never_in_names(self, key: str) -> bool:
        """Whether ``key`` was in no name when it was read, though its pairs were in other texts."""
        return any(self.elsewhere.get(gram) and not self.in_name[gram] for gram in grams(key))

    def likely_names_with(self, key: str) -> int:
        """About in how many names ``key`` occurs."""
        return self._likely(self.in_name, key)

    def likely_others_with(self, key: str) -> int:
        """About in how many addresses and owners ``key`` occurs."""
        return self._likely(self.elsewhere, key)

    def pairs_ending(self, letters: frozenset[str]) -> tuple[str, ...]:
        """The pairs of names that end with one of ``letters``: each of them has a pair before it."""
        return tuple(gram for gram in self.in_name if gram[1] in letters)

    def pairs_with(self, letter: str) -> tuple[str, ...]:
        """The pairs of which ``letter`` is one."""
        return tuple(gram for gram in self.in_name if letter in gram and gram[1] != START)

    def between(self, left: str, right: str) -> tuple[str, ...]:
        """The characters that occur after ``left`` and also before ``right``."""
        after = self.followers.get(left, frozenset())
        return tuple(sorted(letter for letter in after if right in self.followers.get(letter, ())))

    def _likely(self, counts: Mapping[str, int], key: str) -> int:
        """Chinese characters go together; digits come as they come."""
        if not key.isascii() or len(key) == 1:
            return self._at_most(counts, key)
        shares = (counts.get(gram, 0) / max(self.cameras, 1) for gram in grams(key))
        return round(self.cameras * prod(shares))

    def _at_most(self, counts: Mapping[str, int], key: str) -> int:
        if len(key) == 1:
            return sum(count for gram, count in counts.items() if gram[1] == key)
        return min((counts.get(gram, 0) for gram in grams(key)), default=0)


async def read_vocabulary(connection: asyncpg.Connection[Any]) -> Vocabulary:
    """The vocabulary as the store has it now."""
    return Vocabulary.of(tuple(row) for row in await connection.fetch(_READ))


def syllables(letter: str) -> tuple[str, ...]:
    """The readings of a Chinese character without tones; none of any other character."""
    if letter.isascii():
        return ()
    known = pinyin(letter, style=Style.NORMAL, heteronym=True, errors="ignore")
    readings = (reading for row in known for reading in row)
    return tuple(dict.fromkeys(reading for reading in readings if reading.isascii() and reading.isalpha()))


def _frozen(sets: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {key: frozenset(values) for key, values in sets.items()}
