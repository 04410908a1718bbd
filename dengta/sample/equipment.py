"""What the sample city's records say of each camera's equipment: as reported, with the usual gaps."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from dengta.sample.cameras import SITE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


T = TypeVar("T")


class Equipment(NamedTuple):
    """Columns of the table ``camera``, each with a value for every record; None is not reported."""

    direction_type: list[int | None]
    room_type: list[int | None]
    supply_light_type: list[int | None]
    point_type: list[int | None]
    horizontal_field_deg: list[float | None]
    max_view_distance_m: list[float | None]
    pitch_deg: list[float | None]
    installed_on: list[date | None]
    management_unit: list[str | None]
    maintainer: list[str | None]
    record_save_days: list[int | None]


DIRECTIONS = (4, 6, 1, 5, 3, 7, 2, 8)
"""DirectionType of the eight winds, clockwise from north."""

FIELDS_DEG = {1: 60.0, 2: 95.0, 3: 78.0, 4: 60.0, 6: 180.0, 7: 120.0}
"""Usual horizontal field of view by PTZType."""

MAINTAINERS = (
    "中国移动烟台分公司",
    "中国联通烟台分公司",
    "中国电信烟台分公司",
    "烟台广电网络",
    "海智运维",
    None,
)
MAINTAINER_SHARES = (0.3, 0.22, 0.2, 0.1, 0.1, 0.08)
LIGHTS, LIGHT_SHARES = (1, 2, 3, 4, 9, None), (0.12, 0.55, 0.16, 0.02, 0.03, 0.12)
POINT_TYPES, POINT_TYPE_SHARES = (1, 2, 3, 9, None), (0.22, 0.41, 0.28, 0.04, 0.05)
SAVE_DAYS, SAVE_DAY_SHARES = (15, 30, 90, None), (0.1, 0.62, 0.18, 0.1)
INDOORS, UNREPORTED_ROOM = 0.35, 0.06
UNREPORTED_FIELD, UNREPORTED_REACH, UNREPORTED_PITCH, UNREPORTED_DAY = 0.4, 0.45, 0.6, 0.15
FIRST_DAY, LAST_DAY = date(2012, 1, 1), date(2026, 1, 1)


def equip(
    setting: Ints,
    heading: Sequence[float | None],
    ptz: Sequence[int | None],
    owner: Sequence[str | None],
    rng: np.random.Generator,
) -> Equipment:
    """The equipment of cameras.

    Args:
        setting: Where each is mounted, as in ``Mounts``.
        heading: Degrees clockwise from north as reported; where it is, so is the direction in words.
        ptz: PTZType.
        owner: The department.
        rng: Chance.
    """
    count = len(setting)
    indoors = (setting == SITE) & (rng.random(count) < INDOORS)
    fields = np.array([FIELDS_DEG.get(kind or 0, np.nan) for kind in ptz])
    fields = np.round(fields * rng.normal(1, 0.08, count)).clip(30, 360)
    reach = np.round(rng.gamma(6, 12, count) / 10 + 2) * 10
    days = rng.integers(0, (LAST_DAY - FIRST_DAY).days, count)
    calendar = [FIRST_DAY + timedelta(days=day) for day in range((LAST_DAY - FIRST_DAY).days)]
    return Equipment(
        [None if value is None else DIRECTIONS[round(value / 45) % 8] for value in heading],
        _some([2 if inside else 1 for inside in indoors.tolist()], UNREPORTED_ROOM, rng),
        _drawn(LIGHTS, LIGHT_SHARES, count, rng),
        _drawn(POINT_TYPES, POINT_TYPE_SHARES, count, rng),
        _some(fields.tolist(), UNREPORTED_FIELD, rng, known=~np.isnan(fields)),
        _some(reach.tolist(), UNREPORTED_REACH, rng),
        _some(np.round(rng.normal(-12, 5, count)).clip(-45, 10).tolist(), UNREPORTED_PITCH, rng),
        _some([calendar[day] for day in days.tolist()], UNREPORTED_DAY, rng),
        list(owner),
        _drawn(MAINTAINERS, MAINTAINER_SHARES, count, rng),
        _drawn(SAVE_DAYS, SAVE_DAY_SHARES, count, rng),
    )


def _some(
    values: list[T], share: float, rng: np.random.Generator, known: NDArray[np.bool_] | None = None
) -> list[T | None]:
    """The values without those that were not reported: ``share`` of them, and what is not ``known``."""
    kept = rng.random(len(values)) >= share
    if known is not None:
        kept &= known
    return [value if told else None for value, told in zip(values, kept.tolist(), strict=True)]


def _drawn(kinds: Sequence[T], shares: Sequence[float], count: int, rng: np.random.Generator) -> list[T]:
    return [kinds[which] for which in rng.choice(len(kinds), count, p=shares).tolist()]
