"""Which coordinates declared as WGS-84 are not: told by where they fall when they are read in another way.

Cameras stand beside roads, within the jurisdiction of whoever hands them in. A place of GCJ-02 that is
declared as WGS-84 is 450 m off, and beside a road only by chance; re-read as GCJ-02 it is beside one again.
A single camera says little by the roads around it, a source's whole list says nearly everything: hence
groups, each with its own shares of readings. A camera that *names* a road or a point says nearly everything
alone: it stands beside that road under one reading only (:mod:`gis.crs_evidence`).

The shares of the readings in a group follow by expectation-maximisation, and with them the probability of
each reading of each place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from base.errors import InvalidInputError
from gis.crs import ReferenceSystem, to_wgs84
from gis.crs_evidence import NEIGHBOURS, Assumptions, Reading, Surroundings, likelihood

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]

__all__ = ["Assumptions", "Finding", "Reading", "Surroundings", "find_misdeclared", "reread", "survey"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Places of one group that look misdeclared in one way.

    Attributes:
        group: The label they share, such as the file or department they came from.
        reading: What they look like.
        members: Their positions in the arrays that were checked, ascending.
        group_size: How many places the group has in all.
        confidence: Share of ``members`` that is expected to be rightly named, 0 to 1.
        likely: The same of each member alone.
    """

    group: str
    reading: Reading
    members: tuple[int, ...]
    group_size: int
    confidence: float
    likely: tuple[float, ...] = field(default=(), compare=False, repr=False)

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
        groups: The label of each place (n). Places with an empty one share nothing but that it is not known:
            each of them must speak for itself.
        seen: Their surroundings under every reading.
        assumptions: Of honest records.

    Raises:
        InvalidInputError: A reading is missing, the lengths differ, or a distance is negative or no number.
    """
    _require_whole(len(groups), seen)
    assumptions = assumptions or Assumptions()
    swapped = seen[Reading.SWAPPED].inside & ~seen[Reading.AS_DECLARED].inside
    likely, backed = likelihood(seen, assumptions)
    findings = []
    for group, members in _members(groups).items():
        exchanged = members[swapped[members]]
        if exchanged.size:
            certain = (1.0,) * exchanged.size
            where = tuple(exchanged.tolist())
            findings.append(Finding(group, Reading.SWAPPED, where, members.size, 1.0, certain))
        shifted = members[~swapped[members]]
        good_faith = assumptions.good_faith if group else np.inf
        probability = _probability(likely[shifted], good_faith)
        for reading, chance in zip(NEIGHBOURS[1:], probability.T[1:], strict=True):
            named = chance >= assumptions.certain_at
            if not group or named.sum() <= assumptions.least_share * members.size:
                named &= backed[shifted]
            if named.any():
                where, chances = tuple(shifted[named].tolist()), tuple(chance[named].tolist())
                confidence = float(chance[named].mean())
                findings.append(Finding(group, reading, where, members.size, confidence, chances))
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
        for name in ("roads_m", "address_m", "point_m"):
            told = getattr(seen[reading], name)
            if told is not None and (told.shape != (count,) or (told < 0).any()):
                raise InvalidInputError(f"The {name} of {reading.name} is not that of {count} places.")


def _members(groups: Sequence[str]) -> dict[str, Ints]:
    """The positions of each group's places, ascending."""
    positions: dict[str, list[int]] = {}
    for position, group in enumerate(groups):
        positions.setdefault(group, []).append(position)
    return {group: np.array(members, dtype=np.intp) for group, members in positions.items()}


_ROUNDS = 200
_SETTLED = 1e-6


def _probability(likelihood: Floats, good_faith: float) -> Floats:
    """Of each reading for each place of one group (n, 3), by expectation-maximisation of the group's shares.

    The prior of the shares is Dirichlet's, worth ``good_faith`` places, of which a fortieth is misdeclared
    either way; infinite ones are not to be shaken, and the shares are the prior's.
    """
    honest = np.array([0.95, 0.025, 0.025])
    shares, probability = honest, likelihood
    for _ in range(_ROUNDS):
        probability = likelihood * shares
        probability = probability / probability.sum(axis=1, keepdims=True)
        before = shares
        if good_faith == np.inf:
            break
        shares = (probability.sum(axis=0) + good_faith * honest) / (len(likelihood) + good_faith)
        if np.abs(shares - before).max() < _SETTLED:
            break
    return probability
