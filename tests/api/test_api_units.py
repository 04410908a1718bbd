"""Units over HTTP: one record, editing it with an ETag, flaws to draw, boundaries that come as a job."""

import orjson
import pytest
from api_world import Session, World
from httpx import AsyncClient

from base.clock import ManualClock
from camera_registry.job_files import JobFolder
from camera_registry.jobs import Job
from camera_registry.units.job import assign_work, undo_work, units_work
from models.scope import Role

ADDRESS = "/api/v1/organisations"
GEOJSON = {"Content-Type": "application/geo+json"}


def box(west: float, south: float, east: float, north: float) -> dict:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def collection(*units: tuple[str, str, dict | None]) -> bytes:
    """Units of code, name and geometry."""
    features = [
        {"type": "Feature", "properties": {"编码": code, "名称": name}, "geometry": shape}
        for code, name, shape in units
    ]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


@pytest.fixture
async def editor(login: Session) -> AsyncClient:
    """Somebody of the city who may change units."""
    return await login(Role.GIS, Role.ENGINEER, sensitivity=3)


async def do(world: World, job: dict) -> dict:
    """Do a job as a clerk does."""
    async with world.database.raw() as connection:
        row = await connection.fetchrow(
            "select *, parameters::text as asked from job where id = $1", job["id"]
        )
    given = Job(row["id"], row["kind"], row["account_id"], orjson.loads(row["asked"]), row["file"])
    folder = JobFolder(world.settings.jobs_dir, ManualClock(world.clock.now()))
    works = {
        "units": units_work(world.database, world.clock, folder),
        "units-undo": undo_work(world.database, world.clock),
        "units-assign": assign_work(world.database),
    }
    result = await works[given.kind](given, lambda _stage, _share: None)
    async with world.database.raw() as connection:
        await connection.execute(
            """update job set state = 'done', started_at = now(), ended_at = now(), result = $2::jsonb
                where id = $1""",
            *(given.id, orjson.dumps(result, default=str).decode()),
        )
    return result


async def test_a_unit_tells_where_it_stands_and_what_it_holds(gis_staff: AsyncClient) -> None:
    answer = await gis_staff.get(f"{ADDRESS}/west")
    unit = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert (unit["name"], unit["level"], unit["parent"]) == ("西区", "district", "city")
    assert unit["path"] == ["烟台市", "西区"]
    assert unit["children"] == ["west-1", "west-2"]
    assert unit["cameras"] == 3
    assert unit["bounds"] == [121.0, 37.0, 121.2, 37.2]
    assert unit["boundary"]["type"] == "MultiPolygon"
    assert unit["area_m2"] == pytest.approx(394e6, rel=0.01)
    without = (await gis_staff.get(f"{ADDRESS}/west", params={"boundary": False})).json()
    assert without["boundary"] is None


async def test_counts_are_held_to_the_askers_sensitivity(login: Session) -> None:
    outsider = await login(Role.OPERATOR, unit="west")
    assert (await outsider.get(f"{ADDRESS}/west-2")).json()["cameras"] == 0


async def test_another_districts_unit_does_not_exist_for_a_district(login: Session) -> None:
    western = await login(Role.GIS, unit="west")
    assert (await western.get(f"{ADDRESS}/west-1")).status_code == 200
    for code in ("east", "city", "nowhere"):
        assert (await western.get(f"{ADDRESS}/{code}")).status_code == 404
        edit = await western.patch(f"{ADDRESS}/{code}", json={"name": "x"}, headers={"If-Match": "*"})
        assert edit.status_code == 404


async def test_a_name_is_edited_once_and_the_second_editor_is_told(
    world: World, editor: AsyncClient, login: Session
) -> None:
    other = await login(Role.GIS, name="other")
    tag = (await editor.get(f"{ADDRESS}/west-1")).headers["etag"]
    first = await editor.patch(
        f"{ADDRESS}/west-1", json={"name": "西关街道", "civil_code": "370602001"}, headers={"If-Match": tag}
    )
    assert (first.status_code, first.json()["name"], first.headers["etag"]) == (200, "西关街道", '"2"')
    second = await other.patch(f"{ADDRESS}/west-1", json={"name": "西门街道"}, headers={"If-Match": tag})
    assert second.status_code == 412
    assert second.json()["version"] == 2
    deed = [each for each in await world.audit() if each["action"] == "unit.edit"][-1]
    assert deed["detail"]["after"] == {"name": "西关街道", "civil_code": "370602001"}
    assert deed["detail"]["before"] == {"name": "西一街道", "civil_code": None}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"name": ""}, 422),
        ({"name": None}, 422),
        ({"civil_code": "12"}, 422),
        ({"level": 1}, 422),
        ({"civil_code": None}, 200),
    ],
)
async def test_an_edit_that_says_nothing_sensible_is_refused(
    editor: AsyncClient, body: dict, status: int
) -> None:
    answer = await editor.patch(f"{ADDRESS}/west-1", json=body, headers={"If-Match": "*"})
    assert answer.status_code == status, answer.text


