"""What the sample city's generator meant by each name: the truth that the parser is measured against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from camera_registry.names import Compass
from dengta.sample import cameras, records
from dengta.sample.coast import make_land
from dengta.sample.geography import Unit, divide
from dengta.sample.mistakes import choose_mistakes
from dengta.sample.names import DISTRICTS, SIDES
from dengta.sample.places import Places
from dengta.sample.points import KINDS, Sites, make_sites
from dengta.sample.relief import Relief
from dengta.sample.roads import Road, junctions, make_roads

WINDS = list(Compass)
SIDE_OF = dict(
    zip(
        SIDES,
        (Compass.EAST, Compass.WEST, Compass.SOUTH, Compass.NORTH, Compass.NORTHEAST, Compass.SOUTHEAST,
         Compass.NORTHWEST, Compass.SOUTHWEST),
        strict=True,
    )
)  # fmt: skip
SIDE_OF |= {"西北角": Compass.NORTHWEST, "西南角": Compass.SOUTHWEST}


@dataclass(frozen=True)
class Meant:
    """A name and what it was made of; None where it says nothing of the kind."""

    name: str
    blank: bool
    district: str
    roads: tuple[str, ...] = ()
    at_junction: bool = False
    chainage_m: int | None = None
    house: str | None = None
    place: str | None = None
    spot: str | None = None
    side: Compass | None = None
    view: Compass | None = None
    form: str | None = None


class _Made(NamedTuple):
    mounts: cameras.Mounts
    sites: Sites
    units: list[Unit]
    roads: list[Road]
    seen: dict[str, np.ndarray]


def meant_names(count: int, seed: int) -> list[Meant]:
    """As :func:`dengta.sample.city.make_city` makes them."""
    chance = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(7)]
    land, relief = make_land(chance[0]), Relief(chance[1])
    units = divide(land, relief, chance[1])
    roads = make_roads(land, units, chance[2])
    places = Places(land, relief, units, roads, junctions(roads), chance[3])
    sites = make_sites(max(500, round(count * 30 / 230)), places, units, roads, chance[4])
    mounts = cameras.mount(count, places, sites, units, roads, chance[5])
    made = _Made(mounts, sites, units, roads, {})
    return [_meant(index, name, made) for index, name in enumerate(_with_dice(made, chance[6]))]


def _with_dice(made: _Made, rng: np.random.Generator) -> list[str]:
    """The names, with the dice that chose their words kept in ``seen``."""
    real, seen = records._names, made.seen

    def spy(*parts):
        *_, form, rng = parts
        state = rng.bit_generator.state
        seen["form"] = form
        seen["style"] = np.random.Generator(type(rng.bit_generator)())
        seen["style"].bit_generator.state = state
        seen["style"] = seen["style"].integers(0, 1 << 20, len(form))
        return real(*parts)

    records._names = spy
    try:
        state = rng.bit_generator.state
        rows = records.camera_rows(*made[:4], rng)
    finally:
        records._names = real
    again = np.random.default_rng()
    again.bit_generator.state = state
    seen["blank"] = choose_mistakes(len(rows), again).blank_name
    return [row.name for row in rows]


def _meant(index: int, name: str, made: _Made) -> Meant:
    mounts, sites, units, roads, seen = made
    setting, dice = int(mounts.setting[index]), int(seen["style"][index])
    district = DISTRICTS[units[int(mounts.town[index])].district].short
    road = roads[int(mounts.road[index])].name
    view = WINDS[int(np.round(mounts.heading[index] / 45)) % 8]
    common = {
        "name": name,
        "blank": bool(seen["blank"][index]),
        "district": district,
        "form": records.FORMS[int(seen["form"][index])][0] or None,
    }
    along = float(mounts.along[index])
    if setting == cameras.SITE:
        site = int(mounts.site[index])
        spots = KINDS[int(sites.kind[site])].spots
        return Meant(**common, place=sites.names[site], spot=spots[dice % len(spots)] or None)
    if setting == cameras.JUNCTION:
        crossing = roads[int(mounts.crossing[index])].name
        side = SIDE_OF[SIDES[dice % len(SIDES)]]
        return Meant(**common, roads=(road, crossing), at_junction=True, side=side)
    if setting == cameras.SHORE:
        return Meant(**common, place=records._stem(units[int(mounts.town[index])]) + "岸段", view=view)
    if records._is_highway(roads[int(mounts.road[index])]):
        metres = int(along) * 1000 + int(along % 1 * 1000)
        return Meant(**common, roads=(road,), chainage_m=metres, view=view)
    return Meant(**common, roads=(road,), house=str(records._house(along)), view=view)
