"""Places along a line: metres from its beginning, beside it, and the side."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.chainage import Lines
from gis.view import GEOD

HERE = (121.4, 37.5)


def go(start: tuple[float, float], bearing: float, metres: float) -> tuple[float, float]:
    longitude, latitude, _ = GEOD.fwd(*start, bearing, metres)
    return longitude, latitude


@given(
    st.floats(0, 360),
    st.floats(50, 5000),
    st.floats(0.02, 0.98),
    st.floats(2, 100),
    st.sampled_from([("left", -90), ("right", 90)]),
)
def test_a_place_beside_a_straight_road_is_where_it_was_put(
    bearing: float, length: float, share: float, offset: float, side: tuple[str, int]
) -> None:
    end = go(HERE, bearing, length)
    foot = go(HERE, bearing, share * length)
    onwards, _, _ = GEOD.inv(*foot, *end)
    (station,) = Lines([shapely.LineString([HERE, end])]).locate(
        np.array([go(foot, onwards + side[1], offset)])
    )
    assert station.chainage_m == pytest.approx(share * length, abs=1 + offset * 0.02)
    assert station.offset_m == pytest.approx(offset, abs=0.5 + 0.01 * offset)
    assert station.side == side[0]


def test_a_bend_is_gone_around() -> None:
    corner, end = go(HERE, 90, 300), go(go(HERE, 90, 300), 0, 400)
    (station,) = Lines([shapely.LineString([HERE, corner, end])]).locate(
        np.array([go(go(corner, 0, 150), 90, 20)])
    )
    assert station.chainage_m == pytest.approx(450, abs=0.5)
    assert (station.side, round(station.offset_m)) == ("right", 20)


def test_what_lies_beyond_an_end_is_at_the_end() -> None:
    line = shapely.LineString([HERE, go(HERE, 90, 100)])
    before, after = Lines([line]).locate(np.array([go(HERE, 270, 30), go(HERE, 90, 140)]))
    assert before.chainage_m == pytest.approx(0, abs=0.01)
    assert after.chainage_m == pytest.approx(100, abs=0.01)


def test_of_several_lines_the_nearest_counts() -> None:
    far = go(HERE, 0, 200)
    lines = Lines(
        [shapely.LineString([HERE, go(HERE, 90, 100)]), shapely.LineString([far, go(far, 90, 100)])]
    )
    near_far, on_first = lines.locate(np.array([go(far, 180, 10), go(HERE, 90, 50)]))
    assert near_far.line == 1
    assert (on_first.line, on_first.side) == (0, "on")
    assert lines.locate(np.empty((0, 2))) == []


def test_a_corner_that_is_drawn_twice_does_no_harm() -> None:
    line = shapely.LineString([HERE, HERE, go(HERE, 90, 100)])
    (station,) = Lines([line]).locate(np.array([go(go(HERE, 90, 40), 0, 5)]))
    assert station.chainage_m == pytest.approx(40, abs=0.1)
    assert station.side == "left"
