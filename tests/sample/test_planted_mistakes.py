"""Governance finds the mistakes that the sample city's maker planted, and little else."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import numpy as np

from base.clock import ManualClock
from base.database import Database
from camera_registry.coordinates.survey import Grouping, survey_cameras
from camera_registry.governance.assess import assess
from camera_registry.governance.rules import presets
from dengta.sample.city import City, make_city
from dengta.sample.load import load_city
from dengta.sample.mistakes import Mistakes, choose_mistakes

CAMERAS, SEED = 3_000, 11
CHANCES, LAST = 7, 6
"""Streams of chance of a city, and the one from which first of all its records' mistakes are drawn."""

TOLD_BY = {
    "no_coordinates": {"place-missing"},
    "swapped": {"place-swapped"},
    "zero": {"place-zero"},
    "out_of_city": {"place-outside"},
    "no_address": {"address-missing"},
    "bad_code": {"code-missing", "code-malformed", "code-area-unknown", "code-industry-unassigned",
                 "code-type-unknown"},
    "blank_name": {"name-missing", "name-default"},
    "wrong_civil_code": {"civil-code-elsewhere", "areas-disagree"},
    "same_place": {"place-repeated", "place-copied"},
    "hidden_gcj02": {"place-misdeclared"},
}  # fmt: skip

OF_PLACES = {"no_coordinates", "swapped", "zero", "out_of_city", "hidden_gcj02"}

LEAST_RECALL = dict.fromkeys(TOLD_BY, 1.0) | {
    "wrong_civil_code": 0.9,  # without a place and a sound id nobody contradicts it
    "same_place": 0.8,  # cameras of one site may well share a place
    "hidden_gcj02": 0.7,  # some records name no road that the map knows
}
LEAST_PRECISION = dict.fromkeys(TOLD_BY, 1.0) | {"same_place": 0.8, "hidden_gcj02": 0.8, "out_of_city": 0.4}
"""Honest cameras may stand within a metre of each other, and on the shore, which is no unit's ground."""


async def test_the_planted_mistakes_are_found_and_little_else(database: Database) -> None:
    city = make_city(CAMERAS, SEED)
    chance = np.random.SeedSequence(SEED).spawn(CHANCES)[LAST]
    planted = choose_mistakes(CAMERAS, np.random.default_rng(chance))
    await load_city(database, city)
    clock = ManualClock(datetime(2026, 1, 17, 9, tzinfo=UTC))
    async with database.raw() as connection:
        await connection.execute("update camera set updated_at = '2026-01-01'")
    await survey_cameras(database, clock, Grouping.OWNER, lambda _stage, _share: None)
    summary = await assess(database, clock, "Asia/Shanghai")
    codes = {rule.id: rule.code for rule in presets().rules.values()}
    async with database.raw() as connection:
        rows = await connection.fetch("select camera_id, rule_id, other_id from camera_fault")
    found: dict[str, set[int]] = {}
    for row in rows:
        found.setdefault(codes[row["rule_id"]], set()).add(row["camera_id"])
    together = _together(city)
    for kind, rules in TOLD_BY.items():
        wrong = {camera for camera in range(1, CAMERAS + 1) if _is_wrong(planted, kind, camera)}
        told = set().union(*(found.get(rule, set()) for rule in rules))
        # A copy cannot be told from its original; and a few honest cameras stand on one spot of the shore.
        right = together if kind == "same_place" else wrong
        if kind == "same_place":
            wrong &= together  # not one that copied a place which was missing
        recall = len(wrong & told) / len(wrong)
        precision = len(right & told) / max(len(told), 1)
        assert recall >= LEAST_RECALL[kind], (kind, recall, sorted(wrong - told)[:5])
        assert precision >= LEAST_PRECISION[kind], (kind, precision, sorted(told - right)[:5])
    assert summary.faults == sum(Counter(codes[row["rule_id"]] for row in rows).values())
    assert not found.keys() & {"stream-repeated", "mac-repeated", "name-repeated", "place-elsewhere"}


def _is_wrong(planted: Mistakes, kind: str, camera: int) -> bool:
    """Whether it was spoilt so, or copied a place that was."""
    flags = getattr(planted, kind)
    copied = kind in OF_PLACES and camera > 1 and planted.same_place[camera - 1] and flags[camera - 2]
    return bool(flags[camera - 1] or copied)


def _together(city: City) -> set[int]:
    """The cameras that share their very place with another."""
    at: dict[tuple[float, float], set[int]] = {}
    for row in city.cameras:
        if row.wgs84_longitude is not None and row.wgs84_latitude is not None:
            at.setdefault((row.wgs84_longitude, row.wgs84_latitude), set()).add(row.id)
    return {camera for cameras in at.values() if len(cameras) > 1 for camera in cameras}
