"""Nested sets (Celko): a tree as ranges of integers, so that a subtree is one comparison in a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from base.errors import InvalidInputError
from models.scope import ROOT_POSITION

if TYPE_CHECKING:
    from collections.abc import Mapping

LAST_POSITION = 2**31 - 1
"""The store's integer."""

SPARE = (4096, 64)
"""Positions left free at the end of a unit's range, by its depth: so much room has the city for districts,
and a district for townships, before all has to be numbered anew and every camera's row written."""

Range = tuple[int, int]


def number(parents: Mapping[str, str | None], *, after: int = ROOT_POSITION) -> dict[str, Range]:
    """Positions (left, right) for every node of a tree.

    The root gets :data:`ROOT_POSITION`; all others come after ``after``. Positions that were given once are
    thus not given again: what was kept under a range of the old tree is found by nobody under the new one.

    Args:
        parents: The parent of each node, None for the root; children keep the order in which they stand.
        after: The last position that was ever given.

    Raises:
        InvalidInputError: That is no tree: it has not one root, a parent is missing, or nodes stand in a
            circle.
    """
    children = _children(parents)
    (root,) = children[None]
    left, right = {root: ROOT_POSITION}, {}
    position = max(after, ROOT_POSITION)
    branch = [(root, iter(children.get(root, [])))]
    while branch:
        node, rest = branch[-1]
        child = next(rest, None)
        position += 1
        if child is None:
            branch.pop()
            position += SPARE[len(branch)] if len(branch) < len(SPARE) else 0
            right[node] = position
        else:
            left[child] = position
            branch.append((child, iter(children.get(child, []))))
    if len(left) < len(parents):
        lost = min(node for node in parents if node not in left)
        raise InvalidInputError(f"Unit {lost} stands above itself.")
    if position > LAST_POSITION:
        raise InvalidInputError("The tree's positions are used up.")
    return {node: (left[node], right[node]) for node in parents}


def fit(
    parents: Mapping[str, str | None], before: Mapping[str, str | None], places: Mapping[str, Range]
) -> dict[str, Range]:
    """Positions for a tree that was changed: who stays where they were keeps theirs, if there is room.

    Args:
        parents: The parent of each node, None for the root, parents before children.
        before: The same, as it was.
        places: Positions as they were.

    Raises:
        InvalidInputError: As :func:`number`.
    """
    children = _children(parents)
    placed: dict[str, Range] = {}
    taken: dict[str, int] = {}  # the last position within each node that is not free

    def put(node: str, parent: str | None, place: Range) -> None:
        placed[node] = place
        taken[node] = place[0]
        if parent is not None:
            taken[parent] = max(taken[parent], place[1])

    for node, parent in parents.items():
        stays = node in before and before[node] == parent
        if stays and (parent is None or placed.get(parent) == places[parent]):
            put(node, parent, places[node])
    for node, parent in parents.items():
        if node not in placed:
            width = 1 + (SPARE[-1] if node in children else 0)
            left = taken[parent] + 1 if parent in taken else LAST_POSITION
            if parent is None or parent not in placed or left + width >= placed[parent][1]:
                return number(parents, after=max((right for _, right in places.values()), default=0))
            put(node, parent, (left, left + width))
    return {node: placed[node] for node in parents}


def _children(parents: Mapping[str, str | None]) -> dict[str | None, list[str]]:
    children: dict[str | None, list[str]] = {}
    for node, parent in parents.items():
        if parent is not None and parent not in parents:
            raise InvalidInputError(f"Unit {node}: its parent {parent} is not there.")
        children.setdefault(parent, []).append(node)
    roots = children.get(None, [])
    if len(roots) != 1:
        named = f": {', '.join(sorted(roots)[:5])}" if roots else ""
        raise InvalidInputError(f"The tree has {len(roots)} roots instead of one{named}.")
    return children
