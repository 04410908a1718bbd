"""The rendered street's traffic: cars that follow one another, and how they look."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from dengta.sample.scenery import LANE, SHIFT, STOP_LINE, fixed, tone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dengta.sample.scenery import View

Floats = np.ndarray[Any, np.dtype[np.float32]]
Paint = tuple[int, int, int]

# Intelligent Driver Model (Treiber, Hennecke, Helbing 2000): metres and seconds.
GAP, HEADWAY, ACCELERATION, BRAKING = 2.2, 1.2, 1.8, 2.5
ENTRY, EXIT = 0.0, 190.0  # metres ahead of the camera between which vehicles live
LANES = (-2.5, -1.5, -0.5, 0.5, 1.5, 2.5)  # centres in lane widths; negative ones come towards the camera

GLASS, TRIM, TYRE, PLATE = tone(62, 54, 46), tone(48, 48, 48), tone(30, 30, 30), tone(190, 110, 50)
LAMP, TAIL, BRAKE = tone(235, 245, 250), tone(40, 40, 150), tone(60, 60, 255)
PAINTS: tuple[Paint, ...] = (
    (226, 228, 228), (226, 228, 228), (198, 200, 202), (168, 170, 172), (44, 42, 42), (60, 58, 58),
    (150, 84, 44), (44, 44, 168), (120, 128, 136), (66, 92, 122), (228, 230, 232), (88, 104, 84),
)  # fmt: skip


@dataclass(frozen=True)
class Body:
    """The shape of a kind of vehicle.

    Attributes:
        length: Metres.
        width: Metres.
        profile: Side view from the lower rear edge over the roof to the lower front edge, metres (along, up).
        glass: Which edges of the profile are windows, counted from 0.
        belt: Height at which the side windows begin and the sides lean inwards.
        lean: How much narrower the roof is than the belt, 0–1.
    """

    length: float
    width: float
    profile: tuple[tuple[float, float], ...]
    glass: tuple[int, ...]
    belt: float
    lean: float


SEDAN = Body(
    4.6, 1.8,
    ((0, 0.32), (0, 0.92), (0.85, 1), (1.45, 1.44), (2.75, 1.46), (3.45, 1.0), (4.45, 0.84), (4.6, 0.32)),
    (2, 4), 0.98, 0.24,
)  # fmt: skip
SUV = Body(
    4.7, 1.9,
    ((0, 0.36), (0.03, 1.05), (0.38, 1.68), (3.0, 1.72), (3.6, 1.12), (4.55, 0.98), (4.7, 0.36)),
    (1, 3), 1.08, 0.18,
)  # fmt: skip
VAN = Body(
    5.0, 1.9,
    ((0, 0.34), (0.02, 1.1), (0.12, 1.94), (3.7, 1.96), (4.5, 1.12), (4.95, 0.9), (5.0, 0.34)),
    (1, 3), 1.12, 0.1,
)  # fmt: skip
BUS = Body(
    11.0, 2.5,
    ((0, 0.36), (0, 1.5), (0.05, 2.6), (0.15, 3.05), (10.8, 3.05), (10.95, 2.6), (11, 1.1), (11, 0.36)),
    (1, 5), 1.3, 0.03,
)  # fmt: skip
KINDS = (SEDAN,) * 8 + (SUV,) * 5 + (VAN,) * 2 + (BUS,)
BUS_PAINT: Paint = (76, 150, 92)


@dataclass
class Vehicle:
    """One vehicle under way in its lane; ``along`` is how far its front has come, metres."""

    body: Body
    paint: Paint
    along: float
    speed: float
    wish: float
    braking: bool = False


@dataclass
class Lane:
    """One lane's vehicles, first ones first.

    Attributes:
        x: Its centre, metres right of the middle of the road.
        pause: Seconds between arrivals, on average.
        barrier: Where vehicles must stop, metres along the lane, or None.
    """

    x: float
    pause: float
    barrier: float | None = None
    vehicles: list[Vehicle] = field(default_factory=list)
    wait: float = 0.0

    @property
    def oncoming(self) -> bool:
        """Whether it leads towards the camera."""
        return self.x < 0

    def step(self, rng: np.random.Generator, seconds: float) -> None:
        """Let everybody drive, the next one arrive, and those out of sight go."""
        lead_rear, lead_speed = float("inf"), 0.0
        for vehicle in self.vehicles:
            rear, speed = lead_rear, lead_speed
            if self.barrier is not None and vehicle.along < self.barrier + 1 < rear:
                rear, speed = self.barrier + GAP, 0.0
            _drive(vehicle, rear - vehicle.along, speed, seconds)
            lead_rear, lead_speed = vehicle.along - vehicle.body.length, vehicle.speed
        self.vehicles = [v for v in self.vehicles if v.along - v.body.length < EXIT]
        self.wait -= seconds
        room = lead_rear - ENTRY
        if self.wait <= 0 and room > GAP + 1:
            self.vehicles.append(_arrive(rng, min(12.0, max(0.0, (room - GAP) / HEADWAY))))
            self.wait = self.pause * rng.uniform(0.6, 1.5)

    def rears(self) -> list[tuple[Vehicle, float]]:
        """Each vehicle with the metres from the camera to its end nearer to the camera."""
        return [(v, EXIT - v.along if self.oncoming else v.along - v.body.length) for v in self.vehicles]


def _arrive(rng: np.random.Generator, speed: float) -> Vehicle:
    body = KINDS[rng.integers(len(KINDS))]
    paint = BUS_PAINT if body is BUS else PAINTS[rng.integers(len(PAINTS))]
    return Vehicle(body, paint, ENTRY, speed, rng.uniform(11, 15))


def _drive(vehicle: Vehicle, gap: float, lead_speed: float, seconds: float) -> None:
    """One step of the Intelligent Driver Model behind something ``gap`` metres ahead."""
    closing = vehicle.speed * (vehicle.speed - lead_speed) / (2 * (ACCELERATION * BRAKING) ** 0.5)
    wanted = GAP + max(0.0, vehicle.speed * HEADWAY + closing)
    force = 1 - (vehicle.speed / vehicle.wish) ** 4 - (wanted / max(gap, 0.1)) ** 2
    change = max(ACCELERATION * force, -8.0)  # no car brakes harder than about 8 m/s²
    vehicle.braking = change < -0.8 or vehicle.speed < 0.3
    vehicle.speed = max(0.0, vehicle.speed + change * seconds)
    vehicle.along += vehicle.speed * seconds


def make_lanes(pause: float) -> list[Lane]:
    """Six lanes, each with an arrival every ``pause`` seconds or so, already under way."""
    return [Lane(x * LANE, pause, wait=index * 0.7 % pause) for index, x in enumerate(LANES)]


def thicken(lanes: list[Lane], pause: float) -> None:
    """From now on vehicles going away from the camera arrive every ``pause`` seconds or so."""
    for lane in lanes:
        if not lane.oncoming:
            lane.pause, lane.wait = pause, min(lane.wait, pause)


def close_road(lanes: list[Lane]) -> None:
    """From now on nobody going away from the camera passes the stop line."""
    for lane in lanes:
        if not lane.oncoming:
            lane.barrier = STOP_LINE - 1


def draw_traffic(picture: NDArray[np.uint8], view: View, lanes: list[Lane]) -> None:
    """Draw every vehicle into ``picture`` (BGR), shadows first, then far vehicles before near ones."""
    seen = [(near, lane, vehicle) for lane in lanes for vehicle, near in lane.rears()]
    # Metres: nearer ones are below the picture's edge, farther ones smaller than a pixel or two.
    seen = [item for item in seen if item[0] + item[2].body.length > 7]
    seen.sort(key=lambda item: (-item[0], -abs(item[1].x - view.x)))
    _shade_road(picture, view, [_footprint(vehicle.body, near, lane.x) for near, lane, vehicle in seen])
    for near, lane, vehicle in seen:
        shape = _shape(vehicle.body, vehicle.paint, braking=vehicle.braking, oncoming=lane.oncoming)
        at = np.array([lane.x, near, 0.0])
        pixels = fixed(view.project(shape.points + at)[:, :2])
        eye = np.array([view.x, 0.0, view.height]) - at
        towards = np.einsum("ij,ij->i", shape.normals, eye - shape.points[shape.starts[:-1]])
        for face in np.flatnonzero(towards > 0):
            outline = pixels[shape.starts[face] : shape.starts[face + 1]]
            cv2.fillPoly(picture, [outline], shape.colours[face], cv2.LINE_AA, SHIFT)


def _footprint(body: Body, near: float, x: float) -> NDArray[Any]:
    left, right = x - body.width / 2 - 0.2, x + body.width / 2 + 0.2
    low, high = near - 0.25, near + body.length + 0.2
    return np.array([[left, low, 0], [right, low, 0], [right, high, 0], [left, high, 0]])


def _shade_road(picture: NDArray[np.uint8], view: View, footprints: list[NDArray[Any]]) -> None:
    """Darken the road under vehicles, softly at the edges."""
    light = np.full(picture.shape[:2], 255, np.uint8)
    for footprint in footprints:
        cv2.fillPoly(light, [fixed(view.project(footprint)[:, :2])], 130, cv2.LINE_AA, SHIFT)
    light = np.asarray(cv2.blur(light, (9, 7)), np.uint8)
    cv2.multiply(picture, cv2.cvtColor(light, cv2.COLOR_GRAY2BGR), picture, 1 / 255)


@dataclass(frozen=True)
class _Shape:
    """A vehicle's faces, ready to be moved and drawn in order: point ``starts[i]`` begins face i."""

    points: NDArray[Any]
    starts: NDArray[np.intp]
    normals: NDArray[Any]
    colours: list[list[float]]


