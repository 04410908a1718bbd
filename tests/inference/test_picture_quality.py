"""The quality gate: which pictures say nothing, and that ordinary ones pass."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inference.quality import QualityLimits, measure

RANDOM = np.random.default_rng(1)


def plain(colour: int | tuple[int, int, int]) -> np.ndarray:
    return np.full((360, 640, 3), colour, np.uint8)


def textured(mean: float, deviation: float) -> np.ndarray:
    noise = RANDOM.normal(mean, deviation, (360, 640, 1))
    return np.clip(noise, 0, 255).astype(np.uint8).repeat(3, axis=2)


@pytest.mark.parametrize(
    ("picture", "fault"),
    [
        (plain(0), "black"),
        (textured(12, 6), "black"),
        (plain((180, 0, 0)), "flat"),
        (plain(255), "flat"),
        (textured(128, 2), "flat"),
        (textured(10, 40), "dark"),
        (textured(235, 15), "bright"),
        (textured(110, 21), None),
        (textured(45, 20), None),
    ],
)
def test_what_each_picture_is_refused_for(picture: np.ndarray, fault: str | None) -> None:
    assert QualityLimits().fault(measure(picture)) == fault


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (17, 3), (1080, 1920)])
def test_any_size_of_picture_is_measured(shape: tuple[int, int]) -> None:
    quality = measure(np.full((*shape, 3), 77, np.uint8))
    assert (quality.luma, quality.contrast, quality.highlight) == (77, 0, 77)


def test_a_lamp_in_the_night_is_still_a_picture() -> None:
    night = plain(12)
    cv2.circle(night, (320, 180), 90, (250, 250, 250), -1)
    assert QualityLimits().fault(measure(night)) is None


def test_no_clip_of_the_fixtures_is_refused(fixtures_dir) -> None:
    """By day and by night, in colour and grey, bare asphalt included."""
    clips = sorted((fixtures_dir / "video").rglob("*.*"))
    assert len(clips) > 20
    for clip in clips:
        _, frame = cv2.VideoCapture(str(clip)).read()
        assert QualityLimits().fault(measure(frame)) is None, clip.name
