"""Tiles: every camera counted once at every zoom, drawn where it stands, and never a tile that fails."""

import random
from collections.abc import AsyncIterator

import pytest
from api_world import Session, World, decode_tile, layers_of, tile_at
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from base.database import Database
from gis.tiles import CAMERA_MAX_ZOOM, POINTS_FROM_ZOOM, Tile, base_statements, camera_statement
from models.scope import Role

CAMERAS = 20_000
CITY = {"tree_left": 1, "tree_right": 7, "whole_city": True, "max_sensitivity": 0}


@pytest.fixture
async def crowded(database: Database) -> AsyncIterator[Database]:
    """20,000 cameras strewn over the globe's corners and a city's streets, some exactly on tile borders."""
    rng = random.Random(7)
    places = [(rng.gauss(121.4, 0.05), rng.gauss(37.5, 0.03)) for _ in range(CAMERAS - 1002)]
    places += [(rng.uniform(-180, 179.99), rng.uniform(-84, 84)) for _ in range(500)]
    places += [(x * 360 / 2**12 - 180, 0.0) for x in rng.sample(range(2**12), 500)]
    places += [(-180.0, 85.0), (179.9999, -85.0)]
    rows = [(f"c{i}", *place, rng.randrange(4)) for i, place in enumerate(places)]
    async with database.raw() as connection:
        await connection.execute(
            "create temp table placed (name text, lon float8, lat float8, state smallint)"
        )
        await connection.copy_records_to_table("placed", records=rows)
        await connection.execute(
            """insert into camera (name, geom)
               select name, ST_SetSRID(ST_MakePoint(lon, lat), 4326) from placed;
               insert into camera_state (camera_id, state)
               select c.id, p.state from camera c join placed p using (name) where p.state > 0"""
        )
    return database


async def test_every_camera_is_counted_once_at_every_zoom(crowded: Database) -> None:
    async with crowded.raw() as connection:
        by_state = dict(
            await connection.fetch(
                """select coalesce(s.state, 0), count(*)
                     from camera left join camera_state s on s.camera_id = id group by 1"""
            )
        )
        for z in range(CAMERA_MAX_ZOOM + 1):
            shift = Tile(z, 0, 0).side_bits
            occupied = await connection.fetch(
                f"select distinct tile_x >> {shift} as x, tile_y >> {shift} as y from camera"
            )
            if z > 11:  # some tiles stand for all: the arithmetic is the same
                occupied = random.Random(z).sample(occupied, 100)
            found = dict.fromkeys(range(4), 0)
            expected = 0
            for x, y in occupied:
                statement = camera_statement(Tile(z, x, y), **CITY)
                tile = decode_tile(await connection.fetchval(statement.sql, *statement.values))
                _add(tile, found)
                if z > 11:
                    expected += await connection.fetchval(
                        f"""select count(*) from camera
                             where tile_x >> {shift} = $1 and tile_y >> {shift} = $2""",
                        *(x, y),
                    )
            if z > 11:
                assert sum(found.values()) == expected, z
            else:
                assert found == by_state, z


def _add(tile: dict, found: dict[int, int]) -> None:
    for feature in tile.get("cluster", []):
        assert all(0 <= part < 4096 for part in feature["geometry"]["coordinates"])
        counts = feature["properties"]
        states = [counts[name] for name in ("unknown", "online", "degraded", "offline")]
        assert sum(states) == counts["n"]
        for state, count in enumerate(states):
            found[state] += count
    for feature in tile.get("camera", []):
        assert all(0 <= part < 4096 for part in feature["geometry"]["coordinates"])
        found[feature["properties"]["state"]] += 1


async def test_a_camera_on_an_edge_is_in_one_tile_only(crowded: Database) -> None:
    tile = Tile(14, 13000, 8191)  # its western edge is a border of zoom 12, and the equator its southern one
    west = tile.x / 2**14 * 360 - 180
    async with crowded.raw() as connection:
        await connection.execute(
            """insert into camera (name, geom, heading_deg)
               values ('edge', ST_SetSRID(ST_MakePoint($1, 0.001), 4326), 89.6)""",
            west,
        )
        seen = []
        for neighbour in (tile, Tile(14, 12999, 8191)):
            statement = camera_statement(neighbour, **CITY)
            layers = decode_tile(await connection.fetchval(statement.sql, *statement.values))
            seen += [f for f in layers.get("camera", []) if f["properties"].get("heading") == 90]
    assert [feature["geometry"]["coordinates"][0] for feature in seen] == [0]