async def test_an_edit_without_a_version_is_refused(editor: AsyncClient) -> None:
    assert (await editor.patch(f"{ADDRESS}/west-1", json={"name": "x"})).status_code == 428


async def test_operators_change_no_units(login: Session) -> None:
    operator = await login(Role.OPERATOR)
    edit = await operator.patch(f"{ADDRESS}/west-1", json={"name": "x"}, headers={"If-Match": "*"})
    upload = await operator.post(
        f"{ADDRESS}/imports?filename=a.geojson", content=collection(("a", "b", None)), headers=GEOJSON
    )
    assert (edit.status_code, upload.status_code) == (403, 403)


async def test_a_part_of_the_city_imports_no_boundaries(login: Session) -> None:
    western = await login(Role.GIS, unit="west")
    answer = await western.post(
        f"{ADDRESS}/imports?filename=a.geojson", content=collection(("a", "b", None)), headers=GEOJSON
    )
    assert answer.status_code == 403


async def test_flaws_are_drawn_as_geojson(world: World, gis_staff: AsyncClient) -> None:
    assert (await gis_staff.get(f"{ADDRESS}/check")).json()["features"] == []
    world.clock.advance(61)
    async with world.database.raw() as connection:
        await connection.execute(
            "update organisation set geom = ST_Multi(ST_MakeEnvelope(121.0, 37.0, 121.12, 37.2, 4326)) "
            "where code = 'west-1'"
        )
    answer = await gis_staff.get(f"{ADDRESS}/check")
    assert answer.headers["content-type"] == "application/geo+json"
    (flaw,) = answer.json()["features"]
    assert flaw["properties"]["flaw"] == "overlap"
    assert flaw["properties"]["units"] == ["west-1", "west-2"]
    assert flaw["properties"]["area_m2"] == pytest.approx(39.4e6, rel=0.01)


async def test_boundaries_are_uploaded_checked_committed_and_undone(
    world: World, editor: AsyncClient
) -> None:
    """The border between two townships moves, so that a camera moves with it."""
    body = collection(
        ("west-1", "西一街道", box(121.0, 37.0, 121.16, 37.2)),
        ("west-2", "西二街道", box(121.16, 37.0, 121.2, 37.2)),
    )
    asked = await editor.post(
        f"{ADDRESS}/imports",
        params={"filename": "边界.geojson", "dry_run": True},
        content=body,
        headers=GEOJSON,
    )
    assert asked.status_code == 202, asked.text
    assert asked.headers["location"] == f"/api/v1/jobs/{asked.json()['id']}"
    dry = await do(world, asked.json())
    assert dry["moved"]["camera"]["moves"] == [
        {"from": "west-2 西二街道", "to": "west-1 西一街道", "count": 1}
    ]
    assert not dry["applied"]
    unit_of = (
        "select o.code from camera c join organisation o on o.id = c.unit_id where c.code = 'cam-west-2'"
    )
    assert await world.fetchval(unit_of) == "west-2"

    committed = await editor.post(f"{ADDRESS}/imports/{asked.json()['id']}/commit")
    assert committed.status_code == 202, committed.text
    done = await do(world, committed.json())
    assert done["applied"]
    assert await world.fetchval(unit_of) == "west-1"
    (change,) = (await editor.get(f"{ADDRESS}/changes")).json()["items"]
    assert (change["file"], change["changed"], change["cameras"]) == ("边界.geojson", 2, 1)

    undo = await editor.post(f"{ADDRESS}/changes/{change['id']}/undo")
    assert (await do(world, undo.json()))["applied"]
    assert await world.fetchval(unit_of) == "west-2"
    actions = [deed["action"] for deed in await world.audit()]
    assert actions.count("units.import") == 2


async def test_the_same_upload_sent_twice_is_one_job(editor: AsyncClient) -> None:
    body = collection(("west-1", "西一街道", box(121.0, 37.0, 121.1, 37.2)))
    headers = {**GEOJSON, "Idempotency-Key": "once"}
    first, second = [
        await editor.post(f"{ADDRESS}/imports?filename=a.geojson", content=body, headers=headers)
        for _ in range(2)
    ]
    assert first.json()["id"] == second.json()["id"]


async def test_every_camera_can_be_given_its_unit_anew(world: World, editor: AsyncClient) -> None:
    async with world.database.raw() as connection:
        await connection.execute("update camera set unit_id = null, unit_tree = null where geom is not null")
    asked = await editor.post(f"{ADDRESS}/assign")
    assert (await do(world, asked.json()))["moved"]["camera"]["total"] == 4
    assert await world.fetchval("select count(*) from camera where unit_id is null") == 1
