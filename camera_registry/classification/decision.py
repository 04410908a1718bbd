"""What a change means for one camera, in plain terms; the statements do the same for all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from camera_registry.classification.change import Action, Conflicts, Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from camera_registry.classification.change import Change


class Standing(StrEnum):
    """How a camera stands to a change before it is done."""

    NEW = "new"
    """It will change, and nothing speaks against it."""
    DIFFERS = "differs"
    """It serves other scenes than those that are named."""
    ALREADY = "already"
    """It is so already."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one camera's assignments.

    Attributes:
        standing: How it stood before.
        added: Scenes that it will serve.
        removed: Scenes that it will cease to serve.
        protected: Scenes of which a person has decided otherwise, against another source.
    """

    standing: Standing
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    protected: frozenset[str] = frozenset()


def decide_one(
    change: Change,
    named: AbstractSet[str],
    held: Mapping[str, Source],
    refused: AbstractSet[str] = frozenset(),
) -> Decision:
    """Decide for one camera.

    Args:
        change: What is asked.
        named: Scenes that it names for this camera.
        held: Scenes that the camera serves, and whose word each is.
        refused: Scenes that a person removed from it.
    """
    standing = _standing(change, named, held.keys())
    if change.policy is Conflicts.KEEP and standing is Standing.DIFFERS:
        return Decision(standing)
    adding, going = frozenset[str](), frozenset[str]()
    if change.action is Action.REMOVE:
        going = frozenset(held.keys() & named)
    else:
        adding = frozenset(named - held.keys())
        if change.exact:
            going = frozenset(held.keys() - named)
    protected = frozenset[str]()
    if change.source is not Source.PERSON:
        decided = {scene for scene in going if held[scene] is Source.PERSON} | (adding & refused)
        protected = frozenset(decided)
    return Decision(standing, adding - protected, going - protected, protected)


def _standing(change: Change, named: AbstractSet[str], held: AbstractSet[str]) -> Standing:
    if change.action is Action.REMOVE:
        return Standing.NEW if held & named else Standing.ALREADY
    others = held - named
    if named <= held and not (others and change.exact):
        return Standing.ALREADY
    return Standing.DIFFERS if others else Standing.NEW
