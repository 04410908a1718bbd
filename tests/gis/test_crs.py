"""Chinese coordinates: every spelling is understood or refused, and the way back is exact to a millimetre."""

import contextlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy

from base.errors import InvalidInputError
from gis.crs import CHINA, DeclaredPlace, ReferenceSystem, from_wgs84, to_wgs84

WGS_84, CGCS2000, GCJ_02, BD_09 = ReferenceSystem
WEST, SOUTH, EAST, NORTH = CHINA

in_china = st.tuples(st.floats(WEST, EAST), st.floats(SOUTH, NORTH))
around_yantai = st.tuples(st.floats(119.4, 122.1), st.floats(36.4, 38.5))
on_earth = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
shifted_systems = st.sampled_from([GCJ_02, BD_09])
systems = st.sampled_from(ReferenceSystem)


def metres(one, other):
    east, north = (np.asarray(one) - np.asarray(other)).T
    return np.hypot(east * 111_320 * np.cos(np.radians(np.asarray(other)[..., 1])), north * 111_700)


class TestSpelling:
    @pytest.mark.parametrize(
        ("text", "system"),
        [
            *(
                (text, WGS_84)
                for text in ("WGS84", "wgs-84", "WGS 84", "ＷＧＳ－８４", "WGS_1984", "GCS_WGS_1984")
            ),
            *(
                (text, WGS_84)
                for text in ("84坐标系", "GPS", "GPS坐标", "地球坐标系", "EPSG:4326", "epsg 4326")
            ),
            *((text, WGS_84) for text in ("1984世界大地坐标系", "WGS84经纬度坐标", "坐标系：WGS84")),
            *((text, CGCS2000) for text in ("CGCS2000", "cgcs-2000", "2000国家大地坐标系", "国家2000坐标系")),
            *(
                (text, CGCS2000)
                for text in ("2000坐标系", "国家大地坐标系2000", "EPSG:4490", "天地图", "北斗坐标系")
            ),
            *(
                (text, GCJ_02)
                for text in ("GCJ02", "gcj-02", "国测局", "国测局坐标系", "火星坐标", "火星坐标系")
            ),
            *(
                (text, GCJ_02)
                for text in ("高德", "高德/腾讯", "GCJ-02（火星坐标系）", "国测局02坐标", "火星座标")
            ),
            *(
                (text, BD_09)
                for text in ("BD-09", "bd09", "BD09LL", "百度", "百度坐标系", "百度经纬度", " 百度地图\n")
            ),
        ],
    )
    def test_what_spreadsheets_write_is_understood(self, text, system):
        assert ReferenceSystem.parse(text) is system

    @pytest.mark.parametrize("system", ReferenceSystem)
    def test_what_the_catalogue_stores_is_read_back(self, system):
        assert ReferenceSystem.parse(system.value) is system

    @pytest.mark.parametrize(
        "text",
        [
            *("", "  ", "（）", "北京54", "西安80", "1980西安坐标系", "国家大地坐标系", "未知", "\x00"),
            *("BD", "02", "BD09MC", "EPSG:3857", "WGS84/GCJ02", "GCJ-02？也许 WGS-84", "wgs84 " * 10_000),
        ],
    )
    def test_what_is_unknown_or_ambiguous_is_refused_with_a_remedy(self, text):
        with pytest.raises(InvalidInputError, match="坐标系") as refusal:
            ReferenceSystem.parse(text)
        assert "WGS-84, CGCS2000, GCJ-02" in refusal.value.remedy
        assert len(refusal.value.detail) < 200

    @given(st.text())
    def test_any_text_is_a_system_or_refused(self, text):
        with contextlib.suppress(InvalidInputError):
            assert ReferenceSystem.parse(text) in ReferenceSystem


