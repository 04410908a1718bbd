"""A list into the catalogue: new, changed, unchanged, gone; what stays out; what people made stays."""

import asyncio
import json

import pytest
from import_lists import HEADER, NOW, as_csv, cameras, code, kinds, row, take, write

from base.errors import ConflictError, ForbiddenError, InvalidInputError
from camera_registry.importing import Blanks, Kind
from camera_registry.importing.ledger import list_batches, read_batch
from camera_registry.reference import load_reference
from gis.crs import ReferenceSystem, from_wgs84
from models.scope import Role, Scope

pytestmark = pytest.mark.usefixtures("city")

WHOLE_CITY = Scope(1, frozenset({Role.GIS}), 1, 7, max_sensitivity=3)
WEST = Scope(1, frozenset({Role.GIS}), 2, 4, max_sensitivity=1)


async def test_good_rows_go_in_with_their_unit_and_their_original_coordinates(database, tmp_path):
    shifted = from_wgs84((121.25, 37.05), ReferenceSystem.GCJ_02).round(7)
    header = (*HEADER, "坐标系")
    rows = [[*row(1), ""], [*row(2, longitude=str(shifted[0]), latitude=str(shifted[1])), "火星坐标"]]
    report = await take(database, write(tmp_path / "警务.csv", rows, header))
    assert (report.new, report.refused, report.source) == (2, 0, "警务")
    found = await cameras(database)
    assert found[code(1)]["unit"] == "west-1"
    assert found[code(1)]["mount_height_m"] == 6.5
    shifted_one = found[code(2)]
    assert shifted_one["unit"] == "east-1"
    assert (shifted_one["longitude"], shifted_one["declared_crs"]) == (pytest.approx(shifted[0]), "GCJ-02")
    assert (shifted_one["x"], shifted_one["y"]) == (
        pytest.approx(121.25, abs=1e-6),
        pytest.approx(37.05, abs=1e-6),
    )
    assert found[code(1)]["source"] == "警务"


async def test_a_dry_run_reports_the_same_and_changes_nothing(database, tmp_path):
    path = write(tmp_path / "a.csv", [row(1), row(2), row(2), row(3, longitude="37.1", latitude="121.1")])
    before = await cameras(database)
    dry = await take(database, path, dry_run=True)
    assert await cameras(database) == before
    real = await take(database, path)
    told = [{**r.as_json(), "dry_run": 0, "batch_id": 0, "seconds": 0} for r in (dry, real)]
    assert told[0] == told[1]
    assert dry.batch_id is None
    assert real.batch_id is not None


async def test_the_quick_way_is_the_same(database, tmp_path, monkeypatch, sealer):
    """A long list goes straight into an empty table; a dry run goes the long way, and foretells all of it."""
    monkeypatch.setattr("camera_registry.importing.direct.WORTH_BYTES", 0)
    monkeypatch.setattr("camera_registry.importing.readers.reader.CHUNK", 7)
    monkeypatch.setattr("camera_registry.importing.readers.delimited._BLOCK", 300)
    header = (*HEADER, "RTSP地址", "所属街道", "IP地址", "安装时间")
    url = "rtsp://admin:pw@10.0.0.{}/a"
    rows = [[*row(n), url.format(n), "", f"10.0.0.{n}", "2023-05-01"] for n in range(1, 40)]
    rows[3][1] = ""  # no name
    rows[5][3:5] = "121.300001", "37.300001"  # nobody's ground
    rows[8][3:5] = "", ""
    rows[8][7] = "东一街道"
    rows[9][7] = "东一街道"  # and stands in the west
    rows[12][5] = "很高"
    rows[20][0] = code(3)
    path = write(tmp_path / "a.csv", rows, header)
    async with database.raw() as connection:
        await connection.execute("truncate camera cascade")
    dry = await take(database, path, sealer, dry_run=True)
    real = await take(database, path, sealer)
    assert "indexing" in real.seconds
    told = [{**r.as_json(), "dry_run": 0, "batch_id": 0, "seconds": 0} for r in (dry, real)]
    for name in told[0]:
        assert told[0][name] == told[1][name], name
    found = await cameras(database)
    assert (found[code(1)]["unit"], found[code(9)]["unit"]) == ("west-1", "east-1")
    assert found[code(1)]["credential_id"] == found[code(2)]["credential_id"]
    async with database.raw() as connection:
        indexes = await connection.fetchval("select count(*) from pg_indexes where tablename = 'camera'")
        assert indexes >= 4
    again = await take(database, path, sealer)
    assert (again.new, again.changed, again.unchanged) == (0, 0, real.new)


