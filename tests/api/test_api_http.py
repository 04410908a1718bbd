"""The service as a stranger meets it: headers, limits, problems, other sites, and nonsense of every kind."""

import json

import pytest
from api_world import EAST_PICTURE, PICTURE, Session, World, sha256
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import cursor
from api.app import create_app
from api.cursor import decode_id, decode_moment_and_id
from api.middleware import MAX_BODY_BYTES, hosts_for
from base.database import Database
from base.errors import InvalidInputError
from base.settings import Settings
from dispatch.evidence import FolderEvidence
from models.scope import Role

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def test_every_answer_carries_the_security_headers(world: World, gis_staff: AsyncClient) -> None:
    addresses = ("/", "/healthz", "/nowhere.js", "/api/v1/session", "/api/v1/nowhere", "/api/v1/cameras/9999")
    for address in addresses:
        headers = (await gis_staff.get(address)).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "worker-src 'self' blob:" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers
        if address != "/":
            assert headers["cache-control"] == "no-store"


async def test_health_tells_the_truth_and_no_details(world: World) -> None:
    async with world.client() as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}


async def test_health_without_a_database_is_unavailable(world: World, tmp_path) -> None:
    gone = Database("postgresql://nobody@/nothing?host=/nonexistent")
    app = create_app(gone, Settings(data_dir=tmp_path, _env_file=None), world.evidence, world.clock)
    world.app = app
    async with world.client(cookies={"dengta_session": "x" * 43}) as client:
        answer = await client.get("/healthz")
        assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})
        other = await client.get("/api/v1/cameras")
        assert other.status_code == 503
        assert other.json()["type"] == "urn:dengta:problem:unavailable"
        assert other.headers["retry-after"]
        assert "nonexistent" not in other.text
    await gone.close()


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/api/v1/nowhere", 404),
        ("GET", "/api/nowhere", 404),
        ("PUT", "/api/v1/cameras", 405),
        ("GET", "/api/v1/cameras?limit=201", 422),
        ("GET", "/api/v1/cameras?state=asleep", 422),
        ("GET", "/api/v1/cameras?cursor=nonsense", 422),
        ("GET", "/api/v1/cameras?bbox=1,2,3", 422),
        ("GET", "/api/v1/cameras/0", 422),
        ("GET", "/api/v1/cameras/99999999999999999999", 422),
        ("GET", "/api/v1/cameras/424242", 404),
        ("GET", "/api/v1/events?since=2026-01-17T00:00:00", 422),
        ("GET", "/api/v1/evidence/../../etc/passwd.jpg", 404),
        ("GET", "/api/v1/evidence/..%2f..%2fetc%2fpasswd.jpg", 404),
        ("GET", f"/api/v1/evidence/{'A' * 64}.jpg", 422),
        ("GET", "/api/v1/tiles/cameras/3/8/0.mvt", 422),
        ("GET", "/api/v1/cameras?q=" + "x" * 9000, 414),
    ],
)
async def test_every_refusal_is_a_problem_document(
    gis_staff: AsyncClient, method: str, address: str, status: int
) -> None:
    answer = await gis_staff.request(method, address)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"].startswith("urn:dengta:problem:")
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]


async def test_other_sites_change_nothing(world: World, gis_staff: AsyncClient) -> None:
    address = f"/api/v1/cameras/{world.city.cameras['west-1']}"
    body, match = json.dumps({"name": "x"}), {"If-Match": "*"}
    plain = {**match, "Content-Type": "application/json"}
    for headers, status in (
        ({**plain, "Origin": "https://evil.example"}, 403),
        ({**plain, "Origin": "null"}, 403),
        ({**plain, "Sec-Fetch-Site": "cross-site"}, 403),
        ({**plain, "Sec-Fetch-Site": "same-site"}, 403),
        ({**match, "Content-Type": "text/plain"}, 415),
        ({**match, "Content-Type": "application/x-www-form-urlencoded"}, 415),
        (match, 415),
        ({**plain, "Host": "evil.example"}, 421),
        ({**plain, "Origin": "http://127.0.0.1:8420", "Sec-Fetch-Site": "same-origin"}, 200),
    ):
        answer = await gis_staff.patch(address, content=body, headers=headers)
        assert answer.status_code == status, headers
    logout = await gis_staff.delete("/api/v1/session", headers={"Origin": "https://evil.example"})
    assert logout.status_code == 403


async def test_a_page_of_another_name_for_this_machine_reads_nothing(gis_staff: AsyncClient) -> None:
    answer = await gis_staff.get("/api/v1/cameras", headers={"Host": "rebound.example:8420"})
    assert answer.status_code == 421


