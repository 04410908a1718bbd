"""The catalogue's rows for the sample city's cameras, as departments would have handed them in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dengta.sample.cameras import JUNCTION, SHORE, SITE
from dengta.sample.equipment import equip
from dengta.sample.mistakes import BLANK_NAMES, choose_mistakes, declare, spoil_codes
from dengta.sample.names import CITY_NAME, DISTRICTS, SIDES, TOWARDS
from dengta.sample.plane import to_degrees
from dengta.sample.points import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from dengta.sample.cameras import Mounts
    from dengta.sample.geography import Unit
    from dengta.sample.plane import Floats
    from dengta.sample.points import Sites
    from dengta.sample.roads import Road

    Ints = NDArray[np.int64]


class CameraRow(NamedTuple):
    """One camera as it is copied into the table ``camera``; ``wgs84_*`` becomes its ``geom``."""

    id: int
    code: str | None
    name: str
    address: str | None
    civil_code: str | None
    manufacturer: str | None
    model: str | None
    owner: str | None
    longitude: float | None
    latitude: float | None
    declared_crs: str | None
    wgs84_longitude: float | None
    wgs84_latitude: float | None
    accuracy_m: float | None
    heading_deg: float | None
    mount_height_m: float | None
    ptz_type: int | None
    sensitivity: int
    direction_type: int | None
    room_type: int | None
    supply_light_type: int | None
    point_type: int | None
    horizontal_field_deg: float | None
    max_view_distance_m: float | None
    pitch_deg: float | None
    installed_on: date | None
    management_unit: str | None
    maintainer: str | None
    record_save_days: int | None


MAKES = (
    ("海康威视", "DS-IPC-B{}"), ("大华", "DH-IPC-HF{}"), ("宇视", "IPC-S{}"), ("天地伟业", "TC-C{}"),
    ("华为", "X{}-VF"), (None, None),
)  # fmt: skip
MAKE_SHARES = (0.46, 0.27, 0.12, 0.06, 0.05, 0.04)
"""The last is an unnamed make."""

FORMS = (("枪机", 3), ("球机", 1), ("半球", 2), ("云台枪机", 4), ("全景", 6), ("拼接全景", 7), ("", None))
FORM_SHARES = (0.52, 0.26, 0.09, 0.04, 0.04, 0.01, 0.04)
"""As staff call them, with GB/T 28181 PTZType; the last was not reported."""

ACCURACIES_M = (3.0, 10.0, 25.0, 50.0, np.nan)
ACCURACY_SHARES = (0.22, 0.41, 0.2, 0.07, 0.1)
SENSITIVITY_SHARES = (0.942, 0.04, 0.015, 0.003)
UNREPORTED_HEADING, UNREPORTED_HEIGHT, UNREPORTED_CIVIL_CODE = 0.28, 0.35, 0.02
ROAD_OWNERS = ("公安局", "公安局交警支队", "城市管理局", "交通运输局", None)
ROAD_OWNER_SHARES = (0.46, 0.3, 0.14, 0.08, 0.02)
ROAD_INDUSTRIES = (0, 4, 8, 5, 1)
TYPE_SHARES = {132: 0.86, 131: 0.12, 121: 0.015, 122: 0.005}
NETWORK_SHARES = {0: 0.3, 1: 0.12, 2: 0.22, 6: 0.22, 7: 0.06, 8: 0.08}


def camera_rows(
    mounts: Mounts, sites: Sites, units: Sequence[Unit], roads: Sequence[Road], rng: np.random.Generator
) -> list[CameraRow]:
    """The rows, ids from 1 in the order of ``mounts``."""
    count = len(mounts.place)
    mistakes = choose_mistakes(count, rng)
    owner, industry = _owners(mounts, sites, rng)
    codes = _codes(mounts, industry, units, rng)
    form = rng.choice(len(FORMS), count, p=FORM_SHARES)
    names = _names(mounts, sites, units, roads, form, rng)
    for index in np.flatnonzero(mistakes.blank_name).tolist():
        names[index] = BLANK_NAMES[index % len(BLANK_NAMES)]
    addresses = _addresses(mounts, units, roads)
    for index in np.flatnonzero(mistakes.no_address).tolist():
        addresses[index] = None
    declared = declare(to_degrees(mounts.place), mistakes, rng)
    makers, models = _makes(count, rng)
    accuracy = rng.choice(ACCURACIES_M, count, p=ACCURACY_SHARES)
    accuracy[np.isnan(declared.degrees[:, 0])] = np.nan
    height = np.round(
        np.where(mounts.setting == SITE, rng.normal(4, 1.2, count), rng.normal(6.8, 1.4, count)), 1
    )
    # Drawn in this order: who reads a city by its seed expects the same codes and places as ever.
    spoilt = spoil_codes(codes, mistakes.bad_code, rng)
    civil = _civil_codes(mounts, units, mistakes.wrong_civil_code, rng)
    heading = _known(_forget(np.round(mounts.heading, 1) % 360, UNREPORTED_HEADING, rng))
    mounted = _known(_forget(height.clip(2.2, 25), UNREPORTED_HEIGHT, rng))
    ptz = [FORMS[which][1] for which in form.tolist()]
    sensitivity = rng.choice(len(SENSITIVITY_SHARES), count, p=SENSITIVITY_SHARES).tolist()
    columns = (
        *(range(1, count + 1), spoilt, names, addresses, civil, makers, models, owner),
        *(_known(declared.degrees[:, axis]) for axis in (0, 1)),
        declared.crs,
        *(_known(declared.normalised[:, axis]) for axis in (0, 1)),
        *(_known(accuracy), heading, mounted, ptz, sensitivity),
        *equip(mounts.setting, heading, ptz, owner, rng),
    )
    return list(map(CameraRow._make, zip(*columns, strict=True)))


def _known(values: Floats) -> list[float | None]:
    """Python floats, None for NaN."""
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN alone differs


def _forget(values: Floats, share: float, rng: np.random.Generator) -> Floats:
    forgetful: Floats = np.where(rng.random(len(values)) < share, np.nan, values)
    return forgetful


def _owners(mounts: Mounts, sites: Sites, rng: np.random.Generator) -> tuple[list[str | None], Ints]:
    """The department of each camera, and digits 9 and 10 of its id."""
    drawn = rng.choice(len(ROAD_OWNERS), len(mounts.setting), p=ROAD_OWNER_SHARES)
    industry = np.array(ROAD_INDUSTRIES)[drawn]
    at_site = mounts.setting == SITE
    kinds = sites.kind[mounts.site[at_site]]
    industry[at_site] = np.array([kind.industry for kind in KINDS])[kinds]
    owner = [ROAD_OWNERS[which] for which in drawn.tolist()]
    for index, kind in zip(np.flatnonzero(at_site).tolist(), kinds.tolist(), strict=True):
        owner[index] = KINDS[kind].owner
    return owner, industry


def _codes(mounts: Mounts, industry: Ints, units: Sequence[Unit], rng: np.random.Generator) -> list[str]:
    """GB/T 28181 ids: the area's eight digits, industry, type, network, a serial that counts in the area."""
    count = len(industry)
    kind = rng.choice(list(TYPE_SHARES), count, p=list(TYPE_SHARES.values()))
    network = rng.choice(list(NETWORK_SHARES), count, p=list(NETWORK_SHARES.values()))
    used: dict[str, int] = {}
    codes = []
    for town, i, t, n in zip(
        mounts.town.tolist(), industry.tolist(), kind.tolist(), network.tolist(), strict=True
    ):
        area = units[town].area_code
        used[area] = serial = used.get(area, 0) + 1
        codes.append(f"{area}{i:02d}{t}{n}{serial:06d}")
    return codes