async def test_importing_again_changes_nothing_and_touches_nothing(database, tmp_path):
    path = write(tmp_path / "a.csv", [row(n) for n in range(1, 5)] + [row(9, code="", name="无编码点")])
    first = await take(database, path)
    before = await cameras(database)
    again = await take(database, path)
    assert (first.new, again.new, again.changed, again.unchanged, again.gone) == (5, 0, 0, 5, 0)
    assert await cameras(database) == before


async def test_what_changed_is_told_field_by_field(database, tmp_path):
    await take(database, write(tmp_path / "a.csv", [row(1), row(2), row(3)]))
    later = [row(1, name="新名", height="7"), row(2, longitude="121.250000"), row(3)]
    report = await take(database, write(tmp_path / "a.csv", later))
    assert (report.changed, report.unchanged) == (2, 1)
    assert report.fields == {"name": 1, "mount_height_m": 1, "longitude": 1}
    assert report.samples["changed"][0]["values"] == {
        "name": ["牟平大街1号路口", "新名"],
        "mount_height_m": ["6.5", "7"],
    }
    found = await cameras(database)
    assert [found[code(n)]["version"] for n in (1, 2, 3)] == [2, 2, 1]
    assert found[code(2)]["unit"] == "east-1"
    assert found[code(1)]["updated_at"] == NOW


async def test_what_the_list_no_longer_has_is_gone_and_comes_back(database, tmp_path):
    await take(database, write(tmp_path / "a.csv", [row(n) for n in range(1, 6)]))
    report = await take(database, write(tmp_path / "a.csv", [row(n) for n in range(1, 5)]))
    assert report.gone == 1
    assert (await cameras(database))[code(5)]["gone_since"] == NOW
    back = await take(database, write(tmp_path / "a.csv", [row(n) for n in range(1, 6)]))
    assert (back.changed, back.returned) == (1, 1)
    assert (await cameras(database))[code(5)]["gone_since"] is None


async def test_a_refused_row_is_not_gone(database, tmp_path):
    await take(database, write(tmp_path / "a.csv", [row(1), row(2), row(3)]))
    report = await take(database, write(tmp_path / "a.csv", [row(1), row(2), row(3, height="很高")]))
    assert (report.refused, report.gone) == (1, 0)


async def test_if_more_than_half_would_be_gone_it_stops_unless_confirmed(database, tmp_path):
    await take(database, write(tmp_path / "a.csv", [row(n) for n in range(1, 6)]))
    short = write(tmp_path / "a.csv", [row(1), row(2, name="新名")])
    dry = await take(database, short, dry_run=True)
    assert (dry.gone, dry.gone_stops) == (3, True)
    before = await cameras(database)
    with pytest.raises(ConflictError, match="3 records"):
        await take(database, short)
    assert await cameras(database) == before
    assert (await take(database, short, partial=True)).gone == 0
    assert (await take(database, short, confirm_gone=True)).gone == 3


async def test_other_sources_and_people_lose_nothing_to_a_list(database, tmp_path):
    await take(database, write(tmp_path / "a.csv", [row(1), row(2)]))
    report = await take(database, write(tmp_path / "b.csv", [row(3)]))
    assert (report.new, report.gone) == (1, 0)
    assert not any(record["gone_since"] for record in (await cameras(database)).values())


async def test_an_empty_cell_keeps_and_a_clearing_word_clears(database, tmp_path):
    await take(database, write(tmp_path / "a.csv", [row(1), row(2)]))
    report = await take(
        database, write(tmp_path / "a.csv", [row(1, height="", address=""), row(2, address="清空")])
    )
    found = await cameras(database)
    assert (report.changed, found[code(1)]["mount_height_m"], found[code(1)]["address"]) == (
        1,
        6.5,
        "牟平大街1号",
    )
    assert found[code(2)]["address"] is None
    await take(database, write(tmp_path / "a.csv", [row(1, height=""), row(2)]), blanks=Blanks.CLEAR)
    assert (await cameras(database))[code(1)]["mount_height_m"] is None


async def edit(database, number: int, **after) -> None:
    """What a person's edit leaves: the values, and the audit entry that says so."""
    async with database.raw() as connection:
        camera = await connection.fetchval("select id from camera where code = $1", code(number))
        for name, value in after.items():
            await connection.execute(f"update camera set {name} = $2 where id = $1", camera, value)
        await connection.execute(
            "insert into audit (action, object, detail) values ('camera.edit', $1, $2::text::jsonb)",
            f"camera/{camera}",
            json.dumps({"before": {}, "after": after}),
        )