class TestConversion:
    @pytest.mark.parametrize(
        ("wgs84", "gcj02", "bd09"),
        [
            (
                (121.4479, 37.4638),
                (121.45310674656542, 37.4647708197853),
                (121.45953819564292, 37.4710583697947),
            ),
            (
                (120.3978, 36.9746),
                (120.40302984247758, 36.975327198193874),
                (120.40961353349999, 36.981103665661934),
            ),
            (
                (116.3913, 39.9075),
                (116.39754118159271, 39.90890127616531),
                (116.40391394350723, 39.91524466370509),
            ),
            (
                (87.6177, 43.7928),
                (87.62054922425168, 43.79402455549771),
                (87.6269813254592, 43.80014663419902),
            ),
            (
                (113.2644, 23.1291),
                (113.26972959210308, 23.126423339922844),
                (113.27615075157122, 23.13271125723948),
            ),
            (
                (104.9999, 30.5),
                (105.00293077188987, 30.497370203125907),
                (105.0093555120125, 30.503685912538163),
            ),
        ],
    )
    def test_it_agrees_with_an_independent_library(self, wgs84, gcj02, bd09):
        """The numbers are those of PyPI's coordtransform 0.2.1; 1e-11 degrees are a micrometre."""
        assert from_wgs84(wgs84, GCJ_02) == pytest.approx(gcj02, abs=1e-11)
        assert from_wgs84(wgs84, BD_09) == pytest.approx(bd09, abs=1e-11)
        assert metres(to_wgs84(gcj02, GCJ_02), wgs84) < 1e-6
        assert metres(to_wgs84(bd09, BD_09), wgs84) < 1e-6

    @given(st.one_of(in_china, around_yantai), shifted_systems)
    def test_there_and_back_is_the_same_place_to_a_millimetre(self, place, crs):
        assert metres(to_wgs84(from_wgs84(place, crs), crs), place) < 1e-3

    @given(around_yantai, shifted_systems)
    def test_back_and_there_is_the_same_place_to_a_millimetre(self, place, crs):
        assert metres(from_wgs84(to_wgs84(place, crs), crs), place) < 1e-3

    @given(st.tuples(st.floats(WEST + 0.1, EAST - 0.1), st.floats(SOUTH + 0.1, NORTH - 0.1)), shifted_systems)
    def test_back_and_there_is_the_same_place_all_over_china(self, place, crs):
        assert metres(from_wgs84(to_wgs84(place, crs), crs), place) < 1e-3

    @given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=12, max_size=12), systems)
    def test_there_and_back_wherever_it_is_whatever_the_arrays_form(self, places, crs):
        """A place comes back to a millimetre, in China and outside, in a grid as in a list."""
        grid = np.array(places).reshape(3, 4, 2)
        back = to_wgs84(from_wgs84(grid, crs), crs)
        assert back.shape == grid.shape
        # Just outside of the rectangle a place has the coordinates of one inside, and that one is meant.
        outer = ((grid >= [WEST - 0.05, SOUTH - 0.05]) & (grid <= [EAST + 0.05, NORTH + 0.05])).all(axis=-1)
        inner = ((grid >= [WEST, SOUTH]) & (grid <= [EAST, NORTH])).all(axis=-1)
        sure = inner | ~outer
        assert (metres(back[sure], grid[sure]) < 1e-3).all()

    @pytest.mark.parametrize("crs", [GCJ_02, BD_09])
    @pytest.mark.parametrize("box", [(73.4, 3.4, 135.1, 53.6), (119.4, 36.4, 122.1, 38.5)])
    def test_fifty_thousand_places_at_once_come_back_to_a_micrometre(self, crs, box):
        places = np.random.default_rng(5).uniform(box[:2], box[2:], (50_000, 2))
        assert metres(to_wgs84(from_wgs84(places, crs), crs), places).max() < 1e-6

    @pytest.mark.parametrize("offset", [0, 1e-13, 1e-9, -1e-9, 1e-6])
    def test_the_formulas_kink_at_105_degrees_east_costs_nothing(self, offset):
        place = (105 + offset, 30.0)
        assert metres(to_wgs84(from_wgs84(place, GCJ_02), GCJ_02), place) < 1e-3

    @given(around_yantai)
    def test_around_yantai_the_shift_is_half_a_kilometre_and_baidus_more(self, place):
        assert 400 < metres(from_wgs84(place, GCJ_02), place) < 560
        assert 1150 < metres(from_wgs84(place, BD_09), place) < 1400

    @given(on_earth)
    def test_wgs84_and_cgcs2000_are_one(self, place):
        for crs in (WGS_84, CGCS2000):
            assert tuple(from_wgs84(place, crs)) == tuple(to_wgs84(place, crs)) == place

    @given(on_earth, systems)
    def test_outside_china_nothing_is_shifted(self, place, crs):
        longitude, latitude = place
        if not (WEST <= longitude <= EAST and SOUTH <= latitude <= NORTH):
            assert tuple(from_wgs84(place, crs)) == place
        if not (WEST - 0.05 <= longitude <= EAST + 0.05 and SOUTH - 0.05 <= latitude <= NORTH + 0.05):
            assert tuple(to_wgs84(place, crs)) == place

    def test_where_the_edge_makes_two_places_one_the_inner_is_meant(self):
        inner = (EAST - 1e-6, 40.0)
        shifted = from_wgs84(inner, GCJ_02)
        assert shifted[0] > EAST
        assert metres(to_wgs84(shifted, GCJ_02), inner) < 1e-3

    def test_what_no_place_is_shifted_to_comes_back_unchanged(self):
        assert from_wgs84((WEST, 40.0), GCJ_02)[0] > WEST + 1e-6
        assert tuple(to_wgs84((WEST + 1e-6, 40.0), GCJ_02)) == (WEST + 1e-6, 40.0)

    @given(of_numpy.arrays(np.float64, (3, 2), elements=st.floats(allow_nan=True)), systems)
    def test_any_numbers_are_taken_and_those_given_are_left_alone(self, numbers, crs):
        before = numbers.copy()
        for convert in (from_wgs84, to_wgs84):
            converted = convert(numbers, crs)
            assert (np.isnan(converted) == np.isnan(numbers)).all()
        assert np.array_equal(numbers, before, equal_nan=True)

    @given(st.lists(on_earth, max_size=5), systems)
    def test_a_place_is_converted_alike_alone_and_among_others(self, places, crs):
        together = to_wgs84(np.array(places).reshape(-1, 2), crs)
        assert together.dtype == np.float64
        for place, converted in zip(places, together, strict=True):
            assert to_wgs84(place, crs) == pytest.approx(converted, abs=1e-12)


