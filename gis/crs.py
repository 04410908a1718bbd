"""Reference systems of Chinese coordinates: how they are spelt, and the way between each and WGS-84.

WGS-84 and CGCS2000 differ by less than any camera is surveyed to, and are taken as equal. GCJ-02, the offset
that Chinese web maps must apply, was never published; the formulas here are the approximation in common use,
those of BD-09 are Baidu's on top of it. Where PyPI's coordtransform
0.2.1 shifts at all, it gives the same coordinates.

All coordinates are longitude before latitude, in degrees. The offset ends at a rectangle around China
(:data:`CHINA`, the one in common use; coordtransform draws a tighter one): a WGS-84 place outside it is the
same in all four systems.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from base.errors import InvalidInputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

CHINA = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east and north of the rectangle outside which nothing is shifted. It is generous: parts of
the neighbours are within it, and China's own ground is nowhere nearer than a hundred kilometres to its
edge."""

_EDGE = 0.05
"""Degrees beyond the rectangle in which a shifted place of its inside can come to lie; the shift is below
0.02."""

_ROUNDING = 1e-9  # degrees, 0.1 mm: a place on the very edge comes back a little beyond it

_PASSES = 6
"""Of the inverse. The worst of 400,000 places in China after each pass: GCJ-02 4.9 m, 3 cm, 0.2 mm, 1.2 µm,
10 nm; BD-09 42 m, 0.5 m, 6 mm, 0.09 mm, 1.3 µm, 20 nm, where float64 ends. The number is fixed, so that what
a place becomes never depends on which others are converted with it."""

_A = 6378245.0  # semi-major axis of the Krasovsky 1940 ellipsoid, metres
_E2 = 0.00669342162296594323  # its first eccentricity, squared
_BAIDU_WAVE = math.pi * 3000 / 180
_MAX_SPELLING = 64


class ReferenceSystem(StrEnum):
    """What longitude and latitude are counted in; the values are those of ``camera.declared_crs``."""

    WGS_84 = "WGS-84"
    CGCS2000 = "CGCS2000"
    GCJ_02 = "GCJ-02"
    BD_09 = "BD-09"

    @classmethod
    def parse(cls, text: str) -> ReferenceSystem:
        """The system that a spreadsheet means by ``wgs84``, ``火星坐标系`` or ``GCJ-02（高德）``.

        Case, width, spaces and punctuation do not matter. Where several names stand together, all must mean
        the same. Nothing is guessed.

        Raises:
            InvalidInputError: The text is empty, unknown, or names two systems.
        """
        parts = _names(text) if len(text) <= _MAX_SPELLING else []
        meant = {_SPELLINGS.get(part) for part in parts}
        if len(meant) == 1 and (system := meant.pop()) is not None:
            return system
        shown = text if len(text) <= _MAX_SPELLING else f"{text[:_MAX_SPELLING]}…"
        unknown = f"is no reference system known here: {shown!r}" if text.strip() else "is empty"
        raise InvalidInputError(
            f"The coordinate system (坐标系) {unknown}.",
            remedy="Write WGS-84, CGCS2000, GCJ-02 (国测局, 火星坐标) or BD-09 (百度); "
            "coordinates of another system, or in metres, must be converted first.",
        )


_SPELLINGS = {
    name: system
    for system, names in {
        ReferenceSystem.WGS_84: (
            "wgs84 wgs1984 wgs 84 gcswgs84 gcswgs1984 世界大地 1984世界大地 gps 地球 epsg4326 4326"
        ),
        ReferenceSystem.CGCS2000: (
            "cgcs2000 cgcs 2000 gcscgcs2000 gcschinageodeticcoordinatesystem2000 epsg4490 4490 北斗 天地图 "
            "国家2000 2000国家 2000国家大地 国家大地2000 国家大地坐标系2000 中国大地2000 大地2000"
        ),
        ReferenceSystem.GCJ_02: (
            "gcj02 gcj 国测局 国测局02 国测 国测02 火星 mars 高德 高德地图 amap 腾讯 腾讯地图"
        ),
        ReferenceSystem.BD_09: "bd09 bd09ll 百度 百度09 百度地图 baidu baidu09",
    }.items()
    for name in names.split()
}
"""Folded by :func:`_names`. Absent on purpose: 02, 09 and BD alone (BeiDou or Baidu?), and BD-09MC, which is
metres."""

_EPSG = re.compile(r"epsg\W*")
_BETWEEN_NAMES = re.compile(r"[()\[\]{}<>【】《》〔〕/|,;、:=或]+")
_IGNORED = re.compile(r"[\W_]+")
_TAIL = re.compile(r"(?:(?:地理)?[坐座]标(?:系统|系)?|经纬度|系)+$")


