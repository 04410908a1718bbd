"""Why a suggestion is made: kept as a short code, put in words in two languages when it is read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from base.errors import SetupError
from camera_registry.suggestion.evidence import CLOSE_M, REACH_M

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from camera_registry.suggestion.features import Space

MOST = 3
CONSIDERED = 10
"""Strongest columns that are looked at: several n-grams of one word are one reason."""


OVERLAP = 2
"""Characters that two n-grams share at an end, when they are one word's."""


class Reason(NamedTuple):
    """One reason.

    Attributes:
        kind: ``name``, ``address``, ``owner``, ``close``, ``near``, ``road``, ``trait`` or ``rule``.
        value: As in ``features.Column``; for a rule its code.
        number: Its contribution to the score; for ``near`` the metres; for a rule its version.
    """

    kind: str
    value: str
    number: float


@dataclass(frozen=True, slots=True)
class Words:
    """A reason in words.

    Attributes:
        zh: Chinese.
        en: English.
    """

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What the codes mean in the store: names of layers, and reasons of rules, by code."""

    layers: Mapping[str, Words]
    rules: Mapping[str, Words]


class Explainer:
    """Picks the strongest reasons from a model's columns.

    Args:
        space: What the columns mean.
    """

    def __init__(self, space: Space) -> None:
        self._column = cache(space.column)

    def explain(
        self, columns: Sequence[int], shares: Sequence[float], entries: Sequence[float]
    ) -> list[Reason]:
        """Up to :data:`MOST` reasons, strongest first.

        Args:
            columns: As from ``Model.strongest``.
            shares: Their contributions.
            entries: Their entries in the row.
        """
        found: list[Reason] = []
        for index, share, entry in zip(columns, shares, entries, strict=True):
            if share <= 0 or len(found) == MOST:
                break
            kind, value = self._column(index)
            number = round((1 - entry) * REACH_M) if kind == "near" else round(share, 2)
            reason = Reason(kind, value, number)
            if kind not in _JOINED or not _join(found, reason):
                found.append(reason)
        return found


_JOINED = frozenset({"name", "address", "close", "near"})
"""Kinds of reasons that may say the same as another."""


def _join(found: list[Reason], reason: Reason) -> bool:
    """Whether ``reason`` says what one of those found does; several n-grams of one word become that word."""
    for place, other in enumerate(found):
        if reason.kind in {"close", "near"}:
            if other.value == reason.value and other.kind in {"close", "near"}:
                return True
        elif other.kind == reason.kind and (word := _one_word(other.value, reason.value)):
            found[place] = other._replace(value=word)
            return True
    return False


def _one_word(one: str, other: str) -> str | None:
    """The word that two n-grams are parts of, or None if they are not seen to be."""
    if other in one:
        return one
    if one in other:
        return other
    for first, second in ((one, other), (other, one)):
        if len(second) > OVERLAP and first.endswith(second[:OVERLAP]):  # 清雪路 and 雪路段 are 清雪路段
            return first + second[OVERLAP:]
    return None


def put_in_words(reason: Sequence[Any], lexicon: Lexicon) -> Words:
    """A kept reason in both languages; one whose words are gone is told by its code."""
    kind, value, number = reason
    table = _texts()
    if kind == "rule":
        return lexicon.rules.get(value) or _fill(table["rule"], value, value)
    if kind in {"close", "near"}:
        layer = lexicon.layers.get(value, Words(value, value))
        metres = f"{CLOSE_M:.0f}" if kind == "close" else f"{number:.0f}"
        zh, en = table[kind]
        return Words(zh.format(layer.zh, metres), en.format(layer.en.lower(), metres))
    if kind == "trait":
        return _trait(value, table)
    if kind == "road":
        return _fill(table["road"], *table["roads"].get(value, (value, value)))
    return _fill(table[kind], value, value)


def _trait(value: str, table: Mapping[str, Any]) -> Words:
    family, _, rest = value.partition(":")
    if family == "place":
        return _fill(table["place"], *table["places"].get(rest, (rest, rest)))
    if rest:
        return _fill(table[family], rest, rest)
    zh, en = table["traits"].get(value, (value, value))
    return Words(zh, en)


def _fill(template: Sequence[str], zh: str, en: str) -> Words:
    return Words(template[0].format(zh), template[1].format(en))


@cache
def _texts() -> dict[str, Any]:
    try:
        texts: dict[str, Any] = orjson.loads(
            resources.files(__package__).joinpath("reason_words.json").read_bytes()
        )
    except OSError as err:
        raise SetupError(
            "The installation lacks suggestion/reason_words.json.", remedy="Install Dengta again."
        ) from err
    return texts