async def test_points_carry_what_is_needed_to_draw_them_and_no_more(world: World, login: Session) -> None:
    client = await login(Role.OPERATOR)
    x, y = tile_at(14, 121.05, 37.1)
    answer = await client.get(f"/api/v1/tiles/cameras/14/{x}/{y}.mvt")
    (feature,) = layers_of(answer)["camera"]
    assert feature["id"] == world.city.cameras["west-1"]
    assert feature["properties"] == {"state": 1, "scene": 8}


async def test_tiles_are_cached_privately_and_revalidated(login: Session) -> None:
    client = await login(Role.OPERATOR)
    address = "/api/v1/tiles/cameras/10/856/397.mvt"
    first = await client.get(address)
    assert first.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["vary"] == "Cookie, Authorization"
    again = await client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


async def test_a_changed_state_is_on_the_map_after_a_few_seconds(world: World, login: Session) -> None:
    client = await login(Role.OPERATOR)

    async def online() -> int:
        tile = layers_of(await client.get("/api/v1/tiles/cameras/0/0/0.mvt"))
        return sum(f["properties"]["online"] for f in tile["cluster"])

    assert await online() == 1
    async with world.database.raw() as connection:
        await connection.execute("update camera_state set state = 3")
    world.clock.advance(5)
    assert await online() == 0


async def test_the_tile_sets_describe_themselves(login: Session) -> None:
    client = await login(Role.OPERATOR, unit="west")
    cameras = (await client.get("/api/v1/tiles/cameras.json")).json()
    assert cameras["tilejson"] == "3.0.0"
    assert cameras["tiles"] == ["http://127.0.0.1:8420/api/v1/tiles/cameras/{z}/{x}/{y}.mvt"]
    assert cameras["bounds"] == [121.0, 37.0, 121.2, 37.2]
    assert [layer["id"] for layer in cameras["vector_layers"]] == ["cluster", "camera"]
    base = (await client.get("/api/v1/tiles/base.json")).json()
    assert {layer["id"] for layer in base["vector_layers"]} == {"district", "township", "road", "unit_label"}


@pytest.mark.parametrize(
    ("z", "layers"),
    [
        (7, {"district": 2, "unit_label": 2}),
        (9, {"district": 2, "road": 1, "unit_label": 2}),
        (12, {"district": 1, "township": 2, "road": 2, "unit_label": 2}),
    ],
)
async def test_the_base_map_shows_more_the_nearer_one_looks(login: Session, z: int, layers) -> None:
    client = await login(Role.OPERATOR, unit="east")
    x, y = tile_at(z, 121.05, 37.1)
    drawn = layers_of(await client.get(f"/api/v1/tiles/base/{z}/{x}/{y}.mvt"))
    assert {name: len(features) for name, features in drawn.items()} == layers
    assert drawn["district"][0]["geometry"]["type"] in ("Polygon", "MultiPolygon")
    assert {road["properties"]["name"] for road in drawn.get("road", [])} <= {"滨海路", "小巷"}


number = (
    st.integers(-3, 2**17) | st.integers() | st.sampled_from(["a", "1.5", "-0", "٣", "1e3", "%00", "0x1"])
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(z=number, x=number, y=number, kind=st.sampled_from(["cameras", "base"]))
async def test_no_coordinates_break_the_server(gis_staff: AsyncClient, z, x, y, kind: str) -> None:
    answer = await gis_staff.get(f"/api/v1/tiles/{kind}/{z}/{x}/{y}.mvt")
    assert answer.status_code in (200, 404, 422), answer.text


def test_the_statements_cover_every_zoom() -> None:
    for z in range(CAMERA_MAX_ZOOM + 1):
        assert ("'cluster'" in camera_statement(Tile(z, 0, 0), **CITY).sql) is (z < POINTS_FROM_ZOOM)
        assert base_statements(Tile(z, 0, 0))
