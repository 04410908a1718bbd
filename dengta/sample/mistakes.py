"""What is wrong with the sample city's records, and how often: the faults that governance has to find."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from gis.crs import ReferenceSystem, from_wgs84

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dengta.sample.plane import Floats

    Flags = NDArray[np.bool_]

PLATFORM_DEFAULT = (117.02, 36.66)
"""Where a platform of the province puts a camera that nobody placed: its own capital."""


@dataclass(frozen=True)
class Shares:
    """How many of all records are wrong in each way; the faults of coordinates exclude one another."""

    no_coordinates: float = 0.015
    hidden_gcj02: float = 0.01
    """Coordinates of a web map, declared as WGS-84: about 450 m off."""
    swapped: float = 0.0015
    zero: float = 0.0008
    out_of_city: float = 0.0007
    same_place: float = 0.005
    """Registered twice: the place of the record before it."""
    no_address: float = 0.03
    bad_code: float = 0.01
    blank_name: float = 0.01
    wrong_civil_code: float = 0.008


@dataclass(frozen=True)
class Mistakes:
    """Which records (n,) are wrong in which way; the attributes are those of :class:`Shares`."""

    no_coordinates: Flags
    hidden_gcj02: Flags
    swapped: Flags
    zero: Flags
    out_of_city: Flags
    same_place: Flags
    no_address: Flags
    bad_code: Flags
    blank_name: Flags
    wrong_civil_code: Flags


_OF_COORDINATES = 6  # the first so many fields


def choose_mistakes(count: int, rng: np.random.Generator, shares: Shares | None = None) -> Mistakes:
    """Pick the records that are wrong: the stated share of them, to the nearest record."""
    shares = shares or Shares()
    flags: dict[str, Flags] = {}
    start, order = 0, rng.permutation(count)
    for index, field in enumerate(fields(Shares)):
        if index >= _OF_COORDINATES:
            start, order = 0, rng.permutation(count)
        number = round(getattr(shares, field.name) * count)
        flags[field.name] = np.zeros(count, dtype=bool)
        flags[field.name][order[start : start + number]] = True
        start += number
    return Mistakes(**flags)


@dataclass(frozen=True)
class Declared:
    """Coordinates as the records have them (n of each).

    Attributes:
        degrees: Longitude and latitude as declared (n, 2); NaN where there are none.
        crs: The declared reference system, or None.
        normalised: WGS-84 as a reader of the record would compute it (n, 2); NaN where that is impossible.
    """

    degrees: Floats
    crs: list[str | None]
    normalised: Floats


CRS = ("WGS-84", "CGCS2000", "GCJ-02", None)
CRS_SHARES = (0.7, 0.245, 0.04, 0.015)
RECORD_DIGITS = 6  # decimals of a degree: 0.1 m


def declare(true: Floats, mistakes: Mistakes, rng: np.random.Generator) -> Declared:
    """What the records say of the true places (n, 2), with the mistakes that were chosen."""
    count = len(true)
    system = rng.choice(len(CRS), count, p=CRS_SHARES)
    system[mistakes.hidden_gcj02] = CRS.index("WGS-84")
    degrees, normalised = true.copy(), np.round(true, RECORD_DIGITS)
    shifted = from_wgs84(true, ReferenceSystem.GCJ_02)
    honest = system == CRS.index("GCJ-02")
    degrees[honest] = shifted[honest]
    degrees[mistakes.hidden_gcj02] = normalised[mistakes.hidden_gcj02] = shifted[mistakes.hidden_gcj02]
    lost = mistakes.out_of_city
    degrees[lost] = np.array(PLATFORM_DEFAULT) + rng.normal(0, 0.01, (int(lost.sum()), 2))
    system[lost] = CRS.index("WGS-84")
    normalised[lost] = degrees[lost]
    degrees, normalised = np.round(degrees, RECORD_DIGITS), np.round(normalised, RECORD_DIGITS)
    degrees[mistakes.swapped] = degrees[mistakes.swapped][:, ::-1]
    degrees[mistakes.zero] = 0.0
    degrees[mistakes.no_coordinates] = np.nan
    normalised[mistakes.swapped | mistakes.zero | mistakes.no_coordinates] = np.nan
    twins = np.flatnonzero(mistakes.same_place[1:]) + 1
    degrees[twins], normalised[twins], system[twins] = (
        degrees[twins - 1],
        normalised[twins - 1],
        system[twins - 1],
    )
    crs = [
        None if missing else CRS[which]
        for which, missing in zip(system, np.isnan(degrees[:, 0]), strict=True)
    ]
    return Declared(degrees, crs, normalised)


BLANK_NAMES = (
    "Camera 01",
    "IPCamera 01",
    "IPC",
    "通道1",
    "新建设备",
    "Camera 02",
    "网络摄像机",
    "D1",
    "",
    "NVR-CH03",
)


def spoil_code(code: str, how: int) -> str | None:
    """A device id as somebody mistyped it; distinct ids stay distinct. ``how`` picks the way."""
    ways = (
        None,
        code[:8] + code[10:],  # the older form without an industry
        f"{code[:14]}O{code[15:]}",  # a letter for a nought
        f"{code[:10]}999{code[13:]}",  # a type that the standard does not know
        f"{code} ",
        f"00{code[2:]}",
    )
    return ways[how % len(ways)]


def spoil_codes(codes: Sequence[str], wrong: Flags, rng: np.random.Generator) -> list[str | None]:
    """The ids with those marked ``wrong`` spoilt."""
    spoilt: list[str | None] = list(codes)
    for index, how in zip(
        np.flatnonzero(wrong).tolist(), rng.integers(0, 6, int(wrong.sum())).tolist(), strict=True
    ):
        spoilt[index] = spoil_code(codes[index], how)
    return spoilt
