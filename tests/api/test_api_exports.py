"""Exports: any filtered set as a file, within the asker's scope, whatever the reader's line does."""

from __future__ import annotations

import asyncio
import csv
import io
import shutil
import sqlite3
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyogrio
import pytest
from api_world import Session, World
from httpx import AsyncClient

from api import spool
from base.errors import UnavailableError
from camera_registry.exporting import rows
from camera_registry.exporting.columns import PRIVATE, SECRET
from gis.crs import ReferenceSystem, from_wgs84
from models.scope import Role

CAMERAS = "/api/v1/exports/cameras"
POINTS = "/api/v1/exports/points"
EVIL = "=cmd|' /C calc'!A0"


@pytest.fixture
async def dressed(world: World) -> World:
    """The world with one camera that says much, and a point."""
    async with world.database.raw() as connection:
        await connection.execute(
            """update camera set name = $1, address = '安宁路, "东"
口', owner = '公安局', declared_crs = 'GCJ-02', longitude = 121.056, latitude = 37.101,
                      accuracy_m = 2.6, pitch_deg = -12.5, installed_on = '2020-05-01', ptz_type = 3,
                      ip_address = '10.20.30.40', contact_info = '13800000000', record_save_days = 30,
                      source = 'police', source_key = 'k-1'
                where code = 'cam-west-1'""",
            EVIL,
        )
        await connection.execute(
            """insert into point (layer_id, code, name, geom, unit_id, unit_tree)
               select 14, 'p-' || code, name || '井盖', ST_PointOnSurface(geom), id, tree_left
                 from organisation where level = 2"""
        )
    return world


async def table_of(client: AsyncClient, address: str, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode(encoding), newline="")))


async def test_a_csv_has_the_headers_that_an_import_reads(dressed: World, gis_staff: AsyncClient) -> None:
    answer = await gis_staff.get(f"{CAMERAS}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"].startswith('attachment; filename="cameras-20260117-0900')
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.content.endswith(b"\r\n")
    listed = await table_of(gis_staff, f"{CAMERAS}.csv")
    assert [row["设备编码"] for row in listed] == [
        *("cam-west-1", "cam-west-2", "cam-east-1", "cam-east-2", "cam-sea", "cam-lost")
    ]
    first = listed[0]
    assert first["设备名称"] == f"'{EVIL}", "a formula is text"
    assert first["安装地址"] == '安宁路, "东"\n口'
    assert (first["经度"], first["纬度"], first["坐标系"]) == ("121.056", "37.101", "GCJ-02")
    assert (first["定位精度"], first["俯仰角"], first["安装时间"]) == ("2.6", "-12.5", "2020-05-01")
    assert (first["辖区全称"], first["应用场景"], first["监测状态"]) == (
        "烟台市/西区/西一街道",
        "广场公园",
        "在线",
    )
    lost = listed[-1]
    assert (lost["经度"], lost["坐标系"], lost["监测状态"]) == ("", "", "未知")


async def test_english_headers_are_the_names_of_the_fields(dressed: World, gis_staff: AsyncClient) -> None:
    (row,) = await table_of(
        gis_staff,
        f"{CAMERAS}.csv?lang=en&encoding=utf-8&unit=west-1&fields=code,scenes,health,pitch_deg",
        "utf-8",
    )
    assert row == {"code": "cam-west-1", "scenes": "square", "health": "online", "pitch_deg": "-12.5"}


async def test_gb18030_for_old_programs(dressed: World, gis_staff: AsyncClient) -> None:
    answer = await gis_staff.get(f"{CAMERAS}.csv?encoding=gb18030")
    assert answer.headers["content-type"] == "text/csv; charset=gb18030; header=present"
    assert "设备编码" in answer.content.decode("gb18030")


async def test_coordinates_in_the_system_that_is_asked_for(dressed: World, gis_staff: AsyncClient) -> None:
    for crs, system in (
        ("wgs84", ReferenceSystem.WGS_84),
        ("gcj02", ReferenceSystem.GCJ_02),
        ("bd09", ReferenceSystem.BD_09),
    ):
        row = (await table_of(gis_staff, f"{CAMERAS}.csv?crs={crs}"))[0]
        longitude, latitude = from_wgs84((121.05, 37.1), system).tolist()
        assert float(row["经度"]) == pytest.approx(longitude, abs=1e-7)
        assert float(row["纬度"]) == pytest.approx(latitude, abs=1e-7)
        assert row["坐标系"] == system.value


