"""What suggestions are made of: n-grams, evidence, rules, calibration, classifier, reasons; no store."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from base.errors import ConflictError, InvalidInputError, ModelError
from camera_registry.reference import point_layers, scenes
from camera_registry.suggestion.calibration import fit_curve
from camera_registry.suggestion.curve import (
    MOST_CERTAIN,
    Curve,
    expected_calibration_error,
    reliability,
)
from camera_registry.suggestion.evaluate import Noise, evaluate, noised, part_units
from camera_registry.suggestion.evidence import Evidence, Near
from camera_registry.suggestion.features import Space
from camera_registry.suggestion.learn import train
from camera_registry.suggestion.lessons import ACCEPTED, REFUSED, SERVES, Lessons
from camera_registry.suggestion.model import Model
from camera_registry.suggestion.ngrams import grams, text_of_key
from camera_registry.suggestion.propose import MOST_PER_CAMERA, Proposer
from camera_registry.suggestion.reasons import Explainer, Lexicon, Reason, Words, put_in_words
from camera_registry.suggestion.rule_book import presets
from camera_registry.suggestion.rules import Conditions, Matcher, Measured, Rule

LAYERS = tuple((layer.id, layer.code) for layer in point_layers())
NUMBERS = {code: number for number, code in LAYERS}
SCENES = ("school", "road-junction", "commerce-market")
STEMS = ["红旗", "青年", "胜利", "文化", "幸福", "迎春", "观海", "港城", "通世", "新华"]
NO_POINTS = Near(np.zeros(0, int), np.zeros(0, int), np.zeros(0, np.float32))


def cameras(
    names: list[str], owners: list[str | None] | None = None, units: list[int] | None = None
) -> Evidence:
    count = len(names)
    return Evidence(
        np.arange(1, count + 1),
        np.array(units or [1] * count),
        names,
        ["烟台市红旗路1号"] * count,
        owners or [None] * count,
        ["arterial"] * count,
        NO_POINTS,
    )


def a_city(each: int = 12) -> tuple[Evidence, Lessons]:
    """Ten units with three kinds of cameras, all classified."""
    names, owners, units, said = [], [], [], []
    patterns = (
        ("{}第{}小学东门", "教育局"),
        ("{}街与{}路路口东侧", "公安局"),
        ("{}{}农贸市场入口", "商务局"),
    )
    for unit, place, number in itertools.product(range(1, 11), range(3), range(each)):
        pattern, owner = patterns[place]
        names.append(pattern.format(STEMS[unit - 1], STEMS[(unit + number) % 10]))
        owners.append(owner)
        units.append(unit)
        said.append([SERVES if scene == place else 0 for scene in range(3)])
    return cameras(names, owners, units), Lessons(SCENES, np.array(said, dtype=np.int8))


@pytest.fixture(scope="module")
def city() -> tuple[Evidence, Lessons]:
    return a_city()


@pytest.fixture(scope="module")
def model(city) -> Model:
    return train(*city, LAYERS).model


LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0\n")
TEXTS = st.lists(st.text(LETTERS, max_size=12), max_size=8)


class TestNgrams:
    @given(TEXTS)
    @settings(max_examples=200, deadline=None)
    def test_they_are_those_that_a_loop_would_find(self, texts: list[str]) -> None:
        rows, keys = grams(texts)
        found = sorted((row, text_of_key(key)) for row, key in zip(rows.tolist(), keys.tolist(), strict=True))
        expected = []
        for row, text in enumerate(texts):
            edged = f"\n{text}\n"
            for length in (1, 2, 3):
                for start in range(len(edged) - length + 1):
                    gram = edged[start : start + length]
                    if gram[1:-1].count("\n") or gram.strip("\n") == "" or (length == 1 and gram == "\n"):
                        continue
                    expected.append((row, gram.replace("\n", "")))
        assert [f for f in found if f[1]] == sorted(expected)


class TestEvidence:
    def test_a_fingerprint_changes_with_what_is_known_and_with_nothing_else(self) -> None:
        one = cameras(["红旗路", "红旗路", "青年路"])
        assert one.marks[0] == one.marks[1] != one.marks[2]
        near = Near(np.array([0, 1]), np.array([31, 31]), np.array([40.0, 41.0], np.float32))
        moved = Evidence(*(getattr(one, name) for name in list(one.__dataclass_fields__)[:6]), near)
        assert moved.marks[0] == moved.marks[1] != one.marks[0], "a metre is no new evidence; a school is"

    def test_some_rows_are_taken_with_their_points(self) -> None:
        near = Near(np.array([0, 2, 2]), np.array([31, 31, 7]), np.array([1.0, 2.0, 3.0], np.float32))
        whole = cameras(["甲路", "乙路", "丙路"])
        whole = Evidence(*(getattr(whole, name) for name in list(whole.__dataclass_fields__)[:6]), near)
        part = whole.take(np.array([1, 2]))
        assert part.names == ["乙路", "丙路"]
        assert (part.near.rows.tolist(), part.near.layers.tolist()) == ([1, 1], [31, 7])


class TestRules:
    def test_all_that_is_asked_must_hold(self) -> None:
        evidence = cameras(["红旗小学东门", "红旗小学停车场", "青年路"], ["教育局", "城管局", "教育局"])
        near = Near(np.array([0]), np.array([31]), np.array([50.0], np.float32))
        evidence = Evidence(*(getattr(evidence, n) for n in list(evidence.__dataclass_fields__)[:6]), near)
        met = Matcher(evidence, NUMBERS).met
        for conditions, rows in (
            ({"name_any": ("小学",)}, [0, 1]),
            ({"name_any": ("小学",), "name_none": ("停车",)}, [0]),
            ({"owner_any": ("教育",)}, [0, 2]),
            ({"place_kinds": ("school",)}, [0, 1]),
            ({"layers": ("school",), "within_m": 60.0}, [0]),
            ({"layers": ("school",), "within_m": 40.0}, []),
            ({"address_any": ("红旗",), "road_classes": ("arterial",)}, [0, 1, 2]),
            ({"road_classes": ("branch",)}, []),
            ({"at_junction": True}, []),
        ):
            assert np.flatnonzero(met(Conditions(**conditions))).tolist() == rows, conditions

    def test_full_width_and_case_do_not_matter(self) -> None:
        met = Matcher(cameras(["ＡＢＣ小学"]), {}).met
        assert met(Conditions(name_any=("abc",))).tolist() == [True]

    @pytest.mark.parametrize(
        "sent",
        [
            {},
            {"name_none": ["桥"]},
            {"within_m": 9},
            {"layers": ["school"]},
            {"what": 1},
            {"name_any": [" "]},
        ],
    )
    def test_what_asks_for_nothing_is_refused(self, sent) -> None:
        with pytest.raises(InvalidInputError):
            Conditions.of(sent)

    def test_json_comes_back_as_it_went(self) -> None:
        asked = Conditions(name_any=("桥",), layers=("bridge",), within_m=40.0, at_junction=False)
        assert Conditions.of(asked.as_json()) == asked

    def test_the_presets_can_be_used_and_serve_each_of_the_scenes(self) -> None:
        known = {scene.code for scene in scenes()}
        rows = presets()
        assert {row["scene"] for row in rows} == known
        assert len({row["code"] for row in rows}) == len(rows)
        for row in rows:
            assert set(Conditions.of(row["conditions"]).layers) <= set(NUMBERS)
            assert row["reason"]
            assert row["reason_en"]

    @given(st.floats(0, 1), st.integers(0, 10_000), st.data())
    def test_a_rules_confidence_lies_between_its_authors_word_and_what_happened(
        self, stated: float, matched: int, data
    ) -> None:
        confirmed = data.draw(st.integers(0, matched))
        told = Measured(matched, confirmed).confidence(stated)
        happened = confirmed / matched if matched else stated
        assert min(stated, happened, MOST_CERTAIN) - 1e-9 <= told <= max(stated, happened) + 1e-9


SCORES = arrays.arrays(np.float64, st.integers(40, 80), elements=st.floats(-5, 5))


class TestCalibration:
    @given(SCORES, st.randoms(use_true_random=False))
    @settings(max_examples=60, deadline=None)
    def test_a_surer_score_is_never_less_likely(self, scores, dice) -> None:
        happened = np.array([dice.random() < 0.5 for _ in scores])
        curve = fit_curve(scores, happened)
        told = curve(np.sort(scores))
        assert (np.diff(told) >= -1e-12).all()
        assert (told >= 0).all()
        assert (told <= MOST_CERTAIN).all()

    def test_what_it_says_comes_true_as_often_as_it_says(self) -> None:
        rng = np.random.default_rng(1)
        truth = rng.random(20_000)
        scores = np.log(truth / (1 - truth)) * 3 + 2  # overconfident and biased
        happened = rng.random(20_000) < truth
        curve = fit_curve(scores[:10_000], happened[:10_000])
        bins = reliability(curve(scores[10_000:]), happened[10_000:])
        assert expected_calibration_error(bins) < 0.02

    def test_nothing_to_see_is_no_error(self) -> None:
        assert expected_calibration_error([]) == 0
        assert fit_curve(np.array([1.0, 2.0]), np.array([False, False]))(np.array([9.0])).tolist() == [0.0]

    def test_reliability_bins_hold_every_prediction_once(self) -> None:
        bins = reliability(np.array([0.0, 0.05, 0.5, 1.0]), np.array([False, True, True, True]))
        assert sum(each.count for each in bins) == 4


class TestClassifier:
    def test_it_recognises_kinds_in_units_it_has_not_seen(self, model: Model) -> None:
        seen = cameras(["解放第二小学东门", "解放街与长江路路口东侧", "解放长江农贸市场入口"])
        likely = model.probabilities(model.space.matrix(seen))
        assert [model.scenes[place] for place in likely.argmax(axis=1)] == list(SCENES)

    def test_an_n_gram_of_one_unit_alone_is_no_column(self, city, model: Model) -> None:
        words = {model.space.column(place).value for place in range(len(model.space.name_keys))}
        assert "小学" in words
        assert "红旗第" not in words

    def test_it_abstains_from_kinds_of_place_that_nobody_has_classified(self, model: Model) -> None:
        evidence = cameras(["解放第二小学东门", "解放融雪物资点大门", "解放路"])
        assert model.knows(evidence).tolist() == [True, False, True]

    def test_its_bytes_hold_plain_arrays_and_give_it_back(self, city, model: Model) -> None:
        data = model.to_bytes()
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            assert all(file[name].dtype != object for name in file.files)
        again = Model.from_bytes(data)
        matrix = model.space.matrix(city[0])
        assert np.allclose(again.probabilities(again.space.matrix(city[0])), model.probabilities(matrix))
        assert again.space.column(0) == model.space.column(0)

    def test_pickles_and_rubbish_are_refused(self, model: Model) -> None:
        file = io.BytesIO()
        np.savez(file, words=np.array([{"a": 1}], dtype=object))
        good = model.to_bytes()
        for data in (b"", b"PK\x03\x04", file.getvalue(), good[:1000], good[: len(good) // 2]):
            with pytest.raises(ModelError):
                Model.from_bytes(data)

    @given(st.binary(max_size=300))
    def test_no_bytes_break_the_reader(self, data: bytes) -> None:
        with pytest.raises(ModelError):
            Model.from_bytes(data)

    def test_a_refusal_weighs_against_its_scene_and_no_other(self, city) -> None:
        evidence, lessons = city
        said = lessons.said.copy()
        refused = np.array(["农贸" in name and owner == "商务局" and unit > 7 for name, owner, unit in zip(
            evidence.names, evidence.owners, evidence.unit_ids.tolist(), strict=True)])  # fmt: skip
        said[refused, 2] = REFUSED
        taught = train(evidence, Lessons(SCENES, said), LAYERS).model
        before = train(evidence, lessons, LAYERS).model
        other = cameras(["解放长江农贸市场入口"], ["商务局"])
        said_before, said_after = (m.probabilities(m.space.matrix(other))[0] for m in (before, taught))
        assert said_after[2] < said_before[2]
        assert abs(said_after[0] - said_before[0]) < 0.05

    def test_unclassified_cameras_teach_nothing(self, city) -> None:
        _, lessons = city
        silent = Lessons(SCENES, np.zeros_like(lessons.said))
        assert not silent.classified.any()
        assert len(silent.teaching(0)) == 0
        accepted = Lessons(SCENES, np.where(lessons.said > 0, ACCEPTED, 0).astype(np.int8))
        assert accepted.weights(np.array([0]), 0).tolist() == [0.5]

    def test_too_little_is_said(self) -> None:
        evidence, lessons = a_city(each=2)
        with pytest.raises(ConflictError, match="60 cameras are classified"):
            train(evidence, lessons, LAYERS)

    def test_an_empty_catalogue_has_an_empty_matrix(self, model: Model) -> None:
        assert model.space.matrix(cameras([])).shape == (0, model.space.width)

    def test_columns_are_told_apart_to_the_last(self, model: Model) -> None:
        kinds = [model.space.column(place).kind for place in range(model.space.width)]
        assert [kind for kind, _ in itertools.groupby(kinds)] == [
            *("name", "address", "owner", "close", "near", "road", "trait"),
        ]
        with pytest.raises(IndexError):
            model.space.column(model.space.width)


class TestProposing:
    RULES = (
        Rule(1, "school", "school", Conditions(place_kinds=("school",)), 0.9, "名称指向学校", "A school"),
        Rule(2, "gate", "school", Conditions(name_any=("东门",)), 0.4, "名称含东门", "An east gate"),
        Rule(3, "weak", "commerce-market", Conditions(name_any=("门",)), 0.2, "名称含门", "A gate"),
    )

    def suggest(self, evidence: Evidence, model: Model | None = None, serves=None):
        lessons = Lessons(SCENES, np.zeros((len(evidence), 3), dtype=np.int8))
        proposer = Proposer(SCENES, self.RULES, NUMBERS, model)
        return list(proposer.suggest(evidence, lessons, lessons.serves if serves is None else serves))

    def test_the_surest_rule_speaks_and_a_weak_one_is_not_heard(self) -> None:
        (one,) = self.suggest(cameras(["红旗小学东门"]))
        assert (one.scene, one.source, one.confidence) == ("school", "rule", pytest.approx(0.9))
        assert one.reasons == [Reason("rule", "school", 1)]

    def test_what_a_camera_serves_is_not_suggested(self) -> None:
        serves = np.array([[True, False, False]])
        assert self.suggest(cameras(["红旗小学东门"]), serves=serves) == []

    def test_rule_and_classifier_speak_with_one_voice_and_both_reasons(self, model: Model) -> None:
        found = self.suggest(cameras(["解放第二小学东门"], ["教育局"]), model)
        (school,) = [each for each in found if each.scene == "school"]
        assert "rule" in {reason.kind for reason in school.reasons}
        assert len(school.reasons) >= 2

    @given(st.lists(st.text(max_size=12), max_size=6))
    @settings(max_examples=50, deadline=None)
    def test_any_names_get_few_suggestions_with_reasons(self, model: Model, names: list[str]) -> None:
        found = self.suggest(cameras(names), model)
        for row in range(len(names)):
            mine = [each for each in found if each.row == row]
            assert len(mine) <= MOST_PER_CAMERA
        for each in found:
            assert 0.3 <= each.confidence <= MOST_CERTAIN
            assert each.reasons or each.source == "learned"

    def test_nothing_comes_of_no_cameras(self, model: Model) -> None:
        assert self.suggest(cameras([]), model) == []


class TestReasons:
    LEXICON = Lexicon(
        {"school": Words("学校", "School")}, {"gate": Words("名称含校门", "The name speaks of a gate")}
    )

    def test_each_kind_has_words_in_both_languages(self) -> None:
        for reason, zh, en in (
            (("name", "小学", 2.1), "名称含“小学”", "The name has “小学” in it"),
            (("owner", "教育局", 1.0), "权属单位是教育局", "It belongs to 教育局"),
            (("near", "school", 35), "距学校约 35 米", "A school about 35 m away"),
            (("close", "school", 1.0), "学校 在 40 米内", "A school within 40 m"),
            (("trait", "place:school", 1.0), "名称指向学校", "The name points to a school"),
            (("trait", "at-junction", 1.0), "名称指明在路口", "The name says that it stands at a junction"),
            (("trait", "road-ends:路", 1.0), "名称里的道路以“路”结尾", "A road in the name ends in 路"),
            (("road", "arterial", 1.0), "位于主干路旁", "It stands at an arterial road"),
            (("rule", "gate", 1), "名称含校门", "The name speaks of a gate"),
            (("rule", "gone", 1), "规则“gone”", "The rule “gone”"),
        ):
            assert put_in_words(reason, self.LEXICON) == Words(zh, en)

    def test_every_column_of_a_classifier_has_words(self, model: Model) -> None:
        for place in range(model.space.width):
            told = put_in_words((*model.space.column(place), 1.0), self.LEXICON)
            assert told.zh
            assert told.en

    def test_n_grams_of_one_word_are_one_reason(self, model: Model) -> None:
        space = model.space
        index = {space.column(place).value: place for place in range(len(space.name_keys))}
        picked = [index[word] for word in ("小学", "学", "小学东", "学东门")]
        (reason,) = Explainer(space).explain(picked, [4.0, 3.0, 2.0, 1.0], [1.0] * 4)
        assert reason.value == "小学东门"

    def test_there_are_three_at_most_and_none_that_speaks_against(self, model: Model) -> None:
        columns = list(range(len(model.space.name_keys), model.space.width))[:20]
        assert len(Explainer(model.space).explain(columns, [1.0] * 20, [1.0] * 20)) == 3
        assert Explainer(model.space).explain(columns, [0.0] * 20, [1.0] * 20) == []


class TestHoldOut:
    def test_units_are_held_out_whole(self, city) -> None:
        parts = part_units(*city)
        units = city[0].unit_ids
        assert set(units[parts.taught]) & set(units[parts.held_out]) == set()
        assert len(parts.taught) + len(parts.held_out) == len(units)

    def test_it_is_measured_clean_and_noised(self, city) -> None:
        rules = [
            Rule(i, r["code"], r["scene"], Conditions.of(r["conditions"]), r["confidence"], "", "")
            for i, r in enumerate(presets())
            if r["scene"] in SCENES
        ]
        found = evaluate(*city, LAYERS, rules)
        assert found["clean"]["learned"]["top1"] > 0.95
        assert found["noised"]["learned"]["top1"] > 0.7
        assert found["noised"]["both"]["top1"] <= found["clean"]["both"]["top1"]
        assert set(found["clean"]["learned"]["by_scene"]) == set(SCENES)

    def test_noise_is_as_much_as_it_says_and_the_same_each_time(self) -> None:
        evidence = cameras(["红旗路与青年路路口"] * 4000, ["公安局"] * 4000)
        worse = noised(evidence, Noise(typo=0.0, unnamed=0.25, no_owner=0.5))
        assert sum(not name.is_name for name in worse.parsed) == pytest.approx(1000, abs=100)
        assert sum(owner is None for owner in worse.owners) == pytest.approx(2000, abs=150)
        assert noised(evidence).names == noised(evidence).names

    def test_too_few_units_are_said(self) -> None:
        evidence, lessons = a_city()
        few = np.flatnonzero(evidence.unit_ids <= 3)
        with pytest.raises(ConflictError, match="3 units"):
            part_units(evidence.take(few), lessons.take(few))


def test_a_curve_is_straight_between_its_points() -> None:
    curve = Curve(np.array([0.0, 2.0]), np.array([0.2, 0.6]))
    assert curve(np.array([-1.0, 1.0, 5.0])).tolist() == pytest.approx([0.2, 0.4, 0.6])


def test_a_space_of_nothing_is_no_fault() -> None:
    space = Space.learn(cameras([]), LAYERS)
    assert space.matrix(cameras(["红旗路"])).shape == (1, space.width)