def _names(text: str) -> list[str]:
    """The names that stand in a cell, folded to the form of ``_SPELLINGS``."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    bare = (_TAIL.sub("", _IGNORED.sub("", part)) for part in _BETWEEN_NAMES.split(_EPSG.sub("epsg", folded)))
    return [part for part in bare if part]


@dataclass(frozen=True, slots=True)
class DeclaredPlace:
    """A place as it was handed in, never changed, with its reference system.

    Attributes:
        longitude: As declared, degrees.
        latitude: As declared, degrees.
        crs: What both are declared to be counted in.

    Raises:
        InvalidInputError: One of them is no number of degrees on Earth; the detail names the field.
    """

    longitude: float
    latitude: float
    crs: ReferenceSystem = ReferenceSystem.WGS_84

    def __post_init__(self) -> None:
        swapped = abs(self.longitude) <= 90 < abs(self.latitude) <= 180
        for name, value, limit in (("longitude", self.longitude, 180), ("latitude", self.latitude, 90)):
            # Also false for NaN.
            if not -limit <= value <= limit:
                raise InvalidInputError(
                    f"The {name} {value} is not between -{limit} and {limit} degrees.",
                    remedy="Longitude and latitude look swapped: exchange them." if swapped else "",
                )

    @property
    def wgs84(self) -> tuple[float, float]:
        """Longitude and latitude in WGS-84, degrees; for many places at once use :func:`to_wgs84`."""
        longitude, latitude = to_wgs84((self.longitude, self.latitude), self.crs).tolist()
        return longitude, latitude


def from_wgs84(degrees: ArrayLike, crs: ReferenceSystem) -> Floats:
    """WGS-84 longitude and latitude (…, 2), degrees → the same places in ``crs``; NaN stays NaN."""
    places = np.array(degrees, dtype=np.float64)
    shift = _FORWARD.get(crs)
    if shift is not None:
        shifted = _in_china(places)
        places[shifted] = shift(places[shifted])
    return places


def to_wgs84(degrees: ArrayLike, crs: ReferenceSystem) -> Floats:
    """Longitude and latitude (…, 2) in ``crs``, degrees → WGS-84, exact to far less than a millimetre.

    The inverse has no closed form: it is the fixed point of ``place + (given - from_wgs84(place))``, which
    every pass brings 40 (BD-09) to 150 times (GCJ-02) nearer. 230,000 places at once take half a second, one
    alone 0.3 ms.

    At the edge of :data:`CHINA`, where two places have the same shifted coordinates, the one inside is
    meant. What has no place inside comes back unchanged; so does NaN.
    """
    given = np.array(degrees, dtype=np.float64)
    shift = _FORWARD.get(crs)
    if shift is not None:
        candidates = _in_china(given, _EDGE)
        target = given[candidates]
        place = target
        for _ in range(_PASSES):
            place = place + (target - shift(place))
        given[candidates] = np.where(_in_china(place, _ROUNDING)[..., None], place, target)
    return given


def _in_china(degrees: Floats, margin: float = 0.0) -> Flags:
    west, south, east, north = CHINA
    longitude, latitude = degrees[..., 0], degrees[..., 1]
    within: Flags = (longitude >= west - margin) & (longitude <= east + margin)
    return within & (latitude >= south - margin) & (latitude <= north + margin)


def _waves(value: Floats, lengths: tuple[float, float, float, float]) -> Floats:
    a, b, c, d = lengths
    total: Floats = a * np.sin(np.pi * value) + b * np.sin(np.pi * value / 3)
    return total + c * np.sin(np.pi * value / 12) + d * np.sin(np.pi * value / 30)


def _gcj02(degrees: Floats) -> Floats:
    """WGS-84 (n, 2) → GCJ-02, wherever it is."""
    x, y = degrees[..., 0] - 105.0, degrees[..., 1] - 35.0
    common = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    root = np.sqrt(np.abs(x))
    north = -100 + 2 * x + 3 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * root
    north += (common + _waves(y, (20, 40, 160, 320))) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * root
    east += (common + _waves(x, (20, 40, 150, 300))) * 2 / 3
    latitude = np.radians(degrees[..., 1])
    curve = 1 - _E2 * np.sin(latitude) ** 2
    north_degrees = np.degrees(north * curve**1.5 / (_A * (1 - _E2)))
    east_degrees = np.degrees(east * np.sqrt(curve) / (_A * np.cos(latitude)))
    shifted: Floats = degrees + np.stack([east_degrees, north_degrees], axis=-1)
    return shifted


def _bd09(degrees: Floats) -> Floats:
    """WGS-84 (n, 2) → BD-09, wherever it is: Baidu's own shift of GCJ-02."""
    gcj02 = _gcj02(degrees)
    x, y = gcj02[..., 0], gcj02[..., 1]
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BAIDU_WAVE)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BAIDU_WAVE)
    shifted: Floats = np.stack([radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006], axis=-1)
    return shifted


_FORWARD = {ReferenceSystem.GCJ_02: _gcj02, ReferenceSystem.BD_09: _bd09}
