"""Every form of list is read row by row; what is damaged or hostile ends in one sentence."""

import json
import random
import sqlite3
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from import_lists import HEADER, as_csv, row

from base.errors import InvalidInputError
from camera_registry.importing.readers import delimited as delimited_module
from camera_registry.importing.readers import open_list
from camera_registry.importing.request import Kind

ROWS = [row(1), row(2)]


def read(path: Path):
    reader = open_list(path, Kind.CAMERAS)
    chunks = list(reader.chunks())
    return (
        reader,
        [r for c in chunks for r in c.rows],
        [n for c in chunks for n in c.numbers],
        [b for c in chunks for b in c.broken],
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "utf-32"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_in_any_encoding_and_delimiter(tmp_path, encoding, delimiter):
    path = tmp_path / "list.bin"  # the ending says nothing
    path.write_bytes(as_csv(ROWS, delimiter=delimiter).encode(encoding))
    reader, rows, numbers, broken = read(path)
    assert reader.header == list(HEADER)
    assert (rows, numbers, broken) == (ROWS, [2, 3], [])


def test_quoted_line_breaks_titles_blank_lines_and_a_told_delimiter(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        'sep=;\r\n清单\r\n\r\n名称;地址\r\n"东\r\n门";"a;b"\r\n\r\n西门;\r\n', encoding="utf-8", newline=""
    )
    _, rows, numbers, _ = read(path)
    assert rows == [["东\r\n门", "a;b"], ["西门", ""]]
    assert numbers == [5, 7]  # the fifth and seventh record of the file


def test_a_row_of_the_wrong_width_or_with_broken_quotes_costs_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited_module, "_BLOCK", 12)
    path = tmp_path / "list.csv"
    path.write_text('名称,地址\n甲,1\n乙,2,3\n丙\n丁,"x"y\n"戊,1\n己,1\n庚,2\n', encoding="utf-8")
    _, rows, numbers, broken = read(path)
    assert rows == [["甲", "1"], ["己", "1"], ["庚", "2"]]
    assert numbers == [2, 7, 8]
    assert [(number, problem.code) for number, _, problem in broken] == [
        (3, "wrong-width"), (4, "wrong-width"), (5, "broken-quotes"), (6, "unclosed-quote"),
    ]  # fmt: skip


def test_a_quoted_record_across_blocks_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited_module, "_BLOCK", 8)
    path = tmp_path / "list.csv"
    path.write_text('名称,地址\n甲,"1\n2\n3"\n乙,4\n', encoding="utf-8")
    assert read(path)[1] == [["甲", "1\n2\n3"], ["乙", "4"]]


