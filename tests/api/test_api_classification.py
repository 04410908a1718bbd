"""Classification as its users meet it: a dry run, one stroke, what stands against it, and taking it back."""

import asyncio
import json
from typing import Any

import pytest
from api_world import Session, World
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.scope import Role

LASSO = {
    "type": "Polygon",
    "coordinates": [[[121.0, 37.0], [121.2, 37.0], [121.2, 37.2], [121.0, 37.2], [121.0, 37.0]]],
}
"""The west: west-1, which serves squares, and west-2, which is of sensitivity 2."""

EVERYWHERE = {"area": {**LASSO, "coordinates": [[[120, 36], [123, 36], [123, 38], [120, 38], [120, 36]]]}}


@pytest.fixture
async def city(world: World) -> World:
    async with world.database.raw() as connection:
        await connection.execute(
            """insert into scene (id, code, name, name_en, family, looks_for, cadence_s, priority) values
               (20, 'road', '城市道路', 'road', 'traffic', '{}', 60, 1),
               (21, 'snow', '清雪重点', 'snow', 'weather', '{}', 600, 1)"""
        )
    return world


def wish(scene: str = "snow", action: str = "add", **more: Any) -> dict[str, Any]:
    return {"action": action, "scenes": [scene], "cameras": {"area": LASSO}, **more}


