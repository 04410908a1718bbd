"""How looks are shared out between priority classes, and how late a class can become at worst."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

WEIGHTS: Mapping[int, int] = {1: 16, 2: 8, 3: 4, 4: 2, 5: 1}
"""Looks of one frame that each priority class is sure of; 1 is the highest priority."""


def frame(weights: Mapping[int, int] = WEIGHTS) -> tuple[tuple[int, ...], ...]:
    """One round of looks: for each, the classes in the order in which they may have it.

    A look is first for the class that owns it and, where that has nothing due, for the others by priority.
    The looks of a class lie evenly apart (weighted round robin, as in Katevenis et al., 1991), and the frame
    repeats, so that as many looks in a row as the frame is long always hold each class's whole share.
    """
    turns = sorted(((k + 0.5) / weight, owner) for owner, weight in weights.items() for k in range(weight))
    return tuple((owner, *sorted(weights.keys() - {owner})) for _, owner in turns)


def most_looks_to_wait(priority: int, watches: int, weights: Mapping[int, int] = WEIGHTS) -> int:
    """Looks given from the moment a watch is due until its own, at most, whatever is asked of other classes.

    In its class only a watch that fell due earlier goes before it, and each of them only once: the next time
    it is due later. So the last of ``watches`` has the class's look number ``watches``, and whole frames hold
    that many. At R looks per second this is a lateness of ``most_looks_to_wait(…) / R`` seconds, to which
    comes the time that the camera is held by a lease, if it is.

    Args:
        priority: The class.
        watches: How many watches the class has.
        weights: Looks of one frame by class.
    """
    return ceil(watches / weights[priority]) * sum(weights.values())
