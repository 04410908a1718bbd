"""The rendered films: the same from the same seed, labelled, and showing what they are named for."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dengta.sample.render import FILMS, GLYPHS, Film, draw_black, draw_congestion, draw_snow
from dengta.sample.scenery import HEIGHT, WIDTH
from dengta.sample.traffic import close_road, make_lanes

ROAD = (slice(300, 500), slice(380, 620))  # rows and columns that are carriageway in every film
SHORT = {
    "congestion": Film("jam", "congestion", 1, 5, draw_congestion),
    "snow": Film("snow", "snow", 2, 5, draw_snow),
    "black": Film("black", "black", 1, 5, draw_black),
}


@pytest.fixture(scope="module")
def snow() -> list[np.ndarray]:
    return list(SHORT["snow"].draw(SHORT["snow"]))


@pytest.mark.parametrize("film", SHORT.values(), ids=list(SHORT))
def test_a_film_has_the_pictures_it_promises(film: Film):
    pictures = list(film.draw(film))
    assert len(pictures) == film.pictures
    assert all(p.shape == (HEIGHT, WIDTH, 3) and p.dtype == np.uint8 for p in pictures)


def test_the_same_seed_gives_the_same_pictures_and_another_seed_others():
    film = SHORT["congestion"]
    first, again = (next(film.draw(film)) for _ in range(2))
    other = replace(film, seed=film.seed + 1)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, next(other.draw(other)))


def test_what_decides_a_film_decides_its_digest_and_its_name_does_not():
    film = FILMS[0]
    assert replace(film, name="renamed").digest() == film.digest()
    assert replace(film, seed=film.seed + 1).digest() != film.digest()


def test_every_picture_says_that_it_is_rendered(snow):
    glyph = np.unpackbits(np.frombuffer(bytes.fromhex(GLYPHS[0]), np.uint8)).reshape(24, 24)
    for picture in (snow[0], snow[-1], next(draw_congestion(SHORT["congestion"]))):
        spot = picture[15:39, 160:184]
        assert spot[glyph == 1].min() > 230
        assert spot[glyph == 0].max() < 100


def test_the_clock_in_the_picture_goes_on(snow):
    clock = (slice(10, 44), slice(236, 532))
    assert not np.array_equal(snow[0][clock], snow[-1][clock])


def test_the_black_picture_is_black_throughout():
    assert next(draw_black(SHORT["black"])).max() == 0


def test_snow_settles_on_a_road_that_was_bare(snow):
    bare, covered = snow[0][ROAD].mean(), snow[-1][ROAD].mean()
    assert bare < 110
    assert covered > 200


def test_traffic_stops_behind_the_closed_road_and_flows_on_the_other_side():
    rng = np.random.default_rng(1)
    lanes = make_lanes(pause=1.5)
    for step in range(600):
        if step == 100:
            close_road(lanes)
        for lane in lanes:
            lane.step(rng, 0.1)
    away = [v.speed for lane in lanes if not lane.oncoming for v in lane.vehicles]
    towards = [v.speed for lane in lanes if lane.oncoming for v in lane.vehicles]
    assert len(away) >= 20
    assert max(away) < 0.5
    assert np.mean(towards) > 8


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), pause=st.floats(1.0, 8.0), closed_at=st.integers(0, 300))
def test_no_vehicle_ever_drives_into_the_one_ahead(seed: int, pause: float, closed_at: int):
    rng = np.random.default_rng(seed)
    lanes = make_lanes(pause)
    for step in range(400):
        if step == closed_at:
            close_road(lanes)
        for lane in lanes:
            lane.step(rng, 0.1)
            for ahead, behind in zip(lane.vehicles, lane.vehicles[1:], strict=False):
                assert behind.along < ahead.along - ahead.body.length
                assert behind.speed >= 0