async def test_what_people_entered_outranks_the_list_until_it_is_overruled(database, tmp_path):
    path = write(tmp_path / "a.csv", [row(1), row(2)])
    await take(database, path)
    await edit(database, 1, name="手工改名", heading_deg=12.5)
    again = await take(database, path)
    assert (again.changed, again.kept_edits) == (0, {"name": 1})
    assert (await cameras(database))[code(1)]["name"] == "手工改名"
    overruled = await take(database, path, overwrite_edits=True)
    assert (overruled.changed, overruled.fields) == (1, {"name": 1})
    assert (await cameras(database))[code(1)]["heading_deg"] == 12.5  # the list knows nothing of it
    assert (await take(database, path)).kept_edits == {}


async def test_a_place_that_people_corrected_stays(database, tmp_path):
    path = write(tmp_path / "a.csv", [row(1)])
    await take(database, path)
    await edit(database, 1, longitude=121.35, latitude=37.15)
    async with database.raw() as connection:
        await connection.execute(
            "update camera set geom = ST_SetSRID(ST_MakePoint(121.35, 37.15), 4326) where code = $1", code(1)
        )
    report = await take(database, path)
    assert report.kept_edits == {"longitude": 1, "latitude": 1}
    assert (await cameras(database))[code(1)]["x"] == 121.35


async def test_coordinates_that_were_declared_anew_stay_so(database, tmp_path):
    path = write(tmp_path / "a.csv", [[*row(1), "WGS-84"]], (*HEADER, "坐标系"))
    await take(database, path)
    await edit(database, 1, name="手工改名")
    async with database.raw() as connection:
        await connection.execute("update camera set declared_crs = 'GCJ-02' where code = $1", code(1))
        await connection.execute(
            """
            with repair as (insert into crs_repair (at, reading) values (now(), 'GCJ_02') returning id)
            insert into crs_repair_camera (repair_id, camera_id, before, version)
            select repair.id, c.id, jsonb_build_object(
                   'longitude', longitude, 'latitude', latitude, 'declared_crs', 'WGS-84'), 2
              from repair, camera c where code = $1
            """,
            code(1),
        )
    report = await take(database, path)
    assert (report.changed, report.kept_edits) == (0, {"declared_crs": 1, "name": 1})
    assert (await cameras(database))[code(1)]["declared_crs"] == "GCJ-02"
    async with database.raw() as connection:
        await connection.execute("update crs_repair set undone_at = now()")
    assert (await take(database, path)).fields == {"declared_crs": 1}


async def test_identity_is_the_code_then_the_sources_key_then_name_and_place(database, tmp_path):
    header = (*HEADER, "点位编号")
    await take(
        database,
        write(
            tmp_path / "a.csv", [[*row(1, code=""), "K1"], [*row(2, code=""), ""], [*row(3), "K3"]], header
        ),
    )
    now = [[*row(1), "K1"], [*row(2), ""], [*row(3, name="改名"), "K3"]]  # the first two have got codes
    report = await take(database, write(tmp_path / "a.csv", now, header))
    assert (report.new, report.changed, report.gone) == (0, 3, 0)
    found = await cameras(database)
    assert found[code(1)]["source_key"] == "K1"
    assert found[code(2)]["source_key"] is None


async def test_a_key_of_one_record_and_a_code_of_another_contradict(database, tmp_path):
    header = (*HEADER, "点位编号")
    await take(
        database, write(tmp_path / "a.csv", [[*row(1), "K1"], [*row(2), "K2"], [*row(3), "K3"]], header)
    )
    report = await take(
        database, write(tmp_path / "a.csv", [[*row(1), "K2"], [*row(2), "K2b"], [*row(3), "K3"]], header)
    )
    assert kinds(report)["key-conflict"] == "error"
    assert (report.refused, report.gone) == (1, 0)


async def test_a_code_twice_is_told_with_the_first_row_even_across_chunks(database, tmp_path, monkeypatch):
    monkeypatch.setattr("camera_registry.importing.readers.reader.CHUNK", 2)
    monkeypatch.setattr("camera_registry.importing.readers.delimited._BLOCK", 60)
    rows = [row(1), row(2), row(3, height="x"), row(1, name="第二个"), row(3, name="第三个")]
    report = await take(database, write(tmp_path / "a.csv", rows))
    assert "row 2" in report.faults[1].reason
    assert {(fault.row, fault.code, fault.severity.value) for fault in report.faults} == {
        (4, "not-a-number", "error"), (5, "duplicate", "error"), (6, "duplicate", "warning"),
    }  # fmt: skip
    assert report.new == 3


