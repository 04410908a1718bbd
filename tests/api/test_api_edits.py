"""Editing a camera: the unit follows the place, nobody's edit is lost, and a repeated write is done once."""

import asyncio

import pytest
from api_world import Session, World

from models.scope import Role


@pytest.fixture
def camera(world: World) -> str:
    return f"/api/v1/cameras/{world.city.cameras['west-1']}"


async def test_a_record_is_read_with_its_version(login: Session, camera: str) -> None:
    client = await login(Role.GIS)
    answer = await client.get(camera)
    assert answer.headers["etag"].startswith('"1-')
    record = answer.json()
    assert record["unit"] == {"code": "west-1", "name": "西一街道", "path": ["烟台市", "西区", "西一街道"]}
    assert record["place"] == {"longitude": 121.05, "latitude": 37.1, "accuracy_m": 12.0}
    assert record["state"] == "online"
    assert record["classifications"] == [
        {"code": "square", "name": "广场公园", "source": "person", "confidence": None}
    ]
    assert record["has_stream"] is True
    assert "rtsp:" not in answer.text, "where a camera is on the network is nobody's business"


async def test_moving_a_camera_gives_it_to_the_unit_whose_ground_it_stands_on(
    world: World, login: Session, camera: str
) -> None:
    client = await login(Role.GIS, name="li.gis")
    change = {"longitude": 121.25, "latitude": 37.1, "heading_deg": 90}
    answer = await client.patch(camera, json=change, headers={"If-Match": '"1"'})
    assert answer.status_code == 200
    assert answer.headers["etag"].startswith('"2-')
    record = answer.json()
    assert record["unit"]["code"] == "east-1"
    assert record["place"] == {"longitude": 121.25, "latitude": 37.1, "accuracy_m": None}
    assert record["declared"] == {"longitude": 121.25, "latitude": 37.1, "crs": "WGS-84"}
    assert record == (await client.get(camera)).json()
    (deed,) = [deed for deed in await world.audit() if deed["action"] == "camera.edit"]
    assert deed["object"] == f"camera/{record['id']}"
    assert deed["detail"]["before"]["unit_id"] == world.city.units["west-1"]
    assert deed["detail"]["after"]["unit_id"] == world.city.units["east-1"]
    assert deed["detail"]["after"]["heading_deg"] == 90


async def test_the_sea_belongs_to_nobody(login: Session, camera: str) -> None:
    client = await login(Role.GIS)
    change = {"longitude": 121.05, "latitude": 38.0}
    answer = await client.patch(camera, json=change, headers={"If-Match": "*"})
    assert answer.json()["unit"] is None


async def test_a_district_moves_a_camera_within_its_borders_only(login: Session, camera: str) -> None:
    client = await login(Role.GIS, unit="west")
    out = await client.patch(
        camera, json={"longitude": 121.25, "latitude": 37.1}, headers={"If-Match": '"1"'}
    )
    assert out.status_code == 403
    within = await client.patch(
        camera, json={"longitude": 121.15, "latitude": 37.1}, headers={"If-Match": '"1"'}
    )
    assert within.json()["unit"]["code"] == "west-2"


async def test_an_edit_of_an_older_version_is_refused_with_who_came_first(
    login: Session, camera: str
) -> None:
    first, second = await login(Role.GIS, name="li.first"), await login(Role.GIS)
    assert (await first.patch(camera, json={"name": "one"}, headers={"If-Match": '"1"'})).status_code == 200
    late = await second.patch(camera, json={"name": "two"}, headers={"If-Match": '"1"'})
    assert late.status_code == 412
    problem = late.json()
    assert problem["type"] == "urn:dengta:problem:edited-meanwhile"
    assert problem["edited_by"] == "li.first"
    assert problem["version"] == 2
    assert problem["edited_at"]
    assert (await second.get(camera)).json()["name"] == "one"


async def test_of_two_edits_at_once_one_is_refused(login: Session, camera: str) -> None:
    clients = [await login(Role.GIS) for _ in range(4)]
    answers = await asyncio.gather(
        *(c.patch(camera, json={"name": str(i)}, headers={"If-Match": '"1"'}) for i, c in enumerate(clients))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]


async def test_an_edit_without_a_version_is_refused(login: Session, camera: str) -> None:
    answer = await (await login(Role.GIS)).patch(camera, json={"name": "x"})
    assert answer.status_code == 428


