"""Suggestions over HTTP: looked through, decided on in bulk, explained; rules that a city edits."""

from __future__ import annotations

import json

import pytest
from api_world import Session, World
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camera_registry.jobs import Job
from camera_registry.reference import load_reference
from camera_registry.suggestion.run import run
from camera_registry.suggestion.work import suggest_work
from models.scope import Role

URL = "/api/v1/suggestions"
RULES = f"{URL}/rules"
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

NAMES = {
    "cam-west-1": ("西区第一小学东门枪机01", "教育局"),
    "cam-west-2": ("西区红旗路与青年路路口东侧", "公安局交警支队"),
    "cam-east-1": ("东区人民医院急诊入口球机", "卫生健康委员会"),
    "cam-east-2": ("通道1", None),
}


@pytest.fixture
async def suggested(world: World) -> World:
    async with world.database.raw() as connection:
        await load_reference(connection)
        for code, (name, owner) in NAMES.items():
            await connection.execute(
                "update camera set name = $2, owner = $3, sensitivity = 0 where code = $1", code, name, owner
            )
    await run(world.database, world.clock, lambda _stage, _share: None)
    return world


async def test_the_surest_come_first_with_reasons_in_both_languages(suggested: World, login: Session) -> None:
    client = await login(Role.OPERATOR)
    items = (await client.get(URL)).json()["items"]
    sure = [item["confidence"] for item in items]
    assert sure == sorted(sure, reverse=True)
    school = next(item for item in items if item["scene"]["code"] == "school")
    assert school["camera_name"] == "西区第一小学东门枪机01"
    assert school["source"] == "rule"
    assert school["reasons"][0] == {
        "kind": "rule",
        "zh": "名称指向学校或幼儿园",
        "en": "The name points to a school or kindergarten",
    }
    assert "通道1" not in {item["camera_name"] for item in items}


async def test_pages_and_filters(suggested: World, login: Session) -> None:
    client = await login(Role.OPERATOR)
    whole = [(i["camera"], i["scene"]["code"]) for i in (await client.get(URL)).json()["items"]]
    seen, after = [], {}
    while True:
        page = (await client.get(URL, params={"limit": 1, **after})).json()
        seen += [(i["camera"], i["scene"]["code"]) for i in page["items"]]
        if page["next"] is None:
            break
        after = {"cursor": page["next"]}
    assert seen == whole
    for params, codes in (
        ({"scene": "school"}, {"school"}),
        ({"unit": "east"}, {"hospital"}),
        ({"source": "learned"}, set()),
        ({"least": 0.99}, set()),
        ({"state": "refused"}, set()),
    ):
        found = (await client.get(URL, params=params)).json()["items"]
        assert {item["scene"]["code"] for item in found} == codes, params


async def test_a_district_sees_and_decides_on_its_own_only(suggested: World, login: Session) -> None:
    client = await login(Role.GIS, unit="east")
    items = (await client.get(URL)).json()["items"]
    assert {item["scene"]["code"] for item in items} == {"hospital"}
    foreign = suggested.city.cameras["west-1"]
    assert (await client.get(f"/api/v1/cameras/{foreign}/suggestions")).status_code == 404
    order = {"pairs": [{"camera": foreign, "scene": "school"}]}
    assert (await client.post(f"{URL}/accept", json=order)).json()["suggestions"] == 0


async def test_accepting_after_a_dry_run_classifies_and_can_be_undone(
    suggested: World, gis_staff, login: Session
) -> None:
    seen = (await gis_staff.post(f"{URL}/preview", json={"scenes": ["school"]})).json()
    assert (seen["suggestions"], seen["cameras"]) == (1, 1)
    assert seen["scenes"][0]["scene"]["code"] == "school"
    order = {"scenes": ["school"], "token": seen["token"], "reason": "复核"}
    headers = {"Idempotency-Key": "accept-1"}
    done = await gis_staff.post(f"{URL}/accept", json=order, headers=headers)
    assert done.status_code == 200, done.text
    again = await gis_staff.post(f"{URL}/accept", json=order, headers=headers)
    assert again.json() == done.json()
    decided = done.json()
    assert decided["suggestions"] == 1
    batch = decided["classification"]["batch"]
    camera = suggested.city.cameras["west-1"]
    record = (await gis_staff.get(f"/api/v1/cameras/{camera}")).json()
    assert {"school"} <= {c["code"] for c in record["classifications"]}
    (of_camera,) = (await gis_staff.get(f"/api/v1/cameras/{camera}/suggestions")).json()
    assert (of_camera["state"], of_camera["batch"]) == ("accepted", batch)
    deeds = [deed for deed in await suggested.audit() if deed["action"] == "suggestion.accept"]
    assert [deed["object"] for deed in deeds] == [f"classification/{batch}"]
    undone = await gis_staff.post(f"/api/v1/classifications/batches/{batch}/undo", json={})
    assert undone.status_code == 200, undone.text
    record = (await gis_staff.get(f"/api/v1/cameras/{camera}")).json()
    assert "school" not in {c["code"] for c in record["classifications"]}


