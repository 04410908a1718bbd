"""The rendered street without its traffic: a pinhole view, a painted ground, houses, trees, lamps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Picture = NDArray[np.uint8]

WIDTH, HEIGHT = 960, 540
SHIFT = 4  # fractional bits of OpenCV's sub-pixel coordinates
NEVER = 9.0  # a settling level that snow does not reach

LANE = 3.5  # metres, GB 50688-2011's usual urban lane
KERB = 3 * LANE + 0.5  # half the carriageway: three lanes each way and a margin
STOP_LINE = 62.0  # metres ahead of the camera
GROUND_X, GROUND_Y = (-45.0, 45.0), (4.0, 230.0)  # metres of ground that are painted
CELL = 0.1  # metres of one cell of the painted ground

WALLS = ((150, 168, 186), (142, 150, 156), (120, 142, 178), (176, 184, 188), (128, 134, 150))


@dataclass(frozen=True)
class View:
    """A pinhole camera over the origin, looking along +Y. X right, Y ahead, Z up, metres.

    Attributes:
        x: Offset to the right of the centre line.
        height: Height of the lens above the ground.
        pitch: Degrees below the horizon.
        focal: Focal length in pixels.
    """

    x: float = 3.0
    height: float = 8.5
    pitch: float = 13.5
    focal: float = 830.0

    def matrix(self) -> NDArray[np.float64]:
        """3 × 4 projection from homogeneous metres to homogeneous pixels."""
        sin, cos = np.sin(np.radians(self.pitch)), np.cos(np.radians(self.pitch))
        turn = np.array([[1, 0, 0], [0, -sin, -cos], [0, cos, -sin]])
        lens = np.array([[self.focal, 0, WIDTH / 2], [0, self.focal, HEIGHT / 2], [0, 0, 1]])
        shift = np.array([[-self.x], [0], [-self.height]])
        return np.asarray(lens @ turn @ np.hstack([np.eye(3), shift]))

    def project(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """N × 3 metres to N × 3: pixel x, pixel y, depth in metres. Depth is kept above 0.5 m."""
        homogeneous = np.hstack([points, np.ones((len(points), 1))]) @ self.matrix().T
        depth = np.maximum(homogeneous[:, 2:], 0.5)
        return np.hstack([homogeneous[:, :2] / depth, depth])


def fixed(pixels: NDArray[Any]) -> NDArray[np.int32]:
    """Pixels in the fixed-point form of OpenCV's anti-aliased drawing."""
    return np.asarray(np.round(np.clip(pixels, -4e4, 4e4) * (1 << SHIFT)), np.int32)


def tone(blue: float, green: float, red: float) -> Floats:
    """A colour to reckon with."""
    return np.array((blue, green, red), np.float32)