def _civil_codes(
    mounts: Mounts, units: Sequence[Unit], wrong: NDArray[np.bool_], rng: np.random.Generator
) -> list[str | None]:
    every = sorted({district.carved_from for district in DISTRICTS})
    forgotten = rng.random(len(wrong)) < UNREPORTED_CIVIL_CODE
    shift = rng.integers(1, len(every), len(wrong))
    codes: list[str | None] = []
    for town, is_wrong, none, step in zip(
        mounts.town.tolist(), wrong.tolist(), forgotten.tolist(), shift.tolist(), strict=True
    ):
        right = units[town].area_code[:6]
        other = every[(every.index(right) + step) % len(every)]
        codes.append(None if none and not is_wrong else other if is_wrong else right)
    return codes


def _makes(count: int, rng: np.random.Generator) -> tuple[list[str | None], list[str | None]]:
    make = rng.choice(len(MAKES), count, p=MAKE_SHARES).tolist()
    series = (rng.integers(20, 90, count) * 100 + rng.choice([12, 32, 42, 48, 86], count)).tolist()
    models = [(MAKES[m][1] or "").format(s) or None for m, s in zip(make, series, strict=True)]
    return [MAKES[m][0] for m in make], models


def _names(
    mounts: Mounts,
    sites: Sites,
    units: Sequence[Unit],
    roads: Sequence[Road],
    form: Ints,
    rng: np.random.Generator,
) -> list[str]:
    """Names as staff write them: district, place, direction, form; repeated ones are numbered."""
    style = rng.integers(0, 1 << 20, len(form)).tolist()
    towards = (np.round(mounts.heading / 45).astype(int) % 8).tolist()
    seen: dict[str, int] = {}
    names = []
    for index, (place, short) in enumerate(_described(mounts, sites, units, roads, style, towards)):
        lead = "" if place.startswith(short) else short
        name = f"{lead}{place}{FORMS[form[index]][0]}"
        seen[name] = again = seen.get(name, 0) + 1
        if again > 1 or style[index] % 5 == 0:
            name = f"{name}{again:02d}"
        names.append(CITY_NAME + name if style[index] % 13 == 0 else name)
    return names