class TestDeclaredPlace:
    def test_it_keeps_what_was_declared_and_gives_the_place(self):
        place = DeclaredPlace(121.45310674656542, 37.4647708197853, GCJ_02)
        assert (place.longitude, place.latitude) == (121.45310674656542, 37.4647708197853)
        assert place.wgs84 == pytest.approx((121.4479, 37.4638), abs=1e-9)
        assert [type(value) for value in place.wgs84] == [float, float]

    @given(on_earth, systems)
    def test_every_place_on_earth_can_be_declared(self, place, crs):
        assert DeclaredPlace(*place, crs).crs is crs

    @pytest.mark.parametrize("value", [180.001, -181, math.inf, -math.inf, math.nan])
    def test_a_longitude_out_of_range_is_named(self, value):
        with pytest.raises(InvalidInputError, match=r"^The longitude .* not between -180 and 180 degrees"):
            DeclaredPlace(value, 37.4)

    @pytest.mark.parametrize("value", [90.001, -91, math.inf, math.nan])
    def test_a_latitude_out_of_range_is_named(self, value):
        with pytest.raises(InvalidInputError, match=r"^The latitude .* not between -90 and 90 degrees"):
            DeclaredPlace(121.4, value)

    def test_exchanged_ones_are_recognised(self):
        with pytest.raises(InvalidInputError) as refusal:
            DeclaredPlace(37.4, 121.4)
        assert "exchange" in refusal.value.remedy
