"""How closely a camera answers the words: tiers, closest first, no camera in two of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from camera_registry.search.clauses import (
    anywhere,
    begins,
    but_not,
    either,
    every,
    found_anywhere,
    found_in_code,
    found_in_name,
    found_resembling,
    found_sounding,
    in_name,
    is_fragment,
    literally,
    never,
    resembling,
    sounding,
)
from camera_registry.search.readings import similar_to, sounds_of
from camera_registry.search.text import START, is_code_like

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from camera_registry.search.clauses import Values
    from camera_registry.search.vocabulary import Vocabulary

    Make = Callable[[Values], str]


class Closeness(IntEnum):
    """How a camera answers the words, closest first."""

    BEGINS = 1
    """Its name or device id begins with the first word, and the others stand anywhere."""
    NAME = 2
    """All words stand in its name."""
    ELSEWHERE = 3
    """They stand in its name, address or owner, or its device id begins with them."""
    CODE = 4
    """They stand within its device id."""
    SOUND = 5
    """Its name sounds like them: pinyin, or characters that sound alike."""
    SIMILAR = 6
    """Its name differs by one character wrong, missing, too many or exchanged, or has the parts apart."""


SOME = 1_000
"""Cameras whose device id may have a fragment: nobody counts them."""

NAME_ALONE_US = 0.15
LITERAL_US = 0.35
LOOSE_US = 5.0
"""What reading and testing a row takes, microseconds: its name alone, all its texts, by sound or errors."""


@dataclass(frozen=True)
class Tier:
    """The cameras of one closeness.

    Attributes:
        closeness: Which.
        test: The exact condition on a row ``f`` of the search index; no other tier's rows meet it.
        found_by: A wider condition that indexes can answer, or None.
        rows: At most how many it finds, as the vocabulary counted.
        likely: About how many of them meet ``test``.
        reads: Columns that ``test`` reads.
        effort_us: Microseconds that ``test`` takes for a row.
        ordered: Whether ``test`` is itself a range of the order of names.
    """

    closeness: Closeness
    test: Make
    found_by: Make | None
    rows: int
    likely: int
    reads: tuple[str, ...] = ("name", "code", "rest")
    effort_us: float = LITERAL_US
    ordered: bool = False


def literal_tiers(words: Sequence[str], vocabulary: Vocabulary, codes: int) -> list[Tier]:
    """The tiers of cameras that have the words as they are.

    Args:
        words: Keys, one at least.
        vocabulary: Counts.
        codes: How many device ids begin with the rarest word that may be one's beginning.
    """
    first, *others = words
    named, somewhere = every([*map(in_name, words)]), every([*map(anywhere, words)])
    names = {word: vocabulary.names_with(word) for word in words}
    all_texts = {word: names[word] + vocabulary.others_with(word) + codes for word in words}
    tiers = []
    start = every([begins(first), *map(anywhere, others)])
    nameless = any(map(vocabulary.never_in_names, words))
    if nameless:
        named = every([never])
    begun = min(names[first], vocabulary.in_name.get(START + first[0], 0))
    if is_code_like(first):
        tiers.append(Tier(Closeness.BEGINS, start, begins(first), begun + codes, begun + codes))
    elif vocabulary.in_name.get(START + first[0]) and not vocabulary.never_in_names(first):
        reads = ("name", "code", "rest") if others else ("name",)
        effort = NAME_ALONE_US
        tiers.append(Tier(Closeness.BEGINS, start, begins(first), begun, begun, reads, effort, ordered=True))
    else:
        start = every([never])
    by_code = is_code_like(first)
    if not nameless:
        tiers.append(
            Tier(
                Closeness.NAME,
                but_not(named, start),
                every([found_in_name(word, vocabulary) for word in words]),
                min(names.values()),
                _together([vocabulary.likely_names_with(word) for word in words], vocabulary.cameras),
                ("name",) if not (by_code or others) else ("name", "code", "rest"),
                LITERAL_US if by_code or others else NAME_ALONE_US,
            )
        )
    tiers.append(
        Tier(
            Closeness.ELSEWHERE,
            but_not(somewhere, either([named, start])),
            every([found_anywhere(word, vocabulary) for word in words]),
            min(all_texts.values()),
            _together([vocabulary.likely_others_with(word) for word in words], vocabulary.cameras),
        )
    )
    fragments = [word for word in words if is_fragment(word)]
    if fragments:
        within = but_not(every([*map(literally, words)]), somewhere)
        found = every([*map(found_in_code, fragments)]) if len(fragments) == len(words) else None
        tiers.append(Tier(Closeness.CODE, within, found, SOME, 0))
    return tiers


def loose_tiers(words: Sequence[str], vocabulary: Vocabulary, *, codes: bool) -> list[Tier]:
    """The tiers of cameras that have something like the words.

    Args:
        words: Keys, one at least.
        vocabulary: What occurs.
        codes: Whether device ids may differ as well: none that looks so is what was typed.
    """
    exact = every([*map(literally, words)])
    sounds = {word: sounds_of(word, vocabulary) for word in words}
    alike = {word: similar_to(word, vocabulary, codes=codes) for word in words}
    texts = {word: vocabulary.names_with(word) + vocabulary.others_with(word) for word in words}
    heard = {word: texts[word] + sum(sound.names for sound in sounds[word]) for word in words}
    hearing = {word: either([literally(word), *map(sounding, sounds[word])]) for word in words}
    found = {word: [found_anywhere(word, vocabulary), *map(found_sounding, sounds[word])] for word in words}
    closer = every([*hearing.values()])
    tiers = []
    if any(sounds.values()):
        likely = [texts[word] + sum(sound.likely(vocabulary) for sound in sounds[word]) for word in words]
        tiers.append(
            Tier(
                Closeness.SOUND,
                but_not(closer, exact),
                every([either(found[word]) for word in words]),
                min(heard.values()),
                _together(likely, vocabulary.cameras),
                effort_us=LOOSE_US,
            )
        )
    if any(alike.values()):
        meaning = every([either([hearing[word], resembling(alike[word])]) for word in words])
        for word in words:
            found[word] += [found_resembling(alike[word])] if alike[word] else []
        tiers.append(
            Tier(
                Closeness.SIMILAR,
                but_not(meaning, closer),
                every([either(found[word]) for word in words]),
                min(heard[word] + alike[word].names for word in words),
                0,
                effort_us=LOOSE_US,
            )
        )
    return tiers


def _together(counts: Iterable[int], cameras: int) -> int:
    """About how many have all: each further condition counts by a smaller root, for they go together."""
    likely = float(cameras)
    for place, count in enumerate(sorted(counts)):
        likely *= min(count / max(cameras, 1), 1.0) ** (1 / 2**place)
    return round(likely)
