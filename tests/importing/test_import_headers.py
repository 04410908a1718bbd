"""Columns are recognised by their headers, by what stands below them, or as they are told."""

import json
from pathlib import Path

import pytest

from base.errors import InvalidInputError
from camera_registry.importing import headers
from camera_registry.importing.fields import FIELDS
from camera_registry.importing.headers import (
    SYNONYMS,
    fold_header,
    header_row,
    map_columns,
    recognise,
    unique_headers,
)
from camera_registry.importing.request import Kind

CODE = "37060200081326000001"


@pytest.mark.parametrize(
    ("header", "field"),
    [
        *(
            (header, "code")
            for header in ("设备编码", "DeviceID", "国标编码", "device_id", "ＤｅｖｉｃｅＩＤ")
        ),
        *((header, "name") for header in ("*设备名称（必填）", "名 称", "Name")),
        *((header, "longitude") for header in ("经度(E)", "Longitude", "lng", "WGS84经度", "经度_GCJ02")),
        *((header, "address") for header in ("安装位置", "详细地址")),
        *(
            ("坐标系", "declared_crs"),
            ("行政区划代码", "civil_code"),
            ("所属部门", "owner"),
            ("百度纬度", "latitude"),
        ),
        *(("朝向", "direction_type"), ("安装高度（米）", "mount_height_m"), ("RTSP 地址", "stream_url")),
        *(("PTZType", "ptz_type"), ("MaxViewDistance", "max_view_distance_m"), ("IP地址", "ip_address")),
        *(("mount_height_m", "mount_height_m"), ("录像保存天数", "record_save_days"), ("备注", None)),
    ],
)
def test_headers_are_recognised_in_chinese_and_english(header, field):
    found = recognise(Kind.CAMERAS, header)
    assert (found and found.name) == field


@pytest.mark.parametrize("kind", Kind)
def test_every_field_is_known_by_its_own_name_and_title(kind):
    for field in FIELDS[kind].values():
        assert recognise(kind, field.name) is field
        assert recognise(kind, field.title) is field


@pytest.mark.parametrize("kind", Kind)
def test_no_header_means_two_fields(kind):
    said: dict[str, str] = {}
    listed = json.loads(Path(headers.__file__).with_name("headers.json").read_text(encoding="utf-8"))[
        kind.value
    ]
    assert listed.keys() == FIELDS[kind].keys()
    for field in FIELDS[kind].values():
        for header in {
            fold_header(name)[0] for name in (field.name, field.title, *listed[field.name].split())
        }:
            assert said.setdefault(header, field.name) == field.name, header
    assert said.keys() == SYNONYMS[kind].keys()


def test_a_number_column_is_the_code_if_codes_stand_in_it_and_a_key_if_not():
    header = ["编号", "名称"]
    assert map_columns(Kind.CAMERAS, header, [[CODE, "东门"]], {}).columns["code"].index == 0
    assert map_columns(Kind.CAMERAS, header, [["A-17", "东门"]], {}).columns["source_key"].index == 0


def test_a_row_counter_is_no_key():
    columns = map_columns(Kind.CAMERAS, ["序号", "名称"], [["1", "东门"]], {})
    assert "source_key" not in columns.columns
    assert columns.left_out == ["序号"]


def test_a_direction_in_degrees_is_a_heading():
    assert (
        "heading_deg" in map_columns(Kind.CAMERAS, ["名称", "朝向"], [["a", "135"], ["b", "90"]], {}).columns
    )
    assert (
        "direction_type" in map_columns(Kind.CAMERAS, ["名称", "朝向"], [["a", "3"], ["b", "东"]], {}).columns
    )


def test_the_reference_system_may_stand_in_the_header_and_wgs84_is_preferred():
    columns = map_columns(Kind.CAMERAS, ["名称", "高德经度", "高德纬度"], [], {})
    assert columns.crs == "GCJ-02"
    both = map_columns(Kind.CAMERAS, ["名称", "高德经度", "高德纬度", "WGS84经度", "WGS84纬度"], [], {})
    assert both.crs == "WGS-84"
    assert both.columns["longitude"].header == "WGS84经度"


def test_two_columns_for_one_field_are_told_and_may_be_chosen():
    header = ["设备名称", "点位名称"]
    columns = map_columns(Kind.CAMERAS, header, [], {})
    assert columns.columns["name"].header == "设备名称"
    assert "Ambiguous" in columns.notes[0]
    assert map_columns(Kind.CAMERAS, header, [], {"点位名称": "name"}).columns["name"].header == "点位名称"


def test_what_is_told_overrules_and_an_empty_field_leaves_out():
    header = ["名称", "备注", "状态"]
    columns = map_columns(Kind.CAMERAS, header, [], {"备注": "address", "状态": ""})
    assert columns.columns["address"].header == "备注"
    assert columns.left_out == ["状态"]


@pytest.mark.parametrize("told", [{"名字": "name"}, {"名称": "nmae"}])
def test_a_mapping_of_what_is_not_there_is_refused(told):
    with pytest.raises(InvalidInputError, match=r"There is no field|has no column"):
        map_columns(Kind.CAMERAS, ["名称"], [], told)


def test_a_list_of_nothing_known_is_refused_with_its_columns():
    with pytest.raises(InvalidInputError, match=r"'甲', '乙'"):
        map_columns(Kind.CAMERAS, ["甲", "乙"], [], {})


def test_the_header_is_found_below_titles():
    assert header_row(Kind.CAMERAS, [["清单"], [], ["序号", "名称", "经度"], ["1", "名称", ""]]) == 2


def test_headers_that_come_twice_are_numbered():
    assert unique_headers(["名称", " 名称 ", ""]) == ["名称", "名称 (2)", ""]
