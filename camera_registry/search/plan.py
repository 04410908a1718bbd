"""How a tier is read: walking the names in order, gathering what an index finds, or within a filter. Pure.

A term that stands in every tenth name is found by walking the ordered names until a page is full; gathering
all its cameras to sort them would take a hundred times as long. A rare term is gathered; walking would pass
every camera. Where the filter lets few cameras through, those are read and looked at. The counts of the
vocabulary decide, not the planner's guess of what ``like '%...%'`` lets through.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from camera_registry.search.tiers import Tier

# Microseconds a row, measured on 230,000 cameras in memory; only their proportions matter.
GATHERED_US = 1.0
SCANNED_US = 0.2
LOOKED_UP_US = 3.0
STATEMENT_US = 150.0

PATIENCE = 5
"""A walk goes at most so many times as far as it should have to: names may stand together in one place."""

SHORTEST_WALK = 3_000


class Way(StrEnum):
    """How the rows of a tier are come by."""

    WALK = "walk"
    GATHER = "gather"
    SCAN = "scan"
    WITHIN = "within"


@dataclass(frozen=True, slots=True)
class Plan:
    """A way, and for a walk after how many names it is given up; None is never."""

    way: Way
    bound: int | None = None


def choose(tier: Tier, *, cameras: int, let_through: int, limit: int, walk: bool = True) -> Plan:
    """The cheapest way to read ``limit`` rows of a tier.

    Args:
        tier: What is read.
        cameras: All there are.
        let_through: How many of them the filter and the scope let through.
        limit: Rows that are wanted.
        walk: Whether to walk at all; not again where a walk was given up.
    """
    cameras = max(cameras, 1)
    share = max(min(let_through / cameras, 1.0), 1 / cameras)
    page = min(limit / share, tier.rows)
    within = STATEMENT_US + let_through * (LOOKED_UP_US + tier.effort_us)
    if tier.ordered:
        return Plan(Way.WITHIN if page * LOOKED_UP_US > within else Way.WALK)
    walked = min(cameras, limit / share * cameras / max(tier.likely, 1))
    costs = {
        Way.WALK: walked * (tier.effort_us + LOOKED_UP_US * tier.likely / cameras),
        Way.WITHIN: within,
        Way.SCAN: cameras * (SCANNED_US + tier.effort_us) + page * LOOKED_UP_US,
    }
    if tier.found_by:
        costs[Way.GATHER] = tier.rows * (GATHERED_US + tier.effort_us) + page * LOOKED_UP_US
    if not walk:
        del costs[Way.WALK]
    way = min(costs, key=lambda each: costs[each])
    if way is not Way.WALK:
        return Plan(way)
    bound = int(max(SHORTEST_WALK, PATIENCE * walked))
    return Plan(way, bound if bound < cameras else None)
