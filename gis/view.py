"""What a camera sees of the ground: a sector of a circle around it, and how sure that is. Pure.

Angles are degrees clockwise from north, distances metres on the WGS-84 ellipsoid. Records are poor: most have
no range and many no heading. What is missing is taken from what is known, or from a preset; the answer says
how sure it is. A house in between is not known here: "sees" means "would see across open ground".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import erf, inf, radians, sqrt, tan
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Geod

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

GEOD = Geod(ellps="WGS84")

FIXED_RANGE_M, TURNING_RANGE_M, PANORAMA_RANGE_M = 60.0, 150.0, 30.0
"""How far people and cars are still told apart, by the kind of camera; presets."""

FARTHEST_M = 2_000.0
"""No range that is declared is believed beyond this; most that say more mean millimetres."""

FIELD_DEG = 80.0
"""Horizontal field of a 4 mm lens on a 1/2.8" sensor, the commonest at junctions; a preset."""

HEIGHTWISE_DEG = 45.0
"""Vertical field of the same lens."""

HEADING_ERROR_DEG = 8.0
"""Standard deviation of a heading that somebody wrote down."""

COMPASS_ERROR_DEG = 13.0
"""Of one of eight directions: a uniform 45 degrees."""

PLACE_ERROR_M = 15.0
"""Radius that holds the true place, where nobody says."""

SIGMAS_IN_RADIUS = 2.448
"""A circle that holds 95 % of a round normal distribution has so many standard deviations."""

TURNING_TYPES = frozenset({1, 4, 5})
"""GB/T 28181 PTZType that can be turned: dome, PTZ bullet, PTZ half-dome."""

PANORAMIC_TYPES = frozenset({6, 7})
"""PTZType that looks all around at once: panorama, split panorama."""

COMPASS_DEG = {1: 90.0, 2: 270.0, 3: 180.0, 4: 0.0, 5: 135.0, 6: 45.0, 7: 225.0, 8: 315.0}
"""GB/T 28181 DirectionType as a heading."""

TOUCHING_M = 0.001

UNLIKELY = 0.05
"""Below this a camera is not named at all."""


class Sight(StrEnum):
    """How a camera stands to a place, best first."""

    SEES = "sees"
    """It lies in the camera's field, as far as the record can tell."""
    TURNS = "turns"
    """The camera can be turned to it."""
    MAY = "may"
    """Nobody wrote down where the camera looks, or the errors of place and heading allow it."""


@dataclass(frozen=True, slots=True)
class Mounted:
    """What the catalogue says of a camera; None is not known.

    Attributes:
        longitude: WGS-84.
        latitude: WGS-84.
        accuracy_m: Radius that holds the true place.
        heading_deg: Clockwise from north.
        direction_type: GB/T 28181 DirectionType, where there is no heading.
        field_deg: Horizontal field of view.
        vertical_field_deg: Vertical field of view.
        pitch_deg: Above the horizon positive.
        height_m: Above the ground.
        range_m: How far it is said to see.
        ptz_type: GB/T 28181 PTZType.
    """

    longitude: float
    latitude: float
    accuracy_m: float | None = None
    heading_deg: float | None = None
    direction_type: int | None = None
    field_deg: float | None = None
    vertical_field_deg: float | None = None
    pitch_deg: float | None = None
    height_m: float | None = None
    range_m: float | None = None
    ptz_type: int | None = None


@dataclass(frozen=True, slots=True)
class View:
    """The ground that a camera sees: a sector, or a circle.

    Attributes:
        longitude: Of its point.
        latitude: Of its point.
        heading_deg: Of its axis; None if it looks or turns all around, or nobody knows where.
        field_deg: Width; 360 is a circle.
        range_m: Radius.
        turns: Whether the camera must be turned to see a part of it.
        heading_error_deg: Standard deviation of the axis.
        place_error_m: Standard deviation of the point, along each axis.
    """

    longitude: float
    latitude: float
    heading_deg: float | None
    field_deg: float
    range_m: float
    turns: bool
    heading_error_deg: float
    place_error_m: float

    @property
    def all_around(self) -> bool:
        """Whether it is a circle."""
        return self.field_deg >= 360


@dataclass(frozen=True, slots=True)
class Seen:
    """How well a camera sees a place.

    Attributes:
        sight: In which way.
        probability: That it does, from 0 to 1, given the errors of place and heading.
        distance_m: How far away it is.
        bearing_deg: In which direction.
        off_axis_deg: How far from the axis; None without one.
    """

    sight: Sight
    probability: float
    distance_m: float
    bearing_deg: float
    off_axis_deg: float | None