async def test_all_faults_of_a_row_are_told(database, tmp_path):
    bad = row(1, code="3.70602E+19", name="", longitude="abc", height="很高")
    report = await take(database, write(tmp_path / "a.csv", [bad, row(2)]))
    assert [fault.code for fault in report.faults if fault.row == 2] == [
        "lost-digits",
        "not-a-number",
        "not-degrees",
    ]
    assert {fault.column for fault in report.faults} == {"设备编码", "安装高度(米)", "经度"}


async def test_credentials_are_sealed_apart_and_never_shown(database, tmp_path, sealer):
    header = (*HEADER, "RTSP地址", "用户名", "密码")
    rows = [
        [*row(1), "rtsp://admin:Geheim-1@10.0.0.1/a", "", ""],
        [*row(2), "rtsp://10.0.0.2/a", "viewer", "Geheim-2"],
        [*row(3), "rtsp://admin:Geheim-1@10.0.0.3/a", "", ""],
        [*row(4, height="x"), "rtsp://admin:Geheim-1@10.0.0.3/a", "viewer", "Geheim-2"],
        [*row(5), "rtsp://admin:Geheim-1@", "", ""],
    ]
    path = write(tmp_path / "a.csv", rows, header)
    report = await take(database, path, sealer)
    found = await cameras(database)
    assert found[code(1)]["stream_url"] == "rtsp://10.0.0.1/a"
    assert (
        found[code(1)]["credential_id"] == found[code(3)]["credential_id"] != found[code(2)]["credential_id"]
    )
    async with database.raw() as connection:
        kept = await connection.fetch("select * from credential order by id")
    assert [(c["username"], sealer.open(c["sealed"], name=c["name"])) for c in kept] == [
        ("admin", "Geheim-1"),
        ("viewer", "Geheim-2"),
    ]
    assert "Geheim" not in json.dumps(report.as_json(), default=str)
    assert (await take(database, path, sealer)).changed == 0


async def test_without_a_sealer_rows_with_credentials_are_refused(database, tmp_path):
    header = (*HEADER, "RTSP地址")
    report = await take(
        database, write(tmp_path / "a.csv", [[*row(1), "rtsp://a:b@10.0.0.1/"], [*row(2), ""]], header)
    )
    assert kinds(report) == {"credentials-refused": "error"}
    assert report.new == 1


async def hire_west(database) -> None:
    """The account that WEST speaks of."""
    async with database.raw() as connection:
        await connection.execute(
            "insert into account (id, username, display_name, password_hash, roles, unit_id, max_sensitivity)"
            " select 1, 'west', 'West', 'x', '{gis}', id, 1 from organisation where code = 'west'"
        )


async def test_a_district_imports_only_on_its_own_ground(database, tmp_path):
    header = (*HEADER, "敏感级别", "所属街道")
    rows = [
        [*row(1), "", ""],
        [*row(2, longitude="121.250001"), "", ""],  # the other district
        [*row(3, longitude="", latitude=""), "", ""],  # nowhere
        [*row(4, longitude="", latitude=""), "", "西二街道"],
        [*row(5, longitude="", latitude=""), "", "东一街道"],
        [*row(6), "2", ""],
        [*row(7, code="cam-east-1", longitude="121.05"), "", ""],  # another district's camera
        [*row(8, longitude="120.9"), "", ""],  # nobody's ground
    ]
    await hire_west(database)
    report = await take(database, write(tmp_path / "a.csv", rows, header), scope=WEST)
    by_row = {fault.row: fault.code for fault in report.faults if fault.severity == "error"}
    assert by_row == {
        3: "outside-your-unit", 4: "not-in-your-unit", 6: "not-in-your-unit", 7: "sensitivity-beyond-scope",
        8: "not-yours", 9: "outside-your-unit",
    }  # fmt: skip
    found = await cameras(database)
    assert (report.new, found[code(4)]["unit"]) == (2, "west-2")
    assert found["cam-east-1"]["name"] == "east-1 路口"


async def test_a_district_marks_only_its_own_as_gone(database, tmp_path):
    rows = [row(1), row(2, longitude="121.25")]
    await take(database, write(tmp_path / "a.csv", rows))
    await hire_west(database)
    report = await take(database, write(tmp_path / "a.csv", [row(1)]), scope=WEST)
    assert report.gone == 0


async def test_who_may_not_import_is_told(database, tmp_path):
    operator = Scope(1, frozenset({Role.OPERATOR}), 1, 7)
    with pytest.raises(ForbiddenError):
        await take(database, write(tmp_path / "a.csv", [row(1)]), scope=operator)