async def test_a_workbook_keeps_ids_as_text_and_formulas_as_nothing(
    dressed: World, gis_staff: AsyncClient, tmp_path: Path
) -> None:
    answer = await gis_staff.get(f"{CAMERAS}.xlsx?fields=code,name,pitch_deg,installed_on,gone_since")
    assert int(answer.headers["content-length"]) == len(answer.content)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content))["摄像机"]
    assert sheet.freeze_panes == "A2"
    header, first, *_ = sheet.iter_rows()
    assert [cell.value for cell in header] == ["设备编码", "设备名称", "俯仰角", "安装时间", "名单消失时间"]
    code, name, pitch, day, _ = first
    assert (code.value, code.data_type) == ("cam-west-1", "s")
    assert (name.value, name.data_type, name.quotePrefix) == (EVIL, "s", True)
    assert (pitch.value, day.value.date().isoformat()) == (-12.5, "2020-05-01")


async def test_geojson_is_wgs84_and_names_no_other(dressed: World, gis_staff: AsyncClient) -> None:
    answer = await gis_staff.get(f"{CAMERAS}.geojson?crs=gcj02")
    assert answer.headers["content-type"] == "application/geo+json"
    features = answer.json()["features"]
    assert features[0]["geometry"] == {"type": "Point", "coordinates": [121.05, 37.1]}
    assert features[0]["id"] == features[0]["properties"]["record_id"]
    assert features[0]["properties"]["longitude"] == pytest.approx(121.055, abs=2e-3)
    assert "model" not in features[0]["properties"], "what is not known is left out"
    assert features[-1]["geometry"] is None


async def test_a_geopackage_is_valid_and_indexed(
    dressed: World, gis_staff: AsyncClient, tmp_path: Path
) -> None:
    answer = await gis_staff.get(f"{CAMERAS}.gpkg")
    assert answer.headers["content-type"] == "application/geopackage+sqlite3"
    file = tmp_path / "cameras.gpkg"
    file.write_bytes(answer.content)
    about = pyogrio.read_info(file, layer="cameras")
    assert (about["crs"], about["geometry_type"], about["features"]) == ("EPSG:4326", "Point", 6)
    types = dict(zip(about["fields"], about["ogr_types"], strict=True))
    assert (types["code"], types["ptz_type"], types["pitch_deg"], types["installed_on"]) == (
        *("OFTString", "OFTInteger64", "OFTReal", "OFTDate"),
    )
    with sqlite3.connect(file) as opened:
        assert opened.execute("pragma application_id").fetchone() == (0x47504B47,)
        assert opened.execute("pragma integrity_check").fetchone() == ("ok",)
        assert opened.execute("select count(*) from rtree_cameras_geom").fetchone() == (5,)
        row = opened.execute("select name, ptz_type, mount_height_m from cameras").fetchone()
    opened.close()
    assert row == (EVIL, 3, None)
    if ogrinfo := shutil.which("ogrinfo"):
        told = subprocess.run([ogrinfo, "-al", "-so", str(file)], capture_output=True, text=True, check=True)
        assert "Feature Count: 6" in told.stdout
        assert not told.stderr


@pytest.mark.parametrize("form", ["csv", "xlsx", "geojson", "gpkg"])
async def test_of_nothing_the_file_is_whole_and_empty(
    dressed: World, gis_staff: AsyncClient, form: str, tmp_path: Path
) -> None:
    answer = await gis_staff.get(f"{CAMERAS}.{form}?owner=nobody")
    assert answer.status_code == 200
    if form == "csv":
        assert answer.content.count(b"\r\n") == 1
    elif form == "xlsx":
        assert openpyxl.load_workbook(io.BytesIO(answer.content)).active.max_row == 1
    elif form == "geojson":
        assert answer.json() == {"type": "FeatureCollection", "features": []}
    else:
        file = tmp_path / "empty.gpkg"
        file.write_bytes(answer.content)
        assert pyogrio.read_info(file)["features"] == 0