def view_of(camera: Mounted) -> View:
    """The view of a camera, what is missing filled in."""
    turns, panoramic = camera.ptz_type in TURNING_TYPES, camera.ptz_type in PANORAMIC_TYPES
    heading, error = camera.heading_deg, HEADING_ERROR_DEG
    if heading is None and camera.direction_type is not None:
        heading, error = COMPASS_DEG.get(camera.direction_type), COMPASS_ERROR_DEG
    around = turns or panoramic
    return View(
        camera.longitude,
        camera.latitude,
        None if around or heading is None else heading % 360,
        360.0 if around else min(camera.field_deg or FIELD_DEG, 360.0),
        range_of(camera),
        turns,
        error,
        (PLACE_ERROR_M if camera.accuracy_m is None else camera.accuracy_m) / SIGMAS_IN_RADIUS,
    )


def range_of(camera: Mounted) -> float:
    """How far a camera sees, metres: as declared, as its height and pitch have it, or as its kind does."""
    if camera.range_m:
        return min(camera.range_m, FARTHEST_M)
    if camera.ptz_type in TURNING_TYPES:
        return TURNING_RANGE_M
    kind = PANORAMA_RANGE_M if camera.ptz_type in PANORAMIC_TYPES else FIXED_RANGE_M
    if not camera.height_m or camera.pitch_deg is None:
        return kind
    # Where the upper edge of the picture meets the ground; at or above the horizon it never does.
    below = -camera.pitch_deg - (camera.vertical_field_deg or HEIGHTWISE_DEG) / 2
    reach = camera.height_m / tan(radians(below)) if 0 < below < 90 else inf
    return float(min(max(reach, camera.height_m), TURNING_RANGE_M))


def seen(view: View, longitude: float, latitude: float) -> Seen | None:
    """How a place, WGS-84, is seen; None if it hardly can be."""
    bearing, _, distance = GEOD.inv(view.longitude, view.latitude, longitude, latitude)
    bearing %= 360
    near = _below((view.range_m - distance) / max(view.place_error_m, 1e-9))
    off = None if view.heading_deg is None else turn(view.heading_deg, bearing)
    if off is not None and distance < TOUCHING_M:
        off = 0.0  # where the camera itself stands there is no direction
    inside = distance <= view.range_m
    if view.all_around:
        sight = Sight.TURNS if view.turns else Sight.SEES
        return _named(sight if inside else Sight.MAY, near, distance, bearing, off)
    if off is None:
        return _named(Sight.MAY, near * view.field_deg / 360, distance, bearing, off)
    probability = near * _within(view, off, distance)
    inside = inside and abs(off) <= view.field_deg / 2
    return _named(Sight.SEES if inside else Sight.MAY, probability, distance, bearing, off)


def turn(start: float, end: float) -> float:
    """From one bearing to another the shorter way: -180 to 180, clockwise positive."""
    return (end - start + 180) % 360 - 180


def ground(view: View, *, corners: int = 32) -> shapely.Polygon:
    """The view as a polygon, WGS-84; the whole circle where nobody knows the heading.

    Args:
        view: The view.
        corners: Straight pieces to a full circle; at least three are used for any arc.
    """
    circle = view.all_around or view.heading_deg is None
    width = 360.0 if circle else view.field_deg
    steps = max(3, round(corners * width / 360))
    first = 0.0 if view.heading_deg is None else view.heading_deg - width / 2
    bearings: NDArray[np.float64] = first + np.linspace(0, width, steps + 1)
    if circle:
        bearings = bearings[:-1]
    count = len(bearings)
    longitudes, latitudes, _ = GEOD.fwd(
        np.full(count, view.longitude), np.full(count, view.latitude), bearings, np.full(count, view.range_m)
    )
    edge: Sequence[tuple[float, float]] = list(zip(longitudes.tolist(), latitudes.tolist(), strict=True))
    # Counterclockwise, as RFC 7946 has it; bearings go the other way.
    return shapely.Polygon([*([] if circle else [(view.longitude, view.latitude)]), *edge][::-1])


def _named(
    sight: Sight, probability: float, distance: float, bearing: float, off: float | None
) -> Seen | None:
    if sight is Sight.MAY and probability < UNLIKELY:
        return None
    return Seen(sight, min(max(probability, 0.0), 1.0), distance, bearing, off)


def _within(view: View, off: float, distance: float) -> float:
    """That a bearing lies in the field, when axis and place are out by normal errors."""
    aside = np.degrees(np.arctan2(view.place_error_m, max(distance, 1e-9)))
    error = max(sqrt(view.heading_error_deg**2 + float(aside) ** 2), 1e-9)
    half = view.field_deg / 2
    return _below((half - off) / error) - _below((-half - off) / error)


def _below(deviations: float) -> float:
    """The share of a normal distribution below so many standard deviations."""
    return (1 + erf(deviations / sqrt(2))) / 2
