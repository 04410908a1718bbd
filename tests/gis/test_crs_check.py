"""Misdeclared coordinates are found by where they fall, source by source; honest ones are left in peace."""

import numpy as np
import pytest

from base.errors import InvalidInputError
from gis.crs import ReferenceSystem, from_wgs84
from gis.crs_check import Finding, Reading, Surroundings, find_misdeclared, reread, survey

WEST, SOUTH, EAST, NORTH = 121.2, 37.3, 121.6, 37.6
M_PER_DEGREE = np.array([88_500.0, 111_000.0])
STREETS_M = [np.sort(np.random.default_rng(seed).uniform(0, 36_000, 140)) for seed in (1, 2)]
"""Where the streets to the north, and those to the east, run: 260 m apart on average, without a rule."""


def look(places):
    """A town of irregular blocks within a rectangular jurisdiction; beyond it nothing is known."""
    inside = ((places >= [WEST, SOUTH]) & (places <= [EAST, NORTH])).all(axis=1)
    across = (places - [WEST, SOUTH]) * M_PER_DEGREE
    to_line = np.stack([nearest(across[:, axis], STREETS_M[axis]) for axis in (0, 1)]).min(axis=0)
    return Surroundings(np.where(inside, to_line, np.inf), inside)


def nearest(values, streets):
    after = np.searchsorted(streets, values).clip(1, len(streets) - 1)
    return np.minimum(np.abs(values - streets[after - 1]), np.abs(values - streets[after]))


def cameras(count, rng, off_road=0.15):
    """Honest places (count, 2): a little off a road, some of them anywhere."""
    across = rng.uniform(0, 1, (count * 40, 2)) * (np.array([EAST, NORTH]) - [WEST, SOUTH]) * M_PER_DEGREE
    places = np.array([WEST, SOUTH]) + across / M_PER_DEGREE
    wanted = look(places).road_m < rng.exponential(10, len(places)) + 1
    anywhere = rng.random(count) < off_road
    return np.where(anywhere[:, None], places[:count], places[count:][wanted[count:]][:count])


def check(*lists):
    """Findings over named lists of declared places."""
    groups = [name for name, places in lists for _ in places]
    return find_misdeclared(groups, survey(np.concatenate([places for _, places in lists]), look))


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_a_list_of_a_web_map_is_found_among_honest_ones(rng):
    shifted = from_wgs84(cameras(320, rng), ReferenceSystem.GCJ_02)
    findings = check(("police", cameras(3000, rng)), ("schools", shifted), ("harbour", cameras(150, rng)))
    (finding,) = findings
    assert (finding.group, finding.reading, finding.group_size) == ("schools", Reading.GCJ_02, 320)
    assert len(finding.members) > 310
    assert set(finding.members) <= set(range(3000, 3320))
    assert finding.confidence > 0.9


def test_baidus_list_is_told_from_the_other_web_maps(rng):
    (finding,) = check(("schools", from_wgs84(cameras(200, rng), ReferenceSystem.BD_09)))
    assert finding.reading is Reading.BD_09
    assert len(finding.members) > 180


def test_exchanged_coordinates_are_found_one_by_one_and_with_certainty(rng):
    places = cameras(1000, rng)
    places[[7, 500]] = places[[7, 500]][:, ::-1]
    (finding,) = check(("police", places))
    assert finding == Finding("police", Reading.SWAPPED, (7, 500), 1000, 1.0)


@pytest.mark.parametrize("seed", range(10))
def test_honest_lists_are_left_in_peace(seed):
    rng = np.random.default_rng(seed)
    assert (
        check(("many", cameras(5000, rng)), ("few", cameras(12, rng)), ("off", cameras(300, rng, 0.6))) == []
    )


@pytest.mark.parametrize("share", [0.4, 0.6, 0.8, 1.0])
def test_of_a_mixed_list_the_confidence_is_the_share_that_is_rightly_named(share, rng):
    places = cameras(4000, rng)
    wrong = rng.random(4000) < share
    places[wrong] = from_wgs84(places[wrong], ReferenceSystem.GCJ_02)
    (finding,) = check(("mixed", places))
    assert finding.reading is Reading.GCJ_02
    assert wrong[list(finding.members)].mean() == pytest.approx(finding.confidence, abs=0.06)


@pytest.mark.parametrize("seed", range(10))
def test_one_camera_is_too_few_to_accuse(seed):
    alone = cameras(1, np.random.default_rng(seed), 0)
    assert check(("one", from_wgs84(alone, ReferenceSystem.GCJ_02))) == []