NONSENSE = [
    {},
    {"longitude": 121.0},
    {"longitude": None, "latitude": None},
    {"name": None},
    {"name": "  "},
    {"name": "a\u0000b"},
    {"latitude": 89, "longitude": 1},
    {"heading_deg": 360},
    {"heading_deg": "north"},
    {"stream_url": "rtsp://admin:secret@10.0.0.1/"},
    {"stream_url": "ftp://10.0.0.1/"},
    {"ip_address": "10.0.0.300"},
    {"mac": "aa:bb"},
    {"ptz_type": 8},
    {"port": 0},
    {"installed_on": "yesterday"},
    {"max_view_distance_m": -1},
    {"crs": "GCJ-02"},
    {"version": 7},
    {"gone_since": None},
    {"sensitivity": 0},
    {"unit_id": 1},
    [],
    "x",
]


async def test_what_cannot_be_meant_is_refused_by_field(login: Session, camera: str) -> None:
    client = await login(Role.GIS)
    for change in NONSENSE:
        answer = await client.patch(camera, json=change, headers={"If-Match": '"1"'})
        assert answer.status_code == 422, change
        assert answer.json()["errors"], change
    assert (await client.get(camera)).headers["etag"].startswith('"1-')


async def test_numbers_that_json_does_not_have_are_refused(login: Session, camera: str) -> None:
    client = await login(Role.GIS)
    headers = {"If-Match": "*", "Content-Type": "application/json"}
    answer = await client.patch(camera, content='{"longitude": NaN, "latitude": Infinity}', headers=headers)
    assert answer.status_code == 422


async def test_a_repeated_write_is_done_once_and_answered_again(
    world: World, login: Session, camera: str
) -> None:
    client = await login(Role.GIS)
    headers = {"If-Match": '"1"', "Idempotency-Key": "k-1"}
    first = await client.patch(camera, json={"name": "one"}, headers=headers)
    again = await client.patch(camera, json={"name": "one"}, headers=headers)
    assert again.status_code == 200
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    assert first.headers["etag"].startswith('"2-')
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert sum(deed["action"] == "camera.edit" for deed in await world.audit()) == 1


async def test_equal_writes_at_once_are_done_once(world: World, login: Session, camera: str) -> None:
    client = await login(Role.GIS)
    headers = {"If-Match": '"1"', "Idempotency-Key": "k-1"}
    answers = await asyncio.gather(
        *(client.patch(camera, json={"name": "one"}, headers=headers) for _ in range(4))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum(deed["action"] == "camera.edit" for deed in await world.audit()) == 1


async def test_a_key_is_not_good_for_another_write(login: Session, camera: str) -> None:
    client = await login(Role.GIS)
    headers = {"If-Match": "*", "Idempotency-Key": "k-1"}
    await client.patch(camera, json={"name": "one"}, headers=headers)
    other = await client.patch(camera, json={"name": "two"}, headers=headers)
    assert other.status_code == 422
    assert other.json()["type"] == "urn:dengta:problem:idempotency-key-reused"
    stranger = await login(Role.GIS)
    assert (await stranger.patch(camera, json={"name": "two"}, headers=headers)).status_code == 200


async def test_a_failed_write_may_be_tried_again_under_its_key(login: Session, camera: str) -> None:
    client = await login(Role.GIS)
    headers = {"If-Match": '"7"', "Idempotency-Key": "k-1"}
    assert (await client.patch(camera, json={"name": "x"}, headers=headers)).status_code == 412
    headers["If-Match"] = '"1"'
    assert (await client.patch(camera, json={"name": "x"}, headers=headers)).status_code == 200


async def test_keys_are_kept_for_a_day(world: World, login: Session, camera: str) -> None:
    client = await login(Role.GIS)
    headers = {"If-Match": "*", "Idempotency-Key": "k-1"}
    await client.patch(camera, json={"name": "one"}, headers=headers)
    world.clock.advance(24 * 3600 + 1)
    fresh = await login(Role.GIS)
    assert (await fresh.get(camera)).status_code == 200
    account_id = await world.fetchval("select account_id from idempotency")
    async with world.database.raw() as connection:
        await connection.execute("update session set account_id = $1", account_id)
    again = await fresh.patch(camera, json={"name": "two"}, headers=headers)
    assert again.json()["name"] == "two"
    assert await world.fetchval("select count(*) from idempotency") == 1
