"""Nobody sees, counts, draws, streams or edits what lies outside their unit or above their sensitivity."""

import re

import pytest
from api_world import EAST_PICTURE, PICTURE, Session, World, layers_of, sha256, tile_at

from models.scope import GRANTS, Permission, Role

WEST = {"cam-west-1", "cam-lost"}
ALL = WEST | {"cam-west-2", "cam-east-1", "cam-east-2", "cam-sea"}


async def codes(client, **params) -> set[str]:
    answer = await client.get("/api/v1/cameras", params=params)
    assert answer.status_code == 200, answer.text
    return {camera["code"] for camera in answer.json()["items"]}


async def test_a_district_lists_its_own_cameras_only(login: Session) -> None:
    assert await codes(await login(Role.OPERATOR, unit="west")) == WEST
    assert await codes(await login(Role.OPERATOR, unit="west", sensitivity=2)) == WEST | {"cam-west-2"}
    assert await codes(await login(Role.OPERATOR, unit="west-1")) == {"cam-west-1"}
    assert await codes(await login(Role.OPERATOR, sensitivity=3)) == ALL


async def test_what_lies_in_no_unit_is_seen_by_the_city_alone(login: Session) -> None:
    assert "cam-sea" in await codes(await login(Role.OPERATOR))
    assert "cam-sea" not in await codes(await login(Role.OPERATOR, unit="east"), q="cam-sea")


async def test_no_filter_widens_a_scope(login: Session) -> None:
    west = await login(Role.OPERATOR, unit="west")
    assert await codes(west, unit="east") == set()
    assert await codes(west, unit="city") == WEST
    assert await codes(west, q="cam-east") == set()
    assert await codes(west, bbox="120,36,122,38") == {"cam-west-1"}
    assert await codes(west, scene="square") == {"cam-west-1"}


@pytest.mark.parametrize("code", ["east-1", "west-2"])
async def test_a_camera_outside_does_not_exist(world: World, login: Session, code: str) -> None:
    client = await login(Role.GIS, unit="west")
    address = f"/api/v1/cameras/{world.city.cameras[code]}"
    assert (await client.get(address)).status_code == 404
    edit = await client.patch(address, json={"name": "x"}, headers={"If-Match": "*"})
    assert edit.status_code == 404
    assert await world.fetchval("select count(*) from camera where name = 'x'") == 0


async def test_events_of_others_do_not_exist(world: World, login: Session) -> None:
    client = await login(Role.LEAD, unit="west")
    listed = (await client.get("/api/v1/events")).json()["items"]
    assert [event["id"] for event in listed] == [world.incidents["west-1"]]
    for other in ("west-2", "east-1"):
        assert (await client.get(f"/api/v1/events/{world.incidents[other]}")).status_code == 404


async def test_evidence_of_others_does_not_exist(login: Session) -> None:
    client = await login(Role.OPERATOR, unit="west")
    assert (await client.get(f"/api/v1/evidence/{sha256(PICTURE)}.jpg")).content == PICTURE
    assert (await client.get(f"/api/v1/evidence/{sha256(EAST_PICTURE)}.jpg")).status_code == 404


async def test_a_picture_that_no_incident_names_is_nobodys(world: World, login: Session) -> None:
    stray = world.evidence.put(b"\xff\xd8 stray")
    client = await login(*Role, sensitivity=3)
    assert (await client.get(f"/api/v1/evidence/{stray}.jpg")).status_code == 404


async def test_counts_count_the_scope(login: Session) -> None:
    async def counts(**who) -> dict:
        return (await (await login(Role.OPERATOR, **who)).get("/api/v1/counts")).json()

    west, city, everything = await counts(unit="west"), await counts(), await counts(sensitivity=2)
    assert [c["cameras"] for c in (west, city, everything)] == [2, 5, 6]
    assert west["by_state"] == {"unknown": 1, "online": 1, "degraded": 0, "offline": 0}
    assert [c["without_place"] for c in (west, city, everything)] == [1, 1, 1]
    assert [c["by_scene"][0]["cameras"] for c in (west, city, everything)] == [1, 2, 2]
    assert west["incidents"] == [{"kind": "crowd", "severity": 2, "open": 1}]
    assert everything["incidents"] == [{"kind": "crowd", "severity": 2, "open": 3}]


PLACES = [(longitude, 37.1) for longitude in (121.05, 121.15, 121.25, 121.35)] + [(121.05, 37.5)]


