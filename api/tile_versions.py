"""Versions of the parts of the map: which tiles must be drawn anew, and what a map must fetch again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from base.errors import InvalidInputError
from gis.tiles import Tile

if TYPE_CHECKING:
    from models.scope import Scope

PART_ZOOMS = (14, 10)
"""The parts that the store announces are tiles of the first zoom, or of the other when they are very many."""

MOST_NOTICES = 500
"""Remembered for those who ask what changed; whoever comes later fetches everything again."""

MOST_TILES = 200_000
"""Remembered for the cache, some 20 MB; beyond that everything counts as changed once."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the map where cameras of one unit and sensitivity changed."""

    tile: Tile
    unit_tree: int | None
    sensitivity: int

    def within(self, scope: Scope) -> bool:
        """Whether the asker may know: as for the cameras themselves."""
        if self.sensitivity > scope.max_sensitivity:
            return False
        if self.unit_tree is None:
            return scope.whole_city
        return scope.tree_left <= self.unit_tree <= scope.tree_right


@dataclass(frozen=True, slots=True)
class Notice:
    """What the store announced: parts that changed, or None for everything.

    Attributes:
        version: Grows from notice to notice, the same for every process.
        parts: Where.
    """

    version: int
    parts: tuple[Part, ...] | None

    @classmethod
    def parse(cls, payload: str) -> Notice:
        """The notice in the form that ``camera_tile_announce`` gives it.

        Raises:
            ValueError: It is none.
        """
        version, zoom, *parts = payload.split(" ")
        if zoom == "*":
            return cls(int(version), None)
        return cls(int(version), tuple(_part(int(zoom), part) for part in parts))


def _part(zoom: int, text: str) -> Part:
    code, unit, sensitivity = text.split(".")
    try:
        tile = Tile.of_code(zoom, int(code, 16))
    except InvalidInputError as err:
        raise ValueError(text) from err
    return Part(tile, int(unit) if unit else None, int(sensitivity))


@dataclass(frozen=True, slots=True)
class Changes:
    """What a map on show must fetch again.

    Attributes:
        version: To ask from the next time.
        tiles: Tiles whose content changed, of zoom 14 or lower; None is all of them.
    """

    version: int
    tiles: frozenset[Tile] | None

    def __bool__(self) -> bool:
        return self.tiles is None or bool(self.tiles)


class TileVersions:
    """What has changed since this process began to listen.

    A tile's version counts this process's own steps, so that it grows whenever a notice comes, in whatever
    order notices and answers cross.
    """

    def __init__(self) -> None:
        self.version = 0
        """The newest that the store announced."""
        self._reaches = 0
        self._notices: deque[Notice] = deque(maxlen=MOST_NOTICES)
        self._step = 0
        self._step_of_all = 0
        self._step_within: dict[tuple[int, int, int], int] = {}
        self._step_of_whole: dict[tuple[int, int, int], int] = {}

    def restart(self, version: int) -> None:
        """Begin anew at the store's ``version``: what was announced meanwhile was not heard."""
        self._notices.clear()
        self._reaches = self.version = version
        self._change_all()

    def take(self, notice: Notice) -> None:
        """Hear a notice."""
        if len(self._notices) == MOST_NOTICES:
            self._reaches = self._notices[0].version
        self._notices.append(notice)
        self.version = max(self.version, notice.version)
        if notice.parts is None or len(self._step_within) > MOST_TILES:
            self._change_all()
            return
        self._step += 1
        for tile in {part.tile for part in notice.parts}:
            self._step_of_whole[tile.z, tile.x, tile.y] = self._step
            for up in range(tile.z + 1):
                self._step_within[tile.z - up, tile.x >> up, tile.y >> up] = self._step

    def of(self, tile: Tile) -> int:
        """The step at which something in ``tile`` last changed."""
        step = max(self._step_of_all, self._step_within.get((tile.z, tile.x, tile.y), 0))
        for zoom in PART_ZOOMS:
            up = tile.z - zoom
            if up > 0:
                step = max(step, self._step_of_whole.get((zoom, tile.x >> up, tile.y >> up), 0))
        return step

    def since(self, version: int, scope: Scope) -> Changes:
        """What an asker must fetch again who knows the map of ``version``."""
        if not self._reaches <= version <= self.version:
            return Changes(self.version, None)
        tiles: set[Tile] = set()
        for notice in self._notices:
            if notice.version > version:
                if notice.parts is None:
                    return Changes(self.version, None)
                tiles.update(part.tile for part in notice.parts if part.within(scope))
        return Changes(self.version, frozenset(tiles))

    def _change_all(self) -> None:
        self._step += 1
        self._step_of_all = self._step
        self._step_within.clear()
        self._step_of_whole.clear()
