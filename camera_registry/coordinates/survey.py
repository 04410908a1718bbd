"""A survey of declared coordinates: which groups of cameras, or of a list's rows, look misdeclared."""

# ruff: noqa: S608 - only constants of this module are put into the statements

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from camera_registry.coordinates.landmarks import Landmarks, read_landmarks
from gis.crs_check import Finding, find_misdeclared, survey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import asyncpg
    from numpy.typing import NDArray

    from base.clock import Clock
    from base.database import Database

    Floats = NDArray[np.float64]


class Grouping(StrEnum):
    """What the cameras of a group share."""

    SOURCE = "source"
    OWNER = "owner"
    UNIT = "unit"


_GROUP = {
    Grouping.SOURCE: "coalesce(c.source, '')",
    Grouping.OWNER: "coalesce(c.owner, '')",
    Grouping.UNIT: "coalesce(o.code || ' ' || o.name, '')",
}

DECLARED_WGS_84 = "(c.declared_crs is null or c.declared_crs in ('WGS-84', 'CGCS2000'))"
"""What is checked: who declares a web map's system has no reason to be doubted by this check."""

# 0, 0 is how programs write that they do not know.
_CAMERAS = f"""
select c.id, c.longitude, c.latitude, {{group}} as "group", c.name, coalesce(c.address, '') as address
  from camera c left join organisation o on o.id = c.unit_id
 where c.longitude is not null and c.latitude is not null and {DECLARED_WGS_84} and c.gone_since is null
   and (c.longitude, c.latitude) <> (0, 0)
 order by c.id
"""


@dataclass(frozen=True, slots=True, eq=False)
class Declared:
    """Places that are declared as WGS-84 or CGCS2000 (n of each).

    Attributes:
        degrees: Longitude and latitude as declared (n, 2).
        groups: The label of each.
        names: What each is called; roads and points in it speak for a reading.
        addresses: Where each says that it is; empty where it does not.
    """

    degrees: Floats
    groups: Sequence[str]
    names: Sequence[str]
    addresses: Sequence[str]


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What a survey found.

    Attributes:
        grouping: What the cameras of a group share.
        checked: How many were checked.
        backed: How many of these name a road or a point, so that they speak for themselves.
        findings: The largest first; their members are ids of cameras.
        seconds: How long it took.
    """

    grouping: Grouping
    checked: int
    backed: int
    findings: tuple[Finding, ...]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """In plain values, with the sentence of each finding and without the ids."""
        told = [
            {
                "group": each.group,
                "reading": each.reading.name,
                "cameras": len(each.members),
                "group_size": each.group_size,
                "confidence": round(each.confidence, 4),
                "sentence": str(each),
            }
            for each in self.findings
        ]
        return {
            "grouping": str(self.grouping),
            "checked": self.checked,
            "backed": self.backed,
            "findings": told,
            "seconds": round(self.seconds, 3),
        }


def weigh(landmarks: Landmarks, declared: Declared) -> tuple[list[Finding], int]:
    """The findings among places, and how many of these name something; members are positions.

    230,000 places take some 15 seconds of one core.
    """
    lookout = landmarks.seen_by(declared.names, declared.addresses)
    return find_misdeclared(declared.groups, survey(declared.degrees, lookout)), lookout.backed


async def misdeclared(connection: asyncpg.Connection[Any], declared: Declared) -> list[Finding]:
    """The findings among a list's rows, weighed against the roads, points and boundaries of the store.

    Members are positions in ``declared``. Where the store has neither roads nor boundaries there are none.

    Args:
        connection: To the store.
        declared: Rows that declare WGS-84, CGCS2000 or nothing.
    """
    if not len(declared.degrees):
        return []
    landmarks = await read_landmarks(connection)
    findings, _ = await asyncio.to_thread(weigh, landmarks, declared)
    return findings


async def survey_cameras(
    database: Database, clock: Clock, grouping: Grouping, tell: Callable[[str, float], None]
) -> Surveyed:
    """Check all cameras of the catalogue, and keep what was found in place of the survey before.

    Args:
        database: The store.
        clock: Time of the survey.
        grouping: What the cameras of a group share.
        tell: Told how far it is.

    Raises:
        UnavailableError: The database went away; the survey before is kept.
    """
    since = clock.monotonic()
    tell("reading", 0.0)
    async with database.raw() as connection:
        rows = await connection.fetch(_CAMERAS.format(group=_GROUP[grouping]))
        landmarks = await read_landmarks(connection)
    tell("weighing", 0.2)
    found, backed = await asyncio.to_thread(weigh, landmarks, _declared(rows))
    ids = [row["id"] for row in rows]
    findings = tuple(_by_id(finding, ids) for finding in found)
    tell("writing", 0.95)
    async with database.raw() as connection, connection.transaction():
        await _keep(connection, clock, grouping, len(rows), backed, findings)
    return Surveyed(grouping, len(rows), backed, findings, clock.monotonic() - since)


def _declared(rows: Sequence[asyncpg.Record]) -> Declared:
    degrees = np.array([(row["longitude"], row["latitude"]) for row in rows], dtype=np.float64)
    return Declared(
        degrees.reshape(-1, 2),
        [row["group"] for row in rows],
        [row["name"] for row in rows],
        [row["address"] for row in rows],
    )


def _by_id(finding: Finding, ids: Sequence[int]) -> Finding:
    members = tuple(ids[position] for position in finding.members)
    return Finding(
        finding.group, finding.reading, members, finding.group_size, finding.confidence, finding.likely
    )


async def _keep(  # noqa: PLR0913, PLR0917 - the columns of a survey
    connection: asyncpg.Connection[Any],
    clock: Clock,
    grouping: Grouping,
    checked: int,
    backed: int,
    findings: Sequence[Finding],
) -> None:
    await connection.execute("delete from crs_survey where grouping = $1", grouping)
    await connection.execute(
        "insert into crs_survey (grouping, at, checked, backed) values ($1, $2, $3, $4)",
        *(grouping, clock.now(), checked, backed),
    )
    await connection.executemany(
        """insert into crs_finding (grouping, group_name, reading, group_size, members, likely)
           values ($1, $2, $3, $4, $5, $6)""",
        [
            (grouping, each.group, each.reading.name, each.group_size, list(each.members), list(each.likely))
            for each in findings
        ],
    )