@pytest.mark.parametrize("z", [0, 5, 10, 12, 13, 16])
async def test_a_tile_draws_the_scope(login: Session, z: int) -> None:
    async def drawn(**who) -> int:
        client = await login(Role.OPERATOR, **who)
        found = 0
        for x, y in {tile_at(z, *place) for place in PLACES}:
            layers = layers_of(await client.get(f"/api/v1/tiles/cameras/{z}/{x}/{y}.mvt"))
            found += sum(f["properties"]["n"] for f in layers.get("cluster", []))
            # Not those of the buffer, which are another tile's.
            found += sum(
                all(0 <= n < 4096 for n in f["geometry"]["coordinates"]) for f in layers.get("camera", [])
            )
        return found

    assert await drawn(unit="west") == 1
    assert await drawn(unit="west", sensitivity=2) == 2
    assert await drawn() == 4
    assert await drawn(sensitivity=2) == 5


async def test_the_organisation_tree_begins_at_the_askers_unit(login: Session) -> None:
    tree = (await (await login(Role.LEAD, unit="west")).get("/api/v1/organisations")).json()
    assert tree["code"] == "west"
    assert [child["code"] for child in tree["children"]] == ["west-1", "west-2"]
    assert tree["bounds"] == [121.0, 37.0, 121.2, 37.2]


async def test_an_auditor_reads_the_deeds_of_their_own_units(world: World, login: Session) -> None:
    await login(Role.OPERATOR, unit="east", name="east-operator")
    await login(Role.OPERATOR, unit="west-1", name="west-operator")
    auditor = await login(Role.AUDITOR, unit="west", name="west-auditor")
    entries = (await auditor.get("/api/v1/audit")).json()["items"]
    assert {entry["account"] for entry in entries} == {"west-operator", "west-auditor"}
    city = await login(Role.AUDITOR, name="city-auditor")
    everyone = {entry["account"] for entry in (await city.get("/api/v1/audit")).json()["items"]}
    assert everyone >= {"east-operator", "west-operator", None}


async def test_an_auditor_does_not_read_of_cameras_above_their_sensitivity(
    world: World, login: Session
) -> None:
    editor = await login(Role.GIS, unit="west", sensitivity=2)
    address = f"/api/v1/cameras/{world.city.cameras['west-2']}"
    edited = await editor.patch(address, json={"name": "secret gate"}, headers={"If-Match": "*"})
    assert edited.status_code == 200
    for sensitivity, expected in ((0, False), (2, True)):
        auditor = await login(Role.AUDITOR, unit="west", sensitivity=sensitivity)
        assert ("secret gate" in (await auditor.get("/api/v1/audit")).text) is expected


NEEDS = {
    "/api/v1/cameras": Permission.READ_CAMERAS,
    "/api/v1/counts": Permission.READ_CAMERAS,
    "/api/v1/tiles/cameras.json": Permission.READ_CAMERAS,
    "/api/v1/tiles/cameras/0/0/0.mvt": Permission.READ_CAMERAS,
    "/api/v1/events": Permission.READ_EVENTS,
    "/api/v1/events/1": Permission.READ_EVENTS,
    f"/api/v1/evidence/{'0' * 64}.jpg": Permission.VIEW_PICTURES,
    "/api/v1/audit": Permission.READ_AUDIT,
}


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_may_what_it_is_granted_and_no_more(login: Session, role: Role) -> None:
    client = await login(role)
    for address, permission in NEEDS.items():
        refused = (await client.get(address)).status_code == 403
        assert refused is (permission not in GRANTS[role]), (role, address)
    edit = await client.patch("/api/v1/cameras/1", json={"name": "x"}, headers={"If-Match": '"0"'})
    assert (edit.status_code == 403) is (Permission.EDIT_CAMERAS not in GRANTS[role])


FILLED = {"sha256": "0" * 64, "z": "0", "x": "0", "y": "0"}
"""What stands in an address; everything else is a 1."""


async def test_everything_but_health_login_and_the_console_needs_a_login(world: World) -> None:
    closed = [
        (method.upper(), path)
        for path, methods in world.app.openapi()["paths"].items()
        for method in methods
        if path != "/healthz" and (method, path) != ("post", "/api/v1/session")
    ]
    assert len(closed) > 15
    async with world.client() as client:
        for method, path in closed:
            address = re.sub(r"{(\w+)}", lambda found: FILLED.get(found[1], "1"), path)
            answer = await client.request(method, address, json={"name": "x"} if method == "PATCH" else None)
            assert answer.status_code == 401, (method, path, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