def clouds(rng: np.random.Generator, shape: tuple[int, int], scales: Sequence[int]) -> Floats:
    """Fractal noise of mean 0 and deviation 1: random grids of the given cell sizes, each half as strong."""
    total = np.zeros(shape, np.float32)
    for octave, scale in enumerate(scales):
        grid = rng.standard_normal((shape[0] // scale + 2, shape[1] // scale + 2)).astype(np.float32)
        total += cv2.resize(grid, shape[::-1], interpolation=cv2.INTER_CUBIC) / 2**octave
    return np.asarray((total - total.mean()) / total.std(), np.float32)


@dataclass(frozen=True)
class Scenery:
    """A street without traffic.

    Attributes:
        colour: Height × width × 3, float32, BGR 0–255.
        settle: Height × width: the level of snow (0–1 over a film) at which a point turns white.
        haze: Height × width, 0–1: how much of a point is lost in snowfall.
        view: Where it is seen from.
    """

    colour: Floats
    settle: Floats
    haze: Floats
    view: View


def paint_street(seed: int, *, winter: bool) -> Scenery:
    """The street, deterministic from ``seed``; in winter the light is grey and the green is faded."""
    painter = _Painter(np.random.default_rng(seed), View(), winter=winter)
    painter.sky_and_ground()
    painter.houses()
    painter.verge()
    light = tone(0.97, 0.93, 0.90) if winter else tone(0.98, 1.02, 1.06)
    return Scenery(np.clip(painter.colour * light, 0, 255), painter.settle, painter.haze, painter.view)


def _ground(rng: np.random.Generator, *, winter: bool) -> Floats:
    """The ground from above, one cell each ``CELL`` metres: blue, green, red and settling level."""
    ys, xs = np.arange(*GROUND_Y, CELL), np.arange(*GROUND_X, CELL)
    y, x = np.meshgrid(ys.astype(np.float32), xs.astype(np.float32), indexing="ij")
    rough, broad = clouds(rng, x.shape, (2, 4, 8)), clouds(rng, x.shape, (120, 40, 16))
    grain, patches = rough[..., None], broad[..., None]
    grass = tone(82, 112, 118) if winter else tone(58, 118, 92)
    colour = grass + 7 * grain + 6 * patches
    settle = 0.10 + 0.05 * broad + 0.03 * rough
    paved = np.abs(x) < KERB + 4
    joints = (np.mod(x, 0.8) < 0.1) | (np.mod(y, 0.8) < 0.1)
    colour = np.where(paved[..., None], 148 - 14 * joints[..., None] + 4 * grain, colour)
    settle = np.where(paved, 0.24 + 0.05 * broad + 0.02 * rough, settle)
    kerb = np.abs(np.abs(x) - KERB) < 0.25
    colour = np.where(kerb[..., None], 178 + 5 * grain, colour)
    road = np.abs(x) < KERB - 0.2
    in_lane = np.mod(np.abs(x) - 0.25, LANE) - LANE / 2
    # Tyres keep two tracks in each lane darker, and free of snow for longest.
    tracks = np.exp(-(((np.abs(in_lane) - 0.8) / 0.35) ** 2))
    asphalt = (84 - 9 * tracks + 3.5 * rough + 3 * broad)[..., None] * tone(1.03, 1.0, 0.98)
    colour = np.where(road[..., None], asphalt, colour)
    settle = np.where(road, 0.44 + 0.22 * tracks + 0.07 * broad + 0.03 * rough, settle)
    white, yellow = _marks(x, y)
    colour[white] = (208 + 8 * grain)[white]
    colour[yellow] = (tone(70, 170, 208) + 8 * grain)[yellow]
    return np.dstack([colour, settle]).astype(np.float32)


def _marks(x: Floats, y: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where paint is white and where yellow: lane lines, stop line and crossing as GB 5768.3 has them."""

    def line(centre: float) -> NDArray[np.bool_]:
        return np.asarray(np.abs(x - centre) < 0.09)

    lanes = (y < STOP_LINE) | (y > STOP_LINE + 30)
    dashes = np.mod(y, 10) < 4
    no_crossing = (x > 0) & (y > STOP_LINE - 25) & (y < STOP_LINE)  # lines are whole before a stop line
    white = np.zeros(x.shape, np.bool_)
    for side in (-1, 1):
        for lane in (1, 2):
            white |= line(side * (0.25 + lane * LANE)) & (dashes | no_crossing) & lanes
        white |= line(side * (0.25 + 3 * LANE)) & lanes
    white |= (y > STOP_LINE) & (y < STOP_LINE + 0.6) & (x > 0.3) & (x < KERB - 0.3)
    crossing = (y > STOP_LINE + 2) & (y < STOP_LINE + 7) & (np.abs(x) < KERB - 0.4)
    white |= crossing & (np.mod(x, 1.2) < 0.6)
    return white, (line(-0.16) | line(0.16)) & lanes


def _facade(rng: np.random.Generator, wall: Floats, columns: int, floors: int) -> Floats:
    """A wall with a grid of windows, 24 × 20 pixels each, and an opaque fourth channel."""
    picture = np.ones((floors * 20, columns * 24, 4), np.float32)
    picture[..., :3] = wall
    for floor in range(floors):
        for column in range(columns):
            top, left = floor * 20 + 5, column * 24 + 5
            picture[top : top + 10, left : left + 14, :3] = tone(110, 92, 78) * rng.uniform(0.6, 1.15)
            picture[top + 10 : top + 12, left - 1 : left + 15, :3] = wall * 1.12
        picture[floor * 20 : floor * 20 + 2, :, :3] = wall * 0.9
    return picture


class _Painter:
    """Paints far things first, and with each thing's colour how snow will settle on it."""

    def __init__(self, rng: np.random.Generator, view: View, *, winter: bool) -> None:
        self.rng = rng
        self.view = view
        self.winter = winter
        self.colour: Any = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        self.settle: Any = np.full((HEIGHT, WIDTH), NEVER, np.float32)
        self.haze: Any = np.zeros((HEIGHT, WIDTH), np.float32)

    def sky_and_ground(self) -> None:
        top = tone(206, 200, 194) if self.winter else tone(222, 188, 150)
        low = tone(214, 212, 208) if self.winter else tone(232, 224, 212)
        ramp = np.minimum(np.linspace(0, 3, HEIGHT, dtype=np.float32), 1)[:, None, None]
        self.colour += top + (low - top) * ramp + 3 * clouds(self.rng, (HEIGHT, WIDTH), (160, 60))[..., None]
        cells = np.array([[CELL, 0, GROUND_X[0]], [0, CELL, GROUND_Y[0]], [0, 0, 0], [0, 0, 1]])
        # Twice the size and averaged down, so that far lane marks do not flicker.
        warp = np.diag([2.0, 2.0, 1.0]) @ self.view.matrix() @ cells
        ground = cv2.warpPerspective(_ground(self.rng, winter=self.winter), warp, (2 * WIDTH, 2 * HEIGHT))
        ground = cv2.resize(ground, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        # The warp also maps what lies behind the camera, to rows above the horizon.
        horizon = int(self.view.project(np.array([[0.0, GROUND_Y[1] - 2, 0.0]]))[0, 1]) + 1
        self.colour[horizon:] = ground[horizon:, :, :3]
        self.settle[horizon:] = ground[horizon:, :, 3]
        rows = np.arange(HEIGHT, dtype=np.float32)[:, None]
        self.haze += np.clip(1 - (rows - horizon) / 260, 0, 1) ** 2
        self.colour += (232 - self.colour) * (0.35 * self.haze**3)[..., None]

    def houses(self) -> None:
        """Two rows of blocks of flats."""
        rng = self.rng
        for y in range(250, 20, -26):
            for side in (-1, 1):
                front, depth, height = side * rng.uniform(27, 31), rng.uniform(17, 23), rng.uniform(14, 34)
                wall = tone(*WALLS[rng.integers(len(WALLS))])
                floors = round(height / 3.2)
                self._hang(_facade(rng, wall * 0.8, 5, floors), (front, y), (front + side * 16, y), height)
                self._hang(_facade(rng, wall, 6, floors), (front, y), (front, y + depth), height)

    def _hang(
        self, facade: Floats, start: tuple[float, float], end: tuple[float, float], height: float
    ) -> None:
        """Stand ``facade`` up between two points of the ground."""
        rows, columns = facade.shape[:2]
        source = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
        corners = np.array([[*start, height], [*end, height], [*end, 0], [*start, 0]])
        target = self.view.project(corners)
        warp = cv2.getPerspectiveTransform(source, target[:, :2].astype(np.float32))
        seen: Any = cv2.warpPerspective(facade, warp, (WIDTH, HEIGHT))
        mask, depth = seen[..., 3:], float(target[:, 2].mean())
        lost = min(depth / 320, 0.75)
        self.colour = self.colour * (1 - mask) + seen[..., :3] * (1 - lost) + 222 * lost * mask
        solid = mask[..., 0] > 0.5
        self.settle[solid] = NEVER
        self.haze[solid] = min(depth / 160, 0.9)

    def verge(self) -> None:
        """Lamps and trees between the pavement and the houses."""
        for y in np.arange(180, 12, -6.0):
            for side in (-1, 1):
                if round(y) % 30 == 0:
                    self._lamp(side, float(y))
                else:
                    self._tree(side * (KERB + self.rng.uniform(3.4, 4.2)), float(y))

    def _strokes(self, points: NDArray[Any], tint: Floats, width: float) -> None:
        """A bent pole of ``width`` metres through points in space."""
        seen = self.view.project(points)
        pixels = [fixed(seen[:, :2])]
        thick = max(1, round(width * self.view.focal / seen[0, 2]))
        cv2.polylines(self.colour, pixels, isClosed=False, color=tint.tolist(), thickness=thick,
                      lineType=cv2.LINE_AA, shift=SHIFT)  # fmt: skip
        cv2.polylines(self.settle, pixels, isClosed=False, color=NEVER, thickness=thick, shift=SHIFT)

    def _lamp(self, side: int, y: float) -> None:
        x = side * (KERB + 0.8)
        self._strokes(np.array([[x, y, 0], [x, y, 9], [x - side * 2.2, y, 9.3]]), tone(112, 114, 116), 0.16)
        self._strokes(np.array([[x - side * 2.2, y, 9.3], [x - side * 3, y, 9.2]]), tone(205, 208, 210), 0.28)

    def _tree(self, x: float, y: float) -> None:
        """A trunk, and a crown of leaves lit from above; snow catches on what faces up."""
        rng = self.rng
        self._strokes(np.array([[x, y, 0], [x, y, 2.6]]), tone(52, 62, 72), 0.22)
        leaves = int(np.clip(6 * self.view.focal / y, 40, 420))
        spread = rng.standard_normal((leaves, 3))
        spread *= rng.uniform(0.55, 1, (leaves, 1)) / np.linalg.norm(spread, axis=1, keepdims=True)
        spread = spread[np.argsort(spread[:, 2])]
        crown = self.view.project(np.array([x, y, 4.4]) + spread * np.array([1.75, 1.6, 2.1]))
        base = (tone(66, 84, 80) if self.winter else tone(44, 104, 66)) * rng.uniform(0.85, 1.12)
        for (px, py, depth), up in zip(crown.tolist(), spread[:, 2].tolist(), strict=True):
            radius = max(1, round(rng.uniform(0.16, 0.34) * self.view.focal / depth)) << SHIFT
            tint = (base * (0.72 + 0.42 * up + rng.uniform(-0.1, 0.1))).tolist()
            level = 0.45 - 0.3 * up + rng.uniform(0, 0.35) if up > -0.1 else NEVER
            centre = fixed(np.array([px, py])).tolist()
            cv2.circle(self.colour, centre, radius, tint, -1, cv2.LINE_AA, SHIFT)
            cv2.circle(self.settle, centre, radius, level, -1, shift=SHIFT)