@functools.lru_cache(maxsize=256)
def _shape(body: Body, paint: Paint, *, braking: bool, oncoming: bool) -> _Shape:
    """The vehicle around its end nearer to the camera, lit from above."""
    faces = _faces(body, tone(*paint), BRAKE if braking else TAIL, showing_front=oncoming)
    outlines = [outline for outline, _ in faces]
    if oncoming:  # turned about
        outlines = [np.array([0, body.length, 0]) + outline * (-1, -1, 1) for outline in outlines]
    # Newell's method: a flank leans inwards and is not quite flat, so no three of its points will do.
    normals = np.array([np.cross(o, np.roll(o, -1, axis=0)).sum(axis=0) for o in outlines])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
    lights = 0.84 + 0.2 * normals[:, 2]
    colours = [np.clip(t * light, 0, 255).tolist() for (_, t), light in zip(faces, lights, strict=True)]
    starts = np.cumsum([0] + [len(outline) for outline in outlines])
    return _Shape(np.concatenate(outlines), starts, normals, colours)


def _faces(
    body: Body, paint: Floats, tail: Floats, *, showing_front: bool
) -> list[tuple[NDArray[Any], Floats]]:
    """The faces in the vehicle's own frame (rear end at along = 0), counter-clockwise from outside.

    They come in an order in which each may hide those before it, seen from behind or from before.
    """
    faces = [face for side in (-1, 1) for face in _side(body, side, paint)]
    edges = list(enumerate(itertools.pairwise(body.profile)))
    for index, (low, high) in edges if showing_front else reversed(edges):
        faces.append((_strip(body, low, high, 1.0), paint))
        if index in body.glass:
            faces.append((_strip(body, low, high, 0.86), GLASS))
    return faces + (_end(body, LAMP, body.length, 1) if showing_front else _end(body, tail, 0.0, -1))


