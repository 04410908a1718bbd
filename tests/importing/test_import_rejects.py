"""Refused rows come back in the form of the list with their reasons, are mended there, and go in."""

import csv
import io
import json
import sqlite3

import openpyxl
import pytest
from import_lists import HEADER, as_csv, cameras, code, row, take, write
from test_import_readers import write_geopackage, write_workbook

from camera_registry.importing.headers import REASONS

pytestmark = pytest.mark.usefixtures("city")

BAD = row(2, height="很高", longitude="")


@pytest.mark.parametrize(("encoding", "delimiter"), [("gb18030", ";"), ("utf-8-sig", ","), ("utf-16", "\t")])
async def test_csv_comes_back_in_its_encoding_and_delimiter(database, tmp_path, encoding, delimiter):
    path, back = tmp_path / "a.csv", tmp_path / "back"
    path.write_bytes(as_csv([row(1), BAD, row(3)], delimiter=delimiter).encode(encoding))
    report = await take(database, path, rejects=back)
    assert report.rejects == str(back)
    header, refused = csv.reader(io.StringIO(back.read_text(encoding=encoding)), delimiter=delimiter)
    assert header == [*HEADER, REASONS]
    assert refused[:-1] == BAD
    assert "安装高度(米)" in refused[-1]
    assert "经度" in refused[-1]

    mended = (
        back.read_text(encoding=encoding)
        .replace("很高", "7")
        .replace(f"{delimiter}{delimiter}37", f"{delimiter}121.05001{delimiter}37")
    )
    back.write_text(mended, encoding=encoding)
    again = await take(database, back, name="a.rejects.csv", rejects=back)
    assert (again.source, again.partial, again.new, again.gone, again.rejects) == ("a", True, 1, 0, None)
    assert (await cameras(database))[code(2)]["mount_height_m"] == 7
    assert REASONS not in again.columns.values()


@pytest.mark.parametrize("poison", ["=cmd|' /C calc'!A0", "+1+cmd", "-2+3", "@SUM(A1)", "\t=1"])
async def test_no_spreadsheet_takes_a_value_for_a_formula_and_the_value_survives(database, tmp_path, poison):
    bad = row(2, name=poison, height="很高")
    back = tmp_path / "back.csv"
    await take(database, write(tmp_path / "a.csv", [bad]), rejects=back)
    refused = list(csv.reader(io.StringIO(back.read_text(encoding="utf-8"))))[1]
    assert refused[1] == f"'{poison}"
    back.write_text(back.read_text(encoding="utf-8").replace("很高", "7"), encoding="utf-8")
    await take(database, back)
    assert (await cameras(database))[code(2)]["name"] == poison.strip()


async def test_numbers_below_zero_are_no_formula(database, tmp_path):
    back = tmp_path / "back.csv"
    await take(database, write(tmp_path / "a.csv", [row(2, height="-3")]), rejects=back)
    assert list(csv.reader(io.StringIO(back.read_text(encoding="utf-8"))))[1][5] == "-3"


async def test_a_workbook_comes_back_as_one(database, tmp_path):
    path, back = tmp_path / "a.xlsx", tmp_path / "back"
    write_workbook(path, [["标题"], list(HEADER), row(1), row(2, name="=1+1", height="很高")])
    await take(database, path, rejects=back)
    with back.open("rb") as file:
        sheet = openpyxl.load_workbook(file)["清单"]
    rows = list(sheet.iter_rows())
    assert [cell.value for cell in rows[0]] == [*HEADER, REASONS]
    assert rows[1][1].value == "=1+1"
    assert all(cell.data_type != "f" for cells in rows for cell in cells)
    rows[1][5].value = 7
    sheet.parent.save(tmp_path / "a.rejects.xlsx")
    assert (await take(database, tmp_path / "a.rejects.xlsx")).new == 1


async def test_geojson_comes_back_as_it_was_with_a_property_of_reasons(database, tmp_path):
    path, back = tmp_path / "a.geojson", tmp_path / "back.geojson"
    good = {
        "type": "Feature",
        "id": 1,
        "properties": {"设备编码": code(1), "名称": "点"},
        "geometry": {"type": "Point", "coordinates": [121.05001, 37.1]},
    }
    bad = {**good, "id": 2, "properties": {"设备编码": code(2), "名称": "点", "高度": "很高"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [good, bad]}), encoding="utf-8")
    assert (await take(database, path, rejects=back)).new == 1
    [feature] = json.loads(back.read_text(encoding="utf-8"))["features"]
    reasons = feature["properties"].pop(REASONS)
    assert feature == bad
    assert "高度" in reasons


async def test_a_geopackage_comes_back_as_one_that_others_read(database, tmp_path):
    pyogrio = pytest.importorskip("pyogrio")
    path, back = tmp_path / "a.gpkg", tmp_path / "a.rejects.gpkg"
    write_geopackage(path, [("东门", 121.05001, 37.05, 6.5), ("西门", 12.5, 41.9, 3.0)])
    report = await take(database, path, rejects=back)
    assert (report.new, report.refused) == (1, 1)
    meta, _, geometry, fields = pyogrio.raw.read(back)
    assert (meta["crs"], len(geometry)) == ("EPSG:4326", 1)
    assert "China" in dict(zip(meta["fields"], fields, strict=True))[REASONS][0]
    with sqlite3.connect(back) as file:
        file.create_function("ST_IsEmpty", 1, lambda _: 0)
        file.execute("update cams set geom = null")
    file.close()
    assert (
        await take(database, back, mapping={"高度": "mount_height_m"})
    ).refused == 1  # neither code nor place: no identity


async def test_a_double_does_not_overwrite_its_twin_when_it_comes_back_unmended(database, tmp_path):
    back = tmp_path / "a.rejects.csv"
    await take(database, write(tmp_path / "a.csv", [row(1), row(1, name="第二个")]), rejects=back)
    again = await take(database, back)
    assert (again.refused, again.changed) == (1, 0)
    assert (await cameras(database))[code(1)]["name"] != "第二个"
    text = back.read_text(encoding="utf-8")
    back.write_text(text.replace(code(1), code(2)), encoding="utf-8")
    assert (await take(database, back)).new == 1


async def test_without_faults_there_is_no_file(database, tmp_path):
    report = await take(database, write(tmp_path / "a.csv", [row(1)]), rejects=tmp_path / "back.csv")
    assert report.rejects is None
    assert not (tmp_path / "back.csv").exists()
