"""Points over HTTP: layers in order and style, lists, what is near, edits on record, tiles."""

import pytest
from api_world import Session, World, layers_of, tile_at
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.scope import Role

POINTS = "/api/v1/points"
LAYERS = "/api/v1/point-layers"
ANY = {"If-Match": "*"}
NEW = {"layer": "hospital", "name": "西区人民医院", "longitude": 121.15, "latitude": 37.1}


@pytest.fixture(autouse=True)
async def some_points(world: World) -> None:
    """A hospital in the west, a manhole beside a camera of the east, and one whose list gave it up."""
    async with world.database.raw() as connection:
        await connection.execute(
            """update point_layer set family = 'street', visible = false, min_zoom = 15
                where code = 'manhole';
               insert into point_layer (id, code, name, name_en, family, position, symbol)
               values (30, 'hospital', '医院', 'Hospital', 'public', 300, 'hospital');
               insert into point (id, layer_id, code, name, address, geom, unit_id, unit_tree, gone_since)
               overriding system value
               select v.id, v.layer, v.code, v.name, v.address, ST_SetSRID(ST_MakePoint(v.x, 37.1), 4326),
                      o.id, o.tree_left, v.gone
                 from (values
                   (1, 30, '30-1', '海港医院', '西一街道', 121.051, 'west-1', null::timestamptz),
                   (2, 14, '14-1', '滨海路1号井', '东一街道', 121.2501, 'east-1', null),
                   (3, 14, '14-2', '滨海路2号井', '东一街道', 121.2502, 'east-1', now())
                 ) v (id, layer, code, name, address, x, unit, gone)
                 join organisation o on o.code = v.unit;
               select setval(pg_get_serial_sequence('point', 'id'), 100)"""
        )


async def test_layers_come_in_drawing_order_with_their_style(gis_staff: AsyncClient) -> None:
    manhole, hospital = (await gis_staff.get(LAYERS)).json()
    assert (manhole["code"], hospital["code"]) == ("manhole", "hospital")
    assert (manhole["symbol"], manhole["visible"], manhole["min_zoom"]) == ("dot", False, 15)
    assert (hospital["symbol"], hospital["color"]) == ("hospital", None)


async def test_a_layers_style_is_edited_with_its_version(world: World, gis_staff: AsyncClient) -> None:
    change = {"symbol": "manhole", "color": "#cb683a", "min_zoom": 14, "visible": True}
    answer = await gis_staff.patch(f"{LAYERS}/manhole", json=change, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    assert {name: answer.json()[name] for name in change} == change
    assert answer.headers["etag"] == '"2"'
    again = await gis_staff.patch(f"{LAYERS}/manhole", json=change, headers={"If-Match": '"1"'})
    assert again.status_code == 412
    assert (await world.audit())[-1]["action"] == "point-layer.edit"
    assert (await gis_staff.patch(f"{LAYERS}/nowhere", json=change, headers=ANY)).status_code == 404


@pytest.mark.parametrize(
    "change",
    [{}, {"color": "red"}, {"symbol": "<svg>"}, {"min_zoom": 23}, {"family": "x"}, {"visible": None}],
)
async def test_a_style_that_no_map_can_draw_is_refused(gis_staff: AsyncClient, change: dict) -> None:
    answer = await gis_staff.patch(f"{LAYERS}/manhole", json=change, headers=ANY)
    assert answer.status_code == 422


async def test_all_layers_are_put_in_order_at_once(world: World, gis_staff: AsyncClient) -> None:
    tag = (await gis_staff.get(LAYERS)).headers["etag"]
    body = {"codes": ["hospital", "manhole"]}
    answer = await gis_staff.put(f"{LAYERS}/order", json=body, headers={"If-Match": tag})
    assert [layer["code"] for layer in answer.json()] == ["hospital", "manhole"]
    stale = await gis_staff.put(f"{LAYERS}/order", json=body, headers={"If-Match": tag})
    assert stale.status_code == 412
    for codes in (["manhole"], ["manhole", "manhole", "hospital"], ["manhole", "hospital", "moon"]):
        refused = await gis_staff.put(f"{LAYERS}/order", json={"codes": codes}, headers=ANY)
        assert refused.status_code == 422, codes
    assert (
        "lacks hospital"
        in (await gis_staff.put(f"{LAYERS}/order", json={"codes": ["manhole"]}, headers=ANY)).text
    )


async def test_layers_are_the_whole_citys(login: Session) -> None:
    western = await login(Role.GIS, unit="west")
    body = {"codes": ["hospital", "manhole"]}
    assert (await western.put(f"{LAYERS}/order", json=body, headers=ANY)).status_code == 403
    assert (await western.patch(f"{LAYERS}/manhole", json={"visible": True}, headers=ANY)).status_code == 403


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [1, 2]),
        ({"gone": True}, [3]),
        ({"layer": "manhole"}, [2]),
        ({"layer": ["manhole", "hospital"]}, [1, 2]),
        ({"unit": "west"}, [1]),
        ({"bbox": "121.2,37,121.3,37.2"}, [2]),
        ({"q": "医院"}, [1]),
        ({"q": "14-"}, [2]),
        ({"q": "东一"}, [2]),
    ],
)
async def test_points_are_listed_by_what_is_asked(
    gis_staff: AsyncClient, params: dict, expected: list[int]
) -> None:
    answer = await gis_staff.get(POINTS, params=params)
    assert [item["id"] for item in answer.json()["items"]] == expected


