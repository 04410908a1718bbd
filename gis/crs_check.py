"""Which coordinates declared as WGS-84 are not: told by where they fall when they are read in another way.

Cameras stand beside roads, within the jurisdiction of whoever hands them in. A place of GCJ-02 that is
declared as WGS-84 is 450 m off, and beside a road only by chance; re-read as GCJ-02 it is beside one again.
A single camera says little, a source's whole list says nearly everything: hence groups, each with its own
shares of readings.

For a place with distances ``d`` to the nearest road under the three readings, the right one is small
(exponential, :attr:`Assumptions.beside_m`) and the others are what chance gives here (exponential, of a mean
that depends on how dense the roads are and is integrated out under Jeffreys' prior, so that the place itself
tells it). The shares of the readings in a group follow by expectation-maximisation, and with them the
probability of each reading of each place.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from base.errors import InvalidInputError
from gis.crs import ReferenceSystem, to_wgs84

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.intp]


class Reading(StrEnum):
    """A way to read two numbers declared as WGS-84; the value ends the sentence "they look like …"."""

    AS_DECLARED = "WGS-84, as declared"
    GCJ_02 = "GCJ-02 declared as WGS-84"
    BD_09 = "BD-09 declared as WGS-84"
    SWAPPED = "longitude and latitude exchanged"


_NEIGHBOURS = (Reading.AS_DECLARED, Reading.GCJ_02, Reading.BD_09)
"""Readings that lie within 1.5 km of each other, so that they share a density of roads."""


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """What n places have around them under one reading.

    Attributes:
        road_m: Metres to the nearest road (n,); infinite where a search found none.
        inside: Whether the place is within the jurisdiction (n,).
    """

    road_m: Floats
    inside: Flags


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is taken for granted of honest records.

    Attributes:
        beside_m: Mean distance of a roadside camera from the line that the map draws for its road, metres.
        off_road: Share of cameras that stand away from roads: yards, schools, forests. It is not learned from
            the group: learned shares come out too low, and the confidence too high.
        stray: Share that is rightly outside the jurisdiction.
        good_faith: So many places' worth of trust that a group is as declared, before a look at it.
        certain_at: Probability from which a place is counted as misdeclared.
        least_share: Of a group that must look shifted the same way to be reported; a few cameras that stand
            off the road look so by chance. Does not apply to exchanged ones.
    """

    beside_m: float = 15.0
    off_road: float = 0.3
    stray: float = 0.01
    good_faith: float = 10.0
    certain_at: float = 0.7
    least_share: float = 0.1


@dataclass(frozen=True, slots=True)
class Finding:
    """Places of one group that look misdeclared in one way.

    Attributes:
        group: The label they share, such as the file or department they came from.
        reading: What they look like.
        members: Their positions in the arrays that were checked, ascending.
        group_size: How many places the group has in all.
        confidence: Share of ``members`` that is expected to be rightly named, 0 to 1.
    """

    group: str
    reading: Reading
    members: tuple[int, ...]
    group_size: int
    confidence: float

    def __str__(self) -> str:
        return (
            f"{len(self.members)} of {self.group_size} in {self.group} look like {self.reading} "
            f"(confidence {self.confidence:.0%})"
        )


def reread(declared: Floats) -> dict[Reading, Floats]:
    """WGS-84 longitude and latitude (n, 2) under each reading of the declared ones.

    A reading may give latitudes beyond 90 degrees, where nothing is near and nothing is inside.
    """
    return {
        Reading.AS_DECLARED: declared,
        Reading.GCJ_02: to_wgs84(declared, ReferenceSystem.GCJ_02),
        Reading.BD_09: to_wgs84(declared, ReferenceSystem.BD_09),
        Reading.SWAPPED: declared[:, ::-1],
    }


def survey(declared: Floats, look: Callable[[Floats], Surroundings]) -> dict[Reading, Surroundings]:
    """What ``look`` sees around the declared places (n, 2) under each reading; it is called once for each."""
    return {reading: look(places) for reading, places in reread(declared).items()}


