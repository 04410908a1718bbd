"""Where on Earth a file's coordinates are: its own reference system, or the one that its user names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import TransformerGroup

from base.errors import InvalidInputError
from gis.crs import ReferenceSystem, to_wgs84

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Shapes = NDArray[np.object_]

_EPSG = re.compile(r"\s*(?:epsg\s*[:\uff1a]?\s*)?(\d{4,6})\s*", re.IGNORECASE)
_MARGIN_DEG = 3.0
"""Beyond the area that a projection was made for: cities lie on the edges of zones."""

_ROUGH_M = 1.0
"""A way between two datums that is less exact is told to the user."""

REMEDY = "Name it: an EPSG code such as EPSG:4549, or WGS-84, CGCS2000, GCJ-02 (高德), BD-09 (百度)."


@dataclass(frozen=True, slots=True)
class Placed:
    """Shapes in WGS-84 degrees, longitude first, and what was done to get there."""

    shapes: Shapes
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Georeference:
    """How a file's numbers become WGS-84.

    Attributes:
        crs: The system that they are counted in; None: nobody says.
        shift: The offset of Chinese web maps that is on top of it.
        note: What is to be known of the choice.
    """

    crs: CRS | None
    shift: ReferenceSystem = ReferenceSystem.WGS_84
    note: str = ""

    @classmethod
    def of(cls, told: str | None, named: str) -> Georeference:
        """The file says ``told`` (EPSG or WKT), its user ``named``, which counts more.

        Raises:
            InvalidInputError: What the user named is unknown.
        """
        own = _parse(told) if told else None
        if not named.strip():
            return cls(own)
        if code := _EPSG.fullmatch(named):
            asked = _parse(f"EPSG:{code[1]}")
            if asked is None:
                raise InvalidInputError(f"There is no reference system EPSG:{code[1]}.", remedy=REMEDY)
            if own is not None and own != asked:
                return cls(asked, note=f"taken as {asked.name}, though the file says {own.name}")
            return cls(asked)
        system = ReferenceSystem.parse(named)
        return cls(own, system, f"taken as {system}, as was told")

    def place(self, shapes: Shapes) -> Placed:
        """The shapes in WGS-84; None stays None.

        Raises:
            InvalidInputError: That gives no places on Earth, or nobody says what the numbers are.
        """
        corners = shapely.get_coordinates(shapes)
        notes = [self.note] if self.note else []
        finite = np.isfinite(corners).all(axis=1)
        degrees = corners.copy()
        degrees[finite] = self._degrees(corners[finite], notes)
        if self.shift in {ReferenceSystem.GCJ_02, ReferenceSystem.BD_09}:
            degrees[finite] = to_wgs84(degrees[finite], self.shift)
        return Placed(shapely.set_coordinates(shapes.copy(), degrees), tuple(notes))

    def _degrees(self, corners: Floats, notes: list[str]) -> Floats:
        if self.crs is None or self.crs.is_geographic:
            return self._geographic(corners, notes)
        if not self.crs.is_projected:
            raise InvalidInputError(f"{self.crs.name} is no system for maps.", remedy=REMEDY)
        for numbers, crossed in ((corners, False), (corners[:, ::-1], True)):
            degrees = self._project(numbers)
            if _within(degrees, self.crs):
                notes.append(f"converted from {self.crs.name}{_roughness(self.crs, degrees)}")
                if crossed:
                    notes.append("northings stood before eastings and were exchanged")
                return degrees
        raise InvalidInputError(
            f"Its coordinates lie far outside of the ground that {self.crs.name} is made for; "
            "zone or reference system must be another.",
            remedy=REMEDY,
        )

    def _project(self, corners: Floats) -> Floats:
        assert self.crs is not None
        try:
            way = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)
            longitude, latitude = way.transform(corners[:, 0], corners[:, 1])
        except ProjError as err:
            raise InvalidInputError(f"{self.crs.name} cannot be converted: {err}.", remedy=REMEDY) from err
        return np.column_stack([longitude, latitude])

    def _geographic(self, corners: Floats, notes: list[str]) -> Floats:
        if corners.size and not (np.abs(corners) <= 180).all():
            raise InvalidInputError(
                "Its coordinates are no degrees, and it does not say what else.", remedy=REMEDY
            )
        if corners.size and np.abs(corners[:, 1]).max() > 90:
            if np.abs(corners[:, 0]).max() > 90:
                raise InvalidInputError("Its latitudes go beyond 90 degrees.", remedy=REMEDY)
            notes.append("latitudes stood before longitudes and were exchanged")
            corners = corners[:, ::-1]
        if self.crs is None:
            if self.shift is ReferenceSystem.WGS_84 and not self.note:
                notes.append("it names no reference system and was taken as WGS-84")
            return corners
        degrees = self._project(corners)
        if rough := _roughness(self.crs, degrees):
            notes.append(f"converted from {self.crs.name}{rough}")
        return degrees


def _parse(text: str) -> CRS | None:
    try:
        return CRS.from_user_input(text)
    except CRSError:
        return None


def _within(degrees: Floats, crs: CRS) -> bool:
    """Whether all places lie on the ground that a system is made for, or near it."""
    if not np.isfinite(degrees).all():
        return False
    area = crs.area_of_use
    if area is None:
        return bool((np.abs(degrees) <= [180, 90]).all())
    low, high = (area.west, area.south), (area.east, area.north)
    return bool(((degrees >= np.array(low) - _MARGIN_DEG) & (degrees <= np.array(high) + _MARGIN_DEG)).all())


def _roughness(crs: CRS, degrees: Floats) -> str:
    """How exact the way to WGS-84 is there, where it is worth a word; CGCS2000 is taken as equal."""
    if crs.geodetic_crs in {CRS.from_epsg(4326), CRS.from_epsg(4490)} or not degrees.size:
        return ""
    here = AreaOfInterest(*degrees.min(axis=0).tolist(), *degrees.max(axis=0).tolist())
    ways = TransformerGroup(
        crs,
        "EPSG:4326",
        always_xy=True,
        area_of_interest=here,  # type: ignore[arg-type]  # its own stub names an inner class
    ).transformers
    accuracy = ways[0].accuracy if ways else -1
    if 0 <= accuracy <= _ROUGH_M:
        return ""
    exact = f"to {accuracy:.0f} m" if accuracy > 0 else "roughly"
    return f" (the way to WGS-84 is known {exact} only)"
