"""Questions about many cameras over HTTP: words, counts, places, and nobody sees beyond their scope."""

from __future__ import annotations

import pytest
from api_world import Session, World
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camera_registry.search.index import catch_up
from gis.view import GEOD
from models.scope import Role

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
BASE = "/api/v1/cameras"
WEST_1 = (121.05, 37.1)


@pytest.fixture
async def named(world: World) -> World:
    """The small city with names that people would type."""
    async with world.database.raw() as connection:
        await connection.execute(
            """update camera set name = '芝罘红旗路与青年路路口东侧枪机', owner = '公安局', ptz_type = 3,
                      heading_deg = 90, horizontal_field_deg = 60, max_view_distance_m = 100,
                      code = '37060200081326000001' where code = 'cam-west-1';
               update camera set name = '红旗路12号球机', ptz_type = 1 where code = 'cam-east-1';
               update camera set name = '滨海路灯塔' where code = 'cam-east-2'"""
        )
    await catch_up(world.database)
    return world


async def found(client: AsyncClient, **params: object) -> list[str]:
    answer = await client.get(BASE, params=params)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


async def test_words_find_names_the_closest_first_and_say_where(named: World, gis_staff: AsyncClient) -> None:
    items = (await gis_staff.get(BASE, params={"q": "红旗路"})).json()["items"]
    assert [item["name"] for item in items] == ["红旗路12号球机", "芝罘红旗路与青年路路口东侧枪机"]
    assert [item["found"] for item in items] == [
        {"how": "begins", "marks": [[0, 3]]},
        {"how": "name", "marks": [[2, 5]]},
    ]
    (by_sound,) = (await gis_staff.get(BASE, params={"q": "hqlqnl"})).json()["items"]
    assert by_sound["found"] == {"how": "sound", "marks": [[2, 9]]}
    assert await found(gis_staff, q="红棋路") == ["红旗路12号球机", "芝罘红旗路与青年路路口东侧枪机"]
    assert await found(gis_staff, q="红棋路", exact=True) == []
    assert await found(gis_staff, q="青年路 公安局") == ["芝罘红旗路与青年路路口东侧枪机"]
    assert await found(gis_staff, q="0001") == ["芝罘红旗路与青年路路口东侧枪机"]
    assert "found" not in (await gis_staff.get(BASE, params={"fields": "id,name"})).json()["items"][0]


async def test_nobody_finds_beyond_their_scope(named: World, login: Session) -> None:
    east = await login(Role.OPERATOR, unit="east")
    assert await found(east, q="红旗路") == ["红旗路12号球机"]
    counts = (await east.get(f"{BASE}/facets", params={"q": "红旗路"})).json()
    assert counts["cameras"] == 1
    near = (await east.get(f"{BASE}/nearest", params={"longitude": 121.05, "latitude": 37.1})).json()["items"]
    assert [item["camera"]["unit"]["code"] for item in near] == ["east-1", "east-2"]
    seeing = await east.get(f"{BASE}/seeing", params={"longitude": 121.0505, "latitude": 37.1})
    assert seeing.json() == {"cameras": 0, "items": []}
    west = named.city.cameras["west-1"]
    assert (await east.get(f"{BASE}/{west}/view")).status_code == 404
    assert (await east.get(f"{BASE}/{west}/history")).status_code == 404