def _half(body: Body, height: float) -> float:
    roof = max(up for _, up in body.profile)
    return body.width / 2 * (1 - body.lean * float(np.clip((height - body.belt) / (roof - body.belt), 0, 1)))


def _strip(body: Body, low: tuple[float, float], high: tuple[float, float], share: float) -> NDArray[Any]:
    """The face across the vehicle between two points of its profile, shrunk to ``share``."""
    (a, za), (b, zb) = low, high
    trim = (1 - share) / 2
    a, b, za, zb = a + (b - a) * trim, b - (b - a) * trim, za + (zb - za) * trim, zb - (zb - za) * trim
    wide, narrow = _half(body, za) * share, _half(body, zb) * share
    return np.array([[-wide, a, za], [wide, a, za], [narrow, b, zb], [-narrow, b, zb]])


def _side(body: Body, side: int, paint: Floats) -> list[tuple[NDArray[Any], Floats]]:
    """One flank: wheels, panel, windows. ``side`` is −1 for left, 1 for right."""

    def wall(outline: list[tuple[float, float]], out: float = 0.0) -> NDArray[Any]:
        points = np.array([[side * (_half(body, up) + out), along, up] for along, up in outline])
        return points if side < 0 else points[::-1]

    faces = [(wall(list(body.profile)), paint * 0.86)]
    above = [(along, up) for along, up in body.profile if up >= body.belt]
    middle = np.mean(above, axis=0)
    panes = [tuple(middle + (np.array(point) - middle) * (0.9, 0.8)) for point in above]
    if len(panes) > 2:
        faces.append((wall(panes, 0.01), GLASS))
    turns = np.linspace(0, -2 * np.pi, 12, endpoint=False)
    for axle in (0.18, 0.81):
        for radius, tint in ((0.34, TYRE), (0.18, tone(150, 150, 150))):
            rim = [(axle * body.length + radius * np.cos(t), 0.34 + radius * np.sin(t)) for t in turns]
            faces.append((wall(rim, 0.02), tint))
    return faces


def _end(body: Body, lamp: Floats, along: float, facing: int) -> list[tuple[NDArray[Any], Floats]]:
    """Lamps, bumper and number plate on the front (facing 1) or the rear (−1)."""
    half, out = body.width / 2, along + facing * 0.02

    def plate(left: float, right: float, low: float, high: float) -> NDArray[Any]:
        points = np.array([[left, out, low], [right, out, low], [right, out, high], [left, out, high]])
        return points if facing < 0 else points[::-1]

    top = min(0.9, body.belt - 0.12)
    return [
        (plate(-half, half, 0.3, 0.48), TRIM),
        (plate(-half * 0.96, -half * 0.58, top - 0.22, top), lamp),
        (plate(half * 0.58, half * 0.96, top - 0.22, top), lamp),
        (plate(-0.24, 0.24, 0.5, 0.64), PLATE),
    ]