async def test_a_decision_on_a_dry_run_that_is_out_of_date_is_refused(suggested: World, gis_staff) -> None:
    seen = (await gis_staff.post(f"{URL}/preview", json={})).json()
    await gis_staff.post(f"{URL}/refuse", json={"scenes": ["school"]})
    late = await gis_staff.post(f"{URL}/accept", json={"everything": True, "token": seen["token"]})
    assert late.status_code == 409
    assert late.json()["type"] == "urn:dengta:problem:suggestions-changed"


async def test_refusing_and_taking_it_back(suggested: World, gis_staff) -> None:
    camera = suggested.city.cameras["west-1"]
    order = {"pairs": [{"camera": camera, "scene": "school"}]}
    assert (await gis_staff.post(f"{URL}/refuse", json=order)).json()["suggestions"] == 1
    assert (await gis_staff.get(URL, params={"scene": "school"})).json()["items"] == []
    (of_camera,) = (await gis_staff.get(f"/api/v1/cameras/{camera}/suggestions")).json()
    assert of_camera["state"] == "refused"
    assert of_camera["decided_by"]
    assert (await gis_staff.post(f"{URL}/reopen", json=order)).json()["suggestions"] == 1
    assert len((await gis_staff.get(URL, params={"scene": "school"})).json()["items"]) == 1
    actions = [deed["action"] for deed in await suggested.audit()]
    assert {"suggestion.refuse", "suggestion.reopen"} <= set(actions)


async def test_nothing_is_decided_by_accident(suggested: World, gis_staff) -> None:
    for action in ("accept", "refuse", "reopen"):
        assert (await gis_staff.post(f"{URL}/{action}", json={})).status_code == 422
    assert (await gis_staff.post(f"{URL}/refuse", json={"everything": True})).status_code == 200


async def test_who_may_not_classify_may_look(suggested: World, login: Session) -> None:
    client = await login(Role.OPERATOR)
    for method, address, body in (
        ("POST", f"{URL}/preview", {}),
        ("POST", f"{URL}/accept", {"everything": True}),
        ("POST", f"{URL}/refuse", {"everything": True}),
        ("POST", f"{URL}/run", {}),
        ("POST", RULES, {}),
    ):
        answer = await client.request(method, address, json=body)
        assert answer.status_code in (403, 422), address
    assert (await client.get(URL)).status_code == 200
    assert (await client.get(f"{URL}/summary")).status_code == 200


async def test_a_summary_counts_by_scene_and_band(suggested: World, login: Session) -> None:
    counted = (await (await login(Role.LEAD)).get(f"{URL}/summary")).json()
    assert counted["band_edges"] == [0.3, 0.5, 0.7, 0.9]
    assert sum(each["suggestions"] for each in counted["scenes"]) == counted["suggestions"] >= 3
    assert all(sum(each["bands"]) == each["suggestions"] for each in counted["scenes"])


async def test_a_run_is_a_job(suggested: World, gis_staff) -> None:
    asked = await gis_staff.post(f"{URL}/run", json={"suggest": True})
    assert asked.status_code == 202
    job = asked.json()["job"]
    row = (await gis_staff.get(f"/api/v1/jobs/{job}")).json()
    assert (row["kind"], row["state"]) == ("suggest", "queued")
    parameters = await suggested.fetchval("select parameters::text from job")
    done = await suggest_work(suggested.database, suggested.clock)(
        Job(job, "suggest", None, json.loads(parameters)), lambda _stage, _share: None
    )
    assert done["report"]["cameras"] == 6
    assert (await gis_staff.post(f"{URL}/run", json={"suggest": False})).status_code == 422


async def test_without_a_classifier_its_card_is_not_found(suggested: World, gis_staff) -> None:
    answer = await gis_staff.get(f"{URL}/model")
    assert answer.status_code == 404
    assert "rules alone" in answer.json()["detail"]


