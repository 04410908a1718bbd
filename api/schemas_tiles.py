"""What is said of tiles on the wire."""

from typing import Self

from pydantic import Field

from api.schemas import Wire
from api.tile_versions import Changes


class TileRef(Wire):
    """A tile."""

    z: int = Field(examples=[14], description="zoom")
    x: int = Field(examples=[13720], description="column, from the west")
    y: int = Field(examples=[6347], description="row, from the north")


class TileChanges(Wire):
    """What a map on show must fetch again."""

    version: int = Field(examples=[4712], description="to ask from the next time, as `since`")
    all: bool = Field(examples=[False], description="every tile may have changed")
    tiles: list[TileRef] = Field(description="what changed lies within these", examples=[[]])

    @classmethod
    def of(cls, changes: Changes) -> Self:
        """In the words of the wire."""
        tiles = sorted(changes.tiles or (), key=lambda tile: (tile.z, tile.x, tile.y))
        return cls(
            version=changes.version,
            all=changes.tiles is None,
            tiles=[TileRef(z=tile.z, x=tile.x, y=tile.y) for tile in tiles],
        )
