"""The objects recogniser: what it counts, how sure it says it is, and when it keeps silent."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.objects import ObjectRecogniser, union_area
from models.look import Frame
from models.observation import Detection

NOON = datetime(2026, 5, 1, 4, tzinfo=UTC)
SCENE = np.random.default_rng(2).integers(0, 256, (90, 160, 3), dtype=np.uint8)
BLACK = np.zeros((90, 160, 3), np.uint8)


class Found:
    """A detector that finds what it was told to, and remembers how it was asked."""

    def __init__(self, *found: Detection) -> None:
        self.found = list(found)
        self.asked: list[tuple[int, float]] = []

    def detect(self, pictures, floor):
        self.asked.append((len(pictures), floor))
        return [[d for d in self.found if d.score >= floor] for _ in pictures]


def sight(number: int, pixels: np.ndarray = SCENE):
    return number, UUID(int=number), Frame(pixels, NOON, 160, 90, "h264")


def judged(*found: Detection):
    (observation,) = ObjectRecogniser(Found(*found), "m@1", 0.4).recognise([sight(1)])
    return observation


def test_a_street_is_counted() -> None:
    observation = judged(
        Detection("person", 0.9, (0.1, 0.1, 0.2, 0.4)),
        Detection("bus", 0.8, (0.5, 0.5, 0.9, 0.9)),
        Detection("car", 0.6, (0.0, 0.5, 0.2, 0.6)),
        Detection("bicycle", 0.5, (0.3, 0.5, 0.35, 0.6)),
        Detection("kite", 0.99, (0.4, 0.0, 0.5, 0.1)),
    )
    assert observation.values == {
        "persons": 1,
        "vehicles": 2,
        "cycles": 1,
        "vehicle_cover": pytest.approx(0.18),
        "luma": pytest.approx(127, abs=3),
        "contrast": pytest.approx(50, abs=10),
    }
    assert observation.confidence == pytest.approx((0.9 + 0.8 + 0.6 + 0.5) / 4)
    assert (observation.recogniser, observation.model, observation.abstained) == ("objects", "m@1", None)
    assert (observation.camera_id, observation.look_id, observation.captured_at) == (1, UUID(int=1), NOON)
    assert [d.label for d in observation.detections] == ["person", "bus", "car", "bicycle"]


def test_a_van_called_both_car_and_truck_is_one_vehicle() -> None:
    box = (0.2, 0.2, 0.6, 0.6)
    observation = judged(
        Detection("truck", 0.7, box),
        Detection("car", 0.6, (0.21, 0.2, 0.6, 0.6)),
        Detection("person", 0.5, box),
    )
    assert (observation.values["vehicles"], observation.values["persons"]) == (1, 1)
    assert [d.label for d in observation.detections] == ["truck", "person"]


def test_vehicles_that_hide_each_other_cover_the_picture_once() -> None:
    observation = judged(
        Detection("car", 0.9, (0.0, 0.0, 0.5, 1.0)), Detection("car", 0.9, (0.25, 0.0, 0.75, 1.0))
    )
    assert observation.values["vehicle_cover"] == pytest.approx(0.75)


def test_an_empty_street_is_as_sure_as_the_best_doubt_allows() -> None:
    assert judged().confidence == 1.0
    doubtful = judged(Detection("person", 0.35, (0.1, 0.1, 0.2, 0.4)))
    assert doubtful.values["persons"] == 0
    assert doubtful.confidence == pytest.approx(0.65)


def test_a_black_picture_is_never_shown_to_the_detector_and_never_an_empty_street() -> None:
    detector = Found(Detection("person", 0.9, (0.1, 0.1, 0.2, 0.4)))
    observations = ObjectRecogniser(detector, "m@1", 0.4).recognise(
        [sight(1, BLACK), sight(2), sight(3, BLACK + np.uint8(128))]
    )
    assert [o.camera_id for o in observations] == [1, 2, 3]
    assert [o.abstained for o in observations] == ["black", None, "flat"]
    assert detector.asked == [(1, 0.2)]
    assert observations[0].values == {"luma": 0.0, "contrast": 0.0}
    assert (observations[0].confidence, observations[0].detections) == (0.0, ())
    assert observations[1].values["persons"] == 1


def test_no_pictures_give_no_observations() -> None:
    assert ObjectRecogniser(Found(), "m@1", 0.4).recognise([]) == []


EDGES = st.integers(0, 12)
BOXES = st.builds(
    lambda a, b, c, d: (float(min(a, c)), float(min(b, d)), float(max(a, c)), float(max(b, d))),
    EDGES,
    EDGES,
    EDGES,
    EDGES,
)


@given(st.lists(BOXES, max_size=8))
def test_the_area_of_a_union_is_the_number_of_squares_covered(boxes) -> None:
    board = np.zeros((12, 12), bool)
    for left, top, right, bottom in boxes:
        board[int(top) : int(bottom), int(left) : int(right)] = True
    assert union_area(boxes) == board.sum()
