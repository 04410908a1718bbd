"""What a file says of units is understood in the words of many offices, and settled into one tree."""

from pathlib import Path

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from base.errors import InvalidInputError
from camera_registry.units.attributes import Columns, drawn_units, level_of
from camera_registry.units.check import find_defects
from camera_registry.units.features import Feature
from camera_registry.units.hierarchy import Standing, gb_key, gb_level, settle
from camera_registry.units.plan import make_plan, make_restoring_plan
from camera_registry.units.request import Missing, Policy
from camera_registry.units.tree import Unit

CITY = shapely.MultiPolygon([shapely.box(121.0, 37.0, 121.4, 37.2)])


def strip(west: float, east: float) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([shapely.box(west, 37.0, east, 37.2)])


def feature(
    shape: shapely.Geometry | None = None, layer: str = "units", number: int = 1, **said: str
) -> Feature:
    return Feature(number, layer, said, b"" if shape is None else shapely.to_wkb(shape))


PRESENT = [
    Unit("YT", "370600", "烟台市", "Yantai", 0, None, CITY, 1, 10, 1),
    Unit("YT-ZF", "370602", "芝罘区", "", 1, "YT", strip(121.0, 121.2), 2, 7, 2),
    Unit("YT-ZF-01", None, "向阳街道", "", 2, "YT-ZF", strip(121.0, 121.1), 3, 4, 3),
    Unit("YT-ZF-02", None, "毓璜顶街道", "", 2, "YT-ZF", strip(121.1, 121.2), 5, 6, 4),
    Unit("YT-KF", None, "开发区", "", 1, "YT", strip(121.2, 121.4), 8, 9, 5),
]


def plan(features: list[Feature], present: list[Unit] | None = None, **policy):
    drawn, _ = drawn_units(features, {})
    return make_plan(PRESENT if present is None else present, drawn, Policy(**policy))


class TestColumns:
    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (["XZQDM", "XZQMC"], {"code": "XZQDM", "name": "XZQMC"}),
            (["编码", "名称", "级别"], {"code": "编码", "name": "名称", "level": "级别"}),
            (["adcode", "name", "parent"], {"code": "adcode", "name": "name", "parent": "parent"}),
            (["Unit Code", "Name_EN"], {"code": "Unit Code", "name_en": "Name_EN"}),
            (["行政区划代码", "行政区划名称", "FID"], {"code": "行政区划代码", "name": "行政区划名称"}),
            (["县代码", "乡镇代码", "乡名称"], {"code": "乡镇代码", "name": "乡名称", "parent": "县代码"}),
            (["ＣＯＤＥ", "civil-code"], {"code": "ＣＯＤＥ", "civil_code": "civil-code"}),
            (["全称"], {"name": "全称"}),
            (["XZQDM", "行政区"], {"code": "XZQDM", "name": "行政区"}),
        ],
    )  # fmt: skip
    def test_offices_own_words_are_recognised(self, headers: list[str], expected: dict[str, str]) -> None:
        assert dict(Columns.of(headers, {}).names) == expected

    def test_what_is_told_counts_more(self) -> None:
        columns = Columns.of(["ID", "code", "name"], {"code": "ID"})
        assert columns.names["code"] == "ID"

    @pytest.mark.parametrize(
        ("headers", "told", "reason"),
        [
            (["a", "b"], {}, "No column holds"),
            ([], {}, "No column holds"),
            (["code"], {"code": "nope"}, "no column 'nope'"),
            (["code"], {"colour": "code"}, "no field 'colour'"),
        ],
    )
    def test_a_file_that_names_nobody_is_refused_with_what_it_has(
        self, headers: list[str], told: dict[str, str], reason: str
    ) -> None:
        with pytest.raises(InvalidInputError, match=reason) as refusal:
            Columns.of(headers, told)
        assert refusal.value.remedy

    @pytest.mark.parametrize(
        ("text", "level"),
        [("市", 0), ("city", 0), ("地级市", 0), ("区县", 1), ("District", 1), ("县级市", 1), ("2", 2),
         ("乡镇", 2), ("street", 2), ("镇", 2), ("", None), ("省", None), ("7", None)],
    )  # fmt: skip
    def test_levels_in_words_and_numbers(self, text: str, level: int | None) -> None:
        assert level_of(text) == level

    def test_a_map_services_parent_is_read(self) -> None:
        units, _ = drawn_units([feature(code="370602", name="x", parent='{ "adcode": 370600 }')], {})
        assert units[0].parent == "370600"

    @pytest.mark.parametrize(
        ("layer", "level"), [("townships", 2), ("yantai_district_2026", 1), ("烟台乡镇", 2), ("data", None)]
    )
    def test_a_layers_name_says_the_level(self, layer: str, level: int | None) -> None:
        units, _ = drawn_units([feature(code="x", name="x", layer=layer)], {})
        assert units[0].level == level


