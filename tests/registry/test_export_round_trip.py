"""What was exported is imported again, and nothing is changed by it: for each form, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_city import make_small_city

from base.clock import SystemClock
from base.database import Database
from camera_registry.exporting import Crs, Encoding, ExportRequest, Form, Language, export
from camera_registry.importing import ImportReport, ImportRequest, Kind, import_file
from camera_registry.selection import CameraFilter
from models.scope import Role, Scope

EDITOR = Scope(0, frozenset({Role.GIS}), 1, 7, max_sensitivity=3)

CAMERAS = """\
设备编码,设备名称,经度,纬度,坐标系,安装地址,俯仰角,安装高度,方位角,安装时间,摄像机结构类型,IP地址,端口,MAC地址,RTSP地址,联系方式,点位编号,水平视场角
37060200081326000001,=1+1路口,121.0512345678,37.1012345678,GCJ-02,"安宁路, ""东""口",-12.5,2.6,359.9,2020-05-01,3,10.20.30.40,554,00:1a:2b:3c:4d:5e,rtsp://10.20.30.40/1,13800000000,k-1,55.3
37060200081326000002,-1楼大厅,121.1487,37.1099,WGS-84,+86 街,0.1,,0,,1,,,,,,k-2,
37060200081326000003,@东门'口',121.2599991,37.0555551,BD-09,,,,,,,,,,,,k-3,
37060200081326000004,没有坐标,,,,#7 路,,,,,,,,,,,k-4,
,只有来源编号,121.3333333333,37.1666666667,CGCS2000,"多
行",,,,,,,,,,,k-5,
"""

POINTS = """\
图层,编码,名称,经度,纬度,坐标系,地址
manhole,p-1,=井盖,121.0512345678,37.1012345678,GCJ-02,安宁路
manhole,p-2,'=井盖,121.15,37.11,WGS-84,
"""


@pytest.fixture
async def filled(database: Database, tmp_path: Path) -> Database:
    """The small city without its own cameras, and the lists above."""
    async with database.raw() as connection:
        await make_small_city(connection)
        await connection.execute(
            """delete from watch; delete from camera;
               insert into point_layer (id, code, name, name_en, family, position)
               values (14, 'manhole', '井盖', 'manhole', 'municipal', 14) on conflict do nothing"""
        )
    for kind, text in ((Kind.CAMERAS, CAMERAS), (Kind.POINTS, POINTS)):
        file = tmp_path / f"{kind.value}.csv"
        file.write_text(text, encoding="utf-8")
        report = await brought_in(database, file, kind)
        assert (report.refused, report.new) == (0, text.count("\n") - (kind is Kind.CAMERAS) - 1), report
    return database


async def brought_in(database: Database, file: Path, kind: Kind, *, dry_run: bool = False) -> ImportReport:
    request = ImportRequest(file, file.name, kind, source="police", dry_run=dry_run)
    return await import_file(database, SystemClock(), request, lambda _stage, _share: None)


async def taken_out(database: Database, file: Path, request: ExportRequest) -> int:
    report = await export(database, SystemClock(), request, file, lambda _stage, _share: None)
    return report.rows


@pytest.mark.parametrize("form", list(Form))
async def test_an_export_comes_back_without_a_change(filled: Database, tmp_path: Path, form: Form) -> None:
    for kind, count in ((Kind.CAMERAS, 5), (Kind.POINTS, 2)):
        for language in Language:
            file = tmp_path / f"out-{kind.value}-{language.value}.{form.value}"
            request = ExportRequest(form, EDITOR, kind, language=language)
            assert await taken_out(filled, file, request) == count
            report = await brought_in(filled, file, kind, dry_run=True)
            assert (report.rows, report.refused, report.new, report.gone) == (count, 0, 0, 0), report
            assert (report.changed, report.fields) == (0, {}), (form, kind, language)
            assert report.unchanged == count


async def test_so_does_gb18030(filled: Database, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    await taken_out(filled, file, ExportRequest(Form.CSV, EDITOR, encoding=Encoding.GB18030))
    report = await brought_in(filled, file, Kind.CAMERAS, dry_run=True)
    assert (report.unchanged, report.changed, report.refused) == (5, 0, 0), report


async def test_a_part_comes_back_into_an_empty_catalogue_as_it_was(filled: Database, tmp_path: Path) -> None:
    """The whole record survives the way through a file, and so does the place."""
    columns = "code, name, longitude, latitude, declared_crs, address, pitch_deg, ST_AsText(geom, 9) as place"
    query = f"select {columns} from camera where code is not null order by code"
    async with filled.raw() as connection:
        before = await connection.fetch(query)
    file = tmp_path / "out.xlsx"
    await taken_out(filled, file, ExportRequest(Form.XLSX, EDITOR, cameras=CameraFilter(sources=("police",))))
    async with filled.raw() as connection:
        await connection.execute("delete from camera")
    report = await brought_in(filled, file, Kind.CAMERAS)
    assert (report.new, report.refused) == (5, 0)
    async with filled.raw() as connection:
        assert await connection.fetch(query) == before


async def test_coordinates_of_another_system_are_the_same_places(filled: Database, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    await taken_out(filled, file, ExportRequest(Form.CSV, EDITOR, crs=Crs.GCJ_02))
    query = "select code, geom from camera where geom is not null order by id"
    async with filled.raw() as connection:
        await connection.execute("create temp table was as " + query)
        assert (await brought_in(filled, file, Kind.CAMERAS)).changed == 4
        moved = await connection.fetchval(
            """select max(ST_Distance(was.geom::geography, camera.geom::geography))
                 from was join camera using (code)"""
        )
    assert moved < 0.01
