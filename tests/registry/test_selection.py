"""The camera filter: each part lets through what it says, and its text is safe to put anywhere."""

from __future__ import annotations

import math
import random
import re
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pyproj import Geod
from small_city import make_small_city
from sqlalchemy import select

from base.database import Database
from camera_registry.selection import Along, CameraFilter, Near, NearPoints, SeenPlace, as_sql
from gis.view import Mounted, Sight, View, seen, view_of
from models.camera import CameraState
from models.tables import camera

GEOD = Geod(ellps="WGS84")
HERE = (121.2, 37.1)
Spots = dict[str, tuple[float, float]]
SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
async def city(database: Database) -> Database:
    async with database.raw() as connection:
        await make_small_city(connection)
        await connection.execute(
            """update camera set owner = '公安局', manufacturer = '海康威视', ptz_type = 1, protocol = 'rtsp',
                      direction_type = 2, room_type = 1, source = 'police' where code = 'cam-west-1';
               update camera set sensitivity = 2, gone_since = now(), model = 'X-1' where code = 'cam-west-2';
               update camera set geom = null, simulated = true, stream_url = null where code = 'cam-east-1';
               insert into camera_scene (camera_id, scene_id, source)
               select id, 8, 'person' from camera where code = 'cam-west-1';
               insert into camera_state (camera_id, state)
               select id, case code when 'cam-west-1' then 1 else 3 end from camera
                where code in ('cam-west-1', 'cam-west-2');
               insert into point_layer (id, code, name, name_en, family, position)
               values (1, 'school', '学校', 'school', 'service', 1);
               insert into point (layer_id, code, name, geom) select 1, 'p', '第一小学',
                      ST_Project(geom::geography, 100, 1)::geometry from camera where code = 'cam-west-1';
               insert into road (name, road_class, geom) select '滨海路', 'coastal',
                      ST_MakeLine(ST_Project(geom::geography, 300, 0)::geometry,
                                  ST_Project(geom::geography, 300, pi() / 2)::geometry)
                 from camera where code = 'cam-west-1'"""
        )
    return database


async def codes(database: Database, wanted: CameraFilter) -> set[str]:
    """By SQLAlchemy and as text; the two are always the same."""
    async with database.begin() as connection:
        rows = await connection.execute(select(camera.c.code).where(*wanted.conditions()))
        found = {code for (code,) in rows}
    text, values = as_sql(wanted.conditions(), first=3)
    async with database.raw() as raw:
        again = await raw.fetch(
            f"select code from camera where $1 = 'x' and $2 = 7 and {text}", "x", 7, *values
        )
    assert {row["code"] for row in again} == found
    return found