class TestHierarchy:
    @pytest.mark.parametrize(
        ("code", "key", "level"),
        [
            ("3706", "3706", 0),
            ("370600", "3706", 0),
            ("370600000000", "3706", 0),
            ("370602", "370602", 1),
            ("370602000000", "370602", 1),
            ("370602001", "370602001", 2),
            ("370602001000", "370602001", 2),
            ("370610", "370610", 1),
            ("370000", "", None),
            ("370602001001", "370602001001", None),
            ("YT", "", None),
            ("００3706", "", None),
            ("12345", "", None),
        ],
    )
    def test_administrative_codes(self, code: str, key: str, level: int | None) -> None:
        assert (gb_key(code), gb_level(code)) == (key, level)

    def test_codes_alone_make_a_tree(self) -> None:
        codes = ["370602002", "370602", "370600", "370611", "370611001", "370602001"]
        settled = {
            unit.code: (unit.level, unit.parent) for unit in settle([Standing(code) for code in codes])
        }
        assert settled["370600"] == (0, None)
        assert settled["370602"] == (1, "370600")
        assert settled["370602001"] == (2, "370602")
        assert settled["370611001"] == (2, "370611")

    def test_codes_that_continue_each_other_make_a_tree(self) -> None:
        settled = {unit.code: (unit.level, unit.parent) for unit in settle(
            [Standing("YT", 0), Standing("YT-ZF"), Standing("YT-ZF-01"), Standing("YT-KF")]
        )}  # fmt: skip
        assert settled["YT-ZF-01"] == (2, "YT-ZF")
        assert settled["YT-KF"] == (1, "YT")

    def test_the_ground_tells_where_codes_do_not(self) -> None:
        settled = {unit.code: (unit.level, unit.parent) for unit in settle(
            [
                Standing("c", shape=CITY),
                Standing("w", shape=strip(121.0, 121.2)),
                Standing("e", shape=strip(121.2, 121.4)),
                Standing("1", shape=strip(121.0, 121.1)),
                Standing("2", shape=strip(121.19, 121.4 - 0.05)),
            ]
        )}  # fmt: skip
        assert settled["w"] == (1, "c")
        assert settled["1"] == (2, "w")
        assert settled["2"] == (2, "e")

    def test_a_zone_that_was_carved_from_a_district_keeps_its_own_parent(self) -> None:
        """Its townships carry the district's administrative code; what the file says counts more."""
        units = [
            Standing("370600"),
            Standing("370611"),
            Standing("KF", 1, "370600"),
            Standing("370611009", 2, "KF"),
        ]
        assert {unit.code: unit.parent for unit in settle(units)}["370611009"] == "KF"

    @pytest.mark.parametrize(
        ("units", "reason"),
        [
            ([Standing("370602")], "there are 0"),
            ([Standing("3706"), Standing("3702")], "there are 2"),
            ([Standing("c", 0), Standing("x", 2)], "Unit x: neither"),
            ([Standing("c", 0), Standing("d", 1, "z")], "neither in the file nor in the store"),
            ([Standing("c", 0), Standing("what")], "level cannot be told"),
        ],
    )
    def test_what_cannot_be_told_is_refused_by_name(self, units: list[Standing], reason: str) -> None:
        with pytest.raises(InvalidInputError, match=reason):
            settle(units)