def test_a_few_damaged_bytes_cost_their_row_only(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(as_csv([row(n) for n in range(50)]).encode("gb18030") + b"x,\xff\xff\r\n")
    reader, rows, *_ = read(path)
    assert len(rows) == 50
    assert "damaged" in reader.notes[0]


def write_workbook(path, rows, title="清单"):
    book = openpyxl.Workbook()
    book.active.title = "说明"
    sheet = book.create_sheet(title)
    for cells in rows:
        sheet.append(cells)
    for cell in (cell for cells in sheet.iter_rows() for cell in cells if isinstance(cell.value, str)):
        cell.data_type = "s"  # a text that begins with = is no formula
    book.save(path)


def test_a_workbook_is_read_by_the_sheet_that_looks_like_the_list(tmp_path):
    path = tmp_path / "list.xlsx"
    write_workbook(
        path,
        [
            ["标题"],
            [],
            ["设备编码", "名称", "经度", "安装时间"],
            [37060200081326000001, "东门", 121.25, None],
        ],
    )
    reader, rows, numbers, _ = read(path)
    assert reader.form["sheet"] == "清单"
    assert numbers == [4]
    assert rows == [["3.7060200081326e+19", "东门", "121.25", ""]]


def test_a_sheet_may_claim_any_size(tmp_path):
    path = tmp_path / "list.xlsx"
    write_workbook(path, [["名称", "经度"], ["东门", 121.25]])
    fresh = tmp_path / "claims.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(fresh, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            new.writestr(item, data.replace(b'<dimension ref="A1:B2"', b'<dimension ref="A1:XFD1048576"'))
    assert read(fresh)[1] == [["东门", "121.25"]]


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/sharedStrings.xml", b"0" * (50 << 20))
    with pytest.raises(InvalidInputError, match="more than a list needs"):
        open_list(path, Kind.CAMERAS)


def feature(properties, geometry):
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def write_geojson(path, features):
    whole = {"type": "FeatureCollection", "features": features}
    path.write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")


def test_geojson_takes_the_geometry_and_tells_what_is_no_point(tmp_path):
    path = tmp_path / "list.geojson"
    features = [
        feature({"名称": "东门", "高度": 6}, {"type": "Point", "coordinates": [121.25, 37.05, 3]}),
        feature({"名称": "西门", "备注": True}, None),
        feature(None, {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}),
    ]
    write_geojson(path, features)
    reader = open_list(path, Kind.CAMERAS)
    [chunk] = list(reader.chunks())
    assert reader.header == ["名称", "高度", "备注", "geometry: longitude", "geometry: latitude"]
    assert chunk.rows[:2] == [["东门", "6", "", "121.25", "37.05"], ["西门", "", "1", "", ""]]
    assert [(index, problem.code) for index, _, problem in chunk.spoilt] == [(2, "no-point")]


def write_geopackage(path, rows):
    pyogrio = pytest.importorskip("pyogrio")
    names = [r[0] for r in rows]
    points = np.array([shapely.to_wkb(shapely.Point(r[1], r[2])) for r in rows], dtype=object)
    pyogrio.raw.write(
        str(path), points, [np.array(names, dtype=object), np.array([r[3] for r in rows])], ["名称", "高度"],
        layer="cams", driver="GPKG", geometry_type="Point", crs="EPSG:4326",
    )  # fmt: skip


def test_a_geopackage_of_another_program_is_read_without_it(tmp_path):
    path = tmp_path / "list.gpkg"
    write_geopackage(path, [("东门", 121.25, 37.05, 6.5), ("西门", 121.0, 37.125, 3.0)])
    reader, rows, numbers, _ = read(path)
    assert reader.header == ["名称", "高度", "geometry: longitude", "geometry: latitude"]
    assert [list(cells) for cells in rows] == [
        ["东门", "6.5", "121.25", "37.05"],
        ["西门", "3", "121.0", "37.125"],
    ]
    assert numbers == [1, 2]


def test_an_endless_view_is_no_layer(tmp_path):
    path = tmp_path / "list.gpkg"
    with sqlite3.connect(path) as database:
        database.executescript(
            "create table gpkg_contents (table_name, data_type);"
            "create table gpkg_geometry_columns (table_name, column_name, srs_id);"
            "create table gpkg_spatial_ref_sys (srs_id, organization, organization_coordsys_id);"
            "create view cams as"
            " with recursive n(i) as (select 1 union all select i + 1 from n) select i from n;"
            "insert into gpkg_contents values ('cams', 'features');"
        )
    database.close()
    with pytest.raises(InvalidInputError, match="without a GeoPackage layer"):
        open_list(path, Kind.CAMERAS)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Excel"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"PK\x03\x04garbage", "damaged"),
        (b"SQLite format 3\x00garbage", "damaged"),
        (b'{"type": "Feature"}', "no GeoJSON"),
        (b'{"type": "FeatureCollection", "features": [{"a', "damaged"),
        (random.Random(7).randbytes(20_000), "no text"),
    ],
)
def test_what_is_no_list_is_refused_in_one_sentence(tmp_path, content, said):
    path = tmp_path / "list"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=said) as caught:
        list(open_list(path, Kind.CAMERAS).chunks())
    assert caught.value.remedy


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists")
    (folder / "a.csv").write_text(as_csv([row(n) for n in range(40)]), encoding="utf-8")
    write_workbook(folder / "a.xlsx", [list(HEADER), *(row(n) for n in range(40))])
    point = {"type": "Point", "coordinates": [121.1, 37.1]}
    write_geojson(
        folder / "a.geojson", [feature(dict(zip(HEADER, row(n), strict=True)), point) for n in range(40)]
    )
    write_geopackage(folder / "a.gpkg", [(f"点{n}", 121.1, 37.1, 6.5) for n in range(40)])
    return folder


@settings(max_examples=200, deadline=None)
@given(
    form=st.sampled_from(["csv", "xlsx", "geojson", "gpkg"]), seed=st.integers(0, 2**32), cut=st.booleans()
)
def test_corrupted_files_are_read_or_refused_and_nothing_else(samples, form, seed, cut):
    chance = random.Random(seed)
    content = bytearray((samples / f"a.{form}").read_bytes())
    for _ in range(chance.randrange(1, 30)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    path = samples / f"spoilt.{form}"
    path.write_bytes(content[: chance.randrange(1, len(content))] if cut else content)
    with suppress(InvalidInputError):
        for chunk in open_list(path, Kind.CAMERAS).chunks():
            assert len(chunk.rows) == len(chunk.numbers)
