"""Cameras entered by hand, retired and restored, edited in batches, and what was done to them."""

from __future__ import annotations

from api_world import Session, World
from httpx import AsyncClient

from models.scope import Role

BASE = "/api/v1/cameras"
NEW = {
    "code": "37060200081326000009",
    "name": "新建路1号",
    "longitude": 121.15,
    "latitude": 37.1,
    "stream_url": "rtsp://10.20.30.40:554/stream1",
    "ip_address": "10.20.30.40",
    "mac": "AA-BB-CC-DD-EE-FF",
    "installed_on": "2024-05-01",
    "contact_info": "王工 13800000000",
    "ptz_type": 1,
}


async def test_a_camera_is_entered_with_its_unit(world: World, login: Session) -> None:
    client = await login(Role.GIS, name="li.gis")
    answer = await client.post(BASE, json=NEW)
    assert answer.status_code == 201, answer.text
    record = answer.json()
    assert answer.headers["location"] == f"{BASE}/{record['id']}"
    assert record["unit"]["code"] == "west-2"
    assert (record["has_stream"], record["installed_on"], record["version"]) == (True, "2024-05-01", 1)
    assert record["contact_info"] == NEW["contact_info"]
    assert "10.20.30.40" not in answer.text, "where a camera is on the network is nobody's business"
    stored = await world.fetchval(
        "select mac || ' ' || host(ip_address) from camera where id = $1", record["id"]
    )
    assert stored == "aa:bb:cc:dd:ee:ff 10.20.30.40"
    reader = await login(Role.OPERATOR)
    assert (await reader.get(f"{BASE}/{record['id']}")).json()["contact_info"] is None
    history = await reader.get(f"{BASE}/{record['id']}/history")
    (entered,) = history.json()["items"]
    assert (entered["action"], entered["by"], entered["after"]["name"]) == (
        "camera.create",
        "li.gis",
        NEW["name"],
    )
    assert "10.20.30.40" not in history.text
    assert "13800000000" not in history.text


async def test_a_repeated_entry_is_one_camera(login: Session) -> None:
    client = await login(Role.GIS)
    first = await client.post(BASE, json=NEW, headers={"Idempotency-Key": "k"})
    again = await client.post(BASE, json=NEW, headers={"Idempotency-Key": "k"})
    assert again.json()["id"] == first.json()["id"]
    other = await client.post(BASE, json=NEW)
    assert other.status_code == 409, "its device id is taken"


async def test_a_place_may_be_given_as_a_web_map_has_it(login: Session) -> None:
    client = await login(Role.GIS)
    body = {"name": "x", "longitude": 121.1557, "latitude": 37.1005, "crs": "GCJ-02"}
    record = (await client.post(BASE, json=body)).json()
    assert record["declared"] == {"longitude": 121.1557, "latitude": 37.1005, "crs": "GCJ-02"}
    assert 0.001 < abs(record["place"]["longitude"] - 121.1557) < 0.01


async def test_rules_of_an_import_hold_by_field(login: Session) -> None:
    client = await login(Role.GIS)
    bad = {**NEW, "stream_url": "rtsp://admin:secret@10.0.0.1/", "mac": "zz", "civil_code": "x"}
    answer = await client.post(BASE, json=bad)
    assert answer.status_code == 422
    assert {fault["field"] for fault in answer.json()["errors"]} == {
        "body.stream_url",
        "body.mac",
        "body.civil_code",
    }
    assert all(fault["reason"] and fault["remedy"] for fault in answer.json()["errors"])
    assert "secret" not in answer.text


async def test_a_district_enters_only_on_its_own_ground(login: Session) -> None:
    client = await login(Role.GIS, unit="east")
    assert (await client.post(BASE, json=NEW)).status_code == 403
    without_place = {"name": "未定位"}
    assert (await client.post(BASE, json=without_place)).json()["unit"]["code"] == "east"
    assert (await client.post(BASE, json={"name": "x", "unit": "west"})).status_code == 404
    assert (await client.post(BASE, json={"name": "x", "sensitivity": 2})).status_code == 403
    reader = await login(Role.OPERATOR)
    assert (await reader.post(BASE, json=without_place)).status_code == 403