def _described(
    mounts: Mounts,
    sites: Sites,
    units: Sequence[Unit],
    roads: Sequence[Road],
    style: list[int],
    towards: list[int],
) -> Iterator[tuple[str, str]]:
    """For each camera, its place in words and its district's short name."""
    columns = (mounts.setting, mounts.road, mounts.along, mounts.crossing, mounts.site, mounts.town)
    for index, (setting, road, along, crossing, site, town) in enumerate(
        zip(*(column.tolist() for column in columns), strict=True)
    ):
        unit, dice, way = units[town], style[index], TOWARDS[towards[index]]
        short = DISTRICTS[unit.district].short
        if setting == SITE:
            spots = KINDS[sites.kind[site]].spots
            yield f"{sites.names[site]}{spots[dice % len(spots)]}", short
        elif setting == JUNCTION:
            yield f"{roads[road].name}与{roads[crossing].name}路口{SIDES[dice % len(SIDES)]}", short
        elif setting == SHORE:
            yield f"{_stem(unit)}岸段{way}", short
        elif _is_highway(roads[road]):
            yield f"{roads[road].name}K{int(along)}+{int(along % 1 * 1000):03d}{way}", short
        else:
            yield f"{roads[road].name}{_house(along)}号{way}", short


def _addresses(mounts: Mounts, units: Sequence[Unit], roads: Sequence[Road]) -> list[str | None]:
    addresses: list[str | None] = []
    for road, along, town in zip(
        mounts.road.tolist(), mounts.along.tolist(), mounts.town.tolist(), strict=True
    ):
        unit, name = units[town], roads[road].name
        district = DISTRICTS[unit.district].name
        spot = f"{along:.1f}公里处" if _is_highway(roads[road]) else f"{_house(along)}号"
        addresses.append(f"{district}{unit.name}{name}{spot}")
    return addresses


def _stem(unit: Unit) -> str:
    return unit.name.removesuffix("街道").removesuffix("镇")


def _house(along: float) -> int:
    """House numbers grow by one every eight metres."""
    return 1 + int(along * 125)


def _is_highway(road: Road) -> bool:
    """Whether places on it are told by kilometre, not by house."""
    return road.name.endswith(("高速", "公路", "线"))