ALL = {"cam-west-1", "cam-west-2", "cam-east-1", "cam-east-2"}
WEST_1 = (121.05, 37.1)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (CameraFilter(), ALL),
        (CameraFilter(units=("west",)), {"cam-west-1", "cam-west-2"}),
        (CameraFilter(units=("west-1", "east-2", "nowhere")), {"cam-west-1", "cam-east-2"}),
        (CameraFilter(scenes=("square",)), {"cam-west-1"}),
        (CameraFilter(classified=False), ALL - {"cam-west-1"}),
        (CameraFilter(states=(CameraState.ONLINE,)), {"cam-west-1"}),
        (CameraFilter(states=(CameraState.UNKNOWN,)), {"cam-east-1", "cam-east-2"}),
        (CameraFilter(states=(CameraState.UNKNOWN, CameraState.OFFLINE)), ALL - {"cam-west-1"}),
        (CameraFilter(owners=("公安局",)), {"cam-west-1"}),
        (CameraFilter(manufacturers=("海康威视", "大华")), {"cam-west-1"}),
        (CameraFilter(models=("X-1",)), {"cam-west-2"}),
        (CameraFilter(sources=("police",)), {"cam-west-1"}),
        (CameraFilter(ptz_types=(1, 3)), {"cam-west-1"}),
        (CameraFilter(room_types=(1,)), {"cam-west-1"}),
        (CameraFilter(directions=(2,)), {"cam-west-1"}),
        (CameraFilter(protocols=("rtsp",)), {"cam-west-1"}),
        (CameraFilter(sensitivities=(2, 3)), {"cam-west-2"}),
        (CameraFilter(simulated=True), {"cam-east-1"}),
        (CameraFilter(has_stream=False), {"cam-east-1"}),
        (CameraFilter(has_place=False), {"cam-east-1"}),
        (CameraFilter(gone=True), {"cam-west-2"}),
        (CameraFilter(gone=False), ALL - {"cam-west-2"}),
        (CameraFilter(ids=()), set()),
        (CameraFilter(codes=("cam-east-1", "x")), {"cam-east-1"}),
        (CameraFilter(area=shapely.box(121.0, 37.0, 121.1, 37.2)), {"cam-west-1"}),
        (CameraFilter(near=Near(*WEST_1, 1)), {"cam-west-1"}),
        (CameraFilter(along=Along(220, roads=("滨海路",))), {"cam-west-1"}),
        (CameraFilter(along=Along(200, roads=("滨海路",))), set()),
        (CameraFilter(along=Along(220, roads=("小巷",))), set()),
        (CameraFilter(along=Along(220)), set()),
        (CameraFilter(along=Along(5, line=shapely.LineString([(121, 37.1), (121.1, 37.1)]))), {"cam-west-1"}),
        (CameraFilter(near_points=NearPoints(("school",), 101)), {"cam-west-1"}),
        (CameraFilter(near_points=NearPoints(("school",), 99)), set()),
        (CameraFilter(sees=SeenPlace(121.051, 37.1)), {"cam-west-1"}),
        (CameraFilter(faults=("x",)), set()),
        (CameraFilter(faulty=False), ALL),
        (CameraFilter(score=(0, 100)), set()),
        (CameraFilter(words="公安"), {"cam-west-1"}),
        (CameraFilter(words="  "), ALL),
        (CameraFilter(words="%"), set()),
        (CameraFilter(units=("west",), owners=("公安局",), gone=True), set()),
    ],
    ids=lambda value: (
        re.sub(r"\w+=(\(\)|None), ?", "", repr(value))[:60] if isinstance(value, CameraFilter) else ""
    ),
)
async def test_each_part_lets_through_what_it_says(
    city: Database, wanted: CameraFilter, expected: set[str]
) -> None:
    assert await codes(city, wanted) == expected


def test_every_part_of_the_filter_has_a_condition() -> None:
    given_parts: dict[str, Any] = {
        "classified": True,
        "states": (CameraState.ONLINE,),
        "area": shapely.box(0, 0, 1, 1),
        "near": Near(0, 0, 1),
        "along": Along(1, roads=("x",)),
        "near_points": NearPoints(("x",), 1),
        "sees": SeenPlace(0, 0),
        "score": (0.0, 1.0),
        "words": "x",
        **dict.fromkeys(("simulated", "has_stream", "has_place", "gone", "faulty"), True),
        **dict.fromkeys(("ptz_types", "room_types", "directions", "sensitivities", "ids"), (1,)),
    }
    for field in fields(CameraFilter):
        wanted = replace(CameraFilter(), **{field.name: given_parts.get(field.name, ("x",))})
        assert len(wanted.conditions()) == 1, field.name


# Text.

hostile = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=12
) | st.sampled_from(
    ["'; drop table camera; --", "$1", "$12", "' or '1'='1", "\nWHERE false", "\\", ":x", "%(x)s", '"', "{}"]
)
lists = st.lists(hostile, max_size=3).map(tuple)


@SLOW
@given(
    st.builds(
        CameraFilter,
        units=lists,
        scenes=lists,
        owners=lists,
        sources=lists,
        models=lists,
        codes=st.none() | lists,
        ids=st.none() | st.lists(st.integers(1, 2**62), max_size=3).map(tuple),
        words=st.none() | hostile,
        states=st.lists(st.sampled_from(CameraState), max_size=2).map(tuple),
        near=st.none() | st.builds(Near, st.floats(-180, 180), st.floats(-90, 90), st.floats(0, 1e5)),
        along=st.none() | st.builds(Along, st.floats(0, 1e4), st.none(), lists),
        score=st.none() | st.tuples(st.floats(0, 100), st.floats(0, 100)),
    ),
    st.integers(1, 5),
)
async def test_the_text_numbers_its_parameters_and_holds_none_of_their_values(
    city: Database, wanted: CameraFilter, first: int
) -> None:
    text, values = as_sql(wanted.conditions(), first=first)
    numbers = {int(number) for number in re.findall(r"\$(\d+)", text)}
    assert numbers == set(range(first, first + len(values)))
    assert "drop" not in text
    before = "".join(f"${n}::int = {n} and " for n in range(1, first))
    async with city.raw() as connection:
        await connection.fetch(f"select from camera where {before} {text}", *range(1, first), *values)
        assert await connection.fetchval("select count(*) from camera") == len(ALL)