async def test_filters_of_lists_and_lassos(dressed: World, gis_staff: AsyncClient) -> None:
    async def codes(address: str) -> list[str]:
        return [row["设备编码"] for row in await table_of(gis_staff, address)]

    assert await codes(f"{CAMERAS}.csv?unit=west&classified=true") == ["cam-west-1"]
    assert await codes(f"{CAMERAS}.csv?bbox=121.2,37,121.3,38&fields=code") == ["cam-east-1"]
    lasso = {"type": "Polygon", "coordinates": [[[121.1, 37], [121.4, 37], [121.4, 38], [121.1, 37]]]}
    body = {"filter": {"area": lasso}, "options": {"fields": ["code"], "lang": "en", "encoding": "utf-8"}}
    answer = await gis_staff.post(f"{CAMERAS}.csv", json=body)
    assert answer.text == "code\r\ncam-west-2\r\ncam-east-1\r\ncam-east-2\r\n"
    assert (await world_deed(dressed))["detail"] == {
        "form": "csv",
        "fields": ["code"],
        "rows": 3,
        "filter": {"area": "POLYGON ((121.1 37, 121.4 37, 121.4 38, 121.1 37))"},
    }


async def world_deed(world: World) -> dict[str, Any]:
    return next(deed for deed in reversed(await world.audit()) if deed["action"] == "export")


async def test_points_in_their_layers(dressed: World, gis_staff: AsyncClient) -> None:
    listed = await table_of(gis_staff, f"{POINTS}.csv?layer=manhole&unit=east")
    assert [(row["编码"], row["图层"]) for row in listed] == [
        ("p-east-1", "manhole"),
        ("p-east-2", "manhole"),
    ]
    assert await table_of(gis_staff, f"{POINTS}.csv?layer=hospital") == []
    assert len(await table_of(gis_staff, f"{POINTS}.csv?bbox=121,37,121.1,38&q=井盖")) == 1
    body = {"filter": {"q": "p-west-1"}, "options": {}}
    assert len((await gis_staff.post(f"{POINTS}.geojson", json=body)).json()["features"]) == 1


async def test_an_export_is_held_to_the_askers_scope(dressed: World, login: Session) -> None:
    west = await login(Role.GIS, unit="west")
    listed = await table_of(west, f"{CAMERAS}.csv?fields=code")
    assert [row["设备编码"] for row in listed] == ["cam-west-1", "cam-lost"], "the other is too sensitive"
    assert len(await table_of(west, f"{POINTS}.csv")) == 2
    deed = await world_deed(dressed)
    assert (deed["object"], deed["detail"]["rows"]) == ("points", 2)


async def test_what_is_private_is_for_editors(dressed: World, login: Session) -> None:
    editor, operator = await login(Role.GIS), await login(Role.OPERATOR)
    own = (await table_of(editor, f"{CAMERAS}.csv?lang=en"))[0]
    assert (own["ip_address"], own["contact_info"]) == ("10.20.30.40", "13800000000")
    assert own["stream_url"] == "rtsp://127.0.0.1:1/west-1"
    assert not SECRET & own.keys()
    others = (await table_of(operator, f"{CAMERAS}.csv?lang=en"))[0]
    assert not PRIVATE & others.keys()
    assert others.keys() | PRIVATE == own.keys()
    refused = await operator.get(f"{CAMERAS}.csv?fields=code,ip_address,contact_info")
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        "This account may not export ip_address, contact_info.",
    )


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"{CAMERAS}.pdf", 422),
        (f"{CAMERAS}.csv?fields=colour", 422),
        (f"{CAMERAS}.csv?fields=password", 422),
        (f"{CAMERAS}.csv?fields=code,code", 422),
        (f"{CAMERAS}.csv?fields=" + ",".join(["code"] * 101), 422),
        (f"{CAMERAS}.csv?crs=utm", 422),
        (f"{CAMERAS}.csv?encoding=big5", 422),
        (f"{CAMERAS}.csv?bbox=1,2", 422),
        (f"{POINTS}.csv?bbox=1,2", 422),
        ("/api/v1/exports/planets.csv", 404),
    ],
)
async def test_what_cannot_be_exported_is_told(gis_staff: AsyncClient, address: str, status: int) -> None:
    answer = await gis_staff.get(address)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_nobody_exports_without_a_login(world: World) -> None:
    async with world.client() as nobody:
        assert (await nobody.get(f"{CAMERAS}.csv")).status_code == 401


