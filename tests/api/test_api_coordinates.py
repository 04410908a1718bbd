"""Findings of misdeclared coordinates over HTTP: told within a scope, declared anew, undone."""

import pytest
from api_world import Session, World
from httpx import AsyncClient

from camera_registry.coordinates.job import survey_work
from camera_registry.jobs import Job
from gis.crs import ReferenceSystem, from_wgs84
from models.scope import Role

FINDINGS = "/api/v1/catalogue/crs-findings"
REPAIRS = "/api/v1/catalogue/crs-repairs"
SURVEYS = "/api/v1/catalogue/crs-surveys"


@pytest.fixture(autouse=True)
async def some_from_a_web_map(world: World) -> None:
    """Forty cameras of two departments along the shore road; those of the schools come from a web map."""
    rows = []
    for number in range(40):
        schools = number % 2 == 0
        place = (121.005 + number * 0.009, 37.1001)
        told = from_wgs84(place, ReferenceSystem.GCJ_02).tolist() if schools else place
        rows.append((f"滨海路{number}号", "教育局" if schools else "公安局", *told))
    async with world.database.raw() as connection:
        await connection.executemany(
            """insert into camera (name, owner, longitude, latitude, declared_crs, geom, unit_id, unit_tree)
               select $1, $2, $3::float8, $4::float8, 'WGS-84', ST_SetSRID(ST_MakePoint($3, $4), 4326),
                      o.id, o.tree_left
                 from organisation o where o.level = 2
                  and ST_Covers(o.geom, ST_SetSRID(ST_MakePoint($3, $4), 4326))
                order by o.tree_left limit 1""",
            rows,
        )


async def surveyed(world: World, editor: AsyncClient) -> dict:
    asked = await editor.post(SURVEYS, json={"grouping": "owner"})
    assert asked.status_code == 202, asked.text
    assert asked.headers["location"] == f"/api/v1/jobs/{asked.json()['id']}"
    job = Job(asked.json()["id"], "crs-check", None, {"grouping": "owner"})
    await survey_work(world.database, world.clock)(job, lambda _stage, _share: None)
    return (await editor.get(FINDINGS, params={"grouping": "owner"})).json()


async def test_before_the_first_survey_nothing_is_known(gis_staff: AsyncClient) -> None:
    told = (await gis_staff.get(FINDINGS)).json()
    assert (told["surveyed_at"], told["items"]) == (None, [])


async def test_a_finding_is_told_in_a_sentence_with_its_cameras(world: World, gis_staff: AsyncClient) -> None:
    told = await surveyed(world, gis_staff)
    assert told["surveyed_at"] is not None
    (finding,) = told["items"]
    assert (finding["group"], finding["reading"], finding["group_size"]) == ("教育局", "GCJ_02", 20)
    assert finding["cameras"] > 17
    assert finding["sentence"].startswith(
        f"{finding['cameras']} of 20 in 教育局 look like GCJ-02 declared as WGS-84"
    )
    page = (await gis_staff.get(f"{FINDINGS}/{finding['id']}/cameras", params={"limit": 5})).json()
    assert len(page["items"]) == 5
    suspect = page["items"][0]
    assert suspect["likely"] > 0.7
    assert suspect["declared"]["crs"] == "WGS-84"
    assert suspect["place_if"]["latitude"] == pytest.approx(37.1001, abs=1e-6)
    rest = (
        await gis_staff.get(
            f"{FINDINGS}/{finding['id']}/cameras", params={"limit": 200, "cursor": page["next"]}
        )
    ).json()
    assert len(rest["items"]) == finding["cameras"] - 5


async def test_a_district_is_told_of_its_own_cameras(
    world: World, gis_staff: AsyncClient, login: Session
) -> None:
    (whole,) = (await surveyed(world, gis_staff))["items"]
    western = await login(Role.GIS, unit="west")
    (own,) = (await western.get(FINDINGS, params={"grouping": "owner"})).json()["items"]
    assert 0 < own["cameras"] < whole["cameras"]
    page = (await western.get(f"{FINDINGS}/{own['id']}/cameras", params={"limit": 200})).json()
    assert len(page["items"]) == own["cameras"]
    assert {item["camera"]["unit"]["code"] for item in page["items"]} <= {"west-1", "west-2"}


async def test_a_finding_is_counted_declared_anew_and_undone(world: World, gis_staff: AsyncClient) -> None:
    (finding,) = (await surveyed(world, gis_staff))["items"]
    wanted = {"finding": finding["id"], "least": 0.7}
    dry = await gis_staff.post(REPAIRS, json={**wanted, "dry_run": True})
    assert dry.status_code == 200, dry.text
    assert (dry.json()["cameras"], dry.json()["id"]) == (finding["cameras"], None)
    count = "select count(*) from camera where declared_crs = 'GCJ-02'"
    assert await world.fetchval(count) == 0
    headers = {"Idempotency-Key": "repair-1"}
    both = [await gis_staff.post(REPAIRS, json=wanted, headers=headers) for _ in range(2)]
    assert both[0].json() == both[1].json()
    done = both[0].json()
    assert await world.fetchval(count) == done["cameras"] == finding["cameras"]
    assert 400 < done["moved_m"] < 510
    (listed,) = (await gis_staff.get(REPAIRS)).json()["items"]
    assert (listed["id"], listed["cameras"], listed["undone_at"]) == (done["id"], done["cameras"], None)
    undone = await gis_staff.post(f"{REPAIRS}/{done['id']}/undo")
    assert undone.json()["cameras"] == done["cameras"]
    assert await world.fetchval(count) == 0
    assert (await gis_staff.post(f"{REPAIRS}/{done['id']}/undo")).status_code == 409
    deeds = [deed["action"] for deed in await world.audit() if deed["action"].startswith("coordinates")]
    assert deeds == ["coordinates.survey", "coordinates.repair", "coordinates.undo"]


async def test_named_cameras_are_declared_as_they_are_named(world: World, gis_staff: AsyncClient) -> None:
    some = await world.fetchval("select array_agg(id order by id) from camera where owner = '教育局'")
    answer = await gis_staff.post(REPAIRS, json={"cameras": [*some[:3], 999_999], "reading": "GCJ_02"})
    assert answer.json()["cameras"] == 3
    assert answer.json()["skipped_cameras"] == {"declared otherwise by now, or not there": [999_999]}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"finding": 1, "cameras": [1], "reading": "GCJ_02"},
        {"cameras": [1]},
        {"finding": 1, "reading": "GCJ_02"},
        {"cameras": [], "reading": "GCJ_02"},
        {"cameras": [1], "reading": "AS_DECLARED"},
        {"cameras": [0], "reading": "GCJ_02"},
        {"finding": 1, "least": 2},
    ],
)
async def test_a_repair_of_nothing_in_particular_is_refused(gis_staff: AsyncClient, body: dict) -> None:
    assert (await gis_staff.post(REPAIRS, json=body)).status_code == 422


async def test_what_a_later_survey_has_replaced_is_not_there(gis_staff: AsyncClient, login: Session) -> None:
    assert (await gis_staff.get(f"{FINDINGS}/7/cameras")).status_code == 404
    assert (await gis_staff.post(REPAIRS, json={"finding": 7})).status_code == 404
    assert (await gis_staff.post(f"{REPAIRS}/7/undo")).status_code == 404
    operator = await login(Role.OPERATOR)
    assert (await operator.post(SURVEYS, json={})).status_code == 403
    assert (await operator.post(REPAIRS, json={"finding": 7})).status_code == 403
