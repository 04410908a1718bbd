"""The sample city is the same for the same seed, plausible on a map, and wrong exactly where it says."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
import typer
from typer.testing import CliRunner

from base.clock import ManualClock
from base.errors import ConflictError, InvalidInputError
from base.settings import get_settings
from camera_registry.identity import DeviceId
from dengta.commands.city import city as city_command
from dengta.sample.city import make_city
from dengta.sample.coast import make_land
from dengta.sample.geography import divide
from dengta.sample.load import LOADED_TABLES, load_city, require_vacancy
from dengta.sample.mistakes import BLANK_NAMES, PLATFORM_DEFAULT, Shares
from dengta.sample.names import DISTRICTS
from dengta.sample.relief import Relief
from dengta.sample.stages import Stages
from gis.crs import ReferenceSystem, from_wgs84
from gis.jurisdiction import assign_units, unit_at

CAMERAS = 8000
EXTENT = shapely.box(119.4, 36.4, 122.1, 38.5)


@pytest.fixture(scope="module")
def city():
    return make_city(CAMERAS, 7)


@pytest.fixture(scope="module")
def townships(city):
    return [unit for unit in city.organisations if unit.level == 2]


def digest(city):
    parts = (city.organisations, city.roads, city.points, city.cameras, city.scenes)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class TestSameSeed:
    def test_another_process_with_another_hash_seed_makes_the_same_city(self):
        program = "from tests.sample.test_city import digest, make_city; print(digest(make_city(500, 11)))"
        digests = {
            subprocess.run(
                [sys.executable, "-c", program],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for seed in ("0", "1")
        }
        assert len(digests) == 1

    def test_another_seed_makes_another_city(self, city):
        other = make_city(500, 8)
        assert [unit.code for unit in other.organisations] == [unit.code for unit in city.organisations]
        assert other.organisations[0].shape != city.organisations[0].shape

    @pytest.mark.parametrize(("cameras", "seed"), [(0, 7), (-1, 7), (10**9, 7), (10, -1)])
    def test_what_cannot_be_made_is_refused(self, cameras, seed):
        with pytest.raises(InvalidInputError):
            make_city(cameras, seed)

    def test_one_camera_is_a_city_too(self):
        assert len(make_city(1, 0).cameras) == 1


class TestTree:
    def test_one_city_sixteen_districts_153_townships(self, city):
        assert Counter(unit.level for unit in city.organisations) == {0: 1, 1: 16, 2: 153}
        assert len({unit.code for unit in city.organisations}) == 170
        assert len({unit.name for unit in city.organisations}) == 170

    def test_eleven_districts_have_a_civil_code_and_the_zones_none(self, city):
        codes = [unit.civil_code for unit in city.organisations if unit.level == 1]
        assert sum(code is not None for code in codes) == 11
        assert dict(zip([d.short for d in DISTRICTS], codes, strict=True))["芝罘"] == "370602"

    def test_positions_are_a_nested_set_that_starts_at_one(self, city):
        positions = sorted(p for unit in city.organisations for p in (unit.tree_left, unit.tree_right))
        assert positions == list(range(1, 341))
        by_id = {unit.id: unit for unit in city.organisations}
        for unit in city.organisations[1:]:
            above = by_id[unit.parent_id]
            assert above.level == unit.level - 1
            assert above.tree_left < unit.tree_left < unit.tree_right < above.tree_right


class TestBoundaries:
    @pytest.mark.parametrize("seed", [1, 20])
    def test_townships_tile_the_land_without_gap_or_overlap(self, seed):
        rng = np.random.default_rng(seed)
        land = make_land(rng)
        units = divide(land, Relief(rng), rng)
        towns = np.array([unit.shape for unit in units if unit.level == 2])
        assert shapely.is_valid([unit.shape for unit in units]).all()
        assert shapely.coverage_is_valid(towns)
        assert shapely.area(towns).sum() == pytest.approx(land.everything.area, rel=1e-9)

    def test_they_still_do_in_degrees(self, city, townships):
        towns = np.array([unit.shape for unit in townships])
        assert shapely.is_valid([unit.shape for unit in city.organisations]).all()
        assert shapely.coverage_is_valid(towns)
        assert _same_outline(shapely.coverage_union_all(towns), city.organisations[0].shape)

    def test_a_district_is_the_union_of_its_townships(self, city, townships):
        for district in (unit for unit in city.organisations if unit.level == 1):
            own = np.array([unit.shape for unit in townships if unit.parent_id == district.id])
            assert _same_outline(shapely.coverage_union_all(own), district.shape)

    def test_there_are_islands_and_everything_lies_where_the_city_lies(self, city):
        whole = city.organisations[0].shape
        assert len(whole.geoms) > 8
        assert EXTENT.covers(whole)


class TestRoads:
    def test_there_are_many_of_each_class_on_dry_land(self, city):
        classes = Counter(road.road_class for road in city.roads)
        assert len(city.roads) > 600
        assert set(classes) == {"expressway", "arterial", "secondary", "branch", "coastal"}
        ashore = city.organisations[0].shape.buffer(0.001)
        assert all(ashore.covers(road.shape) for road in city.roads)


class TestCameras:
    def test_ids_are_valid_and_unique_but_for_the_stated_share(self, city):
        codes = [camera.code for camera in city.cameras if camera.code is not None]
        assert len(set(codes)) == len(codes)
        assert sum(not _valid(camera.code) for camera in city.cameras) == Shares().bad_code * CAMERAS

    def test_each_fault_has_its_stated_share(self, city):
        shares = Shares()
        rows = city.cameras
        assert sum(row.longitude is None for row in rows) == pytest.approx(
            CAMERAS * shares.no_coordinates, abs=3
        )
        assert sum(row.longitude == 0 for row in rows) == pytest.approx(CAMERAS * shares.zero, abs=3)
        assert sum((row.latitude or 0) > 90 for row in rows) == pytest.approx(CAMERAS * shares.swapped, abs=3)
        assert sum(row.address is None for row in rows) == CAMERAS * shares.no_address
        assert sum(row.name in BLANK_NAMES for row in rows) == CAMERAS * shares.blank_name
        elsewhere = np.array([abs((row.longitude or 0) - PLATFORM_DEFAULT[0]) < 0.1 for row in rows])
        assert elsewhere.sum() == pytest.approx(CAMERAS * shares.out_of_city, abs=3)

    def test_what_cannot_be_placed_has_no_place(self, city):
        for row in city.cameras:
            unusable = row.longitude is None or row.longitude == 0 or row.latitude > 90
            assert (row.wgs84_longitude is None) == unusable

    def test_an_honest_gcj02_record_is_shifted_and_its_place_is_not(self, city):
        honest = [row for row in city.cameras if row.declared_crs == "GCJ-02" and row.wgs84_longitude]
        assert len(honest) > 100
        declared = np.array([(row.longitude, row.latitude) for row in honest])
        placed = np.array([(row.wgs84_longitude, row.wgs84_latitude) for row in honest])
        assert np.abs(from_wgs84(placed, ReferenceSystem.GCJ_02) - declared).max() < 2e-6

    def test_the_offset_over_the_city_is_what_field_surveys_found(self):
        corners = np.array([(lon, lat) for lon in (119.6, 120.75, 121.9) for lat in (36.6, 37.5, 38.4)])
        metres = np.hypot(*((from_wgs84(corners, ReferenceSystem.GCJ_02) - corners) * [88_500, 111_000]).T)
        assert metres.min() > 400
        assert metres.max() < 510

    def test_towns_are_denser_than_the_country(self, city):
        whole = city.organisations[0].shape.area
        old_town = next(unit for unit in city.organisations if unit.code == "YT-ZF")
        places = np.array(
            [(r.wgs84_longitude, r.wgs84_latitude) for r in city.cameras if r.wgs84_longitude is not None]
        )
        inside = shapely.contains_xy(old_town.shape, places).mean()
        assert inside > 10 * old_town.shape.area / whole

    def test_about_100_of_230_are_classified_and_every_scene_has_cameras(self, city):
        classified = {row.camera_id for row in city.scenes}
        assert len(classified) == round(CAMERAS * 100 / 230)
        assert {row.scene_id for row in city.scenes} == set(range(1, 24))
        assert len({tuple(row) for row in city.scenes}) == len(city.scenes)

    def test_coast_cameras_serve_the_coast(self, city):
        scene = dict(reversed([tuple(row) for row in city.scenes]))
        shore = city.organisations[0].shape.boundary.buffer(0.004)
        coast = [row for row in city.cameras if scene.get(row.id) == 19 and row.wgs84_longitude]
        near = [shapely.contains_xy(shore, row.wgs84_longitude, row.wgs84_latitude) for row in coast]
        assert np.mean(near) > 0.85

    def test_directions_agree_with_headings_and_most_equipment_is_reported(self, city):
        """DirectionType of GB/T 28181: 1 east, 2 west, 3 south, 4 north, then the diagonals."""
        towards = {1: 90, 2: 270, 3: 180, 4: 0, 5: 135, 6: 45, 7: 225, 8: 315}
        for row in city.cameras:
            assert (row.direction_type is None) == (row.heading_deg is None)
            if row.direction_type:
                assert abs((row.heading_deg - towards[row.direction_type] + 180) % 360 - 180) <= 22.5 + 0.1
        for name in ("room_type", "supply_light_type", "point_type", "installed_on", "record_save_days"):
            assert 0.8 < np.mean([getattr(row, name) is not None for row in city.cameras]) < 0.99

    def test_no_record_carries_a_stream(self, city):
        assert "stream_url" not in type(city.cameras[0])._fields


class TestPoints:
    def test_every_layer_has_points_with_codes_of_their_own(self, city):
        assert {point.layer_id for point in city.points} == set(range(1, 39))
        assert len({(point.layer_id, point.code) for point in city.points}) == len(city.points)

    def test_they_stand_on_land(self, city):
        whole = city.organisations[0].shape
        shapely.prepare(whole)
        assert shapely.contains_xy(whole, [(p.longitude, p.latitude) for p in city.points]).all()


class TestLoading:
    async def test_it_is_loaded_whole_and_every_place_has_its_unit(self, city, database):
        told = []
        counts = await load_city(database, city, progress=told.append)
        assert counts == {
            "organisation": 170,
            "road": len(city.roads),
            "camera": CAMERAS,
            "camera_state": CAMERAS,
            "camera_scene": len(city.scenes),
            "point": len(city.points),
        }
        assert told == ["boundaries and roads", "copying", "placing", "indexing", "tidying up"]
        async with database.raw() as connection:
            assert await connection.fetchval("select count(*) from point where unit_id is null") == 0
            assert await assign_units(connection, "camera") == 0, "what was loaded is what PostGIS says"
            lost = await connection.fetchval(
                "select count(*) from camera where unit_id is null and geom is not null"
            )
            assert lost < CAMERAS * 0.004
            assert await connection.fetchval("select bool_and(tile_x > 0) from camera where geom is not null")
            assert await connection.fetchval("select count(*) from camera_state where state <> 0") == 0
            seat = DISTRICTS[0].centre
            assert (await unit_at(connection, *seat)).code.startswith("YT-ZF-")
            assert await unit_at(connection, 121.0, 38.2) is None

    async def test_the_schema_is_afterwards_as_it_was(self, city, database):
        schema = (
            "select pg_get_indexdef(indexrelid) from pg_index where indrelid = any($1::text[]::regclass[])"
            " union all select conname || pg_get_constraintdef(oid) from pg_constraint order by 1"
        )
        async with database.raw() as connection:
            before = await connection.fetch(schema, LOADED_TABLES)
        await load_city(database, city)
        async with database.raw() as connection:
            assert await connection.fetch(schema, LOADED_TABLES) == before

    async def test_a_catalogue_with_cameras_is_left_alone_unless_told(self, city, database):
        await require_vacancy(database, replace=False)
        await load_city(database, city)
        with pytest.raises(ConflictError, match="--replace"):
            await require_vacancy(database, replace=False)
        with pytest.raises(ConflictError, match="--replace"):
            await load_city(database, city)

    async def test_replacing_keeps_the_units_that_accounts_belong_to(self, city, database):
        await load_city(database, city)
        async with database.raw() as connection:
            await connection.execute(
                "insert into account (username, password_hash, roles, unit_id)"
                " select 'lin', 'x', '{gis}', id from organisation where code = 'YT-PL-03'"
            )
        await load_city(database, make_city(600, 8), replace=True)
        async with database.raw() as connection:
            assert await connection.fetchval("select count(*) from camera") == 600
            assert await connection.fetchval("select count(*) from organisation") == 170
            unit = "select o.code from account join organisation o on o.id = unit_id where username = 'lin'"
            assert await connection.fetchval(unit) == "YT-PL-03"
            assert await connection.fetchval("insert into camera (name) values ('next') returning id") == 601

    async def test_another_citys_units_are_never_mixed_with_the_samples(self, city, database):
        async with database.raw() as connection:
            await connection.execute(
                "insert into organisation (code, name, level, tree_left, tree_right)"
                " values ('OURS', '我市', 0, 1, 2)"
            )
        with pytest.raises(ConflictError, match="OURS"):
            await load_city(database, city)
        async with database.raw() as connection:
            assert await connection.fetchval("select count(*) from camera") == 0


class TestCommand:
    @pytest.fixture
    def run(self, database_url, monkeypatch):
        monkeypatch.setenv("DENGTA_DATABASE_URL", database_url)
        get_settings.cache_clear()
        app = typer.Typer()
        app.command()(city_command)
        yield lambda *words: CliRunner().invoke(app, words)
        get_settings.cache_clear()

    def test_it_prints_counts_and_timings_and_never_overwrites_by_itself(self, run):
        first = run("--cameras", "300", "--json")
        assert first.exit_code == 0, first.output
        report = json.loads(first.stdout)
        assert report["rows"]["camera"] == 300
        assert {"roads", "placing"} <= report["seconds"].keys()
        second = run("--cameras", "300", "--json")
        assert isinstance(second.exception, ConflictError)
        assert "--replace" in str(second.exception)
        assert run("--cameras", "0").exit_code == 2


class TestStages:
    def test_each_stage_is_told_and_timed(self):
        clock, told = ManualClock(datetime(2026, 1, 1, tzinfo=UTC)), []
        stages = Stages(clock, told.append)
        for name, seconds in (("roads", 1), ("cameras", 4), ("roads", 2)):
            stages.begin(name)
            clock.advance(seconds)
        stages.end()
        stages.end()
        assert told == ["roads", "cameras", "roads"]
        assert stages.seconds == {"roads": 3, "cameras": 4}


def _same_outline(one, other):
    return {part.normalize().wkb for part in shapely.get_parts(one)} == {
        part.normalize().wkb for part in shapely.get_parts(other)
    }


def _valid(code):
    try:
        DeviceId.parse(code or "")
    except InvalidInputError:
        return False
    return True
