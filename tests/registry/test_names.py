"""Camera names taken apart: what is read, what is left, and how often it is right."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from names_by_hand import NAMES
from truth_of_names import Meant, meant_names

from camera_registry.names import (
    CameraName,
    Compass,
    Direction,
    Flow,
    Gazetteer,
    PartKind,
    Sense,
    parse_name,
    preset_gazetteer,
    turn_between,
)
from camera_registry.names.normal import normalise

HEADS = (
    "dist",
    "town",
    "roads",
    "km",
    "no",
    "at",
    "spot",
    "side",
    "view",
    "flow",
    "to",
    "way",
    "form",
    "nr",
    "off",
    "none",
)


def said(name: CameraName) -> dict[str, object]:
    """What a parsed name says, in the words of the list."""
    direction = name.direction
    found = {
        "dist": name.district,
        "town": name.township,
        "roads": "/".join(road.text for road in name.roads),
        "+": name.at_junction,
        "~": name.section,
        "km": name.chainage_m,
        "no": name.house,
        "at": f"{name.place}/{name.place_kind}" if name.place else None,
        "side": name.side and name.side.value,
        "view": direction and direction.sense is Sense.VIEW and direction.to and direction.to.value,
        "flow": direction and direction.sense is Sense.TRAFFIC and direction.to and direction.to.value,
        "to": direction and direction.towards,
        "way": direction and direction.flow and direction.flow.value,
        "form": name.form,
        "nr": name.ordinal,
        "off": name.offset_m and round(name.offset_m),
        "none": name.why_not,
    }
    return {head: str(value) for head, value in found.items() if value not in (None, "", False)}


def expected(line: str) -> tuple[str, dict[str, str]]:
    name, _, rest = line.rpartition(" | ")
    words, wanted = rest.split(), {}
    while words:
        head = words.pop(0)
        wanted[head] = "True" if head in "+~" else words.pop(0)
    return name, wanted


LINES = [line for line in NAMES.split("\n") if line]


def test_the_list_is_long_enough_to_mean_something() -> None:
    assert len(LINES) >= 180
    assert len(set(LINES)) == len(LINES)


@pytest.mark.parametrize("line", LINES)
def test_a_name_as_departments_write_them(line: str) -> None:
    name, wanted = expected(line)
    found = said(parse_name(name))
    if "at" not in wanted:
        found.pop("at", None)
    assert found == wanted


@pytest.fixture(scope="module")
def meant() -> list[Meant]:
    return meant_names(3000, 11)


class TestMeasuredAgainstTheSampleCity:
    """What the generator meant, for 3,000 names; the shares are those that were reached, less a margin."""

    def test_what_is_no_name_is_told_from_what_is(self, meant) -> None:
        assert all(parse_name(m.name).is_name != m.blank for m in meant)

    def test_roads_junctions_posts_numbers_sides_and_views_are_read_as_they_were_meant(self, meant) -> None:
        wrong: Counter[str] = Counter()
        named = [m for m in meant if not m.blank]
        for m in named:
            name = parse_name(m.name)
            view = name.direction.to if name.direction and name.direction.sense is Sense.VIEW else None
            wrong["district"] += name.district != m.district
            wrong["form"] += m.form is not None and name.form != m.form
            if m.roads:
                wrong["roads"] += tuple(road.text for road in name.roads) != m.roads
                wrong["at_junction"] += name.at_junction != m.at_junction
                wrong["chainage"] += name.chainage_m != m.chainage_m
                wrong["house"] += name.house != m.house
                wrong["side"] += name.side != m.side
                wrong["view"] += view != m.view
            else:
                wrong["place"] += name.place is None or not (
                    m.place.endswith(name.place) or name.place.startswith(m.place)
                )
            wrong["left"] += bool(name.rest)
        assert (
            sum(wrong[field] for field in ("roads", "at_junction", "chainage", "house", "side", "view")) == 0
        )
        assert wrong["district"] <= 0.002 * len(named)
        assert wrong["form"] <= 0.002 * len(named)
        assert wrong["place"] <= 0.03 * len(named)
        assert wrong["left"] <= 0.005 * len(named)


PIECES = (
    "红旗路 青年路 南大街 与 和 / - @ 路口 东侧 由南向北 朝北 往莱山方向 K12+300 12号 球机 枪机 01"
    " 芝罘 烟台市 （ ） 【 】"
    " 小学 东门 G18 高速 ＋ Ｋ３ 通道 NVR CH 方向 段 口 号 第 米 的 向 至 东 南"
)
WORDS = st.sampled_from(PIECES.split())
NAMELIKE = st.lists(WORDS | st.text(max_size=3), max_size=12).map("".join) | st.text(max_size=60)


class TestAnyText:
    @given(NAMELIKE)
    @settings(max_examples=300, deadline=None)
    def test_it_is_read_or_left_but_never_refused(self, text: str) -> None:
        name = parse_name(text)
        assert name.given == text
        assert name.is_name == (not name.why_not)

    @given(NAMELIKE)
    @example("¼K12+300")  # its first letter is three once it is normalised
    @settings(max_examples=300, deadline=None)
    def test_every_part_is_a_stretch_of_the_text_and_no_two_share_a_character(self, text: str) -> None:
        name = parse_name(text)
        stretches = sorted((*name.parts, *name.rest), key=lambda part: (part.start, part.end))
        end = 0
        for part in stretches:
            shared = part.start < len(text) and len(normalise(text[part.start]).text) > 1  # ㎞, ½
            assert end <= part.start + shared
            assert part.start < part.end <= len(text)
            assert part.text in normalise(text[part.start : part.end]).text
            end = part.end
        assert all(part.kind is PartKind.REST for part in name.rest)

    @given(NAMELIKE)
    @settings(max_examples=200, deadline=None)
    def test_nothing_is_lost_but_spaces_and_punctuation(self, text: str) -> None:
        name = parse_name(text)
        if not name.is_name:
            return
        seen = {i for part in (*name.parts, *name.rest) for i in range(part.start, part.end)}
        lost = [c for i, c in enumerate(text) if i not in seen]
        assert not any(c.isalnum() and "\u4e00" <= c <= "\u9fff" for c in lost), (text, lost)

    @given(NAMELIKE)
    @settings(max_examples=300, deadline=None)
    def test_the_normal_form_says_the_same_and_is_its_own_normal_form(self, text: str) -> None:
        normal = normalise(text).text
        assert normalise(normal).text == normal
        one, other = parse_name(text), parse_name(normal)
        assert said(one) == said(other)
        assert [part.text for part in one.parts] == [part.text for part in other.parts]

    @pytest.mark.parametrize(
        "piece", ["枪机", "通道", "东", "红旗路", "与", "(", "CH", "向东", "0", "A", "中", "往"]
    )
    @pytest.mark.timeout(5)
    def test_a_hostile_text_takes_no_longer_than_another(self, piece: str) -> None:
        for length in (200, 20_000):
            assert parse_name(piece * length + "x").given


class TestDirections:
    def test_a_view_is_compared_with_the_heading_and_traffic_with_both_ways_of_the_road(self) -> None:
        view, traffic = parse_name("红旗路12号北向").direction, parse_name("红旗路由南向北").direction
        assert view is not None
        assert traffic is not None
        assert (view.sense, view.degrees) == (Sense.VIEW, 0.0)
        assert (traffic.sense, traffic.degrees) == (Sense.TRAFFIC, 0.0)
        assert view.deviation_deg(350) == 10
        assert view.deviation_deg(180) == 180
        assert traffic.deviation_deg(175) == 5
        assert Direction(Sense.TRAFFIC, flow=Flow.INBOUND).deviation_deg(90) is None

    def test_whether_name_and_record_agree(self) -> None:
        name = parse_name("红旗路12号东南向枪机")
        assert name.agrees_with_heading(118.0) is True
        assert name.agrees_with_heading(300.0) is False
        assert name.agrees_with_heading(None) is None
        assert parse_name("红旗路12号").agrees_with_heading(10) is None
        assert parse_name("红旗路进城").agrees_with_heading(10) is None

    @given(st.floats(0, 360), st.floats(0, 360))
    def test_the_turn_between_two_bearings_is_the_shorter_way_round(self, one: float, other: float) -> None:
        assert 0 <= turn_between(one, other) <= 180
        assert turn_between(one, other) == pytest.approx(turn_between(other, one))

    def test_the_winds_stand_in_the_order_of_the_compass(self) -> None:
        assert [wind.degrees for wind in Compass] == [0, 45, 90, 135, 180, 225, 270, 315]
        assert Compass.NORTHEAST.opposite is Compass.SOUTHWEST


class TestGazetteer:
    def test_another_city_has_its_own_districts(self) -> None:
        qingdao = Gazetteer(("青岛",), {"市南": ("市南区",), "崂山": ("崂山区",)})
        name = parse_name("青岛市崂山区香港东路与海尔路路口", qingdao)
        assert (name.city, name.district) == ("青岛", "崂山")
        assert parse_name("芝罘红旗路", qingdao).district is None

    def test_the_preset_knows_the_sixteen_districts(self) -> None:
        assert len(preset_gazetteer().districts) == 16

    def test_without_proper_names_the_rest_is_read_all_the_same(self) -> None:
        assert parse_name("红旗路与青年路路口", Gazetteer((), {})).at_junction


def test_a_form_gives_the_national_standards_number() -> None:
    assert [
        parse_name(f"红旗路{form}").ptz_type for form in ("球机", "半球", "枪机", "云台枪机", "全景")
    ] == [1, 2, 3, 4, 6]