def test_a_place_that_no_reading_brings_home_is_not_this_checks_business():
    assert check(("lost", np.array([(117.02, 36.66), (0.0, 0.0), (12.5, 41.9)] * 20))) == []


def test_nothing_gives_nothing():
    assert check(("none", np.empty((0, 2)))) == []


def test_the_place_itself_and_the_undone_shifts_are_the_readings(rng):
    true = cameras(5, rng)
    readings = reread(from_wgs84(true, ReferenceSystem.BD_09))
    assert set(readings) == set(Reading)
    assert np.abs(readings[Reading.BD_09] - true).max() < 1e-9
    assert (readings[Reading.SWAPPED] == readings[Reading.AS_DECLARED][:, ::-1]).all()


def test_a_finding_says_itself_in_a_sentence():
    finding = Finding("schools.xlsx", Reading.GCJ_02, tuple(range(312)), 320, 0.974)
    assert str(finding) == "312 of 320 in schools.xlsx look like GCJ-02 declared as WGS-84 (confidence 97%)"


@pytest.mark.parametrize("fault", ["missing", "length", "negative", "nan"])
def test_surroundings_that_do_not_fit_are_refused(fault, rng):
    seen = survey(cameras(4, rng), look)
    if fault == "missing":
        del seen[Reading.BD_09]
    else:
        road = np.full(3 if fault == "length" else 4, {"negative": -1.0, "nan": np.nan}.get(fault, 1.0))
        seen[Reading.GCJ_02] = Surroundings(road, np.ones(len(road), dtype=bool))
    with pytest.raises(InvalidInputError, match="BD_09" if fault == "missing" else "GCJ_02"):
        find_misdeclared(["police"] * 4, seen)


def named(count, metres, seen, field):
    """The same surroundings, with what the records name at these distances under each reading."""
    return {
        reading: Surroundings(
            around.road_m, around.inside, **{field: np.full(count, metres.get(reading, np.nan))}
        )
        for reading, around in seen.items()
    }


@pytest.mark.parametrize("field", ["roads_m", "point_m"])
def test_one_camera_that_names_its_road_speaks_for_itself_among_honest_ones(rng, field):
    """It stands 450 m from the road it names, and on it when read as a web map's."""
    honest = survey(cameras(200, rng), look)
    beside = {Reading.AS_DECLARED: 10.0, Reading.GCJ_02: 450.0, Reading.BD_09: 900.0}
    seen = named(200, beside, honest, field)
    assert find_misdeclared(["police"] * 200, seen) == []
    for reading, metres in ((Reading.AS_DECLARED, 450.0), (Reading.GCJ_02, 8.0)):
        getattr(seen[reading], field)[7] = metres
    (finding,) = find_misdeclared(["police"] * 200, seen)
    assert (finding.reading, finding.members) == (Reading.GCJ_02, (7,))
    assert finding.likely == pytest.approx((finding.confidence,))


def test_the_road_of_an_address_alone_accuses_nobody(rng):
    honest = survey(cameras(200, rng), look)
    seen = named(
        200, {Reading.AS_DECLARED: 10.0, Reading.GCJ_02: 450.0, Reading.BD_09: 900.0}, honest, "address_m"
    )
    seen[Reading.AS_DECLARED].address_m[7], seen[Reading.GCJ_02].address_m[7] = 450.0, 8.0
    assert find_misdeclared(["police"] * 200, seen) == []


def test_a_road_of_the_same_name_far_away_accuses_nobody(rng):
    honest = survey(cameras(50, rng), look)
    far = dict.fromkeys(Reading, 20_000.0)
    assert find_misdeclared(["police"] * 50, named(50, far, honest, "roads_m")) == []


def test_those_who_share_nothing_but_that_nobody_knows_are_no_group(rng):
    """A third of a list from a web map is found as a list, and not as what has no source."""
    places = cameras(300, rng)
    places[:100] = from_wgs84(places[:100], ReferenceSystem.GCJ_02)
    assert check(("police", places))
    assert check(("", places)) == []


@pytest.mark.parametrize("fault", ["length", "negative"])
def test_named_distances_that_do_not_fit_are_refused(fault, rng):
    seen = survey(cameras(4, rng), look)
    around = seen[Reading.GCJ_02]
    wrong = np.zeros(3) if fault == "length" else np.full(4, -1.0)
    seen[Reading.GCJ_02] = Surroundings(around.road_m, around.inside, point_m=wrong)
    with pytest.raises(InvalidInputError, match="point_m of GCJ_02"):
        find_misdeclared(["police"] * 4, seen)
