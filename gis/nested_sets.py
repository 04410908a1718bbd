"""Nested sets (Celko): a tree as ranges of integers, so that a subtree is one comparison in a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from base.errors import InvalidInputError
from models.scope import ROOT_POSITION

if TYPE_CHECKING:
    from collections.abc import Mapping

LAST_POSITION = 2**31 - 1
"""The store's integer."""


def number(parents: Mapping[str, str | None], *, after: int = ROOT_POSITION) -> dict[str, tuple[int, int]]:
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
    children: dict[str | None, list[str]] = {}
    for node, parent in parents.items():
        if parent is not None and parent not in parents:
            raise InvalidInputError(f"Unit {node}: its parent {parent} is not there.")
        children.setdefault(parent, []).append(node)
    roots = children.get(None, [])
    if len(roots) != 1:
        named = f": {', '.join(sorted(roots)[:5])}" if roots else ""
        raise InvalidInputError(f"The tree has {len(roots)} roots instead of one{named}.")
    (root,) = roots
    left, right = {root: ROOT_POSITION}, {}
    position = max(after, ROOT_POSITION)
    open_nodes = [(root, iter(children.get(root, [])))]
    while open_nodes:
        node, rest = open_nodes[-1]
        position += 1
        child = next(rest, None)
        if child is None:
            right[node] = position
            open_nodes.pop()
        else:
            left[child] = position
            open_nodes.append((child, iter(children.get(child, []))))
    if len(left) < len(parents):
        lost = min(node for node in parents if node not in left)
        raise InvalidInputError(f"Unit {lost} stands above itself.")
    if position > LAST_POSITION:
        raise InvalidInputError("The tree's positions are used up.")
    return {node: (left[node], right[node]) for node in parents}