async def test_pages_of_a_search_go_on_where_they_ended(named: World, gis_staff: AsyncClient) -> None:
    whole = await found(gis_staff, q="路")
    pages, cursor = [], {}
    while True:
        page = (await gis_staff.get(BASE, params={"q": "路", "limit": 1, **cursor})).json()
        pages += [item["name"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
        # Edits in between do not shift what is still to come.
        async with named.database.raw() as connection:
            await connection.execute("update camera set version = version + 1")
    assert pages == whole
    assert len(whole) == 4
    refused = await gis_staff.get(BASE, params={"cursor": page["next"] or "WzE3XQ", "q": "路"})
    assert refused.status_code == 422


async def test_a_lasso_may_be_long(named: World, gis_staff: AsyncClient) -> None:
    ring = [[121.0 + 0.1 * (n % 500) / 500, 37.0 if n < 500 else 37.2] for n in range(500)]
    area = {
        "type": "Polygon",
        "coordinates": [[[121.0, 37.2], *ring, [121.1, 37.0], [121.1, 37.2], [121.0, 37.2]]],
    }
    body = {"cameras": {"area": area, "q": "红旗"}, "limit": 10}
    answer = await gis_staff.post(f"{BASE}/search", json=body)
    assert [item["name"] for item in answer.json()["items"]] == ["芝罘红旗路与青年路路口东侧枪机"]
    counted = await gis_staff.post(f"{BASE}/facets", json={"cameras": {"area": area}, "facets": ["owner"]})
    assert counted.json()["cameras"] == 1
    assert counted.json()["facets"] == {
        "owner": {"values": [{"value": "公安局", "name": None, "level": None, "cameras": 1}], "others": 0}
    }


async def test_facets_count_exactly_what_the_list_has(named: World, gis_staff: AsyncClient) -> None:
    for params in ({}, {"q": "红旗路"}, {"unit": "west"}, {"has_place": True}, {"ptz_type": [1, 3]}):
        counts = (await gis_staff.get(f"{BASE}/facets", params=params)).json()
        listed = await found(gis_staff, exact=True, limit=200, **params)
        assert counts["cameras"] == len(listed), params
        for name, facet in counts["facets"].items():
            if name not in ("unit", "scene"):
                assert sum(count["cameras"] for count in facet["values"]) == len(listed), (params, name)
    everything = (await gis_staff.get(f"{BASE}/facets")).json()["facets"]
    units = {count["value"]: count["cameras"] for count in everything["unit"]["values"]}
    assert units["west"] == units["west-1"] + units["west-2"] + 1, "one stands in no township"
    assert units[None] == 1, "one stands in the sea"
    assert {count["value"]: count["cameras"] for count in everything["scene"]["values"]} == {
        "square": 2,
        None: 4,
    }
    assert {"value": "online", "name": None, "level": None, "cameras": 1} in everything["state"]["values"]


async def test_what_nobody_has_as_written_is_counted_as_it_sounds(
    named: World, gis_staff: AsyncClient
) -> None:
    counts = (await gis_staff.get(f"{BASE}/facets", params={"q": "hql", "facet": "owner"})).json()
    assert (counts["cameras"], counts["found"]) == (2, "sound")
    exactly = (await gis_staff.get(f"{BASE}/facets", params={"q": "hql", "exact": True})).json()
    assert (exactly["cameras"], exactly["found"]) == (0, "exact")


async def test_the_nearest_are_told_with_distance_and_bearing(named: World, gis_staff: AsyncClient) -> None:
    params = {"longitude": 121.06, "latitude": 37.1, "limit": 2}
    first, second = (await gis_staff.get(f"{BASE}/nearest", params=params)).json()["items"]
    bearing, _, distance = GEOD.inv(121.06, 37.1, *WEST_1)
    assert first["distance_m"] == pytest.approx(distance, abs=0.01)
    assert first["bearing_deg"] == pytest.approx(bearing % 360, abs=0.01)
    assert second["distance_m"] > first["distance_m"]
    close = await gis_staff.get(f"{BASE}/nearest", params={**params, "within_m": 100})
    assert close.json()["items"] == []
    filtered = await gis_staff.get(f"{BASE}/nearest", params={**params, "ptz_type": 1, "limit": 1})
    assert filtered.json()["items"][0]["camera"]["name"] == "红旗路12号球机"


async def test_cameras_along_a_road_come_in_its_order(named: World, gis_staff: AsyncClient) -> None:
    answer = (await gis_staff.get(f"{BASE}/along", params={"name": "滨海路"})).json()
    assert answer["cameras"] == len(answer["items"]) == 4
    chainages = [item["chainage_m"] for item in answer["items"]]
    assert chainages == sorted(chainages)
    assert answer["items"][0]["camera"]["place"]["longitude"] == pytest.approx(121.05)
    assert answer["items"][0]["chainage_m"] == pytest.approx(GEOD.inv(121.0, 37.1, *WEST_1)[2], abs=1)
    back = {"type": "LineString", "coordinates": [[121.4, 37.1], [121.0, 37.1]]}
    drawn = (await gis_staff.post(f"{BASE}/along", json={"along": {"line": back, "metres": 20}})).json()
    assert [item["camera"]["id"] for item in drawn["items"]] == [
        item["camera"]["id"] for item in reversed(answer["items"])
    ]
    assert (await gis_staff.get(f"{BASE}/along", params={"name": "无名路"})).status_code == 404
    assert (await gis_staff.post(f"{BASE}/along", json={"along": {}})).status_code == 422


async def test_who_sees_a_place_the_best_first(named: World, gis_staff: AsyncClient) -> None:
    longitude, latitude, _ = GEOD.fwd(*WEST_1, 100, 60)
    answer = (
        await gis_staff.get(f"{BASE}/seeing", params={"longitude": longitude, "latitude": latitude})
    ).json()
    (one,) = answer["items"]
    assert (one["sight"], one["camera"]["name"]) == ("sees", "芝罘红旗路与青年路路口东侧枪机")
    assert one["off_axis_deg"] == pytest.approx(10, abs=0.1)
    assert 0.5 < one["probability"] <= 1
    sees = await gis_staff.get(BASE, params={"sees": f"{longitude},{latitude}"})
    assert [item["id"] for item in sees.json()["items"]] == [one["camera"]["id"]]
    view = (await gis_staff.get(f"{BASE}/{one['camera']['id']}/view")).json()
    assert (view["type"], view["geometry"]["type"]) == ("Feature", "Polygon")
    assert (view["properties"]["field_deg"], view["properties"]["assumed"]) == (60, [])
    lost = await gis_staff.get(BASE, params={"has_place": False})
    assert (await gis_staff.get(f"{BASE}/{lost.json()['items'][0]['id']}/view")).status_code == 404


@pytest.mark.parametrize(
    "params",
    [
        {"near": "121,37"},
        {"near": "121,37,-1"},
        {"near": "121,99,5"},
        {"near": "nan,37,5"},
        {"sees": "x"},
        {"fields": "id,secret"},
        {"ptz_type": 9},
        {"road_within_m": 1e9, "road": "x"},
        {"score_below": 101},
        {"q": "x" * 65},
    ],
)
async def test_what_cannot_be_meant_is_refused(gis_staff: AsyncClient, params: dict[str, object]) -> None:
    answer = await gis_staff.get(BASE, params=params)
    assert answer.status_code == 422, answer.text


number = st.floats() | st.integers(-400, 400)


@FUZZ
@given(
    st.dictionaries(
        st.sampled_from(
            ["near", "sees", "road", "near_layer", "q", "unit", "cursor", "fields", "score_below"]
        ),
        st.text(max_size=30) | st.tuples(number, number, number).map(lambda n: ",".join(map(str, n))),
    ),
    st.sampled_from(["", "/facets", "/nearest", "/along", "/seeing"]),
    st.tuples(number, number),
)
async def test_no_question_breaks_the_server(
    gis_staff: AsyncClient, params: dict[str, str], route: str, place: tuple[float, float]
) -> None:
    sent = {k: v.encode("utf-8", "replace").decode() for k, v in params.items()}
    where = (
        {"longitude": str(place[0]), "latitude": str(place[1])} if route in ("/nearest", "/seeing") else {}
    )
    answer = await gis_staff.get(BASE + route, params={**sent, **where})
    assert answer.status_code in (200, 404, 422), answer.text