async def send(client: AsyncClient, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = await client.post("/api/v1/classifications", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def scenes_of(client: AsyncClient, world: World, camera: str) -> list[str]:
    answer = await client.get(f"/api/v1/cameras/{world.city.cameras[camera]}/classifications")
    return [item["scene"]["code"] for item in answer.json()["items"]]


async def test_a_dry_run_shows_what_will_change_and_changes_nothing(city: World, login: Session) -> None:
    client = await login(Role.GIS, sensitivity=3)
    answer = await client.post("/api/v1/classifications/preview", json=wish())
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert {name: shown[name] for name in ("meant", "new", "already", "differs")} == {
        "meant": 2,
        "new": 1,
        "already": 0,
        "differs": 1,
    }
    assert (shown["changed"], shown["added"], shown["removed"]) == (2, 2, 0)
    assert shown["conflicts"] == [
        {"scene": {"code": "square", "name": "广场公园"}, "source": "person", "by": None, "cameras": 1}
    ]
    assert shown["units"] == [
        {"key": "west-1", "name": "西一街道", "cameras": 1},
        {"key": "west-2", "name": "西二街道", "cameras": 1},
    ]
    assert shown["states"] == {"unknown": 1, "online": 1}
    assert shown["scenes"] == [{"key": "square", "name": "广场公园", "cameras": 1}]
    first, second = shown["sample"]
    assert (first["standing"], first["serves"], first["will_serve"]) == (
        "differs",
        ["square"],
        ["square", "snow"],
    )
    assert (second["standing"], second["serves"], second["will_serve"]) == ("new", [], ["snow"])
    assert await scenes_of(client, city, "west-1") == ["square"]
    assert await city.fetchval("select count(*) from classification_batch") == 0


@pytest.mark.parametrize(
    ("action", "conflicts", "expected"),
    [
        ("add", None, (["square", "snow"], ["snow"])),
        ("add", "beside", (["square", "snow"], ["snow"])),
        ("add", "keep", (["square"], ["snow"])),
        ("add", "replace", (["snow"], ["snow"])),
        ("replace", None, (["snow"], ["snow"])),
        ("replace", "keep", (["square"], ["snow"])),
        ("remove", None, (["square"], [])),
    ],
)
async def test_conflicts_are_dealt_with_as_asked(
    city: World, login: Session, action: str, conflicts: str | None, expected: tuple[list[str], list[str]]
) -> None:
    client = await login(Role.GIS, sensitivity=3)
    body = wish(action=action, **({"conflicts": conflicts} if conflicts else {}))
    shown = (await client.post("/api/v1/classifications/preview", json=body)).json()
    done = await send(client, {**body, "token": shown["token"]})
    assert {name: shown[name] for name in ("meant", "changed", "added", "removed", "kept")} == {
        name: done[name] for name in ("meant", "changed", "added", "removed", "kept")
    }
    assert (await scenes_of(client, city, "west-1"), await scenes_of(client, city, "west-2")) == expected


async def test_a_stroke_is_one_batch_one_record_and_says_who_when_and_why(
    city: World, login: Session
) -> None:
    client = await login(Role.GIS, sensitivity=3, name="wang.gis")
    done = await send(client, wish(reason="冬季复核"))
    assert done == {
        "batch": done["batch"],
        "meant": 2,
        "changed": 2,
        "unchanged": 0,
        "added": 2,
        "removed": 0,
        "kept": 0,
    }
    (deed,) = [deed for deed in await city.audit() if deed["action"].startswith("classification")]
    assert deed["object"] == f"classification/{done['batch']}"
    assert deed["detail"]["changed"] == 2
    listed = (await client.get("/api/v1/classifications/batches")).json()["items"]
    detail = (await client.get(f"/api/v1/classifications/batches/{done['batch']}")).json()
    assert listed == [{name: value for name, value in detail.items() if name != "units"}]
    assert detail["by"] == "wang.gis"
    assert detail["asked"] == {"area": json.loads(json.dumps(LASSO))}
    assert (detail["reason"], detail["scenes"], detail["cameras"]) == ("冬季复核", ["snow"], 2)
    assert [(unit["unit"]["code"], unit["cameras"]) for unit in detail["units"]] == [
        ("west-1", 1),
        ("west-2", 1),
    ]
    camera = city.city.cameras["west-2"]
    (item,) = (await client.get(f"/api/v1/cameras/{camera}/classifications")).json()["items"]
    assert item == {
        "scene": {"code": "snow", "name": "清雪重点"},
        "source": "person",
        "confidence": None,
        "reason": "冬季复核",
        "by": "wang.gis",
        "at": detail["at"],
        "batch": done["batch"],
    }
    again = await send(client, wish())
    assert (again["batch"], again["unchanged"]) == (None, 2)


async def test_the_cameras_of_a_batch_page(city: World, login: Session) -> None:
    client = await login(Role.GIS, sensitivity=3)
    done = await send(client, {**wish("snow", "replace"), "cameras": EVERYWHERE})
    address = f"/api/v1/classifications/batches/{done['batch']}/cameras"
    whole = (await client.get(address)).json()["items"]
    pages, cursor = [], {}
    while cursor is not None:
        page = (await client.get(address, params={"limit": 1, **cursor})).json()
        pages += page["items"]
        cursor = {"cursor": page["next"]} if page["next"] else None
    assert pages == whole
    assert len(whole) == done["changed"] == 5
    assert {"came": ["snow"], "went": ["square"]}.items() <= whole[0].items()


async def test_nobody_classifies_outside_their_unit_or_above_their_sensitivity(
    city: World, login: Session
) -> None:
    west = await login(Role.GIS, unit="west")
    shown = (await west.post("/api/v1/classifications/preview", json=wish(cameras=EVERYWHERE))).json()
    assert shown["meant"] == 1
    done = await send(west, wish(cameras=EVERYWHERE))
    assert done["meant"] == done["changed"] == 1
    hidden = city.city.cameras["west-2"]
    listed = {"ids": [city.city.cameras["west-1"], hidden, city.city.cameras["east-1"]]}
    shown = (await west.post("/api/v1/classifications/preview", json=wish(cameras=listed))).json()
    assert (shown["meant"], shown["unknown"]) == (1, 2)
    assert (await west.get(f"/api/v1/cameras/{hidden}/classifications")).status_code == 404
    put = await west.put(f"/api/v1/cameras/{hidden}/classifications/snow", headers={"If-Match": "*"})
    assert put.status_code == 404


async def test_a_batch_is_known_to_those_whose_cameras_it_changed(city: World, login: Session) -> None:
    everyone = await login(Role.GIS, sensitivity=3)
    west, east = await login(Role.GIS, unit="west"), await login(Role.GIS, unit="east")
    done = await send(everyone, wish())
    assert [b["cameras"] for b in (await west.get("/api/v1/classifications/batches")).json()["items"]] == [1]
    assert (await east.get("/api/v1/classifications/batches")).json()["items"] == []
    address = f"/api/v1/classifications/batches/{done['batch']}"
    assert (await east.get(address)).status_code == 404
    assert (await east.post(f"{address}/undo")).status_code == 404
    undone = (await west.post(f"{address}/undo")).json()
    assert (undone["undone"], undone["gone"]) == (1, 0), "a district takes back what is its own"
    assert await scenes_of(everyone, city, "west-2") == ["snow"]


async def test_reading_is_not_classifying(city: World, login: Session) -> None:
    operator = await login(Role.OPERATOR)
    assert (await operator.get("/api/v1/classifications/batches")).status_code == 200
    for address, body in (
        ("/api/v1/classifications", wish()),
        ("/api/v1/classifications/preview", wish()),
        ("/api/v1/classifications/batches/1/undo", None),
    ):
        assert (await operator.post(address, json=body)).status_code == 403


async def test_what_changed_after_the_dry_run_is_told_and_nothing_is_done(
    city: World, login: Session
) -> None:
    client, other = await login(Role.GIS, sensitivity=3), await login(Role.GIS, sensitivity=3, name="li.gis")
    token = (await client.post("/api/v1/classifications/preview", json=wish())).json()["token"]
    theirs = await send(other, wish("road", cameras={"ids": [city.city.cameras["west-1"]]}))
    refused = await client.post("/api/v1/classifications", json=wish(token=token))
    assert refused.status_code == 409
    problem = refused.json()
    assert problem["type"] == "urn:dengta:problem:meaning-changed"
    assert (problem["then"], problem["now"]) == (2, 2)
    (since,) = problem["since"]
    assert (since["batch"], since["by"], since["cameras"]) == (theirs["batch"], "li.gis", 1)
    assert await scenes_of(client, city, "west-2") == []

    token = (await client.post("/api/v1/classifications/preview", json=wish())).json()["token"]
    moved = await other.patch(
        f"/api/v1/cameras/{city.city.cameras['west-2']}",
        json={"longitude": 121.3, "latitude": 37.1},
        headers={"If-Match": "*"},
    )
    assert moved.status_code == 200
    refused = await client.post("/api/v1/classifications", json=wish(token=token))
    assert (refused.json()["then"], refused.json()["now"]) == (2, 1)
    assert (await send(client, wish()))["changed"] == 1, "without the token it is done all the same"


async def test_a_token_is_good_for_its_own_dry_run_only(city: World, login: Session) -> None:
    client = await login(Role.GIS)
    token = (await client.post("/api/v1/classifications/preview", json=wish())).json()["token"]
    for body in (wish("road", token=token), wish(token="nonsense"), wish(token="W10"), wish(token="")):
        answer = await client.post("/api/v1/classifications", json=body)
        assert answer.status_code == 422, body
    assert (await send(client, wish(token=token, reason="the reason may be typed last")))["changed"] == 1


async def test_undo_and_redo_and_what_was_decided_since(city: World, login: Session) -> None:
    client, other = await login(Role.GIS, sensitivity=3), await login(Role.GIS, sensitivity=3, name="li.gis")
    done = await send(client, wish("snow", "replace"))
    city.clock.advance(60)
    later = await send(other, wish("snow", "remove", cameras={"ids": [city.city.cameras["west-2"]]}))
    address = f"/api/v1/classifications/batches/{done['batch']}/undo"
    foreseen = (await client.post(f"{address}/preview")).json()
    assert (foreseen["undone"], foreseen["changed"], foreseen["batch"]) == (1, 1, None)
    undone = (await client.post(address, json={"reason": "套索画错了"})).json()
    assert {**undone, "batch": None} == foreseen
    assert [(b["batch"], b["by"], b["cameras"]) for b in undone["since"]] == [(later["batch"], "li.gis", 1)]
    assert await scenes_of(client, city, "west-1") == ["square"]
    again = (await client.post(address)).json()
    assert (again["batch"], again["undone"], again["already"], again["changed"]) == (None, 0, 1, 1)
    redone = (await client.post(f"/api/v1/classifications/batches/{undone['batch']}/undo")).json()
    assert redone["undone"] == 1
    assert await scenes_of(client, city, "west-1") == ["snow"]
    batch = (await client.get(f"/api/v1/classifications/batches/{done['batch']}")).json()
    assert batch["undone_by"] == [undone["batch"]]
    kinds = [deed["action"] for deed in await city.audit() if deed["action"].startswith("classification")]
    assert kinds == ["classification.apply"] * 2 + ["classification.undo"] * 2


async def test_a_batch_can_be_undone_for_thirty_days(city: World, login: Session) -> None:
    done = await send(await login(Role.GIS), wish())
    address = f"/api/v1/classifications/batches/{done['batch']}/undo"
    city.clock.advance(30 * 24 * 3600 + 1)
    late = await login(Role.GIS)
    for where in (address, f"{address}/preview"):
        answer = await late.post(where)
        assert answer.status_code == 409
        assert "30 days" in answer.json()["detail"]


async def test_one_camera_is_classified_by_hand(city: World, login: Session) -> None:
    client = await login(Role.GIS, name="wang.gis")
    address = f"/api/v1/cameras/{city.city.cameras['west-1']}/classifications"
    read = await client.get(address)
    tag = read.headers["etag"]
    assert (await client.put(f"{address}/snow")).status_code == 428
    city.clock.advance(60)
    put = await client.put(
        f"{address}/snow", json={"reason": "坡道", "confidence": 0.5}, headers={"If-Match": tag}
    )
    assert put.status_code == 200, put.text
    assert put.headers["etag"] != tag
    assert [item["scene"]["code"] for item in put.json()["items"]] == ["square", "snow"]
    assert put.json()["items"][1]["confidence"] == 0.5
    late = await client.put(f"{address}/road", headers={"If-Match": tag})
    assert (late.status_code, late.json()["edited_by"]) == (412, "wang.gis")
    gone = await client.delete(
        f"{address}/square", params={"reason": "镜头已转向"}, headers={"If-Match": put.headers["etag"]}
    )
    assert [item["scene"]["code"] for item in gone.json()["items"]] == ["snow"]
    assert (await client.delete(f"{address}/square", headers={"If-Match": "*"})).status_code == 404
    assert (await client.put(f"{address}/nowhere", headers={"If-Match": "*"})).status_code == 422

    events = (await client.get(f"{address}/history")).json()["items"]
    assert [(e["action"], e["added"], e["assignment"]["scene"]["code"], e["why"]) for e in events] == [
        ("remove", False, "square", "镜头已转向"),
        ("add", True, "snow", "坡道"),
    ]
    then = (await client.get(address, params={"at": "2026-01-17T09:00:30Z"})).json()["items"]
    assert [item["scene"]["code"] for item in then] == ["square"]
    assert then == read.json()["items"]


async def test_confirming_makes_what_is_so_already_ones_own_word(city: World, login: Session) -> None:
    async with city.database.raw() as connection:
        await connection.execute("update camera_scene set source = 'import'")
    client = await login(Role.GIS, name="wang.gis")
    body = wish("square", cameras={"scenes": ["square"]})
    assert (await send(client, body))["batch"] is None
    done = await send(client, {**body, "confirm": True})
    assert done["changed"] == 2
    address = f"/api/v1/cameras/{city.city.cameras['west-1']}/classifications"
    (item,) = (await client.get(address)).json()["items"]
    assert (item["source"], item["by"]) == ("person", "wang.gis")
    await client.post(f"/api/v1/classifications/batches/{done['batch']}/undo")
    (item,) = (await client.get(address)).json()["items"]
    assert (item["source"], item["by"], item["batch"]) == ("import", None, None)


async def test_a_repeated_stroke_is_done_once(city: World, login: Session) -> None:
    client = await login(Role.GIS)
    first = await send(client, wish(), **{"Idempotency-Key": "stroke-1"})
    answers = await asyncio.gather(
        *(send(client, wish(), **{"Idempotency-Key": "stroke-1"}) for _ in range(3))
    )
    assert answers == [first] * 3
    assert await city.fetchval("select count(*) from classification_batch") == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action": "add", "scenes": [], "cameras": {}},
        {"action": "add", "scenes": ["snow"]},
        {"action": "burn", "scenes": ["snow"], "cameras": {}},
        {"action": "add", "scenes": ["no-such-scene"], "cameras": {}},
        {"action": "replace", "scenes": ["snow"], "cameras": {}, "conflicts": "beside"},
        {"action": "remove", "scenes": ["snow"], "cameras": {}, "conflicts": "keep"},
        {"action": "add", "scenes": ["snow"], "cameras": {}, "confidence": 2},
        {"action": "add", "scenes": ["snow"], "cameras": {}, "reason": "x" * 501},
        {"action": "add", "scenes": ["snow"], "cameras": {"area": {"type": "Point", "coordinates": [1, 1]}}},
        {"action": "add", "scenes": ["snow"], "cameras": {"ids": [0]}},
        {"action": "add", "scenes": ["snow"], "cameras": {"colour": "red"}},
    ],
)
async def test_what_cannot_be_meant_is_refused(city: World, gis_staff: AsyncClient, body: Any) -> None:
    for address in ("/api/v1/classifications", "/api/v1/classifications/preview"):
        answer = await gis_staff.post(address, json=body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["detail"]


async def test_a_list_of_fifty_thousand_device_ids_is_one_request(city: World, login: Session) -> None:
    client = await login(Role.GIS)
    codes = ["cam-west-1", *(f"{number:020d}" for number in range(49_999))]
    shown = await client.post("/api/v1/classifications/preview", json=wish(cameras={"codes": codes}))
    assert shown.status_code == 200, shown.text
    assert (shown.json()["meant"], shown.json()["unknown"]) == (1, 49_999)
    done = await send(client, wish(cameras={"codes": codes}, token=shown.json()["token"]))
    batch = (await client.get(f"/api/v1/classifications/batches/{done['batch']}")).json()
    assert batch["asked"] == {"codes": {"listed": 50_000}}
    more = await client.post("/api/v1/classifications", json=wish(cameras={"codes": [*codes, "one-more"]}))
    assert more.status_code == 422


numbers = st.floats() | st.integers(-400, 400)
rings = st.lists(st.lists(numbers, min_size=1, max_size=3), max_size=7)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    area=st.none()
    | st.fixed_dictionaries(
        {
            "type": st.sampled_from(["Polygon", "MultiPolygon", "Point", "Nothing"]),
            "coordinates": st.lists(rings, max_size=2) | st.lists(st.lists(rings, max_size=2), max_size=2),
        }
    ),
    rest=st.fixed_dictionaries(
        {
            "scenes": st.lists(st.sampled_from(["snow", "road", "x"]) | st.text(max_size=5), max_size=3),
            "action": st.sampled_from(["add", "remove", "replace"]),
            "token": st.none() | st.text(max_size=30),
        }
    ),
)
async def test_no_lasso_breaks_the_server(
    city: World, gis_staff: AsyncClient, area: Any, rest: dict[str, Any]
) -> None:
    text = json.dumps({**rest, "cameras": {"area": area}}).encode("utf-8", "replace")
    answer = await gis_staff.post(
        "/api/v1/classifications", content=text, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (200, 422), answer.text