async def test_a_retired_camera_leaves_the_lists_and_can_come_back(world: World, login: Session) -> None:
    client = await login(Role.GIS, sensitivity=3)
    address = f"{BASE}/{world.city.cameras['west-1']}"
    assert (await client.delete(address)).status_code == 428
    assert (await client.delete(address, headers={"If-Match": '"9"'})).status_code == 412
    retired = await client.delete(address, headers={"If-Match": '"1"'})
    assert retired.status_code == 200
    assert retired.json()["gone_since"]
    ids = [item["id"] for item in (await client.get(BASE)).json()["items"]]
    assert world.city.cameras["west-1"] not in ids
    gone = (await client.get(BASE, params={"gone": True})).json()["items"]
    assert [item["id"] for item in gone] == [world.city.cameras["west-1"]]
    assert (await client.get(address)).status_code == 200
    restored = await client.post(f"{address}/restore", json={}, headers={"If-Match": retired.headers["etag"]})
    assert restored.status_code == 200, restored.text
    assert restored.json()["gone_since"] is None
    actions = [item["action"] for item in (await client.get(f"{address}/history")).json()["items"]]
    assert actions == ["camera.restore", "camera.retire"]


async def test_each_edit_of_a_batch_is_done_or_refused_by_itself(
    world: World, gis_staff: AsyncClient
) -> None:
    west, east = world.city.cameras["west-1"], world.city.cameras["east-1"]
    items = [
        {"id": west, "version": 1, "change": {"heading_deg": 10}},
        {"id": east, "version": 7, "change": {"heading_deg": 20}},
        {"id": 999_999, "version": 1, "change": {"name": "x"}},
        {"id": world.city.cameras["east-2"], "version": 1, "change": {"stream_url": "rtsp://a:b@c/"}},
    ]
    answer = await gis_staff.post(f"{BASE}/batch", json={"items": items})
    assert answer.status_code == 200, answer.text
    outcome = answer.json()
    assert (outcome["edited"], outcome["refused"]) == (1, 3)
    assert [item["status"] for item in outcome["items"]] == [200, 412, 404, 422]
    assert [item["version"] for item in outcome["items"]] == [2, 1, None, None]
    assert outcome["items"][3]["errors"][0]["field"] == "change.stream_url"
    assert (await gis_staff.get(f"{BASE}/{west}")).json()["heading_deg"] == 10


async def test_an_atomic_batch_is_done_whole_or_not_at_all(world: World, gis_staff: AsyncClient) -> None:
    west, east = world.city.cameras["west-1"], world.city.cameras["east-1"]
    items = [
        {"id": west, "version": 1, "change": {"heading_deg": 10}},
        {"id": east, "version": 7, "change": {"heading_deg": 20}},
    ]
    refused = await gis_staff.post(f"{BASE}/batch", json={"items": items, "atomic": True})
    assert refused.status_code == 422
    assert [item["id"] for item in refused.json()["items"]] == [east]
    assert (await gis_staff.get(f"{BASE}/{west}")).json()["version"] == 1
    items[1]["version"] = 1
    done = await gis_staff.post(f"{BASE}/batch", json={"items": items, "atomic": True})
    assert done.json()["edited"] == 2
    twice = [items[0], items[0]]
    assert (await gis_staff.post(f"{BASE}/batch", json={"items": twice})).status_code == 422
    many = [{**items[0], "id": n + 1} for n in range(501)]
    assert (await gis_staff.post(f"{BASE}/batch", json={"items": many})).status_code == 422


async def test_a_record_is_sent_only_when_it_changed(world: World, gis_staff: AsyncClient) -> None:
    address = f"{BASE}/{world.city.cameras['west-1']}"
    tag = (await gis_staff.get(address)).headers["etag"]
    same = await gis_staff.get(address, headers={"If-None-Match": tag})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    async with world.database.raw() as connection:
        await connection.execute("update camera_state set state = 3")
    observed = await gis_staff.get(address, headers={"If-None-Match": tag})
    assert (observed.status_code, observed.json()["state"]) == (200, "offline")
    edited = await gis_staff.patch(address, json={"name": "x"}, headers={"If-Match": tag})
    assert edited.status_code == 200, "what was observed in between is no edit"


async def test_the_whole_record_is_edited_and_emptied(world: World, gis_staff: AsyncClient) -> None:
    address = f"{BASE}/{world.city.cameras['west-1']}"
    full = {
        "manufacturer": "海康威视", "civil_code": "370602", "record_save_days": 30, "security_level": "B",
        "supply_light_type": 2, "horizontal_field_deg": 84.5, "snapshot_url": "http://10.0.0.1/a.jpg",
        "maintainer": "运维一队", "protocol": "onvif",
    }  # fmt: skip
    edited = (await gis_staff.patch(address, json=full, headers={"If-Match": "*"})).json()
    shown = {name: value for name, value in full.items() if name != "snapshot_url"}
    assert {name: edited[name] for name in shown} == shown
    emptied = await gis_staff.patch(address, json=dict.fromkeys(full), headers={"If-Match": "*"})
    assert {emptied.json()[name] for name in shown} == {None}