async def test_points_page_by_cursor(gis_staff: AsyncClient) -> None:
    first = (await gis_staff.get(POINTS, params={"limit": 1})).json()
    second = (await gis_staff.get(POINTS, params={"limit": 1, "cursor": first["next"]})).json()
    assert [page["items"][0]["id"] for page in (first, second)] == [1, 2]
    assert second["next"] is None


async def test_a_district_sees_its_own_points(login: Session) -> None:
    western = await login(Role.OPERATOR, unit="west")
    assert [item["id"] for item in (await western.get(POINTS)).json()["items"]] == [1]
    assert (await western.get(f"{POINTS}/2")).status_code == 404


async def test_what_is_near_a_camera_an_event_or_a_place(world: World, gis_staff: AsyncClient) -> None:
    camera = world.city.cameras["west-1"]
    of_camera = (await gis_staff.get(f"{POINTS}/nearest", params={"camera": camera})).json()
    assert of_camera["origin"] == {
        "longitude": 121.05, "latitude": 37.1, "camera": camera, "incident": None,
    }  # fmt: skip
    (near,) = of_camera["items"]
    assert (near["id"], near["direction"]) == (1, "E")
    assert near["distance_m"] == pytest.approx(88.9, abs=0.1)
    incident = world.incidents["west-1"]
    of_event = (await gis_staff.get(f"{POINTS}/nearest", params={"incident": incident})).json()
    assert of_event["items"] == of_camera["items"]
    place = {"longitude": 121.2501, "latitude": 37.1, "within_m": 40_000}
    assert [
        item["id"] for item in (await gis_staff.get(f"{POINTS}/nearest", params=place)).json()["items"]
    ] == [2, 1]
    only = {**place, "layers": "hospital"}
    assert [
        item["id"] for item in (await gis_staff.get(f"{POINTS}/nearest", params=only)).json()["items"]
    ] == [1]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"longitude": 121},
        {"latitude": 37},
        {"camera": 1, "incident": 1},
        {"camera": 1, "longitude": 121, "latitude": 37},
        {"longitude": 121, "latitude": 37, "within_m": 0},
        {"longitude": "nan", "latitude": 37},
    ],
)
async def test_a_question_without_one_place_is_refused(gis_staff: AsyncClient, params: dict) -> None:
    assert (await gis_staff.get(f"{POINTS}/nearest", params=params)).status_code == 422


async def test_nearness_tells_nothing_beyond_the_askers_scope(world: World, login: Session) -> None:
    western = await login(Role.OPERATOR, unit="west")
    for params in ({"camera": world.city.cameras["east-1"]}, {"incident": world.incidents["east-1"]}):
        assert (await western.get(f"{POINTS}/nearest", params=params)).status_code == 404
    place = {"longitude": 121.2501, "latitude": 37.1, "within_m": 40_000}
    found = (await western.get(f"{POINTS}/nearest", params=place)).json()["items"]
    assert [item["id"] for item in found] == [1]


async def test_a_camera_without_a_place_has_no_neighbours(world: World, gis_staff: AsyncClient) -> None:
    lost = await world.fetchval("select id from camera where code = 'cam-lost'")
    answer = await gis_staff.get(f"{POINTS}/nearest", params={"camera": lost})
    assert answer.status_code == 422
    assert "no place" in answer.json()["detail"]


async def test_a_point_is_entered_edited_and_deleted_on_record(world: World, gis_staff: AsyncClient) -> None:
    made = await gis_staff.post(POINTS, json={**NEW, "code": "30-9"})
    assert made.status_code == 201, made.text
    point = made.json()
    assert made.headers["location"] == f"{POINTS}/{point['id']}"
    assert point["unit"]["code"] == "west-2"
    assert point["declared"] == {"longitude": 121.15, "latitude": 37.1, "crs": "WGS-84"}
    address = f"{POINTS}/{point['id']}"
    moved = await gis_staff.patch(
        address, json={"longitude": 121.35, "latitude": 37.1}, headers={"If-Match": '"1"'}
    )
    assert (moved.json()["unit"]["code"], moved.json()["version"]) == ("east-2", 2)
    assert (
        await gis_staff.patch(address, json={"name": "x"}, headers={"If-Match": '"1"'})
    ).status_code == 412
    assert (await gis_staff.delete(address)).status_code == 428
    assert (await gis_staff.delete(address, headers={"If-Match": '"2"'})).status_code == 204
    assert (await gis_staff.get(address)).status_code == 404
    deeds = [deed for deed in await world.audit() if deed["object"] == f"point/{point['id']}"]
    assert [deed["action"] for deed in deeds] == ["point.add", "point.edit", "point.delete"]
    assert deeds[-1]["detail"]["name"] == "西区人民医院"


