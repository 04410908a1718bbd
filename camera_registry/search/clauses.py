"""Words as conditions on a row ``f`` of the search index, each with what an index can find it by. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from camera_registry.search.text import grams, is_code_like, numbers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from camera_registry.search.readings import Similar, Sound
    from camera_registry.search.vocabulary import Vocabulary

SHORTEST_FRAGMENT, LONGEST_FRAGMENT = 4, 17
"""Characters of a device id that are looked for within it: shorter ones only where it begins, and longer ones
hardly have room for anything before them."""


@dataclass
class Values:
    """The parameters of a statement, in the order of their numbers."""

    all: list[object] = field(default_factory=list)

    def put(self, value: object) -> str:
        """The name of a parameter with this value."""
        self.all.append(value)
        return f"${len(self.all)}"


def every(clauses: Sequence[Callable[[Values], str]]) -> Callable[[Values], str]:
    """All of them hold."""
    return lambda values: "(" + (" and ".join(clause(values) for clause in clauses) or "true") + ")"


def either(clauses: Sequence[Callable[[Values], str]]) -> Callable[[Values], str]:
    """One of them holds."""
    return lambda values: "(" + (" or ".join(clause(values) for clause in clauses) or "false") + ")"


def but_not(clause: Callable[[Values], str], other: Callable[[Values], str]) -> Callable[[Values], str]:
    """The first holds and the other does not."""
    return lambda values: f"({clause(values)} and not {other(values)})"


def never(_values: Values) -> str:
    """No row."""
    return "false"


# A key holds no sign that LIKE or a regular expression would take for one of its own.


def begins(word: str) -> Callable[[Values], str]:
    """The name, or the device id, begins with ``word``; both by an ordered index."""

    def clause(values: Values) -> str:
        start = values.put(f"{word}%")
        either_one = f"(f.name like {start} or f.code like {start})"
        return either_one if is_code_like(word) else f"f.name like {start}"

    return clause


def in_name(word: str) -> Callable[[Values], str]:
    """The name has ``word``."""
    return lambda values: f"f.name like {values.put(f'%{word}%')}"


def anywhere(word: str) -> Callable[[Values], str]:
    """The name, the address or the owner has ``word``, or the device id begins with it."""

    def clause(values: Values) -> str:
        fragment = values.put(f"%{word}%")
        code = f" or f.code like {values.put(f'{word}%')}" if is_code_like(word) else ""
        return f"(f.name like {fragment} or f.rest like {fragment}{code})"

    return clause


def is_fragment(word: str) -> bool:
    """Whether ``word`` is looked for within device ids."""
    return is_code_like(word) and SHORTEST_FRAGMENT <= len(word) <= LONGEST_FRAGMENT


def literally(word: str) -> Callable[[Values], str]:
    """``word`` stands anywhere at all; what a filter takes words for."""
    if not is_fragment(word):
        return anywhere(word)

    def clause(values: Values) -> str:
        fragment = values.put(f"%{word}%")
        return f"(f.name like {fragment} or f.rest like {fragment} or f.code like {fragment})"

    return clause


def found_anywhere(word: str, vocabulary: Vocabulary) -> Callable[[Values], str]:
    """What the indexes can find :func:`anywhere` by."""

    def clause(values: Values) -> str:
        having = _having(word, vocabulary, values)
        code = f" or f.code like {values.put(f'{word}%')}" if is_code_like(word) else ""
        return f"(search_grams(f.name) {having} or search_grams(f.rest) {having}{code})"

    return clause


def found_in_name(word: str, vocabulary: Vocabulary) -> Callable[[Values], str]:
    """What the index can find :func:`in_name` by."""
    return lambda values: f"search_grams(f.name) {_having(word, vocabulary, values)}"


def found_in_code(word: str) -> Callable[[Values], str]:
    """Device ids with ``word`` in them, from the ordered index, which is far smaller than the table."""
    return _among_codes(lambda values: f"f.code like {values.put(f'%{word}%')}")


def _among_codes(clause: Callable[[Values], str]) -> Callable[[Values], str]:
    return lambda values: (
        f"f.camera_id = any(array(select f.camera_id from camera_search f where {clause(values)}))"  # noqa: S608
    )


def _having(word: str, vocabulary: Vocabulary, values: Values) -> str:
    """All pairs of the word; of a single character, any pair that it is part of."""
    if len(word) > 1:
        return f"@> {values.put(numbers_of(grams(word)))}::bigint[]"
    if known := vocabulary.pairs_with(word):
        return f"&& {values.put(numbers_of(known))}::bigint[]"
    # Nobody had written it when the pairs were counted.
    point = f"{values.put(ord(word))}::bigint"
    return f"&& array(select gram from search_gram where gram >> 21 = {point} or gram & 2097151 = {point})"  # noqa: S608


def sounding(sound: Sound) -> Callable[[Values], str]:
    """The name has what sounds like this."""
    return lambda values: f"f.name ~ {values.put(sound.pattern)}"


def found_sounding(sound: Sound) -> Callable[[Values], str]:
    """What the index can find :func:`sounding` by."""
    return every([_any_pair(pairs) for pairs in sound.pairs])


def resembling(similar: Similar) -> Callable[[Values], str]:
    """The name, or the device id, is what may have been meant."""
    clauses = (
        [_like_any("name", [f"%{pattern}%" for pattern in similar.patterns])] if similar.patterns else []
    )
    clauses += [every([in_name(half) for half in halves]) for halves in similar.split]
    if similar.codes:
        clauses.append(every([_has_half(similar.halves), _like_any("code", list(similar.codes))]))
    return either(clauses)


def found_resembling(similar: Similar) -> Callable[[Values], str]:
    """What the indexes can find :func:`resembling` by."""
    clauses = [_any_pair(similar.any_pair)] if similar.any_pair else []
    clauses += [_all_pairs((*grams(left), *grams(right))) for left, right in similar.split]
    if similar.codes:
        clauses.append(_among_codes(_has_half(similar.halves)))
    return either(clauses)


def _has_half(halves: tuple[str, str]) -> Callable[[Values], str]:
    """One error leaves one half as it was: far cheaper to look for than the ways to be wrong."""
    start, end = halves
    return lambda values: f"(f.code like {values.put(f'{start}%')} or f.code like {values.put(f'%{end}%')})"


def _like_any(column: str, patterns: list[str]) -> Callable[[Values], str]:
    return lambda values: f"f.{column} like any({values.put(patterns)}::text[])"


def _any_pair(pairs: Sequence[str]) -> Callable[[Values], str]:
    return lambda values: f"search_grams(f.name) && {values.put(numbers_of(pairs))}::bigint[]"


def _all_pairs(pairs: Sequence[str]) -> Callable[[Values], str]:
    return lambda values: f"search_grams(f.name) @> {values.put(numbers_of(pairs))}::bigint[]"
