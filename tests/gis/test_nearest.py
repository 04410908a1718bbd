"""The nearest points are the nearest on the ground, whatever the index counts in."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from base.errors import InvalidInputError
from gis.nearest import nearest_points

GEOD = Geod(ellps="WGS84")
AMONG = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CITY = {"tree": (1, 100), "whole_city": True}


@pytest.fixture
async def connection(database):
    """A thousand points in clusters, a third of them in each of three layers, some gone."""
    rng = np.random.default_rng(4)
    centres = rng.uniform([120.0, 36.8], [121.8, 38.2], (25, 2))
    places = (centres[:, None] + rng.normal(0, 0.02, (25, 40, 2))).reshape(-1, 2)
    async with database.raw() as connection:
        await connection.execute(
            """insert into point_layer (id, code, name, name_en, family, position)
               select n, 'layer-' || n, n, n, 'public', n from generate_series(1, 3) n"""
        )
        await connection.executemany(
            """insert into point (id, layer_id, name, geom, unit_tree, gone_since)
               overriding system value
               values ($1, $2, $3, ST_SetSRID(ST_MakePoint($4, $5), 4326), $6,
                       case when $7 then now() end)""",
            [
                (n, n % 3 + 1, str(n), x, y, None if n % 10 == 0 else n % 90 + 2, n % 17 == 0)
                for n, (x, y) in enumerate(places.tolist(), start=1)
            ],
        )
        await connection.execute("analyze point")
        yield connection


def measured(rows, longitude, latitude):
    """Brute force: every point with its distance on the ellipsoid, nearest first."""
    found = []
    for row in rows:
        _, _, metres = GEOD.inv(longitude, latitude, row["x"], row["y"])
        found.append((metres, row["id"]))
    return sorted(found)


ALL = "select id, layer_id, unit_tree, gone_since, ST_X(geom) as x, ST_Y(geom) as y from point"


@AMONG
@given(
    place=st.tuples(st.floats(119.9, 121.9), st.floats(36.7, 38.3)),
    limit=st.integers(1, 40),
    within_m=st.floats(100, 90_000),
    layers=st.sampled_from([None, ["layer-2"], ["layer-1", "layer-3"], ["nothing"]]),
    tree=st.sampled_from([(1, 100), (10, 40)]),
)
async def test_they_are_those_of_brute_force(  # noqa: PLR0917 - one argument a part of the question
    connection, place, limit, within_m, layers, tree
):
    rows = await connection.fetch(ALL)
    whole = tree == (1, 100)
    rows = [
        row
        for row in rows
        if row["gone_since"] is None
        and (layers is None or f"layer-{row['layer_id']}" in layers)
        and (whole if row["unit_tree"] is None else tree[0] <= row["unit_tree"] <= tree[1])
    ]
    expected = [each for each in measured(rows, *place) if each[0] <= within_m][:limit]
    found = await nearest_points(
        connection, *place, layers=layers, limit=limit, within_m=within_m, tree=tree, whole_city=whole
    )
    assert [near.distance_m for near in found] == pytest.approx([metres for metres, _ in expected], abs=1e-3)
    assert {near.point_id for near in found} == {row_id for _, row_id in expected}


async def test_the_bearing_is_told_in_degrees_and_in_words(connection):
    for bearing, word in ((0, "N"), (44, "NE"), (90, "E"), (200, "S"), (225, "SW"), (338, "N")):
        longitude, latitude, _ = GEOD.fwd(100.0, 30.0, bearing, 500)
        await connection.execute("delete from point where id = 5000")
        await connection.execute(
            """insert into point (id, layer_id, name, geom) overriding system value
               values (5000, 1, 'x', ST_SetSRID(ST_MakePoint($1::float8, $2::float8), 4326))""",
            longitude,
            latitude,
        )
        (near,) = await nearest_points(connection, 100.0, 30.0, layers=None, limit=1, within_m=1000, **CITY)
        assert near.bearing_deg == pytest.approx(bearing, abs=0.01)
        assert near.direction == word
        assert near.distance_m == pytest.approx(500, abs=1e-3)


async def test_a_point_on_the_very_place_has_no_direction(connection):
    x, y = await connection.fetchrow("select ST_X(geom), ST_Y(geom) from point where id = 1")
    near = (await nearest_points(connection, x, y, layers=None, limit=1, within_m=10, **CITY))[0]
    assert (near.point_id, near.distance_m, near.direction) == (1, 0.0, None)


@pytest.mark.parametrize("place", [(37.4, 120.7), (math.nan, 37.0), (181.0, 0.0)])
async def test_what_is_no_place_is_refused(connection, place):
    with pytest.raises(InvalidInputError, match="not a place"):
        await nearest_points(connection, *place, layers=None, limit=1, within_m=10, **CITY)