class TestPlan:
    def test_a_file_of_townships_changes_townships_alone(self) -> None:
        made = plan([feature(strip(121.0, 121.15), code="YT-ZF-01", name="向阳街道"),
                     feature(strip(121.15, 121.2), code="YT-ZF-02", number=2)])  # fmt: skip
        assert [unit.code for unit in made.changed] == ["YT-ZF-01", "YT-ZF-02"]
        assert made.changed[0].changed["boundary"]["differs_m2"] > 1e6
        assert made.missing == []
        assert not made.renumbered
        assert [unit.code for unit in made.units if unit.level < 2] == ["YT", "YT-KF", "YT-ZF"] or len(
            made.units
        ) == 5

    def test_units_are_told_by_their_administrative_code_and_keep_their_own(self) -> None:
        made = plan([feature(strip(121.0, 121.2), adcode="370602", name="芝罘区")])
        assert made.new == []
        assert {unit.code for unit in made.units} == {unit.code for unit in PRESENT}

    def test_a_name_that_only_one_has_tells_it_too(self) -> None:
        made = plan([feature(strip(121.0, 121.1), code="370602001", name="向阳街道")])
        assert made.new == []
        (unit,) = made.changed
        assert unit.code == "YT-ZF-01"
        assert unit.changed == {"civil_code": (None, "370602001")}
        assert "by its name" in made.matching.notes[0]

    def test_six_decimals_are_the_same_boundary(self) -> None:
        rough = shapely.transform(strip(121.0, 121.1), lambda corners: corners + 3e-7)
        made = plan([feature(rough, code="YT-ZF-01", name="向阳街道")])
        assert made.changed == []
        kept = next(unit for unit in made.units if unit.code == "YT-ZF-01")
        assert kept.shape is PRESENT[2].shape

    def test_pieces_of_one_code_are_joined(self) -> None:
        made = plan([feature(strip(121.0, 121.05), code="YT-ZF-01", name="向阳街道"),
                     feature(strip(121.05, 121.1), code="YT-ZF-01", name="向阳街道", number=2)])  # fmt: skip
        assert made.changed == []
        assert "comes in pieces" in made.matching.notes[0]

    def test_one_code_for_two_units_is_refused_by_name(self) -> None:
        made = plan([feature(strip(121.0, 121.05), code="YT-ZF-01", name="向阳街道"),
                     feature(strip(121.05, 121.1), code="YT-ZF-01", name="别的街道", number=2)])  # fmt: skip
        (fault,) = made.matching.faults
        assert (fault.where, fault.unit) == ("units 2", "YT-ZF-01 别的街道")
        assert made.units == []

    def test_a_unit_that_is_missing_is_kept_or_retired(self) -> None:
        only = [feature(strip(121.0, 121.2), code="YT-ZF-01", name="向阳街道")]
        kept = plan(only)
        assert [unit.code for unit in kept.missing] == ["YT-ZF-02"]
        assert kept.retired == set()
        retired = plan(only, missing=Missing.RETIRE)
        assert retired.retired == {"YT-ZF-02"}
        gone = next(unit for unit in retired.units if unit.code == "YT-ZF-02")
        assert gone.shape is None

    def test_a_faulty_unit_is_not_taken_for_a_missing_one(self) -> None:
        bow = shapely.from_wkt("POLYGON((121 37,121.1 37.1,121.1 37,121 37.1,121 37))")
        features = [feature(bow, code="YT-ZF-01", name="向阳街道"),
                    feature(strip(121.1, 121.2), code="YT-ZF-02", name="毓璜顶街道", number=2)]  # fmt: skip
        assert plan(features).units == []
        rest = plan(features, skip_faulty=True, missing=Missing.RETIRE)
        assert rest.missing == []
        assert next(unit for unit in rest.units if unit.code == "YT-ZF-01").shape is PRESENT[2].shape

    def test_an_empty_store_takes_a_whole_tree(self) -> None:
        rows = [("370600", "烟台市", CITY), ("370602", "芝罘区", strip(121.0, 121.2)),
                ("370602001", "向阳街道", strip(121.0, 121.1))]  # fmt: skip
        made = plan(
            [feature(shape, code=code, name=name, number=n) for n, (code, name, shape) in enumerate(rows)], []
        )
        assert [(unit.code, unit.level, unit.parent) for unit in made.units] == [
            ("370600", 0, None), ("370602", 1, "370600"), ("370602001", 2, "370602"),
        ]  # fmt: skip
        assert made.units[0].tree_left == 1

    def test_a_city_that_the_file_lacks_can_be_named_and_has_the_ground_of_its_districts(self) -> None:
        rows = [feature(strip(121.0, 121.2), code="370602", name="芝罘区"),
                feature(strip(121.2, 121.4), code="370611", name="福山区", number=2)]  # fmt: skip
        with pytest.raises(InvalidInputError, match="there are 0") as refusal:
            plan(rows, [])
        assert "--city" in refusal.value.remedy
        made = plan(rows, [], city=("YT", "烟台市"))
        assert made.units[0].shape.equals(CITY)
        assert "given the ground of its units" in made.matching.notes[0]

    def test_a_district_without_a_boundary_has_the_ground_of_its_townships(self) -> None:
        rows = [feature(CITY, code="3706", name="烟台市"),
                feature(None, code="370602", name="芝罘区", number=2),
                feature(strip(121.0, 121.2), code="370602001", name="向阳街道", number=3)]  # fmt: skip
        made = plan(rows, [])
        assert next(unit for unit in made.units if unit.code == "370602").shape.equals(strip(121.0, 121.2))

    def test_a_township_may_change_its_district(self) -> None:
        made = plan([feature(strip(121.1, 121.2), code="YT-ZF-02", name="毓璜顶街道", parent="YT-KF")])
        (unit,) = made.changed
        assert unit.changed == {"parent": ("YT-ZF", "YT-KF")}
        assert made.renumbered

    def test_a_tree_is_restored_with_what_came_since_retired(self) -> None:
        now = [*PRESENT, Unit("YT-ZF-03", None, "新街道", "", 2, "YT-ZF", strip(121.0, 121.05), 11, 12, 9)]
        made = make_restoring_plan(now, PRESENT)
        assert made.retired == {"YT-ZF-03"}
        assert made.changed == []

    def test_a_new_unit_without_a_name_is_called_by_its_code_and_it_is_told(self) -> None:
        made = plan([feature(strip(121.0, 121.1), code="YT-ZF-03", level="街道")])
        assert made.new[0].name == "YT-ZF-03"
        assert "has no name" in made.matching.notes[0]

    def test_a_new_unit_needs_a_code(self) -> None:
        made = plan([feature(strip(121.0, 121.1), name="新街道", level="街道")])
        assert made.matching.faults[0].reason == "It is new and has no code."