def test_on_an_open_address_any_name_may_be_used() -> None:
    assert hosts_for("0.0.0.0") is None
    assert "localhost" in (hosts_for("127.0.0.1") or ())
    assert "::1" in (hosts_for("::1") or ())


async def test_a_body_is_bounded_whether_or_not_it_says_its_length(world: World) -> None:
    async def endless():
        for _ in range(40):
            yield b" " * (MAX_BODY_BYTES // 32)

    headers = {"Content-Type": "application/json"}
    async with world.client(headers=headers) as client:
        declared = await client.post("/api/v1/session", content=b" " * (MAX_BODY_BYTES + 1))
        streamed = await client.post("/api/v1/session", content=endless())
    for answer in (declared, streamed):
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"


async def test_lists_page_without_repeating_or_skipping(world: World, gis_staff: AsyncClient) -> None:
    for address, key in (("/api/v1/cameras", "id"), ("/api/v1/events", "id"), ("/api/v1/audit", "id")):
        whole = [item[key] for item in (await gis_staff.get(address)).json()["items"]]
        pages, after = [], {}
        while True:
            page = (await gis_staff.get(address, params={"limit": 1, **after})).json()
            pages += [item[key] for item in page["items"]]
            if page["next"] is None:
                break
            after = {"cursor": page["next"]}
        assert pages == whole
        assert len(whole) >= 1


async def test_a_cursor_of_one_list_is_refused_by_another(gis_staff: AsyncClient) -> None:
    of_events = (await gis_staff.get("/api/v1/events?limit=1")).json()["next"]
    assert (await gis_staff.get("/api/v1/cameras", params={"cursor": of_events})).status_code == 422


async def test_events_are_told_with_place_unit_and_evidence(world: World, gis_staff: AsyncClient) -> None:
    newest, _, oldest = (await gis_staff.get("/api/v1/events")).json()["items"]
    assert newest["id"] == world.incidents["east-1"]
    assert oldest["unit"]["path"] == ["烟台市", "西区", "西一街道"]
    assert oldest["place"] == {"longitude": 121.05, "latitude": 37.1, "accuracy_m": 12.0}
    assert oldest["evidence"] == f"/api/v1/evidence/{sha256(PICTURE)}.jpg"
    assert oldest["confidence"] == pytest.approx(0.9)
    assert oldest["facts"] == {"persons": 31}
    assert oldest["scene"] == {"code": "square", "name": "广场公园"}
    assert (await gis_staff.get(f"/api/v1/events/{oldest['id']}")).json() == oldest
    for params, expected in (
        ({"state": "open"}, 3),
        ({"state": "closed"}, 0),
        ({"kind": "congestion"}, 0),
        ({"since": newest["opened_at"]}, 1),
    ):
        answer = await gis_staff.get("/api/v1/events", params=params)
        assert len(answer.json()["items"]) == expected, params


async def test_viewing_evidence_is_on_record(world: World, gis_staff: AsyncClient) -> None:
    answer = await gis_staff.get(f"/api/v1/evidence/{sha256(EAST_PICTURE)}.jpg")
    assert answer.content == EAST_PICTURE
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"].startswith("private")
    deed = (await world.audit())[-1]
    assert deed["action"] == "evidence.view"
    assert deed["object"] == f"incident/{world.incidents['east-1']}"
    assert deed["detail"] == {"sha256": sha256(EAST_PICTURE)}


async def test_a_picture_that_was_lost_is_not_viewed(world: World, gis_staff: AsyncClient) -> None:
    digest = sha256(EAST_PICTURE)
    (world.settings.data_dir / "evidence" / digest[:2] / digest[2:4] / f"{digest}.jpg").unlink()
    assert (await gis_staff.get(f"/api/v1/evidence/{digest}.jpg")).status_code == 404
    assert (await world.audit())[-1]["action"] != "evidence.view"


async def test_the_reference_lists(gis_staff: AsyncClient) -> None:
    (layer,) = (await gis_staff.get("/api/v1/point-layers")).json()
    assert layer["name"] == "井盖"
    scene = (await gis_staff.get("/api/v1/scenes")).json()[0]
    assert (scene["code"], scene["cadence_s"]) == ("square", 300)


async def test_the_description_is_complete_and_has_examples(gis_staff: AsyncClient) -> None:
    document = (await gis_staff.get("/api/v1/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], path
            assert operation["description"], path
            if path.startswith("/api"):
                assert {"4XX", "5XX"} <= operation["responses"].keys(), path
            for parameter in operation.get("parameters", []):
                header = parameter["in"] == "header"
                assert "examples" in parameter["schema"] or "example" in parameter or header, (
                    f"{method} {path} {parameter['name']}"
                )
    for name, schema in document["components"]["schemas"].items():
        if name.endswith("ValidationError"):
            continue
        for field, kind in schema.get("properties", {}).items():
            refers = "$ref" in json.dumps(kind)
            assert refers or "examples" in kind or "examples" in schema or "const" in kind, f"{name}.{field}"


async def test_the_console_is_served_where_it_is_built(world: World, tmp_path) -> None:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<!doctype html><title>console</title>")
    (built / "assets" / "index-1a2b.js").write_text("1")
    world.app = create_app(world.database, world.settings, FolderEvidence(tmp_path / "e"), world.clock, built)
    async with world.client() as client:
        for address in ("/", "/events/17", "/login"):
            answer = await client.get(address)
            assert (answer.status_code, "console" in answer.text) == (200, True), address
            assert answer.headers["cache-control"] == "no-cache"
        assert "immutable" in (await client.get("/assets/index-1a2b.js")).headers["cache-control"]
        for address in ("/assets/gone.js", "/api/v2/x", "/..%2f..%2fetc/passwd.txt"):
            answer = await client.get(address)
            assert answer.status_code == 404, address
            assert answer.headers["content-type"] == "application/problem+json"


async def test_without_a_console_a_plain_page_says_so(world: World) -> None:
    async with world.client() as client:
        answer = await client.get("/")
    assert answer.status_code == 503
    assert "has not been built" in answer.text


anything = st.text(max_size=40) | st.integers().map(str) | st.floats().map(str)
boxes = st.lists(st.floats() | st.integers(-200, 200), min_size=3, max_size=5).map(
    lambda parts: ",".join(map(str, parts))
)


@FUZZ
@given(
    params=st.fixed_dictionaries(
        {},
        optional={
            "cursor": anything | st.builds(cursor.encode, st.integers(-(2**63), 2**64 - 1)),
            "limit": st.integers(-1, 300),
            "bbox": boxes | anything,
            "q": st.text(max_size=70),
            "unit": anything,
            "scene": anything,
            "state": st.sampled_from(["online", "offline", ""]),
        },
    )
)
async def test_no_camera_query_breaks_the_server(gis_staff: AsyncClient, params: dict[str, str]) -> None:
    answer = await gis_staff.get("/api/v1/cameras", params=_sendable(params))
    assert answer.status_code in (200, 422), answer.text


@FUZZ
@given(
    params=st.fixed_dictionaries(
        {},
        optional={
            "cursor": anything | st.builds(cursor.encode, st.datetimes(), st.integers(0, 2**63 - 1)),
            "since": anything | st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
            "kind": anything,
            "account": anything,
            "action": anything,
        },
    ),
    address=st.sampled_from(["/api/v1/events", "/api/v1/audit"]),
)
async def test_no_list_query_breaks_the_server(
    gis_staff: AsyncClient, params: dict[str, str], address: str
) -> None:
    answer = await gis_staff.get(address, params=_sendable(params))
    assert answer.status_code in (200, 422), answer.text


@FUZZ
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["name", "longitude", "latitude", "heading_deg", "accuracy_m", "address"]),
                inner,
            )
        ),
        max_leaves=6,
    ),
    if_match=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
)
async def test_no_edit_breaks_the_server(
    world: World, gis_staff: AsyncClient, body: object, if_match: str
) -> None:
    headers = {"If-Match": if_match or "*", "Content-Type": "application/json"}
    address = f"/api/v1/cameras/{world.city.cameras['west-1']}"
    answer = await gis_staff.patch(address, content=json.dumps(body), headers=headers)
    assert answer.status_code in (200, 412, 422), answer.text


def _sendable(params: dict[str, str]) -> dict[str, str]:
    """Without the lone surrogates that no client could put on the wire."""
    return {k: str(v).encode("utf-8", "replace").decode() for k, v in params.items()}


@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_-]{0,60}", fullmatch=True))
def test_a_cursor_decodes_or_is_refused(text: str) -> None:
    for decode in (decode_id, decode_moment_and_id):
        try:
            decode(text)
        except InvalidInputError:
            continue


@given(st.integers(0, 2**63 - 1))
def test_a_cursor_comes_back_as_it_went(row_id: int) -> None:
    assert decode_id(cursor.encode(row_id)) == row_id


async def test_who_may_not_read_events_gets_no_count_of_them(login: Session) -> None:
    counts = (await (await login(Role.GIS)).get("/api/v1/counts")).json()
    assert counts["cameras"] == 5
    assert counts["incidents"] == []
