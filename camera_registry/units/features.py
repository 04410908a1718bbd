"""A feature of a boundary file, as the reader hands it over."""

from __future__ import annotations

from dataclasses import dataclass

import shapely


@dataclass(frozen=True, slots=True)
class Feature:
    """What a file says of one unit.

    Attributes:
        number: Which it is in its layer, from 1.
        layer: The layer's name.
        attributes: What it carries, as text; empty where it carries nothing.
        wkb: Its geometry in WGS-84 degrees, valid or not; empty if it has none.
    """

    number: int
    layer: str
    attributes: dict[str, str]
    wkb: bytes

    @property
    def shape(self) -> shapely.Geometry | None:
        """The geometry."""
        return shapely.from_wkb(self.wkb) if self.wkb else None
