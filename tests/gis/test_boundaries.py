"""A boundary is mended or refused with the reason; its area is that of the ellipsoid."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from shapely import affinity

from base.errors import InvalidInputError
from gis.boundaries import MOST_VERTICES, area_m2, mend, plane

GEOD = Geod(ellps="WGS84")
SQUARE = shapely.box(121.0, 37.0, 121.1, 37.1)


def ring(*corners):
    return shapely.Polygon(corners)


@st.composite
def blobs(draw):
    """Ground as people draw it: a simple outline around a place, some hundred metres to 50 km wide."""
    x, y = draw(st.floats(80, 130)), draw(st.floats(20, 50))
    size = draw(st.floats(0.002, 0.5))
    radii = draw(st.lists(st.floats(0.3, 1.0), min_size=4, max_size=40))
    angles = np.linspace(0, 2 * math.pi, len(radii), endpoint=False)
    corners = [
        (x + size * r * math.cos(a), y + size * r * math.sin(a)) for r, a in zip(radii, angles, strict=True)
    ]
    return shapely.Polygon(corners)


@given(blobs())
def test_areas_are_those_of_the_ellipsoid(shape):
    # A boundary is straight in degrees between its corners, where a geodesic would bow.
    straight = shapely.segmentize(shapely.orient_polygons(shape), 0.01)
    geodesic, _ = GEOD.geometry_area_perimeter(straight)
    assert area_m2(shape) == pytest.approx(abs(geodesic), rel=1e-3)


@given(blobs())
def test_what_is_whole_stays_as_it_is(shape):
    repair = mend(shape)
    assert repair.changed_m2 == 0
    assert repair.shape.equals(shape)
    assert shapely.is_valid(repair.shape)
    assert all(part.exterior.is_ccw for part in repair.shape.geoms)


@given(blobs(), st.randoms(use_true_random=False))
def test_what_a_slip_of_the_hand_broke_keeps_its_area(shape, random):
    """A corner is drawn twice, and the outline makes a tiny loop."""
    corners = list(shape.exterior.coords)[:-1]
    at = random.randrange(len(corners))
    (x, y), (nx, ny) = corners[at], corners[(at + 1) % len(corners)]
    tiny = 1e-4
    mx, my = (x + nx) / 2, (y + ny) / 2
    dx, dy = (nx - x) * tiny, (ny - y) * tiny
    # From the middle of an edge sideways, back across the edge, and on.
    loop = [
        (mx, my),
        (mx - dy, my + dx),
        (mx + dx - dy, my + dy + dx),
        (mx + dx + dy, my + dy - dx),
        (mx + dx, my + dy),
    ]
    broken = shapely.Polygon([*corners[: at + 1], corners[at], *loop, *corners[at + 1 :]])
    repair = mend(broken)
    assert shapely.is_valid(repair.shape)
    assert repair.area_m2 == pytest.approx(area_m2(shape), rel=0.01)
    assert any("repeated corner" in each for each in repair.done)


@given(st.lists(st.tuples(st.floats(120, 122), st.floats(36, 38)), min_size=3, max_size=12), st.floats(0, 1))
def test_whatever_is_drawn_is_mended_within_the_limit_or_refused(corners, limit):
    try:
        repair = mend(shapely.Polygon(corners), limit=limit)
    except InvalidInputError:
        return
    assert shapely.is_valid(repair.shape)
    assert repair.shape.geom_type == "MultiPolygon"
    assert repair.changed_m2 <= limit * max(repair.area_m2, repair.area_m2 + repair.changed_m2) + 1e-6
    again = mend(repair.shape, limit=0)
    assert again.area_m2 == pytest.approx(repair.area_m2)


def test_a_bow_tie_is_refused_with_the_place_where_it_crosses():
    bow = ring((121.0, 37.0), (121.1, 37.1), (121.1, 37.0), (121.0, 37.1))
    with pytest.raises(
        InvalidInputError, match=r"crosses itself at 121\.050000, 37\.050000.*100%"
    ) as refusal:
        mend(bow)
    assert refusal.value.remedy
    assert mend(bow, limit=1).area_m2 == pytest.approx(area_m2(SQUARE) / 2, rel=1e-3)


def test_a_hole_that_lies_outside_is_no_hole():
    outside = shapely.Polygon(SQUARE.exterior, [shapely.box(121.2, 37.0, 121.2001, 37.0001).exterior])
    repair = mend(outside)
    assert repair.area_m2 == pytest.approx(area_m2(SQUARE), rel=1e-4)
    assert "a hole lies outside" in repair.done[0]


def test_a_ring_drawn_the_other_way_round_is_turned():
    repair = mend(shapely.orient_polygons(SQUARE, exterior_cw=True))
    assert repair.shape.geoms[0].exterior.is_ccw
    assert repair.done == ("rings turned (outer ones counter-clockwise)",)


def test_of_a_collection_the_ground_counts():
    repair = mend(
        shapely.GeometryCollection([SQUARE, shapely.Point(1, 1), shapely.LineString([(0, 0), (1, 1)])])
    )
    assert repair.area_m2 == pytest.approx(area_m2(SQUARE))
    assert repair.done[0] == "lines and points beside its polygons dropped"


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (None, "no geometry"),
        (shapely.Polygon(), "no geometry"),
        (shapely.LineString([(121, 37), (122, 37)]), "encloses no ground"),
        (shapely.Point(121, 37), "encloses no ground"),
        (shapely.box(121, 37, 121.000001, 37.000001), "less than 1 m²"),
        (shapely.transform(SQUARE, lambda corners: corners * [math.inf, 1]), "no numbers"),
        (ring((500_000, 4_100_000), (500_100, 4_100_000), (500_100, 4_100_100)), "beyond 180"),
        (ring((121, 37), (122, 37), (121.5, 37)), "ground|broken"),
    ],
)
def test_what_is_no_ground_is_refused(shape, reason):
    with pytest.raises(InvalidInputError, match=reason):
        mend(shape)


def test_a_boundary_of_too_many_corners_is_refused():
    angles = np.linspace(0, 2 * math.pi, MOST_VERTICES + 2)
    many = shapely.Polygon(np.column_stack([121 + np.cos(angles), 37 + np.sin(angles)]))
    with pytest.raises(InvalidInputError, match="is the most"):
        mend(many)


@given(st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
def test_the_plane_is_true_to_shape_as_well_around_the_city(dx, dy):
    """Widths of slivers are told in metres: a square is a square within some percent."""
    square = affinity.translate(
        shapely.box(121, 37.4, 121 + 0.001 / math.cos(math.radians(37.4)), 37.401), dx, dy
    )
    flat = plane(np.array([square]))[0]
    west, south, east, north = flat.bounds
    assert (east - west) / (north - south) == pytest.approx(1, rel=0.08)
