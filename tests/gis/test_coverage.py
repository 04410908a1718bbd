"""Overlaps, gaps and overreach of boundaries are found, measured and told apart from slips of the hand."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.boundaries import area_m2
from gis.coverage import Flaw, Ground, check_coverage, mismatches

CITY = shapely.MultiPolygon([shapely.box(121.0, 37.0, 121.4, 37.2)])


def strips(*edges):
    """A city and townships side by side between the edges given as (west, east)."""
    units = [Ground("city", 0, None, CITY)]
    for number, (west, east) in enumerate(edges):
        shape = shapely.MultiPolygon([shapely.box(west, 37.0, east, 37.2)])
        units.append(Ground(f"t{number}", 1, "city", shape))
    return units


def test_a_city_that_is_tiled_has_no_flaw():
    assert check_coverage(strips((121.0, 121.1), (121.1, 121.25), (121.25, 121.4))) == []


def test_ground_that_two_claim_is_named_and_measured():
    (defect,) = check_coverage(strips((121.0, 121.21), (121.2, 121.4)))
    assert (defect.flaw, defect.units, defect.level) == (Flaw.OVERLAP, ("t0", "t1"), 1)
    assert defect.area_m2 == pytest.approx(area_m2(shapely.box(121.2, 37.0, 121.21, 37.2)), rel=1e-6)
    assert defect.width_m == pytest.approx(888, rel=0.1)
    assert not defect.sliver


def test_ground_that_none_claims_names_its_neighbours():
    (defect,) = check_coverage(strips((121.0, 121.2), (121.21, 121.4)))
    assert (defect.flaw, defect.units) == (Flaw.GAP, ("city", "t0", "t1"))


def test_ground_beyond_the_unit_above_is_told():
    (defect,) = check_coverage(strips((121.0, 121.2), (121.2, 121.41)))
    assert (defect.flaw, defect.units) == (Flaw.OUTSIDE, ("t1", "city"))


def test_overlaps_are_found_across_districts_too():
    shape = shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])
    units = [Ground("a-1", 2, "a", shape), Ground("b-1", 2, "b", shape)]
    assert [defect.units for defect in check_coverage(units)] == [("a-1", "b-1")]


def test_a_border_that_was_drawn_twice_is_a_sliver():
    (defect,) = check_coverage(strips((121.0, 121.20001), (121.2, 121.4)))
    assert defect.sliver


def test_nobody_has_no_flaws():
    assert check_coverage([]) == []


@given(st.lists(st.floats(121.0, 121.4), min_size=2, max_size=12))
def test_what_is_claimed_twice_and_not_at_all_adds_up(edges):
    """Strips between random edges: the flaws' areas are those that arithmetic gives."""
    edges = sorted(round(edge, 4) for edge in edges)
    pairs = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False) if b - a > 1e-3]
    units = strips(*pairs)
    defects = check_coverage(units)
    claimed = sum(b - a for a, b in pairs)
    union = shapely.union_all([shapely.box(a, 37.0, b, 37.2) for a, b in pairs])
    gap = sum(defect.area_m2 for defect in defects if defect.flaw is Flaw.GAP)
    if not pairs:
        return
    assert gap == pytest.approx(area_m2(CITY) - area_m2(union), rel=1e-6, abs=2)
    assert not [defect for defect in defects if defect.flaw is Flaw.OVERLAP]
    assert claimed > 0


@given(st.integers(2, 6), st.floats(0.001, 0.02), st.randoms(use_true_random=False))
def test_a_unit_that_is_moved_overlaps_and_leaves_a_gap_alike(count, by, random):
    edges = np.linspace(121.0, 121.4, count + 1)
    units = strips(*zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    which = random.randrange(1, count + 1)
    moved = shapely.transform(units[which].shape, lambda corners: corners + np.array([by, 0]))
    units[which] = Ground(units[which].code, 1, "city", moved)
    areas = {unit.code: area_m2(unit.shape) for unit in units}
    found = {flaw: sum(d.area_m2 for d in check_coverage(units) if d.flaw is flaw) for flaw in Flaw}
    assert found[Flaw.GAP] == pytest.approx(found[Flaw.OVERLAP] + found[Flaw.OUTSIDE], rel=1e-6)
    assert mismatches(areas, units)["city"] == pytest.approx(0, abs=1)