def find_misdeclared(
    groups: Sequence[str], seen: Mapping[Reading, Surroundings], assumptions: Assumptions | None = None
) -> list[Finding]:
    """What looks misdeclared, group by group, the largest finding first.

    A place that is outside as declared and inside when exchanged counts as exchanged with certainty: the
    longitudes of China (73 to 135) are none of its latitudes (3 to 54).

    Args:
        groups: The label of each place (n).
        seen: Their surroundings under every reading.
        assumptions: Of honest records.

    Raises:
        InvalidInputError: A reading is missing, the lengths differ, or a distance is negative or no number.
    """
    _require_whole(len(groups), seen)
    assumptions = assumptions or Assumptions()
    swapped = seen[Reading.SWAPPED].inside & ~seen[Reading.AS_DECLARED].inside
    likelihood = _likelihood(seen, assumptions)
    findings = []
    for group, members in _members(groups).items():
        exchanged = members[swapped[members]]
        if exchanged.size:
            findings.append(Finding(group, Reading.SWAPPED, tuple(exchanged.tolist()), members.size, 1.0))
        shifted = members[~swapped[members]]
        probability = _probability(likelihood[shifted], assumptions.good_faith)
        for reading, chance in zip(_NEIGHBOURS[1:], probability.T[1:], strict=True):
            named = chance >= assumptions.certain_at
            if named.sum() > assumptions.least_share * members.size:
                where = tuple(shifted[named].tolist())
                findings.append(Finding(group, reading, where, members.size, float(chance[named].mean())))
    return sorted(findings, key=lambda finding: (-len(finding.members), finding.group, finding.reading))


def _require_whole(count: int, seen: Mapping[Reading, Surroundings]) -> None:
    for reading in Reading:
        if reading not in seen:
            raise InvalidInputError(f"The surroundings lack the reading {reading.name}.")
        road_m, inside = seen[reading].road_m, seen[reading].inside
        if road_m.shape != (count,) or inside.shape != (count,):
            raise InvalidInputError(f"The surroundings of {reading.name} are not those of {count} places.")
        if not (road_m >= 0).all():
            raise InvalidInputError(f"A road_m of {reading.name} is negative or not a number.")


def _members(groups: Sequence[str]) -> dict[str, Ints]:
    """The positions of each group's places, ascending."""
    positions: dict[str, list[int]] = {}
    for position, group in enumerate(groups):
        positions.setdefault(group, []).append(position)
    return {group: np.array(members, dtype=np.intp) for group, members in positions.items()}


_ROAD_RANGE_M = (1.0, 500.0)
"""A map is no finer than the one; beyond the other lies the sea or the end of the map, which tells no
density."""


def _likelihood(seen: Mapping[Reading, Surroundings], assumptions: Assumptions) -> Floats:
    """Of each neighbouring reading for each place (n, 3), up to a factor of the place.

    With m distances that chance gives and whose sum is S, the integral over their unknown mean is Γ(m) /
    S^m.
    """
    road = np.stack([seen[reading].road_m for reading in _NEIGHBOURS], axis=1).clip(*_ROAD_RANGE_M)
    inside = np.stack([seen[reading].inside for reading in _NEIGHBOURS], axis=1)
    total = road.sum(axis=1, keepdims=True)
    beside = np.exp(-road / assumptions.beside_m) / assumptions.beside_m / (total - road) ** 2
    anywhere = 2 / total**3
    of_roads = (1 - assumptions.off_road) * beside / anywhere + assumptions.off_road
    likelihood: Floats = of_roads * np.where(inside, 1 - assumptions.stray, assumptions.stray)
    return likelihood


_ROUNDS = 200
_SETTLED = 1e-6


def _probability(likelihood: Floats, good_faith: float) -> Floats:
    """Of each reading for each place of one group (n, 3), by expectation-maximisation of the group's shares.

    The prior of the shares is Dirichlet's, worth ``good_faith`` places, of which a fortieth is misdeclared
    either way.
    """
    honest = np.array([0.95, 0.025, 0.025])
    shares, probability = honest, likelihood
    for _ in range(_ROUNDS):
        probability = likelihood * shares
        probability = probability / probability.sum(axis=1, keepdims=True)
        before = shares
        shares = (probability.sum(axis=0) + good_faith * honest) / (len(likelihood) + good_faith)
        if np.abs(shares - before).max() < _SETTLED:
            break
    return probability