numbers = st.floats(120.9, 121.5) | st.sampled_from([121.0, 121.1, 121.2, 0.0, 180.0, -180.0])
latitudes = st.floats(36.9, 37.3) | st.sampled_from([37.0, 37.2, 90.0, -90.0])
polygons = st.lists(st.tuples(numbers, latitudes), min_size=3, max_size=7).map(shapely.Polygon)
shapes = (
    st.none()
    | polygons
    | st.lists(polygons, max_size=3).map(shapely.MultiPolygon)
    | st.lists(polygons, max_size=2).map(shapely.GeometryCollection)
    | st.tuples(numbers, latitudes).map(shapely.Point)
)
codes = st.sampled_from(
    ["", *(unit.code for unit in PRESENT), "YT-ZF-03", "370602", "3706", "370699001", "x"]
)
said = st.fixed_dictionaries(
    {
        "code": codes,
        "name": st.sampled_from(["", "向阳街道", "芝罘区", "新"]),
        "level": st.sampled_from(["", "0", "1", "2", "市", "乡镇", "9"]),
        "parent": codes,
    }
)


@settings(max_examples=300, deadline=None)
@given(
    drawn=st.lists(st.tuples(said, shapes, st.sampled_from(["units", "乡镇"])), min_size=1, max_size=6),
    empty=st.booleans(),
    policy=st.builds(
        Policy,
        level=st.sampled_from([None, 0, 1, 2]),
        city=st.sampled_from([None, ("C", "城")]),
        missing=st.sampled_from(Missing),
        skip_faulty=st.booleans(),
        repair_limit=st.sampled_from([0.01, 1.0]),
    ),
)
def test_whatever_a_file_says_a_tree_comes_of_it_or_a_refusal(
    drawn: list, empty: bool, policy: Policy
) -> None:
    features = [
        feature(shape, layer=layer, number=number, **said)
        for number, (said, shape, layer) in enumerate(drawn)
    ]
    units, _ = drawn_units(features, {})
    try:
        made = make_plan([] if empty else PRESENT, units, policy)
    except InvalidInputError:
        return
    if not made.units:
        assert made.matching.faults
        return
    codes = [unit.code for unit in made.units]
    assert len(set(codes)) == len(codes)
    assert all(0 < unit.tree_left <= unit.tree_right for unit in made.units)
    for unit in made.units:
        assert unit.parent is None or codes.index(unit.parent) < codes.index(unit.code)
        assert unit.shape is None or shapely.is_valid(unit.shape)
    find_defects(made.units)


def test_the_modules_for_the_child_stay_light() -> None:
    """The child reads files; it must not drag in the store."""
    text = (Path(__file__).parents[2] / "camera_registry/units/reader.py").read_text()
    assert "asyncpg" not in text
    assert "sqlalchemy" not in text
