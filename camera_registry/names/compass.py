"""The eight winds, as names write them and as degrees."""

from __future__ import annotations

from enum import StrEnum


class Compass(StrEnum):
    """A wind; :attr:`degrees` is clockwise from north."""

    NORTH = "N"
    NORTHEAST = "NE"
    EAST = "E"
    SOUTHEAST = "SE"
    SOUTH = "S"
    SOUTHWEST = "SW"
    WEST = "W"
    NORTHWEST = "NW"

    @property
    def degrees(self) -> float:
        """Bearing, clockwise from north."""
        return 45.0 * list(Compass).index(self)

    @property
    def opposite(self) -> Compass:
        """The wind that blows against it."""
        winds = list(Compass)
        return winds[(winds.index(self) + 4) % 8]


WINDS: dict[str, Compass] = {
    "北": Compass.NORTH,
    "东北": Compass.NORTHEAST,
    "东": Compass.EAST,
    "东南": Compass.SOUTHEAST,
    "南": Compass.SOUTH,
    "西南": Compass.SOUTHWEST,
    "西": Compass.WEST,
    "西北": Compass.NORTHWEST,
    # The other order is heard too.
    "北东": Compass.NORTHEAST,
    "南东": Compass.SOUTHEAST,
    "南西": Compass.SOUTHWEST,
    "北西": Compass.NORTHWEST,
}


def turn_between(one_deg: float, other_deg: float) -> float:
    """The smaller angle between two bearings, 0 to 180 degrees."""
    apart = abs(one_deg - other_deg) % 360
    return min(apart, 360 - apart)