async def test_a_database_that_is_away_is_told_before_the_first_byte(
    dressed: World, gis_staff: AsyncClient, monkeypatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise UnavailableError("The database does not answer now.")

    monkeypatch.setattr(spool, "export", away)
    for form in ("csv", "xlsx"):
        answer = await gis_staff.get(f"{CAMERAS}.{form}")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert "content-disposition" not in answer.headers
    assert files_of(dressed) == []


def files_of(world: World) -> list[str]:
    return [path.name for path in world.settings.jobs_dir.glob("*")]


def _get(path: str, token: str) -> dict[str, Any]:
    """A request as the server hands it on (ASGI)."""
    return {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
        "scheme": "http", "http_version": "1.1", "root_path": "", "asgi": {}, "state": {},
        "headers": [(b"host", b"127.0.0.1:8420"), (b"cookie", f"dengta_session={token}".encode())],
        "client": ("10.4.0.17", 1), "server": ("127.0.0.1", 8420),
    }  # fmt: skip


async def _never() -> dict[str, Any]:
    await asyncio.sleep(60)
    return {"type": "http.disconnect"}


def _keep(sent: list[dict[str, Any]]) -> Callable[[dict[str, Any]], Awaitable[None]]:
    async def keep(message: dict[str, Any]) -> None:
        sent.append(message)

    return keep


async def test_a_reader_that_takes_nothing_holds_no_transaction_and_is_dropped(
    dressed: World, gis_staff: AsyncClient, monkeypatch
) -> None:
    monkeypatch.setattr(spool, "SLOW_S", 0.5)
    monkeypatch.setattr(rows, "BATCH", 1)
    token = gis_staff.cookies["dengta_session"]
    sent: list[dict[str, Any]] = []
    busy: list[int] = []

    async def stuck(message: dict[str, Any]) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and message["body"]:
            await asyncio.sleep(0.2)
            busy.append(
                await dressed.fetchval(
                    """select count(*) from pg_stat_activity where state = 'idle in transaction'
                      and datname = current_database() and query like '%camera%'"""
                )
            )
            await asyncio.sleep(60)

    await asyncio.wait_for(dressed.app(_get(f"{CAMERAS}.csv", token), _never, stuck), 20)
    assert sent[0]["status"] == 200
    assert busy == [0]
    assert files_of(dressed) == []
    assert (await gis_staff.get(f"{CAMERAS}.csv")).status_code == 200, "its place is free again"


async def test_an_account_exports_two_at_once_at_most(
    dressed: World, gis_staff: AsyncClient, monkeypatch
) -> None:
    go_on = asyncio.Event()
    real = spool.export

    async def slow(*given: Any, **named: Any) -> Any:
        await go_on.wait()
        return await real(*given, **named)

    monkeypatch.setattr(spool, "export", slow)
    first = [asyncio.create_task(gis_staff.get(f"{CAMERAS}.csv")) for _ in range(2)]
    await asyncio.sleep(0.3)
    third = await gis_staff.get(f"{CAMERAS}.csv")
    go_on.set()
    assert (third.status_code, int(third.headers["retry-after"]) >= 1) == (429, True)
    assert [answer.status_code for answer in await asyncio.gather(*first)] == [200, 200]


async def test_an_export_that_breaks_off_lacks_its_end(
    dressed: World, gis_staff: AsyncClient, monkeypatch
) -> None:
    """A program must not take half of the catalogue for the whole."""

    async def breaking(
        _database: Any, _clock: Any, _request: Any, path: Path, tell: Any, counted: Any
    ) -> None:
        counted(6)
        path.write_bytes(b"code\r\n")
        tell("writing", 0.5)
        await asyncio.sleep(0.2)
        raise UnavailableError("The database does not answer now.")

    monkeypatch.setattr(spool, "export", breaking)
    token = gis_staff.cookies["dengta_session"]
    sent: list[dict[str, Any]] = []
    await asyncio.wait_for(dressed.app(_get(f"{CAMERAS}.csv", token), _never, _keep(sent)), 20)
    assert [message.get("body") for message in sent] == [None, b"code\r\n"]
    assert sent[-1]["more_body"]
    assert files_of(dressed) == []
