"""Names of roads and points in records, and how far what is named lies."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from camera_registry.coordinates.landmarks import Landmarks, Names

GEOD = Geod(ellps="WGS84")
ROADS = [
    ("滨海路", shapely.from_wkt("LINESTRING(121.30 37.50, 121.40 37.50)")),
    ("滨海路", shapely.from_wkt("LINESTRING(121.45 37.50, 121.50 37.50)")),
    ("红旗路", shapely.from_wkt("LINESTRING(121.35 37.45, 121.35 37.55)")),
    ("红旗西路", shapely.from_wkt("LINESTRING(121.20 37.45, 121.20 37.55)")),
]
POINTS = [("人民医院", 121.36, 37.51), *(("公厕", 121.3 + n / 1000, 37.5) for n in range(60))]
GROUND = shapely.box(121.1, 37.3, 121.6, 37.7)


@pytest.fixture(scope="module")
def landmarks() -> Landmarks:
    return Landmarks(ROADS, POINTS, GROUND)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("芝罘红旗路与滨海路路口东", {"红旗路", "滨海路"}),
        ("红旗西路12号", {"红旗西路"}),
        ("人民医院急诊入口", {"人民医院"}),
        ("人民医院滨海路院区", {"人民医院", "滨海路"}),
        ("Camera 01", set()),
        ("", set()),
    ],
)
def test_the_longest_name_at_each_place_is_meant(text: str, found: set[str]) -> None:
    known = ["滨海路", "红旗路", "红旗西路", "西路", "人民医院"]
    assert {known[number] for number in Names(known).find(text)} == found


@given(
    st.lists(st.text("东西南北路", min_size=1, max_size=4), max_size=8), st.text("东西南北路", max_size=20)
)
def test_what_is_found_stands_in_the_text(known: list[str], text: str) -> None:
    for number in Names(known).find(text):
        assert known[number] in text


def test_distances_are_those_on_the_ground(landmarks: Landmarks) -> None:
    places = np.array([[121.352, 37.503], [121.47, 37.51], [121.36, 37.51]])
    lookout = landmarks.seen_by(["红旗路与滨海路路口", "滨海路北", "人民医院大门"], ["", "", "红旗路3号"])
    seen = lookout(places)
    east = GEOD.inv(121.352, 37.503, 121.35, 37.503)[2]
    north = GEOD.inv(121.352, 37.503, 121.352, 37.50)[2]
    assert seen.roads_m is not None
    assert seen.point_m is not None
    assert seen.address_m is not None
    assert seen.roads_m[0] == pytest.approx(max(east, north), rel=0.002)
    assert seen.roads_m[1] == pytest.approx(GEOD.inv(121.47, 37.51, 121.47, 37.50)[2], rel=0.002)
    assert np.isnan(seen.roads_m[2])
    assert seen.point_m[2] == pytest.approx(0, abs=0.01)
    assert seen.address_m[2] == pytest.approx(GEOD.inv(121.36, 37.51, 121.35, 37.51)[2], rel=0.002)
    assert seen.inside.all()
    assert lookout.backed == 3


def test_a_name_that_everybody_has_tells_nobody(landmarks: Landmarks) -> None:
    seen = landmarks.seen_by(["公厕门前"], [""])(np.array([[121.33, 37.5]]))
    assert seen.point_m is not None
    assert np.isnan(seen.point_m).all()
    assert seen.road_m[0] == pytest.approx(0, abs=0.01)


def test_where_no_road_is_near_none_is_found(landmarks: Landmarks) -> None:
    seen = landmarks.seen_by(["山顶", "海上"], ["", ""])(np.array([[121.55, 37.65], [123.0, 37.0]]))
    assert np.isinf(seen.road_m).all()
    assert seen.inside.tolist() == [True, False]


def test_an_empty_city_answers_too() -> None:
    seen = Landmarks([], [], None).seen_by(["滨海路"], [""])(np.array([[121.3, 37.5]]))
    assert np.isinf(seen.road_m).all()
    assert seen.inside.all()
