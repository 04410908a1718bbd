"""Rules that suggest a scene: conditions on name, address, department, places and roads, with a reason."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from base.errors import InvalidInputError
from camera_registry.names.normal import normalise
from camera_registry.suggestion.curve import MOST_CERTAIN
from camera_registry.suggestion.evidence import REACH_M

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from camera_registry.suggestion.evidence import Evidence

    Flags = NDArray[np.bool_]

MOST_WORDS = 200
LONGEST_WORD = 40
PRIOR_CAMERAS = 20
"""As many cameras the author's word for a rule's confidence weighs against what staff have decided."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a camera must meet; what is empty or None is not asked, and all that is asked must hold.

    Attributes:
        name_any: One of these stands in the name.
        name_none: None of these does.
        address_any: One of these stands in the address.
        owner_any: One of these stands in the department's name.
        place_kinds: The name, taken apart, names a place of one of these kinds.
        layers: Codes of point layers: a point of one of them is within ``within_m``.
        within_m: Metres, up to :data:`REACH_M`.
        road_classes: The road that it stands at is of one of these classes.
        at_junction: Whether the name says that it stands at a junction.
        on_highway: Whether the name has a kilometre post or the number of a national or provincial road.
    """

    name_any: tuple[str, ...] = ()
    name_none: tuple[str, ...] = ()
    address_any: tuple[str, ...] = ()
    owner_any: tuple[str, ...] = ()
    place_kinds: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    within_m: float | None = None
    road_classes: tuple[str, ...] = ()
    at_junction: bool | None = None
    on_highway: bool | None = None

    def __post_init__(self) -> None:
        for name in _WORD_LISTS:
            _check_words(name, getattr(self, name))
        if bool(self.layers) != (self.within_m is not None):
            raise InvalidInputError("conditions: layers and within_m come together.")
        if self.within_m is not None and not 1 <= self.within_m <= REACH_M:
            raise InvalidInputError(f"conditions.within_m: it lies between 1 and {REACH_M:.0f} metres.")
        asked = (getattr(self, name) for name in self.__slots__ if name not in {"name_none", "within_m"})
        if not any(value not in ((), None) for value in asked):
            raise InvalidInputError(
                "conditions: at least one must be asked besides what the name must not have.",
                remedy="A rule that every camera meets suggests nothing.",
            )

    @classmethod
    def of(cls, sent: Mapping[str, Any]) -> Conditions:
        """From JSON.

        Raises:
            InvalidInputError: It has something that is no condition.
        """
        known = {each.name for each in fields(cls)}
        strange = set(sent) - known
        if strange:
            raise InvalidInputError(f"conditions: there is no condition {min(strange)!r}.")
        values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in sent.items()}
        return cls(**values)

    def as_json(self) -> dict[str, Any]:
        """What is asked, as JSON."""
        values = ((name, getattr(self, name)) for name in self.__slots__)
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values if v not in ((), None)}


_WORD_LISTS = ("name_any", "name_none", "address_any", "owner_any", "place_kinds", "layers", "road_classes")


def _check_words(name: str, words: tuple[str, ...]) -> None:
    if len(words) > MOST_WORDS:
        raise InvalidInputError(f"conditions.{name}: at most {MOST_WORDS} words.")
    for word in words:
        if not word.strip() or len(word) > LONGEST_WORD or not word.isprintable():
            raise InvalidInputError(
                f"conditions.{name}: each is 1 to {LONGEST_WORD} characters that can be printed."
            )


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    Attributes:
        id: Its row.
        code: What people call it, e.g. ``school-gate``.
        scene: Code of the scene that it suggests.
        conditions: What a camera must meet.
        confidence: As its author states it, 0 to 1.
        reason: Why, in Chinese.
        reason_en: Why, in English.
        enabled: Whether it is applied.
        version: Counts edits.
    """

    id: int
    code: str
    scene: str
    conditions: Conditions
    confidence: float
    reason: str
    reason_en: str
    enabled: bool = True
    version: int = 1


@dataclass(frozen=True, slots=True)
class Measured:
    """How a rule fared against what staff decided.

    Attributes:
        matched: Cameras that staff have classified and that meet it.
        confirmed: Those of them that serve its scene.
    """

    matched: int
    confirmed: int

    def confidence(self, stated: float) -> float:
        """The share confirmed, drawn to the author's word as long as there are few cameras."""
        share = (stated * PRIOR_CAMERAS + self.confirmed) / (PRIOR_CAMERAS + self.matched)
        return min(share, MOST_CERTAIN)


class Matcher:
    """Tells which cameras meet which conditions, for many rules over the same cameras.

    Args:
        evidence: The cameras.
        layers: Number of each point layer by its code.
    """

    def __init__(self, evidence: Evidence, layers: Mapping[str, int]) -> None:
        self._evidence = evidence
        self._layers = layers
        self._names = _Texts(evidence.names)
        self._addresses = _Texts([address or "" for address in evidence.addresses])
        self._owners = _Texts([owner or "" for owner in evidence.owners])
        self._kinds = np.array([name.place_kind or "" for name in evidence.parsed])
        self._roads = np.array([road or "" for road in evidence.road_classes])
        self._junction = np.array([name.at_junction for name in evidence.parsed], dtype=bool)
        self._highway = np.array(
            [
                name.chainage_m is not None or any((road.code or "X")[0] in "GS" for road in name.roads)
                for name in evidence.parsed
            ],
            dtype=bool,
        )

    def met(self, asked: Conditions) -> Flags:
        """Which cameras (n,) meet all conditions."""
        met = np.ones(len(self._evidence), dtype=bool)
        for words, texts in (
            (asked.name_any, self._names),
            (asked.address_any, self._addresses),
            (asked.owner_any, self._owners),
        ):
            if words:
                met &= texts.with_any(words)
        if asked.name_none:
            met &= ~self._names.with_any(asked.name_none)
        if asked.place_kinds:
            met &= np.isin(self._kinds, asked.place_kinds)
        if asked.road_classes:
            met &= np.isin(self._roads, asked.road_classes)
        if asked.at_junction is not None:
            met &= self._junction == asked.at_junction
        if asked.on_highway is not None:
            met &= self._highway == asked.on_highway
        if asked.within_m is not None:
            met &= self._near(asked.layers, asked.within_m)
        return met

    def _near(self, layers: Sequence[str], within_m: float) -> Flags:
        near = self._evidence.near
        numbers = [self._layers[code] for code in layers if code in self._layers]
        chosen = np.isin(near.layers, numbers) & (near.metres <= within_m)
        met = np.zeros(len(self._evidence), dtype=bool)
        met[near.rows[chosen]] = True
        return met


class _Texts:
    """Many texts in one, so that a word is looked for in all of them at once."""

    def __init__(self, texts: Sequence[str]) -> None:
        normal = [normalise(text).text for text in texts]
        self._count = len(normal)
        self._joined = "\n".join(normal)
        self._starts = np.cumsum([0, *(len(text) + 1 for text in normal)])
        self._found: dict[str, NDArray[np.int64]] = {}

    def with_any(self, words: Sequence[str]) -> Flags:
        met = np.zeros(self._count, dtype=bool)
        for word in words:
            met[self._with(normalise(word).text)] = True
        return met

    def _with(self, word: str) -> NDArray[np.int64]:
        if word not in self._found:
            places = []
            at = self._joined.find(word)
            while at >= 0:
                places.append(at)
                at = self._joined.find(word, at + 1)
            self._found[word] = np.searchsorted(self._starts, places, side="right") - 1
        return self._found[word]
