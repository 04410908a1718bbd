"""Map clients read and filter the catalogue: tried with what QGIS asks for, with OWSLib and with GDAL."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import uvicorn
from api_world import Session, World, layers_of, tile_at
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from owslib.ogcapi.features import Features
from owslib.util import Authentication

from api.accounts import NewAccount, add_account, change_password
from api.ogc.collections import COLLECTIONS
from api.passwords import Passwords
from models.scope import Role

ROOT = "/api/v1/ogc"
ITEMS = f"{ROOT}/collections/cameras/items"
PASSWORD = "a long passphrase"


@pytest.fixture
async def served(world: World) -> AsyncIterator[str]:
    """The address of the landing page on a real server, and an account that knows its password."""
    new = NewAccount("mapper", Passwords().hash(PASSWORD), frozenset({Role.GIS}), "city", 3)
    async with world.database.begin() as connection:
        await add_account(connection, new)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(world.app, log_config=None, lifespan="on"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}{ROOT}"
    server.should_exit = True
    await task


def codes(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [feature["properties"].get("code") for feature in answer.json()["features"]]


async def matching(client: AsyncClient, text: str, collection: str = "cameras") -> list[str]:
    return codes(await client.get(f"{ROOT}/collections/{collection}/items", params={"filter": text}))


async def test_the_way_of_a_client_from_the_landing_page(gis_staff: AsyncClient) -> None:
    landing = (await gis_staff.get(ROOT)).json()
    links = {link["rel"]: link for link in landing["links"]}
    assert links["service-desc"]["type"] == "application/vnd.oai.openapi+json;version=3.0"
    api = (await gis_staff.get(urlsplit(links["service-desc"]["href"]).path)).json()
    assert api["openapi"].startswith("3.0")
    assert api["components"]["parameters"]["limit"]["schema"] == {
        "type": "integer", "minimum": 1, "maximum": 10_000, "default": 100,
    }  # fmt: skip
    listed = (await gis_staff.get(urlsplit(links["data"]["href"]).path)).json()["collections"]
    assert [each["id"] for each in listed] == ["cameras", "points", "units", "roads"]
    for each in listed:
        for link in each["links"]:
            assert (await gis_staff.get(urlsplit(link["href"]).path)).status_code == 200, link
        assert f"/collections/{each['id']}/items" in api["paths"]


async def test_qgis_finds_what_it_asks_before_it_leaves_filters_to_a_server(gis_staff: AsyncClient) -> None:
    classes = (await gis_staff.get(f"{ROOT}/conformance")).json()["conformsTo"]
    for needed in (
        *("ogcapi-features-3/1.0/conf/filter", "ogcapi-features-3/1.0/conf/features-filter"),
        *("cql2/1.0/conf/cql2-text", "cql2/1.0/conf/basic-cql2"),
        *("cql2/1.0/conf/advanced-comparison-operators", "cql2/1.0/conf/case-insensitive-comparison"),
        "cql2/1.0/conf/basic-spatial-operators",
    ):
        assert f"http://www.opengis.net/spec/{needed}" in classes
    schema = (await gis_staff.get(f"{ROOT}/collections/cameras/queryables")).json()
    assert schema["properties"]["geometry"]["$ref"] == "https://geojson.org/schema/Point.json"
    assert "type" not in schema["properties"]["geometry"]
    assert schema["properties"]["updated_at"] | {"title": ""} == {
        "title": "", "type": "string", "format": "date-time",
    }  # fmt: skip


async def test_every_property_can_be_filtered_in_every_collection(gis_staff: AsyncClient) -> None:
    for collection in COLLECTIONS.values():
        schema = (await gis_staff.get(f"{ROOT}/collections/{collection.id}/queryables")).json()
        for name in schema["properties"]:
            await matching(gis_staff, f'"{name}" IS NULL OR "{name}" IS NOT NULL', collection.id)


FILTERS = [
    ("code = 'cam-west-1'", ["cam-west-1"]),
    # As QGIS writes them, with its brackets and quotation marks.
    ("(\"unit\" = 'west-1')", ["cam-west-1"]),
    ("((\"code\" LIKE 'cam-west%') AND (NOT ((\"code\" = 'cam-west-2'))))", ["cam-west-1"]),
    ("(CASEI(\"code\") LIKE CASEI('CAM-WEST-1'))", ["cam-west-1"]),
    ("S_INTERSECTS(geometry,BBOX(121,37,121.1,37.2))", ["cam-west-1"]),
    ("code IN ('cam-west-1','cam-east-1')", ["cam-west-1", "cam-east-1"]),
    ("state = 'online'", ["cam-west-1"]),
    ("scenes LIKE '%square%' AND unit_name = '东一街道'", ["cam-east-1"]),
    ("geometry IS NULL", ["cam-lost"]),
    ("sensitivity BETWEEN 1 AND 3", ["cam-west-2"]),
    ("sensitivity * 2 + 1 = 5", ["cam-west-2"]),
    ("sensitivity / 0 = 1", []),
    ("unit = civil_code", []),
    ("updated_at > TIMESTAMP('2126-01-01T00:00:00Z')", []),
    ("updated_at > DATE('2126-01-01')", []),
    ("S_WITHIN(geometry, POLYGON((121 37,121.1 37,121.1 37.2,121 37.2,121 37)))", ["cam-west-1"]),
    ("NOT TRUE", []),
    ("code = 'it''s; drop table camera'", []),
]


async def test_filters_mean_what_they_say(gis_staff: AsyncClient) -> None:
    for text, found in FILTERS:
        assert await matching(gis_staff, text) == found, text


UNUSABLE = [
    ({"filter": "nonsense = 1"}, "no property 'nonsense'"),
    ({"filter": "name = 1"}, "name (text) and 1 (number)"),
    ({"filter": "name"}, "not a condition"),
    ({"filter": "updated_at > '2026-01-01'"}, "TIMESTAMP("),
    ({"filter": "name LIKE '\\'"}, "escape"),
    ({"filter": "name LIKE name"}, "pattern"),
    ({"filter": "sensitivity ^ 1000000 = 1"}, "out of its range"),
    ({"filter": "S_INTERSECTS(name, POINT(1 2))"}, "takes a shape"),
    ({"filter": "a" * 5000}, "no property"),
    ({"filter": "code = 1", "filter-lang": "cql2-json"}, "cql2-text"),
    ({"filter-crs": "http://www.opengis.net/def/crs/EPSG/0/4326"}, "CRS84"),
    ({"limit": "0"}, "limit"),
    ({"limit": "many"}, "limit"),
    ({"bbox": "1,2,3"}, "bbox"),
    ({"bbox": "nan,0,1,1"}, "bbox"),
    ({"datetime": "yesterday"}, "datetime"),
    ({"datetime": "2026-02-01/2026-01-01"}, "datetime"),
    ({"cursor": "x"}, "cursor"),
    ({"f": "html"}, "only json"),
    ({"colour": "red"}, "no such parameter"),
    ({"sensitivity": "high"}, "sensitivity"),
    ({"simulated": "maybe"}, "true or false"),
    ({"name": "a\0"}, "NUL"),
]


async def test_what_cannot_be_used_is_a_bad_request(gis_staff: AsyncClient) -> None:
    for parameters, told in UNUSABLE:
        answer = await gis_staff.get(ITEMS, params=parameters)
        problem = answer.json()
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert told in problem["detail"] + problem.get("remedy", ""), parameters


async def test_pages_follow_each_other_and_keep_their_filter(gis_staff: AsyncClient) -> None:
    answer = (await gis_staff.get(ITEMS, params={"limit": 2, "filter": "code LIKE 'cam-%'"})).json()
    assert (answer["numberMatched"], answer["numberReturned"]) == (6, 2)
    seen = [feature["id"] for feature in answer["features"]]
    while following := [link["href"] for link in answer["links"] if link["rel"] == "next"]:
        answer = (await gis_staff.get(following[0])).json()
        seen += [feature["id"] for feature in answer["features"]]
    assert len(seen) == len(set(seen)) == 6
    assert seen == sorted(seen)


async def test_a_wish_for_too_many_is_answered_with_the_most(gis_staff: AsyncClient) -> None:
    assert len(codes(await gis_staff.get(ITEMS, params={"limit": 1_000_000}))) == 6


async def test_boxes_moments_and_properties_as_parameters(gis_staff: AsyncClient) -> None:
    assert codes(await gis_staff.get(ITEMS, params={"bbox": "121,37,121.1,37.2"})) == ["cam-west-1"]
    assert codes(await gis_staff.get(ITEMS, params={"bbox": "121,37,0,121.1,37.2,9"})) == ["cam-west-1"]
    assert codes(await gis_staff.get(ITEMS, params={"unit": "west-1"})) == ["cam-west-1"]
    assert codes(await gis_staff.get(ITEMS, params={"sensitivity": "2"})) == ["cam-west-2"]
    assert codes(await gis_staff.get(ITEMS, params={"datetime": "../1999-12-31"})) == []
    assert len(codes(await gis_staff.get(ITEMS, params={"datetime": "2000-01-01/.."}))) == 6


async def test_nobody_sees_more_than_their_scope(world: World, login: Session) -> None:
    west = await login(Role.GIS, unit="west")
    assert codes(await west.get(ITEMS)) == ["cam-west-1", "cam-lost"]
    assert await matching(west, "code = 'cam-east-1'") == []
    east = world.city.cameras["east-1"]
    assert (await west.get(f"{ITEMS}/{east}")).status_code == 404
    assert codes(await west.get(f"{ROOT}/collections/units/items")) == ["west", "west-1", "west-2"]


async def test_one_feature_is_geojson(world: World, gis_staff: AsyncClient) -> None:
    answer = await gis_staff.get(f"{ITEMS}/{world.city.cameras['west-1']}")
    feature = answer.json()
    assert answer.headers["content-type"] == "application/geo+json"
    assert feature["geometry"] == {"type": "Point", "coordinates": [121.05, 37.1]}
    assert feature["properties"]["scenes"] == "square"
    assert (await gis_staff.get(f"{ROOT}/collections/secrets/items")).status_code == 404


async def test_nothing_is_edited_here(gis_staff: AsyncClient) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await gis_staff.request(method, ITEMS, json={})).status_code == 405


async def test_a_map_client_logs_in_by_basic(world: World, served: str) -> None:
    def basic(password: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"mapper:{password}".encode()).decode()}

    async with world.client() as client:
        assert (await client.get(ITEMS, headers=basic(PASSWORD))).status_code == 200
        assert (await client.get(ITEMS, headers=basic(PASSWORD))).status_code == 200
        assert await world.fetchval("select count(*) from audit where action = 'session.open'") == 1
        refused = await client.get(ITEMS, headers=basic("wrong"))
        assert (refused.status_code, refused.headers["www-authenticate"][:5]) == (401, "Basic")
        for broken in ("Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer x", "Basic " + "A" * 4000):
            assert (await client.get(ITEMS, headers={"Authorization": broken})).status_code == 401
        assert (await client.get(ITEMS)).status_code == 401
        # Basic opens these routes alone: elsewhere a page of another site could use it.
        assert (await client.get("/api/v1/cameras", headers=basic(PASSWORD))).status_code == 401
        async with world.database.begin() as connection:
            await change_password(connection, "mapper", Passwords().hash("another passphrase"))
        assert (await client.get(ITEMS, headers=basic(PASSWORD))).status_code == 401


async def test_owslib_filters_on_the_server(served: str) -> None:
    def read() -> tuple[list[str], dict, dict]:
        service = Features(served, auth=Authentication("mapper", PASSWORD))
        found = service.collection_items(
            "cameras",
            limit=10,
            filter="state = 'online' OR code = 'cam-east-2'",
            **{"filter-lang": "cql2-text"},
        )
        return service.feature_collections(), found, service.collection_queryables("cameras")

    collections, found, queryables = await asyncio.to_thread(read)
    assert collections == ["cameras", "points", "units", "roads"]
    assert [each["properties"]["code"] for each in found["features"]] == ["cam-west-1", "cam-east-2"]
    assert "state" in queryables["properties"]


async def test_gdal_reads_all_pages_and_a_box(served: str) -> None:
    async def ogrinfo(*options: str) -> dict[str, str]:
        process = await asyncio.create_subprocess_exec(
            *("ogrinfo", "-ro", "-al", *options, f"OAPIF:{served}", "cameras"),
            *("-oo", f"USERPWD=mapper:{PASSWORD}", "-oo", "PAGE_SIZE=2"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        return output.decode()

    everything = await ogrinfo()
    assert "Feature Count: 6" in everything
    assert everything.count("OGRFeature(cameras)") == 6
    assert "西区" in everything
    boxed = await ogrinfo("-spat", "121", "37", "121.1", "37.2")
    assert boxed.count("OGRFeature(cameras)") == 1
    assert "code (String) = cam-west-1" in boxed


PIECES = (  # of filters, separated by semicolons
    "code;name;state;sensitivity;geometry;simulated;updated_at;heading_deg;1;-3.5;'x';'%西%';"
    "NULL;TRUE;AND;OR;NOT;"
    "(;);,;=;<>;<;>=;LIKE;IN;IS NULL;IS NOT NULL;BETWEEN;CASEI(;S_INTERSECTS(;POINT(121 37);"
    "BBOX(121,37,122,38);DATE('2026-01-01');TIMESTAMP('2026-01-01T00:00:00Z');+;-;*;/;%;^;div;1e300"
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(st.sampled_from(PIECES.split(";")), min_size=1, max_size=9).map(" ".join))
async def test_no_filter_breaks_the_server(gis_staff: AsyncClient, text: str) -> None:
    answer = await gis_staff.get(ITEMS, params={"filter": text, "limit": 1})
    assert answer.status_code in {200, 400}, (text, answer.text)
    json.loads(answer.content)


async def test_tiles_are_found_by_the_standards_way(world: World, gis_staff: AsyncClient) -> None:
    def path(link: dict[str, str]) -> str:
        return urlsplit(link["href"]).path

    collection = (await gis_staff.get(f"{ROOT}/collections/cameras")).json()
    (listed,) = [link for link in collection["links"] if link["rel"].endswith("tilesets-vector")]
    (described,) = (await gis_staff.get(path(listed))).json()["tilesets"]
    tileset = (await gis_staff.get(path(described["links"][0]))).json()
    links = {link["rel"].rpartition("/")[2]: link for link in tileset["links"]}
    assert [layer["id"] for layer in tileset["layers"]] == ["cluster", "camera"]
    scheme = (await gis_staff.get(path(links["tiling-scheme"]))).json()
    assert scheme["tileMatrices"][0]["scaleDenominator"] == pytest.approx(559082264.0287178)
    z, x, y = 14, *tile_at(14, 121.05, 37.1)[0:2]
    address = links["item"]["href"].format(tileMatrix=z, tileRow=y, tileCol=x)
    answer = await gis_staff.get(urlsplit(address).path)
    assert [each["id"] for each in layers_of(answer)["camera"]] == [world.city.cameras["west-1"]]
    empty = await gis_staff.get(
        urlsplit(links["item"]["href"].format(tileMatrix=14, tileRow=0, tileCol=0)).path
    )
    assert empty.status_code == 204


async def test_a_tile_that_is_not_there(gis_staff: AsyncClient) -> None:
    for path in (
        "tileMatrixSets/Other",
        "collections/roads/tiles",
        "collections/cameras/tiles/Other",
        "collections/cameras/tiles/WebMercatorQuad/17/0/0",
        "collections/cameras/tiles/WebMercatorQuad/1/2/0",
    ):
        assert (await gis_staff.get(f"{ROOT}/{path}")).status_code == 404, path
