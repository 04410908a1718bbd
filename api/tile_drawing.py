"""Tiles as they are answered: drawn by the store within a scope, and kept while they are right."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response

from camera_registry.selection import CameraFilter, as_sql
from gis import tiles
from gis.point_tiles import point_statement
from gis.tile_sets import MEDIA_TYPE
from gis.tiles import Condition, Statement, Tile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.cache import Cache
    from api.tile_watch import TileWatch
    from base.database import Database
    from models.scope import Scope

EVERY_CAMERA = CameraFilter()

KEPT_S = 300.0
"""While changes are heard a tile is right until one is; this bounds what no notice speaks of."""

UNHEARD_S = 5.0
"""How old a tile may be while nobody hears of changes."""

BASE_KEPT_S = 600.0

POINTS_KEPT_S = 30.0
"""Points change by hand and by import, a few times a day."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A tile and the tag of its content, the same from every process."""

    body: bytes
    tag: str

    @classmethod
    def of(cls, body: bytes) -> Drawn:
        """Tag it."""
        return cls(body, f'"{hashlib.sha256(body).hexdigest()[:16]}"')

    def __len__(self) -> int:
        return len(self.body)

    def answer(self, if_none_match: str | None, cache_control: str) -> Response:
        """200 with the tile, or 304 if the asker has it."""
        headers = {
            "ETag": self.tag,
            "Cache-Control": cache_control,
            "Vary": "Cookie, Authorization",  # who asks decides what is drawn
        }
        if if_none_match and self._is_among(if_none_match):
            return Response(status_code=304, headers=headers)
        return Response(self.body, media_type=MEDIA_TYPE, headers=headers)

    def _is_among(self, tags: str) -> bool:
        return any(given.strip().removeprefix("W/") in {self.tag, "*"} for given in tags.split(","))


class TileDrawing:
    """Draws tiles, and keeps them by filter, scope and version of their part of the map.

    Args:
        database: Draws.
        cache: Keeps.
        watch: Knows what changed.
    """

    def __init__(self, database: Database, cache: Cache[Drawn], watch: TileWatch) -> None:
        self._database = database
        self._cache = cache
        self._watch = watch

    async def cameras(self, tile: Tile, scope: Scope, chosen: CameraFilter = EVERY_CAMERA) -> Drawn:
        """The cameras of ``tile`` within ``scope`` that ``chosen`` means.

        Raises:
            UnavailableError: The database went away.
        """
        within = (scope.tree_left, scope.tree_right, scope.max_sensitivity)
        version = self._watch.version_of(tile)

        async def draw() -> Drawn:
            return await self._draw([camera_statement(tile, scope, chosen)])

        return await self._cache.get(
            ("cameras", tile, within, chosen),
            draw,
            ttl_s=UNHEARD_S if version is None else KEPT_S,
            version=-1 if version is None else version,
        )

    async def points(self, tile: Tile, scope: Scope, layers: Sequence[str] | None = None) -> Drawn:
        """The points of ``tile`` within ``scope``; None is the layers that are shown unless hidden.

        Raises:
            UnavailableError: The database went away.
        """
        tree = (scope.tree_left, scope.tree_right)
        statement = point_statement(tile, layers, tree=tree, whole_city=scope.whole_city)
        chosen = None if layers is None else tuple(sorted(set(layers)))
        return await self._cache.get(
            ("points", tile, tree, chosen), lambda: self._draw([statement]), ttl_s=POINTS_KEPT_S
        )

    async def base(self, tile: Tile) -> Drawn:
        """The base map.

        Raises:
            UnavailableError: The database went away.
        """
        return await self._cache.get(
            ("base", tile), lambda: self._draw(tiles.base_statements(tile)), ttl_s=BASE_KEPT_S
        )

    async def _draw(self, statements: Sequence[Statement]) -> Drawn:
        async with self._database.hot() as connection:
            # Layers one after the other are a tile: that is how the format is made.
            return Drawn.of(
                b"".join([await connection.fetchval(each.sql, *each.values) for each in statements])
            )


def camera_statement(tile: Tile, scope: Scope, chosen: CameraFilter) -> Statement:
    """What draws the cameras of ``tile`` within ``scope`` that ``chosen`` means."""
    conditions = chosen.conditions()
    condition = Condition(*as_sql(conditions, first=tiles.FIRST_OF_FILTER)) if conditions else None
    return tiles.camera_statement(
        tile,
        tree_left=scope.tree_left,
        tree_right=scope.tree_right,
        whole_city=scope.whole_city,
        max_sensitivity=scope.max_sensitivity,
        condition=condition,
    )