async def test_a_mapping_is_remembered_with_its_source(database, tmp_path):
    header = ("设备编码", "甲", "安装地址", "经度", "纬度", "安装高度(米)")
    path = write(tmp_path / "a.csv", [row(1)], header)
    first = await take(database, path, mapping={"甲": "name"}, crs="CGCS2000")
    assert first.new == 1
    again = await take(database, path)
    assert again.columns["甲"] == "name"
    assert again.unchanged == 1
    assert (await cameras(database))[code(1)]["declared_crs"] == "CGCS2000"


async def test_imports_are_listed_with_their_reports_within_the_askers_scope(database, tmp_path):
    report = await take(database, write(tmp_path / "a.csv", [row(1), row(2, height="x")]))
    async with database.begin() as connection:
        [batch] = await list_batches(connection, WHOLE_CITY)
        assert (batch["file"], batch["new"], batch["refused"]) == ("a.csv", 1, 1)
        whole = await read_batch(connection, None, batch["id"])
        assert whole["report"]["fault_counts"] == report.fault_counts
        assert await list_batches(connection, WEST) == []


async def test_a_second_import_of_the_list_waits_for_the_first(database, tmp_path):
    paths = [write(tmp_path / f"{n}.csv", [row(i) for i in range(n, n + 60)]) for n in (1, 2)]
    reports = await asyncio.gather(*(take(database, path, source="同一清单") for path in paths))
    assert sorted(report.new for report in reports) == [1, 60]


async def test_an_empty_list_is_refused(database, tmp_path):
    with pytest.raises(InvalidInputError, match="no rows"):
        await take(database, write(tmp_path / "a.csv", []))


async def test_a_geojson_keeps_the_original_and_follows_a_moved_geometry(database, tmp_path):
    shifted = from_wgs84((121.25, 37.05), ReferenceSystem.GCJ_02).round(7).tolist()

    def feature(number: int, place: tuple[float, float]) -> dict:
        properties = {
            "设备编码": code(number),
            "名称": "点",
            "经度": shifted[0],
            "纬度": shifted[1],
            "坐标系": "GCJ-02",
        }
        return {
            "type": "Feature",
            "properties": properties,
            "geometry": {"type": "Point", "coordinates": place},
        }

    path = tmp_path / "a.geojson"
    path.write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [feature(1, (121.25, 37.05)), feature(2, (121.05, 37.1))],
            }
        )
    )
    report = await take(database, path)
    found = await cameras(database)
    assert (found[code(1)]["longitude"], found[code(1)]["declared_crs"]) == (shifted[0], "GCJ-02")
    assert (found[code(2)]["longitude"], found[code(2)]["declared_crs"], found[code(2)]["unit"]) == (
        121.05,
        "WGS-84",
        "west-1",
    )
    assert kinds(report) == {"geometry-differs": "warning"}


POINT_HEADER = ("编号", "名称", "图层", "经度", "纬度")


async def test_points_come_in_by_layer_and_code(database, tmp_path):
    async with database.raw() as connection:
        await load_reference(connection)
    rows = [
        ["1", "人民医院", "医院", "121.05", "37.10001"],
        ["1", "一中", "school", "121.06", "37.10001"],
        ["2", "二中", "31", "121.07", "37.10001"],
        ["3", "三中", "飞碟场", "121.07", "37.10001"],
        ["4", "四中", "学校", "", ""],
        ["", "无号中学", "学校", "121.08", "37.10001"],
    ]
    path = tmp_path / "点位.csv"
    path.write_text(as_csv(rows, POINT_HEADER), encoding="utf-8")
    report = await take(database, path, kind=Kind.POINTS)
    assert (report.new, report.refused) == (4, 2)
    assert {"unknown-layer", "no-place", "no-code"} == kinds(report).keys() - {"coordinate-coarse"}
    again = await take(database, path, kind=Kind.POINTS)
    assert (again.new, again.unchanged, again.gone) == (0, 4, 0)
    async with database.raw() as connection:
        units = await connection.fetchval(
            "select count(*) from point where unit_id is not null and source = '点位'"
        )
    assert units == 4


async def test_a_file_named_after_a_layer_is_of_that_layer(database, tmp_path):
    async with database.raw() as connection:
        await load_reference(connection)
    path = tmp_path / "2026年加油加气站清单.csv"
    path.write_text(
        as_csv([["1", "一号站", "121.05001", "37.10001"]], ("编号", "名称", "经度", "纬度")), encoding="utf-8"
    )
    assert (await take(database, path, kind=Kind.POINTS)).new == 1
    other = path.with_name("a.csv")
    path.rename(other)
    assert kinds(await take(database, other, kind=Kind.POINTS, dry_run=True)) == {"no-layer": "error"}
    assert (await take(database, other, kind=Kind.POINTS, dry_run=True, layer="医院")).new == 1