def test_no_condition_is_true_whatever_stands_beside_it() -> None:
    assert as_sql([], first=1) == ("(true)", ())
    text, _ = as_sql(CameraFilter(units=("a",), owners=("b",)).conditions(), first=1)
    assert text.startswith("(")
    assert text.endswith(")")


# Places, against the geodesic.

metres = st.floats(1, 5000)
places = st.builds(
    lambda bearing, distance: GEOD.fwd(*HERE, bearing, distance)[:2], st.floats(0, 360), st.floats(0, 6000)
)


async def scatter(database: Database, *, within: float) -> Spots:
    draw = random.Random(7)
    spots = {}
    for number in range(300):
        longitude, latitude, _ = GEOD.fwd(*HERE, draw.uniform(0, 360), within * math.sqrt(draw.random()))
        spots[f"s{number}"] = (longitude, latitude)
    async with database.raw() as connection:
        await connection.executemany(
            """insert into camera (code, name, geom, heading_deg, ptz_type, horizontal_field_deg,
                      max_view_distance_m, mount_height_m, pitch_deg, direction_type)
               values ($1, $1, ST_SetSRID(ST_MakePoint($2, $3), 4326), $4, $5, $6, $7, $8, $9, $10)""",
            [
                (
                    code, *spot, draw.choice([None, draw.uniform(0, 359)]), draw.choice([None, 1, 2, 3, 6]),
                    draw.choice([None, 0, 40, 120]), draw.choice([None, 0, 80, 1500]), draw.choice([None, 6]),
                    draw.choice([None, -30, 0]), draw.choice([None, 3, 8]),
                )
                for code, spot in spots.items()
            ],
        )  # fmt: skip
    return spots


@pytest.fixture
async def wide(database: Database) -> Spots:
    return await scatter(database, within=6000)


@SLOW
@given(places, metres)
async def test_near_is_in_true_metres(
    database: Database, wide: Spots, place: tuple[float, float], far: float
) -> None:
    distances = {code: GEOD.inv(*spot, *place)[2] for code, spot in wide.items()}
    assume(all(abs(distance - far) > 0.01 for distance in distances.values()))
    expected = {code for code, distance in distances.items() if distance < far}
    assert await codes(database, CameraFilter(near=Near(*place, far))) == expected


@SLOW
@given(places, places, st.floats(1, 800))
async def test_along_is_in_true_metres(
    database: Database, wide: Spots, start: tuple[float, float], end: tuple[float, float], far: float
) -> None:
    assume(GEOD.inv(*start, *end)[2] > 1)
    steps = np.array([start, *GEOD.npts(*start, *end, 400), end])
    distances = {}
    for code, spot in wide.items():
        here = np.tile(spot, (len(steps), 1))
        distances[code] = GEOD.inv(here[:, 0], here[:, 1], steps[:, 0], steps[:, 1])[2].min()
    # The steps stand up to 30 m apart: who is that near to the edge proves nothing.
    found = await codes(database, CameraFilter(along=Along(far, shapely.LineString([start, end]))))
    assert {code for code, distance in distances.items() if distance < far - 0.5} <= found
    assert found <= {code for code, distance in distances.items() if distance < far + 16}


@pytest.fixture
async def views(database: Database) -> dict[str, View]:
    await scatter(database, within=300)
    async with database.raw() as connection:
        rows = await connection.fetch("select *, ST_X(geom) as x, ST_Y(geom) as y from camera")
    return {
        row["code"]: view_of(
            Mounted(
                row["x"], row["y"], heading_deg=row["heading_deg"], direction_type=row["direction_type"],
                field_deg=row["horizontal_field_deg"], pitch_deg=row["pitch_deg"],
                height_m=row["mount_height_m"], range_m=row["max_view_distance_m"], ptz_type=row["ptz_type"],
            )
        )
        for row in rows
    }  # fmt: skip


@SLOW
@given(st.floats(0, 360), st.floats(0, 400))
async def test_seeing_in_the_store_is_seeing_in_python(
    database: Database, views: dict[str, View], bearing: float, distance: float
) -> None:
    longitude, latitude, _ = GEOD.fwd(*HERE, bearing, distance)
    answers = {code: seen(view, longitude, latitude) for code, view in views.items()}
    expected = {code for code, answer in answers.items() if answer and answer.sight is not Sight.MAY}
    assert await codes(database, CameraFilter(sees=SeenPlace(longitude, latitude))) == expected
