"""Decoders read back what synthetic outputs say; placing and suppression are the same for all families."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.coco import LABELS
from inference.families import FAMILIES
from inference.families.candidates import Candidates, detections, grid
from inference.families.preparation import Fit, Placement, Preparation

SIZE = 64
CAR, PERSON = LABELS.index("car"), LABELS.index("person")
BOX = (14.0, 10.0, 34.0, 42.0)
"""Left, top, right, bottom of the one car in every synthetic output, input pixels; its centre is 24, 26."""


def distances(point: np.ndarray, stride: float) -> np.ndarray:
    """From a point to the four sides of the box, in cells."""
    return np.array([point[0] - BOX[0], point[1] - BOX[1], BOX[2] - point[0], BOX[3] - point[1]]) / stride


def distributions(cells: np.ndarray, bins: int) -> np.ndarray:
    """Logits whose expectation is the wanted number of cells: the two whole numbers beside it, weighted."""
    logits = np.full((4, bins), -30.0)
    for side, cell in enumerate(cells):
        low = int(cell)
        logits[side, low] = np.log(max(low + 1 - cell, 1e-9))
        logits[side, low + 1] = np.log(max(cell - low, 1e-9))
    return logits.reshape(-1)


def distance_levels(family: str, strides: tuple[int, ...], bins: int, offset: float, score: float) -> list:
    """Outputs of NanoDet and PicoDet with one car seen by the cell of stride 16 at column 1, row 1."""
    scores = [
        np.zeros(((SIZE // s if SIZE % s == 0 else -(-SIZE // s)) ** 2, 80), np.float32) for s in strides
    ]
    sides = [np.zeros((len(level), 4 * bins), np.float32) for level in scores]
    cell = 1 * (SIZE // 16) + 1
    point = np.array([16.0, 16.0]) + offset
    scores[1][cell, CAR] = score
    sides[1][cell] = distributions(distances(point, 16), bins)
    return [*scores, *sides]


def yolox_output(score: float) -> list:
    cells, steps = grid(SIZE, (8, 16, 32))
    raw = np.zeros((len(cells), 85), np.float32)
    cell = 64 + 1 * 4 + 1
    raw[cell, :2] = np.array([24.0, 26.0]) / steps[cell] - cells[cell]
    raw[cell, 2:4] = np.log(np.array([20.0, 32.0]) / steps[cell])
    raw[cell, 4], raw[cell, 5 + CAR] = 0.9, score / 0.9
    return [raw]


def centernet_output(score: float) -> list:
    heat = np.zeros((SIZE // 4, SIZE // 4, 80), np.float32)
    sides = np.zeros((SIZE // 4, SIZE // 4, 4), np.float32)
    heat[6, 6, CAR] = score
    heat[6, 7, CAR] = score - 0.1  # its slope: no peak of its own
    sides[6, 6] = distances(np.array([24.0, 24.0]), 1)
    sides[6, 7] = 5
    return [heat, sides]


def outputs(family: str, score: float) -> list:
    match family:
        case "nanodet":
            return distance_levels(family, (8, 16, 32), 11, 7.5, score)
        case "picodet":
            return distance_levels(family, (8, 16, 32, 64), 8, 8.0, score)
        case "yolox":
            return yolox_output(score)
        case _:
            return centernet_output(score)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_one_object_is_read_back(family: str) -> None:
    found = FAMILIES[family].decode(outputs(family, 0.8), SIZE, 0.5)
    np.testing.assert_allclose(found.boxes, [BOX], atol=0.01)
    np.testing.assert_allclose(found.scores, [0.8], atol=1e-5)
    assert found.classes.tolist() == [CAR]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_picture_without_anything_gives_nothing(family: str) -> None:
    found = FAMILIES[family].decode(outputs(family, 0.3), SIZE, 0.5)
    assert [len(part) for part in found] == [0, 0, 0]
    assert detections(found, Placement(0, 0, SIZE, SIZE), 0.6) == []


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf, 3e38])
def test_outputs_gone_wrong_give_no_box_outside_the_picture(family: str, poison: float) -> None:
    """As a broken driver or a half-precision overflow gives them."""
    with np.errstate(all="ignore"):
        poisoned = [np.full_like(output, poison) for output in outputs(family, 0.8)]
        found = detections(FAMILIES[family].decode(poisoned, SIZE, 0.5), Placement(0, 0, SIZE, SIZE), 0.6)
    assert all(0 <= edge <= 1 for d in found for edge in d.box)


def candidates(*rows: tuple[float, float, float, float, float, int]) -> Candidates:
    table = np.array(rows, np.float32).reshape(-1, 6)
    return Candidates(table[:, :4], table[:, 4], table[:, 5].astype(np.intp))


WHOLE = Placement(0, 0, 100, 100)


def test_of_doubles_the_surest_stays() -> None:
    found = detections(
        candidates((10, 10, 50, 50, 0.6, CAR), (11, 11, 51, 51, 0.9, CAR), (60, 60, 90, 90, 0.5, CAR)),
        WHOLE,
        0.6,
    )
    assert [round(d.score, 2) for d in found] == [0.9, 0.5]


def test_objects_of_different_classes_do_not_suppress_each_other() -> None:
    found = detections(candidates((10, 10, 50, 50, 0.6, CAR), (10, 10, 50, 50, 0.9, PERSON)), WHOLE, 0.6)
    assert [d.label for d in found] == ["person", "car"]


def test_what_lies_in_the_padding_alone_is_nothing() -> None:
    placement = Placement(left=0, top=25, width=100, height=50)
    found = detections(candidates((10, 0, 30, 20, 0.9, CAR), (10, 15, 30, 50, 0.8, CAR)), placement, 0.6)
    assert [d.box for d in found] == [pytest.approx((0.1, 0.0, 0.3, 0.5))]


BOXES = st.tuples(*[st.floats(width=32)] * 4, st.floats(0, 1, width=32), st.integers(0, 79))


@given(st.lists(BOXES, max_size=30))
def test_whatever_the_candidates_are_detections_lie_in_the_picture_best_first(rows: list) -> None:
    with np.errstate(all="ignore"):
        found = detections(candidates(*rows), Placement(3, 5, 40, 30), 0.6)
    assert [d.score for d in found] == sorted((d.score for d in found), reverse=True)
    for d in found:
        left, top, right, bottom = d.box
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


@given(
    fit=st.sampled_from(Fit),
    width=st.integers(1, 5000),
    height=st.integers(1, 5000),
    box=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_a_box_in_the_input_comes_back_to_where_it_was_in_the_picture(
    fit: Fit, width: int, height: int, box: tuple[float, float, float, float]
) -> None:
    placement = Preparation(fit).placement(width, height, 416, 416)
    left, top, wide, high = placement
    assert left >= 0
    assert top >= 0
    assert left + wide <= 416
    assert top + high <= 416
    inside = np.array([box]) * [wide, high, wide, high] + [left, top, left, top]
    np.testing.assert_allclose(placement.fractions(inside.astype(np.float32)), [box], atol=0.35)


@pytest.mark.parametrize("fit", Fit)
def test_preparation_keeps_colours_in_order_and_fills_what_is_left_free(fit: Fit) -> None:
    """A picture twice as wide as high, all of one blue-green-red colour, into a slot that held something."""
    preparation = Preparation(fit, rgb=True, mean=(1, 2, 3), deviation=(2, 4, 8), padding=9)
    pixels = np.full((20, 40, 3), (101, 52, 13), np.uint8)
    slot = np.full((3, 32, 32), np.nan, np.float32)
    left, top, width, height = preparation.place(pixels, slot)
    inside = np.zeros((32, 32), bool)
    inside[top : top + height, left : left + width] = True
    assert inside.sum() == (32 * 32 if fit is Fit.STRETCH else 32 * 16)
    for plane, (value, mean, deviation) in enumerate([(13, 1, 2), (52, 2, 4), (101, 3, 8)]):
        np.testing.assert_allclose(slot[plane][inside], (value - mean) / deviation, atol=1e-5)
        np.testing.assert_allclose(slot[plane][~inside], (9 - mean) / deviation, atol=1e-5)


def test_labels_are_cocos_eighty() -> None:
    assert len(set(LABELS)) == 80
    assert (LABELS[0], LABELS[2], LABELS[9], LABELS[79]) == ("person", "car", "traffic light", "toothbrush")
