"""What speaks for a reading of a place: roads around it, and the roads and points that its record names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


class Reading(StrEnum):
    """A way to read two numbers declared as WGS-84; the value ends the sentence "they look like …"."""

    AS_DECLARED = "WGS-84, as declared"
    GCJ_02 = "GCJ-02 declared as WGS-84"
    BD_09 = "BD-09 declared as WGS-84"
    SWAPPED = "longitude and latitude exchanged"


NEIGHBOURS = (Reading.AS_DECLARED, Reading.GCJ_02, Reading.BD_09)
"""Readings that lie within 1.5 km of each other, so that they share a density of roads."""


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """What n places have around them under one reading.

    Attributes:
        road_m: Metres to the nearest road (n,); infinite where a search found none. It matters for records
            that name nothing, and need not be sought for others.
        inside: Whether the place is within the jurisdiction (n,).
        roads_m: Metres to the road that the record's name names, of several to the farthest (n,): a camera
            at a junction stands beside both. NaN where it names none; None: no record does.
        address_m: Metres to the nearest road that its address names (n,), NaN and None as before.
        point_m: Metres to the point of interest that its name names (n,), NaN and None as before.
    """

    road_m: Floats
    inside: Flags
    roads_m: Floats | None = None
    address_m: Floats | None = None
    point_m: Floats | None = None


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is taken for granted of honest records.

    The distances to what a record names were measured on the sample city: 15 m in the middle to a road in
    the name, 35 m to a point, and 15 m or, for yards and schools, 110 m to the road of an address.

    Attributes:
        beside_m: Mean distance of a roadside camera from the line that the map draws for its road, metres.
        off_road: Share of cameras that stand away from roads: yards, schools, forests. It is not learned from
            the group: learned shares come out too low, and the confidence too high.
        stray: Share that is rightly outside the jurisdiction.
        named_road_m: Mean distance from a road that the name names.
        named_point_m: Mean distance from a point that the name names.
        yard_m: Mean distance of a yard's camera from the road of its address.
        misnamed: Share of names that mean another road or point of that name, or a former one.
        elsewhere_m: Mean distance from what is named under a wrong reading.
        good_faith: So many places' worth of trust that a group is as declared, before a look at it.
        certain_at: Probability from which a place is counted as misdeclared.
        least_share: Of a group that must look shifted the same way for those to be reported that name
            nothing; a few cameras that stand off the road look so by chance. Exchanged ones are told anyway.
    """

    beside_m: float = 15.0
    off_road: float = 0.3
    stray: float = 0.01
    named_road_m: float = 18.0
    named_point_m: float = 40.0
    yard_m: float = 110.0
    misnamed: float = 0.01
    elsewhere_m: float = 400.0
    good_faith: float = 10.0
    certain_at: float = 0.7
    least_share: float = 0.1


_ROAD_RANGE_M = (1.0, 500.0)
"""A map is no finer than the one; beyond the other lies the sea or the end of the map, which tells no
density."""

_NAMED_RANGE_M = (1.0, 1500.0)
"""Beyond it something of the same name is meant."""


def likelihood(seen: Mapping[Reading, Surroundings], assumptions: Assumptions) -> tuple[Floats, Flags]:
    """Of each neighbouring reading for each place (n, 3), up to a factor of the place.

    Returns:
        It, and whether the place names something, so that it can speak for itself (n,).
    """
    inside = np.stack([seen[reading].inside for reading in NEIGHBOURS], axis=1)
    weighed = np.where(inside, 1 - assumptions.stray, assumptions.stray)
    roads, names_road = _of_named(seen, "roads_m", _of_road(assumptions), assumptions)
    address, names_address = _of_named(seen, "address_m", _of_address(assumptions), assumptions)
    point, names_point = _of_named(seen, "point_m", _of_point(assumptions), assumptions)
    around = _of_any_road(seen, assumptions)
    # The road of the name, of the address, and the nearest one are mostly the same: only one of them counts.
    by_road = np.where(
        names_road[:, None],
        roads,
        np.where(names_address[:, None], address, np.where(names_point[:, None], 1.0, around)),
    )
    return weighed * by_road * point, names_road | names_point


def _of_any_road(seen: Mapping[Reading, Surroundings], assumptions: Assumptions) -> Floats:
    """By the nearest road, whichever it is.

    For a place with distances ``d`` under the three readings, the right one is small (exponential,
    :attr:`Assumptions.beside_m`) and the others are what chance gives here (exponential, of a mean that
    depends on how dense the roads are and is integrated out under Jeffreys' prior, so that the place itself
    tells it). With m distances that chance gives and whose sum is S, the integral over their unknown mean is
    Γ(m) / S^m.
    """
    road = np.stack([seen[reading].road_m for reading in NEIGHBOURS], axis=1).clip(*_ROAD_RANGE_M)
    total = road.sum(axis=1, keepdims=True)
    beside = np.exp(-road / assumptions.beside_m) / assumptions.beside_m / (total - road) ** 2
    anywhere = 2 / total**3
    of_roads: Floats = (1 - assumptions.off_road) * beside / anywhere + assumptions.off_road
    return of_roads


Mixture = tuple[tuple[float, float], ...]
"""Of exponentials: (share, mean in metres) of each."""


def _of_road(assumptions: Assumptions) -> Mixture:
    return ((1.0, assumptions.named_road_m),)


def _of_address(assumptions: Assumptions) -> Mixture:
    yards = 0.4
    return ((1 - yards, assumptions.beside_m), (yards, assumptions.yard_m))


def _of_point(assumptions: Assumptions) -> Mixture:
    return ((1.0, assumptions.named_point_m),)


def _of_named(
    seen: Mapping[Reading, Surroundings], what: str, near: Mixture, assumptions: Assumptions
) -> tuple[Floats, Flags]:
    """By what the record names: its likelihood under each reading against that under none of them."""
    count = len(seen[Reading.AS_DECLARED].road_m)
    told = [getattr(seen[reading], what) for reading in NEIGHBOURS]
    if any(each is None for each in told):
        return np.ones((count, len(NEIGHBOURS))), np.zeros(count, dtype=bool)
    metres = np.stack(told, axis=1)
    named = ~np.isnan(metres).any(axis=1)
    metres = np.where(named[:, None], metres, 1.0).clip(*_NAMED_RANGE_M)
    elsewhere = np.exp(-metres / assumptions.elsewhere_m) / assumptions.elsewhere_m
    right = sum(share * np.exp(-metres / mean) / mean for share, mean in near)
    ratio = (1 - assumptions.misnamed) * right / elsewhere + assumptions.misnamed
    return np.where(named[:, None], ratio, 1.0), named
