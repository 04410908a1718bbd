"""A place belongs to the township that covers it, else to its district, else to nobody."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from base.errors import InvalidInputError
from gis.grounds import NOBODY, read_grounds
from gis.jurisdiction import assign_units, unit_at

# A city of two districts side by side; the western one has two townships and, in its north, land of neither.
UNITS = """
insert into organisation (code, name, level, tree_left, tree_right, geom)
select code, code, level, l, r, ST_Multi(ST_MakeEnvelope(x1, y1, x2, y2, 4326)) from (values
    ('city', 0, 1, 10, 120.0, 37.0, 122.0, 38.0),
    ('west', 1, 2, 7, 120.0, 37.0, 121.0, 38.0),
    ('west-a', 2, 3, 4, 120.0, 37.0, 120.5, 37.8),
    ('west-b', 2, 5, 6, 120.5, 37.0, 121.0, 37.8),
    ('east', 1, 8, 9, 121.0, 37.0, 122.0, 38.0)
) as unit (code, level, l, r, x1, y1, x2, y2)
"""

CAMERAS = """
insert into camera (name, geom) values
    ('in a township', ST_SetSRID(ST_MakePoint(120.7, 37.4), 4326)),
    ('in a district alone', ST_SetSRID(ST_MakePoint(120.7, 37.9), 4326)),
    ('on a shared border', ST_SetSRID(ST_MakePoint(120.5, 37.4), 4326)),
    ('at sea', ST_SetSRID(ST_MakePoint(123.0, 37.4), 4326)),
    ('without a place', null)
"""

RENUMBER = "update organisation set tree_left = tree_left + 100, tree_right = tree_right + 100"

UNIT_OF = "select c.name, o.code from camera c left join organisation o on o.id = c.unit_id order by c.id"


@pytest.fixture
async def connection(database):
    async with database.raw() as connection:
        await connection.execute(UNITS)
        yield connection


@pytest.mark.parametrize(
    ("longitude", "latitude", "expected"),
    [
        (120.2, 37.4, "west-a"),
        (120.7, 37.9, "west"),
        (121.5, 37.5, "east"),
        (123.0, 37.5, None),
        (120.5, 37.4, "west-a"),
        (120.0, 37.0, "west-a"),
    ],
)
async def test_one_place_is_looked_up(connection, longitude, latitude, expected):
    unit = await unit_at(connection, longitude, latitude)
    assert (unit and unit.code) == expected


@pytest.mark.parametrize("place", [(37.4, 120.7), (float("nan"), 37.0), (181.0, 0.0)])
async def test_what_is_no_place_is_refused(connection, place):
    with pytest.raises(InvalidInputError, match="not a place"):
        await unit_at(connection, *place)


async def test_every_camera_gets_the_unit_on_whose_ground_it_stands(connection):
    await connection.execute(CAMERAS)
    assert await assign_units(connection, "camera") == 3
    assert dict(await connection.fetch(UNIT_OF)) == {
        "in a township": "west-b",
        "in a district alone": "west",
        "on a shared border": "west-a",
        "at sea": None,
        "without a place": None,
    }


async def test_assigning_again_changes_nothing(connection):
    await connection.execute(CAMERAS)
    await assign_units(connection, "camera")
    assert await assign_units(connection, "camera") == 0


async def test_a_camera_that_moved_changes_its_unit_or_loses_it(connection):
    await connection.execute(CAMERAS)
    await assign_units(connection, "camera")
    await connection.execute(
        "update camera set geom = ST_SetSRID(ST_MakePoint(121.5, 37.4), 4326) where name = 'in a township'"
    )
    await connection.execute(
        "update camera set geom = ST_SetSRID(ST_MakePoint(10, 10), 4326) where name = 'on a shared border'"
    )
    assert await assign_units(connection, "camera") == 2
    units = dict(await connection.fetch(UNIT_OF))
    assert units["in a township"] == "east"
    assert units["on a shared border"] is None


async def test_a_unit_given_by_hand_to_a_camera_without_a_place_stays(connection):
    await connection.execute(CAMERAS)
    await connection.execute(
        "update camera set (unit_id, unit_tree) = ("
        "select id, tree_left from organisation where code = 'east') where name = 'without a place'"
    )
    await assign_units(connection, "camera")
    assert dict(await connection.fetch(UNIT_OF))["without a place"] == "east"


async def test_the_stored_position_follows_a_tree_that_was_renumbered(connection):
    await connection.execute(CAMERAS)
    await assign_units(connection, "camera")
    await connection.execute(RENUMBER)
    assert await assign_units(connection, "camera") == 3
    assert await connection.fetchval("select unit_tree from camera where name = 'in a township'") == 105


GRID = st.integers(0, 80).map(lambda step: 119.9 + step / 40), st.integers(0, 48).map(lambda s: 36.9 + s / 40)
ANYWHERE = st.floats(119.9, 122.1), st.floats(36.9, 38.1)


@given(st.lists(st.tuples(*GRID) | st.tuples(*ANYWHERE), max_size=60))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_boundaries_in_memory_answer_as_the_store_does(connection, places):
    await connection.execute("truncate camera cascade")
    await connection.executemany(
        "insert into camera (name, geom) values ('', ST_SetSRID(ST_MakePoint($1, $2), 4326))", places
    )
    await assign_units(connection, "camera")
    stored = [
        row["tree"]
        for row in await connection.fetch("select coalesce(unit_tree, -1) as tree from camera order by id")
    ]
    grounds = await read_grounds(connection)
    x, y = np.array(places, dtype=float).reshape(-1, 2).T
    assert grounds.units_of(x, y).tolist() == stored


async def test_what_stands_nowhere_is_nobodys_in_memory_too(connection):
    grounds = await read_grounds(connection)
    assert grounds.units_of(np.array([np.nan, 120.2]), np.array([np.nan, 37.4])).tolist() == [NOBODY, 3]
