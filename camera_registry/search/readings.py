"""What a word may mean beside what it says: by its sound, or with one typing error. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

from camera_registry.search.text import grams, is_code_like
from camera_registry.search.vocabulary import syllables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from camera_registry.search.vocabulary import Vocabulary

MAX_SPELLINGS = 12
"""Ways to cut a row of letters into syllables and initials that are followed."""

LONGEST_SPELT = 40
SHORTEST_WRONG = 3
"""Characters of a word of which one may be wrong or too many; of two, nothing would be left to go by."""

SHORTEST_WRONG_CODE = 8


@dataclass(frozen=True, slots=True)
class Sound:
    """A row of characters of which only the sound is known.

    Attributes:
        letters: For each place, the characters that may stand there.
        pairs: For each two neighbouring places, the pairs that occur in names; none is empty.
        names: At most how many names.
    """

    letters: tuple[frozenset[str], ...]
    pairs: tuple[tuple[str, ...], ...]
    names: int

    @property
    def pattern(self) -> str:
        """As a regular expression: keys hold no sign that would mean something in it."""
        return "".join(f"[{''.join(sorted(letters))}]" for letters in self.letters)

    def likely(self, vocabulary: Vocabulary) -> int:
        """About how many names: each further pair counts by a smaller root."""
        shares = sorted(
            sum(vocabulary.in_name.get(pair, 0) for pair in either) / max(vocabulary.cameras, 1)
            for either in self.pairs
        )
        together = prod((share ** (1 / 2**place) for place, share in enumerate(shares)), start=1.0)
        return round(vocabulary.cameras * together)


@dataclass(frozen=True, slots=True)
class Similar:
    """What a word with one typing error may have been meant as.

    Attributes:
        patterns: As LIKE has it, ``_`` for one character that is not known.
        any_pair: Pairs of which a name that fits has one at least.
        split: Two halves that may stand apart and in another order.
        codes: Beginnings of device ids, as LIKE has them.
        halves: Of a device id: one is right.
        names: At most how many names.
    """

    patterns: tuple[str, ...] = ()
    any_pair: tuple[str, ...] = ()
    split: tuple[tuple[str, str], ...] = ()
    codes: tuple[str, ...] = ()
    halves: tuple[str, str] = ("", "")
    names: int = 0

    def __bool__(self) -> bool:
        return bool(self.patterns or self.split or self.codes)


def sounds_of(word: str, vocabulary: Vocabulary) -> tuple[Sound, ...]:
    """What sounds like ``word``: pinyin, whole or initials or mixed, or characters mistaken for others."""
    if len(word) < 2:
        return ()
    if word.isascii():
        spelt = any(map(str.isalpha, word)) and len(word) <= LONGEST_SPELT
        return tuple(_spelt(word, vocabulary)) if spelt else ()
    rows = tuple(_alike(letter, vocabulary) for letter in word)
    sound = _possible(rows, vocabulary)
    return (sound,) if sound and any(len(row) > 1 for row in rows) else ()


def _alike(letter: str, vocabulary: Vocabulary) -> frozenset[str]:
    same: set[str] = {letter}
    for syllable in vocabulary.sounds.get(letter) or syllables(letter):
        same |= vocabulary.by_sound.get(syllable, frozenset())
    return frozenset(same)


def _spelt(word: str, vocabulary: Vocabulary) -> Iterator[Sound]:
    """Cut into as few parts as possible first: hong-qi-lu before h-o-n-g-q-i-l-u."""
    found = 0
    waiting: list[tuple[int, tuple[frozenset[str], ...]]] = [(0, ())]
    while waiting and found < MAX_SPELLINGS:
        start, letters = waiting.pop(0)
        if start == len(word):
            sound = _possible(letters, vocabulary)
            if sound:
                found += 1
                yield sound
            continue
        for end, row in _parts(word, start, vocabulary):
            if not letters or any(vocabulary.followers.get(a, frozenset()) & row for a in letters[-1]):
                waiting.append((end, (*letters, row)))
        waiting.sort(key=lambda cut: len(cut[1]) - cut[0] / 2)
        del waiting[200:]


def _parts(word: str, start: int, vocabulary: Vocabulary) -> Iterator[tuple[int, frozenset[str]]]:
    """The syllables, initials, and at the end beginnings of syllables, that ``word`` may go on with."""
    if word[start].isdigit():
        yield start + 1, frozenset(word[start])
        return
    for end in range(min(len(word), start + 6), start, -1):
        part = word[start:end]
        row = vocabulary.by_sound.get(part, frozenset())
        if end == len(word) and len(part) > 1:
            row = row.union(*(vocabulary.by_sound[s] for s in vocabulary.by_sound if s.startswith(part)))
        if row:
            yield end, row


def _possible(rows: tuple[frozenset[str], ...], vocabulary: Vocabulary) -> Sound | None:
    pairs = tuple(
        tuple(sorted(a + b for a in left for b in vocabulary.followers.get(a, frozenset()) & right))
        for left, right in pairwise(rows)
    ) or (vocabulary.pairs_ending(rows[0]),)
    if not all(pairs):
        return None
    names = min(sum(vocabulary.in_name.get(pair, 0) for pair in either) for either in pairs)
    return Sound(rows, pairs, names)


def similar_to(word: str, vocabulary: Vocabulary, *, codes: bool) -> Similar:
    """What ``word`` may have been meant as: one character wrong, missing, too many, or two exchanged."""
    if is_code_like(word) and len(word) >= SHORTEST_WRONG_CODE:
        if not codes:
            return Similar()
        middle = len(word) // 2
        halves = (word[:middle], word[middle + 1 :])
        return Similar(codes=tuple(f"{pattern}%" for pattern in dict.fromkeys(_edits(word))), halves=halves)
    names, any_pair, patterns = 0, set[str](), []
    for pattern in dict.fromkeys(_edits(word)):
        pairs = _tell_tale(pattern, vocabulary)
        if pairs:
            patterns.append(pattern)
            any_pair |= set(pairs)
            names += sum(vocabulary.in_name.get(pair, 0) for pair in pairs)
    parts = ((word[:place], word[place:]) for place in range(2, len(word) - 1))
    split = tuple(both for both in parts if all(map(vocabulary.names_with, both)))
    names += sum(min(map(vocabulary.names_with, both)) for both in split)
    return Similar(tuple(patterns), tuple(sorted(any_pair)), split, names=names)


def _edits(word: str) -> Iterator[str]:
    """The patterns of what differs from ``word`` by one error."""
    size = len(word)
    for place in range(size - 1):  # two exchanged
        if word[place] != word[place + 1]:
            yield word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    for place in range(1, size):  # one missing
        yield f"{word[:place]}_{word[place:]}"
    if size >= SHORTEST_WRONG:
        for place in range(1, size - 1):  # one wrong
            yield f"{word[:place]}_{word[place + 1 :]}"
        for place in range(size):  # one too many; at either end, one wrong as well
            yield word[:place] + word[place + 1 :]


def _tell_tale(pattern: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Pairs of which one is in every name that fits; none if no name can fit."""
    left, gap, right = pattern.partition("_")
    known = [*grams(left), *grams(right)]
    if any(gram not in vocabulary.in_name for gram in known):
        return ()
    middle = vocabulary.between(left[-1], right[0]) if gap else ()
    if gap and not middle:
        return ()
    if known:
        return (min(known, key=lambda gram: vocabulary.in_name[gram]),)
    return tuple(left[-1] + letter for letter in middle)