class TestRules:
    async def test_they_are_listed_with_how_they_fared(self, suggested: World, login: Session) -> None:
        rules = (await (await login(Role.AUDITOR)).get(RULES)).json()
        assert len(rules) >= 40
        assert {rule["scene"] for rule in rules} >= {"school", "hospital", "road-junction"}
        assert all(rule["reason"] and rule["reason_en"] for rule in rules)

    async def test_one_is_added_edited_and_removed(self, suggested: World, gis_staff) -> None:
        new = {
            "code": "channel-one",
            "scene": "community-government",
            "conditions": {"name_any": ["通道"]},
            "confidence": 0.6,
            "reason": "名称含通道",
            "reason_en": "The name speaks of a channel",
        }
        made = await gis_staff.post(RULES, json=new, headers={"Idempotency-Key": "r1"})
        assert made.status_code == 201, made.text
        rule = made.json()
        assert rule["conditions"]["name_any"] == ["通道"]
        address = f"{RULES}/{rule['id']}"
        again = await gis_staff.post(RULES, json=new)
        assert again.status_code == 409
        await run(suggested.database, suggested.clock, lambda _stage, _share: None)
        found = (await gis_staff.get(URL, params={"scene": "community-government"})).json()["items"]
        assert [item["camera_name"] for item in found] == ["通道1"]
        match = {"If-Match": made.headers["etag"]}
        edited = await gis_staff.patch(address, json={"confidence": 0.4}, headers=match)
        assert (edited.json()["confidence"], edited.headers["etag"]) == (0.4, '"2"')
        assert (await gis_staff.patch(address, json={"confidence": 0.5}, headers=match)).status_code == 412
        assert (await gis_staff.patch(address, json={"confidence": 0.5})).status_code == 428
        assert (await gis_staff.delete(address, headers={"If-Match": '"2"'})).status_code == 204
        assert (await gis_staff.get(address)).status_code == 404
        await run(suggested.database, suggested.clock, lambda _stage, _share: None)
        assert (await gis_staff.get(URL, params={"scene": "community-government"})).json()["items"] == []
        actions = [deed["action"] for deed in await suggested.audit()]
        assert {"suggestion.rule.add", "suggestion.rule.edit", "suggestion.rule.remove"} <= set(actions)
        assert (await gis_staff.post(RULES, json=new)).status_code == 201, "its code is free again"

    async def test_a_removed_preset_does_not_come_back(self, suggested: World, gis_staff) -> None:
        rule = next(r for r in (await gis_staff.get(RULES)).json() if r["code"] == "school")
        await gis_staff.delete(f"{RULES}/{rule['id']}", headers={"If-Match": "*"})
        async with suggested.database.raw() as connection:
            await load_reference(connection)
        assert "school" not in {r["code"] for r in (await gis_staff.get(RULES)).json()}

    @pytest.mark.parametrize(
        "conditions",
        [
            {},
            {"name_none": ["桥"]},
            {"layers": ["school"]},
            {"within_m": 50},
            {"layers": ["no-such-layer"], "within_m": 50},
            {"layers": ["school"], "within_m": 5000},
            {"road_classes": ["boulevard"]},
            {"name_any": [""]},
            {"name_any": ["x" * 41]},
            {"name_any": ["a"] * 201},
            {"sql": "true"},
        ],
    )
    async def test_conditions_that_cannot_be_meant_are_refused(
        self, suggested: World, gis_staff, conditions
    ) -> None:
        new = {"code": "x", "scene": "school", "confidence": 0.5, "reason": "一", "reason_en": "one"}
        answer = await gis_staff.post(RULES, json={**new, "conditions": conditions})
        assert answer.status_code == 422, answer.text


class TestNames:
    async def test_a_cameras_name_is_compared_with_its_record(self, suggested: World, login: Session) -> None:
        camera = suggested.city.cameras["west-2"]
        async with suggested.database.raw() as connection:
            await connection.execute(
                "update camera set name = '红旗路12号东向枪机', heading_deg = 100 where id = $1", camera
            )
        found = (await (await login(Role.OPERATOR)).get(f"/api/v1/cameras/{camera}/name")).json()
        assert found["roads"] == [{"text": "红旗路", "name": "红旗路", "code": None}]
        assert found["direction"]["sense"] == "view"
        assert (found["direction"]["degrees"], found["deviation_deg"], found["agrees"]) == (90.0, 10.0, True)
        assert [part["kind"] for part in found["parts"]] == ["road", "house", "direction", "form"]

    async def test_any_text_may_be_tried(self, login: Session) -> None:
        client = await login(Role.OPERATOR)
        found = (await client.get("/api/v1/names/parse", params={"name": "G18荣乌高速K12+300"})).json()
        assert found["chainage_m"] == 12300
        assert (await client.get("/api/v1/names/parse", params={"name": "a\x00b"})).status_code == 422

    async def test_a_camera_out_of_sight_has_no_name(self, suggested: World, login: Session) -> None:
        client = await login(Role.GIS, unit="east")
        camera = suggested.city.cameras["west-1"]
        assert (await client.get(f"/api/v1/cameras/{camera}/name")).status_code == 404


anything = st.text(max_size=20) | st.integers().map(str) | st.floats().map(str)


@FUZZ
@given(
    params=st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("scene", "unit", "source", "least", "most", "state", "cursor", "limit"), anything
        ),
    )
)
async def test_no_query_breaks_the_server(gis_staff, params: dict[str, str]) -> None:
    sendable = {k: v.encode("utf-8", "replace").decode() for k, v in params.items()}
    answer = await gis_staff.get(URL, params=sendable)
    assert answer.status_code in (200, 422), answer.text


@FUZZ
@given(
    body=st.dictionaries(
        st.sampled_from(
            ["scenes", "source", "least", "most", "pairs", "token", "everything", "cameras", "x"]
        ),
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=8)
        | st.lists(st.text(max_size=5), max_size=3)
        | st.fixed_dictionaries({"camera": st.integers(), "scene": st.text(max_size=5)}).map(lambda p: [p]),
        max_size=4,
    ),
    action=st.sampled_from(["preview", "accept", "refuse", "reopen"]),
)
async def test_no_decision_breaks_the_server(gis_staff, body: dict[str, object], action: str) -> None:
    answer = await gis_staff.post(f"{URL}/{action}", json=body)
    assert answer.status_code in (200, 409, 422), answer.text
