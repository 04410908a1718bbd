"""Films that the project draws itself: settling snow, traffic that thickens and stops, a black picture."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from dengta.sample.scenery import HEIGHT, WIDTH, Scenery, clouds, paint_street
from dengta.sample.traffic import close_road, draw_traffic, make_lanes, thicken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dengta.sample.traffic import Lane

Picture = np.ndarray[Any, np.dtype[np.uint8]]
Floats = np.ndarray[Any, np.dtype[np.float32]]

FPS = 10  # pictures a second: enough for a street seen from above, and cheap to make
RECIPE = 2  # raise it when a film's pictures change, so that prepared ones are made anew
MORNING = datetime(2026, 1, 12, 7, 30, tzinfo=UTC)  # what the clock in the picture starts with
BAR = (slice(10, 44), slice(12, 532))  # rows and columns of the caption
FLAKE_LAYERS = (
    (900, 1, 1.3, 5),
    (420, 2, 2.6, 9),
    (130, 3, 5.0, 15),
)  # flakes, radius, drift, fall: px a picture
SNOW_STEPS = 40  # in which the ground whitens: it does so slowly
SNOW_MINUTES_PER_SECOND = 1.0  # the snowfall is shown as a time lapse, and its clock says so
# 渲 and 染 as 24 × 24 bits each, rows first: OpenCV's own fonts have no Chinese in every version.
GLYPHS = (
    (
        "3001803801801e01c00effff00ffff00c00100c00100bffde01ffc7800003c0000083ffe"
        "00300e00300600300e063ffe06300e0e30060c300e1c3ffe383ffc38000070000061ffff"
    ),
    (
        "1806003e060007060000fff8607ff8780e381c0c38000c38061c390e38391c703939e01f"
        "71cc0f200c00000c00ffffff7fffff007f0000edc001cce0078c701e0c3c7c0c0ff00c07"
    ),
)


@dataclass(frozen=True)
class Film:
    """A film that can be drawn again, picture by picture, from its seed.

    Attributes:
        name: What the clip is called.
        shows: One of ``snow``, ``congestion``, ``black``.
        seconds: How long it is.
        seed: Decides every random thing in it.
        draw: Yields its pictures, ``HEIGHT`` × ``WIDTH`` × 3 uint8 BGR, ``FPS`` a second.
    """

    name: str
    shows: str
    seconds: int
    seed: int
    draw: Callable[[Film], Iterator[Picture]]

    @property
    def pictures(self) -> int:
        """How many pictures it has."""
        return self.seconds * FPS

    def digest(self) -> str:
        """SHA-256 of what decides the film; stands for the source that a rendered clip has not."""
        recipe = [RECIPE, self.shows, self.seconds, self.seed, FPS, WIDTH, HEIGHT]
        return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()


def draw_congestion(film: Film) -> Iterator[Picture]:
    """Light traffic thickens going away from us, the road ahead closes, and cars queue back towards us."""
    scenery = paint_street(film.seed, winter=False)
    street = scenery.colour.astype(np.uint8)
    lanes = make_lanes(pause=8.0)
    rng = np.random.default_rng(film.seed + 1)
    for _ in range(14 * FPS):  # the street is in use when the film begins
        _advance(lanes, rng)
    for index in range(film.pictures):
        if index == film.pictures // 6:
            thicken(lanes, pause=1.5)
        if index == film.pictures // 4:
            close_road(lanes)
        _advance(lanes, rng)
        picture = street.copy()
        draw_traffic(picture, scenery.view, lanes)
        yield caption(_soften(picture), MORNING + timedelta(seconds=index / FPS))


def draw_snow(film: Film) -> Iterator[Picture]:
    """Snow begins, thickens and covers grass, pavement, lane marks and last the wheel tracks."""
    scenery = paint_street(film.seed, winter=True)
    white = _snow_light(film.seed)
    flakes = [_flakes(film.seed + layer, *FLAKE_LAYERS[layer][:2]) for layer in range(len(FLAKE_LAYERS))]
    lanes = make_lanes(pause=6.0)
    rng = np.random.default_rng(film.seed + 1)
    for _ in range(14 * FPS):
        _advance(lanes, rng)
    street = scenery.colour.astype(np.uint8)
    for index in range(film.pictures):
        progress = index / film.pictures
        if index % max(1, film.pictures // SNOW_STEPS) == 0:
            street = snowed(scenery, white, level=1.05 * progress, falling=min(1.0, 4 * progress))
        _advance(lanes, rng)
        picture = street.copy()
        draw_traffic(picture, scenery.view, lanes)
        picture = _soften(picture)
        for layer, (_, _, drift, fall) in zip(flakes, FLAKE_LAYERS, strict=True):
            moved = np.roll(layer, (round(fall * index), round(drift * index)), axis=(0, 1))
            light = cv2.convertScaleAbs(moved, alpha=0.75 * min(1.0, 6 * progress))
            cv2.add(picture, cv2.cvtColor(light, cv2.COLOR_GRAY2BGR), picture)
        yield caption(picture, MORNING + timedelta(minutes=SNOW_MINUTES_PER_SECOND * index / FPS))


def draw_black(film: Film) -> Iterator[Picture]:
    """Nothing, as from a covered lens. It bears no caption: with one it would not be black."""
    for _ in range(film.pictures):
        yield np.zeros((HEIGHT, WIDTH, 3), np.uint8)


FILMS = (
    Film("rendered-congestion", "congestion", 60, 7, draw_congestion),
    Film("rendered-snow", "snow", 40, 11, draw_snow),
    Film("rendered-black", "black", 10, 0, draw_black),
)


def snowed(scenery: Scenery, white: Floats, *, level: float, falling: float) -> Picture:
    """The street with snow settled up to ``level`` (0–1) and ``falling`` (0–1) veiling what is far."""
    cover = np.clip((level - scenery.settle) / 0.10, 0, 1)[..., None]
    settled = scenery.colour * (1 - cover) + white * cover
    veil = (0.75 * falling * scenery.haze)[..., None]
    return np.asarray(np.clip(settled * (1 - veil) + 214 * veil, 0, 255), np.uint8)


def caption(picture: Picture, time: datetime) -> Picture:
    """Burn in that the picture is rendered, and its clock, on a dark bar; the same array is returned."""
    picture[BAR] = picture[BAR] // 3
    _write(picture, "RENDERED", 20)
    for position, glyph in enumerate(GLYPHS):
        bits = np.unpackbits(np.frombuffer(bytes.fromhex(glyph), np.uint8)).reshape(24, 24)
        picture[15:39, 160 + 28 * position : 184 + 28 * position][bits == 1] = 245
    _write(picture, time.strftime("%Y-%m-%d %H:%M:%S"), 236)
    return picture


def _soften(picture: Picture) -> Picture:
    """As a lens does; drawn edges are sharper than any filmed one."""
    return np.asarray(cv2.GaussianBlur(picture, (3, 3), 0.6), np.uint8)


def _write(picture: Picture, text: str, left: int) -> None:
    cv2.putText(picture, text, (left, 36), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (245, 245, 245), 2, cv2.LINE_AA)


def _advance(lanes: list[Lane], rng: np.random.Generator) -> None:
    for lane in lanes:
        lane.step(rng, 1 / FPS)


def _snow_light(seed: int) -> Floats:
    """What settled snow looks like: nearly white, a little blue in its hollows."""
    relief = clouds(np.random.default_rng(seed), (HEIGHT, WIDTH), (24, 9, 4))[..., None]
    return np.asarray(np.clip(226 + 5 * relief + np.array([4, 0, -3]), 0, 255), np.float32)


def _flakes(seed: int, count: int, radius: int) -> Picture:
    """One layer of falling snow that tiles both ways; moving layers make a snowfall."""
    rng = np.random.default_rng(seed)
    layer = np.zeros((HEIGHT, WIDTH), np.uint8)
    for x, y, light in zip(
        rng.integers(0, WIDTH, count),
        rng.integers(0, HEIGHT, count),
        rng.integers(110, 230, count),
        strict=True,
    ):
        cv2.circle(layer, (int(x), int(y)), radius, int(light), -1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(layer, (0, 0), 0.5 * radius), np.uint8)