async def test_a_place_in_gcj_02_is_kept_as_declared_and_drawn_where_it_is(gis_staff: AsyncClient) -> None:
    made = (await gis_staff.post(POINTS, json={**NEW, "crs": "火星坐标"})).json()
    assert made["declared"] == {"longitude": 121.15, "latitude": 37.1, "crs": "GCJ-02"}
    assert made["place"]["longitude"] == pytest.approx(121.1448, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"layer": "moon"}, 422),
        ({"crs": "北京54"}, 422),
        ({"latitude": 89}, 422),
        ({"name": ""}, 422),
        ({"code": "30-1"}, 409),
        ({"surprise": 1}, 422),
    ],
)
async def test_a_point_that_cannot_be_is_refused(gis_staff: AsyncClient, change: dict, status: int) -> None:
    answer = await gis_staff.post(POINTS, json={**NEW, **change})
    assert answer.status_code == status, answer.text


async def test_the_same_entry_sent_twice_is_one_point(world: World, gis_staff: AsyncClient) -> None:
    both = [await gis_staff.post(POINTS, json=NEW, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert both[0].json() == both[1].json()
    assert await world.fetchval("select count(*) from point where name = '西区人民医院'") == 1


async def test_staff_of_a_district_enter_points_of_their_own_ground(login: Session) -> None:
    western = await login(Role.GIS, unit="west")
    assert (await western.post(POINTS, json=NEW)).status_code == 201
    assert (await western.post(POINTS, json={**NEW, "longitude": 121.35})).status_code == 403
    assert (await western.patch(f"{POINTS}/2", json={"name": "x"}, headers=ANY)).status_code == 404
    operator = await login(Role.OPERATOR)
    assert (await operator.post(POINTS, json=NEW)).status_code == 403


async def test_tiles_draw_points_by_layer(login: Session, gis_staff: AsyncClient) -> None:
    def address(z: int, longitude: float) -> str:
        x, y = tile_at(z, longitude, 37.1)
        return f"/api/v1/tiles/points/{z}/{x}/{y}.mvt"

    west = layers_of(await gis_staff.get(address(14, 121.051)))
    assert [point["properties"] for point in west["point"]] == [{"layer": 30, "symbol": "hospital"}]
    named = layers_of(await gis_staff.get(address(16, 121.051)))
    assert named["point"][0]["properties"]["name"] == "海港医院"
    assert layers_of(await gis_staff.get(address(14, 121.2501))) == {}
    hidden = layers_of(await gis_staff.get(address(14, 121.2501), params={"layers": "manhole"}))
    assert [point["id"] for point in hidden["point"]] == [2]
    low = layers_of(await gis_staff.get(address(8, 121.051), params={"layers": ["manhole", "hospital"]}))
    assert sum(cell["properties"]["n"] for cell in low["point_cluster"]) == 2
    western = await login(Role.OPERATOR, unit="west")
    assert layers_of(await western.get(address(14, 121.2501), params={"layers": "manhole"})) == {}


async def test_a_tile_that_is_still_right_is_not_sent_again(gis_staff: AsyncClient) -> None:
    x, y = tile_at(14, 121.051, 37.1)
    address = f"/api/v1/tiles/points/14/{x}/{y}.mvt"
    tag = (await gis_staff.get(address)).headers["etag"]
    assert (await gis_staff.get(address, headers={"If-None-Match": tag})).status_code == 304


async def test_the_tile_set_says_its_layers_and_keeps_the_question(gis_staff: AsyncClient) -> None:
    told = (await gis_staff.get("/api/v1/tiles/points.json", params={"layers": "hospital"})).json()
    assert told["tiles"] == ["http://127.0.0.1:8420/api/v1/tiles/points/{z}/{x}/{y}.mvt?layers=hospital"]
    assert [layer["id"] for layer in told["vector_layers"]] == ["point_cluster", "point"]
    assert told["bounds"] == [121.0, 37.0, 121.4, 37.2]


anything = st.text(max_size=20) | st.integers().map(str) | st.floats().map(str)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    params=st.dictionaries(
        st.sampled_from(
            [
                "camera",
                "incident",
                "longitude",
                "latitude",
                "layers",
                "layer",
                "limit",
                "within_m",
                "bbox",
                "q",
                "gone",
            ]
        ),
        anything,
    ),
    path=st.sampled_from(["", "/nearest"]),
)
async def test_no_question_breaks_the_server(gis_staff: AsyncClient, params: dict, path: str) -> None:
    sendable = {name: value.encode("utf-8", "replace").decode() for name, value in params.items()}
    answer = await gis_staff.get(POINTS + path, params=sendable)
    assert answer.status_code in (200, 404, 422), answer.text
