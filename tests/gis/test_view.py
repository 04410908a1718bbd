"""What a camera sees: the sector turns with the camera, wraps through north, and says how sure it is."""

from __future__ import annotations

import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from gis.view import (
    FIXED_RANGE_M,
    GEOD,
    PANORAMA_RANGE_M,
    TURNING_RANGE_M,
    Mounted,
    Sight,
    ground,
    range_of,
    seen,
    turn,
    view_of,
)

angle = st.floats(0, 360, exclude_max=True)
field = st.floats(5, 350)
reach = st.floats(5, 500)
HERE = (121.4, 37.5)


def at(bearing: float, distance: float, start: tuple[float, float] = HERE) -> tuple[float, float]:
    longitude, latitude, _ = GEOD.fwd(*start, bearing, distance)
    return longitude, latitude


def fixed(heading: float | None, width: float = 60, far: float = 100, **more: float) -> Mounted:
    return Mounted(*HERE, heading_deg=heading, field_deg=width, range_m=far, ptz_type=3, **more)


@given(angle, field, reach, st.floats(0.05, 0.99))
def test_what_lies_on_the_axis_within_range_is_seen(
    heading: float, width: float, far: float, share: float
) -> None:
    answer = seen(view_of(fixed(heading, width, far)), *at(heading, far * share))
    assert answer
    assert answer.sight is Sight.SEES
    assert answer.distance_m == pytest.approx(far * share, rel=1e-6)
    assert answer.off_axis_deg == pytest.approx(0, abs=1e-3)


@given(angle, angle, field, reach, angle, st.floats(1, 600))
def test_turning_everything_turns_the_answer(  # noqa: PLR0917 - drawn by name
    heading: float, turned: float, width: float, far: float, bearing: float, distance: float
) -> None:
    off = abs(turn(heading, bearing))
    assume(abs(off - width / 2) > 0.01)
    assume(abs(distance - far) > 0.01)
    before = seen(view_of(fixed(heading, width, far)), *at(bearing, distance))
    after = seen(view_of(fixed(heading + turned, width, far)), *at(bearing + turned, distance))
    if before is None or after is None:
        # At the very edge of what is named at all, the last digit may decide.
        assert (before or after) is None or (before or after).probability < 0.051  # type: ignore[union-attr]
        return
    assert (before.sight, before.probability) == (after.sight, pytest.approx(after.probability, abs=1e-4))


@given(angle, field, reach, angle, st.floats(1, 600))
def test_seen_is_what_the_angles_and_the_distance_say(
    heading: float, width: float, far: float, bearing: float, distance: float
) -> None:
    place = at(bearing, distance)
    true_bearing, _, true_distance = GEOD.inv(*HERE, *place)
    inside = abs((true_bearing - heading + 540) % 360 - 180) <= width / 2 and true_distance <= far
    answer = seen(view_of(fixed(heading, width, far)), *place)
    assert (answer is not None and answer.sight is Sight.SEES) == inside


@given(angle, field, reach, angle, st.floats(1, 600))
def test_the_polygon_holds_what_is_seen(
    heading: float, width: float, far: float, bearing: float, distance: float
) -> None:
    view = view_of(fixed(heading, width, far))
    shape = ground(view, corners=360)
    assert shape.is_valid
    assert shape.exterior.is_ccw
    answer = seen(view, *at(bearing, distance))
    edge = min(abs(distance - far), abs(abs(turn(heading, bearing)) - width / 2) * distance / 60)
    assume(edge > 0.01 * far + 0.2)
    inside = answer is not None and answer.sight is Sight.SEES
    assert shapely.contains_xy(shape, *at(bearing, distance)) == inside


def test_a_sector_wraps_through_north() -> None:
    view = view_of(fixed(355, 40))
    assert seen(view, *at(10, 50)).sight is Sight.SEES
    assert seen(view, *at(340, 50)).sight is Sight.SEES
    south = seen(view, *at(180, 50))
    assert south is None


def test_a_camera_that_turns_can_see_all_around() -> None:
    view = view_of(Mounted(*HERE, heading_deg=0, ptz_type=1))
    behind = seen(view, *at(180, 100))
    assert behind.sight is Sight.TURNS
    assert behind.off_axis_deg is None
    assert seen(view, *at(180, 400)) is None


def test_a_panorama_sees_all_around_but_not_far() -> None:
    view = view_of(Mounted(*HERE, ptz_type=6, accuracy_m=1))
    assert seen(view, *at(77, 20)).sight is Sight.SEES
    assert seen(view, *at(77, 60)) is None


def test_without_a_heading_a_camera_only_may_see() -> None:
    view = view_of(fixed(None, 90))
    answer = seen(view, *at(123, 50))
    assert answer.sight is Sight.MAY
    assert answer.probability == pytest.approx(0.25, abs=0.01)
    assert ground(view).area == pytest.approx(ground(view_of(Mounted(*HERE, range_m=100, ptz_type=6))).area)


def test_a_direction_of_the_register_stands_for_a_heading() -> None:
    view = view_of(Mounted(*HERE, direction_type=5, range_m=100))
    assert view.heading_deg == 135
    assert seen(view, *at(135, 50)).sight is Sight.SEES
    assert view_of(Mounted(*HERE, direction_type=99)).heading_deg is None


@given(st.floats(0, 200), st.floats(0, 200))
def test_the_worse_the_place_is_known_the_less_is_sure(one: float, other: float) -> None:
    sharp, vague = sorted((one, other))
    on_axis = at(0, 50)
    sure = seen(view_of(fixed(0, accuracy_m=sharp)), *on_axis)
    unsure = seen(view_of(fixed(0, accuracy_m=vague)), *on_axis)
    assert sure.probability >= unsure.probability - 1e-9
    assert 0 <= unsure.probability <= 1


def test_just_outside_the_field_is_possible() -> None:
    answer = seen(view_of(fixed(0, 60, accuracy_m=5)), *at(35, 50))
    assert answer.sight is Sight.MAY
    assert 0.2 < answer.probability < 0.5


@pytest.mark.parametrize(
    ("camera", "far"),
    [
        (Mounted(*HERE), FIXED_RANGE_M),
        (Mounted(*HERE, ptz_type=1), TURNING_RANGE_M),
        (Mounted(*HERE, ptz_type=7), PANORAMA_RANGE_M),
        (Mounted(*HERE, range_m=90), 90),
        (Mounted(*HERE, range_m=500_000), 2000),
        (Mounted(*HERE, range_m=0), FIXED_RANGE_M),
        (Mounted(*HERE, height_m=10, pitch_deg=-45, vertical_field_deg=30), 10 / 0.57735),
        (Mounted(*HERE, height_m=10, pitch_deg=0), TURNING_RANGE_M),
        (Mounted(*HERE, height_m=10, pitch_deg=-90, vertical_field_deg=10), 10),
    ],
)
def test_the_range_is_declared_derived_or_preset(camera: Mounted, far: float) -> None:
    assert range_of(camera) == pytest.approx(far, rel=1e-4)
