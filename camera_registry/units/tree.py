"""A unit of the tree, as the store has it or is to have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import shapely


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of the tree.

    Attributes:
        code: The operations centre's own code.
        civil_code: GB/T 2260, or None.
        name: As it is written.
        name_en: In English, or empty.
        level: 0 city, 1 district, 2 township.
        parent: Code of the unit above; None for the city.
        shape: Its boundary, or None.
        tree_left: Its position; 0 while it has none.
        tree_right: Last position of its subtree.
        id: Its row; None while it has none.
    """

    code: str
    civil_code: str | None
    name: str
    name_en: str
    level: int
    parent: str | None
    shape: shapely.MultiPolygon | None
    tree_left: int = 0
    tree_right: int = 0
    id: int | None = None

    @property
    def title(self) -> str:
        """Code and name, for messages."""
        return f"{self.code} {self.name}".strip()
