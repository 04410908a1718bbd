"""A change of boundaries takes accounts, cameras, points and incidents along, or nothing is changed."""

import asyncio
import itertools
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import numpy as np
import orjson
import pytest
import shapely
from boundary_files import geojson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_city import UNITS, SmallCity, make_small_city

from api.accounts import NewAccount, add_account
from base.clock import ManualClock
from base.database import Database
from base.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from camera_registry.units import store
from camera_registry.units.export import write_units_file
from camera_registry.units.history import list_changes
from camera_registry.units.request import Missing, Policy, UnitsRequest
from camera_registry.units.work import assign_all, import_units, undo_change
from gis import reassignment
from models.scope import Role, Scope
from models.tables import metadata

UNIT_OF = "select c.code, o.code from camera c left join organisation o on o.id = c.unit_id order by c.code"
STALE = """
select count(*) from (
    select unit_id, unit_tree from camera union all
    select unit_id, unit_tree from point union all
    select unit_id, unit_tree from incident) owned
  join organisation o on o.id = owned.unit_id where owned.unit_tree <> o.tree_left
"""


def strip(west: float, east: float) -> shapely.Polygon:
    return shapely.box(west, 37.0, east, 37.2)


def silent(_stage: str, _share: float) -> None:
    return None


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 17, 9, tzinfo=UTC))


@pytest.fixture
async def city(database: Database) -> SmallCity:
    """The small city with a point in each township, an incident, and a camera without a place."""
    async with database.raw() as connection:
        city = await make_small_city(connection)
        await connection.execute(
            """insert into point_layer (id, code, name, name_en, family, position)
               values (30, 'hospital', '医院', 'Hospital', 'public', 300);
               insert into point (layer_id, name, geom, unit_id, unit_tree)
               select 30, code, geom, unit_id, unit_tree from camera;
               insert into incident (kind, state, severity, confidence, camera_id, unit_id, unit_tree,
                                     opened_at, updated_at)
               select 'crowd', 'suspected', 2, 0.9, id, unit_id, unit_tree, now(), now()
                 from camera where code = 'cam-west-2';
               insert into camera (code, name, unit_id, unit_tree)
               select 'cam-lost', '未定位', id, tree_left from organisation where code = 'west-1'"""
        )
    return city


def request(
    tmp_path: Path,
    *units: tuple[str, str, shapely.Geometry | None],
    dry_run: bool = False,
    scope: Scope | None = None,
    columns: dict[str, str] | None = None,
    **policy,
) -> UnitsRequest:
    rows = [({"code": code, "name": name, **(columns or {})}, shape) for code, name, shape in units]
    path = tmp_path / "units.geojson"
    path.write_bytes(geojson(rows))
    return UnitsRequest(path, "边界.geojson", policy=Policy(**policy), dry_run=dry_run, scope=scope)


async def units_of(database: Database) -> dict[str, str | None]:
    async with database.raw() as connection:
        return {row[0]: row[1] for row in await connection.fetch(UNIT_OF)}


async def fetchval(database: Database, query: str, *values: object):
    async with database.raw() as connection:
        return await connection.fetchval(query, *values)


MOVED = (("west-1", "西一街道", strip(121.0, 121.16)), ("west-2", "西二街道", strip(121.16, 121.2)))
"""The border between the western townships goes east, over a camera."""


async def test_cameras_and_points_follow_the_border_and_it_is_told(
    database: Database, clock: ManualClock, city: SmallCity, tmp_path: Path
) -> None:
    report = await import_units(database, clock, request(tmp_path, *MOVED), silent)
    assert report.applied
    assert (await units_of(database))["cam-west-2"] == "west-1"
    assert report.moved["camera"] == report.moved["point"] == {
        "total": 1, "moves": [{"from": "west-2 西二街道", "to": "west-1 西一街道", "count": 1}],
    }  # fmt: skip
    assert {each["code"]: each["camera"] for each in report.counts} == {
        "west-1": {"before": 2, "after": 3}, "west-2": {"before": 1, "after": 0},
    }  # fmt: skip
    assert report.defects == []
    assert [unit.code for unit in report.changed] == ["west-1", "west-2"]


async def test_a_dry_run_tells_the_same_and_changes_nothing(
    database: Database, clock: ManualClock, city: SmallCity, tmp_path: Path
) -> None:
    async with database.raw() as connection:
        before = await connection.fetch("select o.*, ST_AsText(geom) as wkt from organisation o order by id")
    dry = await import_units(database, clock, request(tmp_path, *MOVED, dry_run=True), silent)
    async with database.raw() as connection:
        assert (
            await connection.fetch("select o.*, ST_AsText(geom) as wkt from organisation o order by id")
            == before
        )
        assert await connection.fetchval("select count(*) from unit_change") == 0
        assert await connection.fetchval("select count(*) from audit") == 0
    assert (await units_of(database))["cam-west-2"] == "west-2"
    done = await import_units(database, clock, request(tmp_path, *MOVED), silent)
    told = ("moved", "counts", "changed", "defects", "slivers")
    assert {name: getattr(dry, name) for name in told} == {name: getattr(done, name) for name in told}
    assert (dry.applied, dry.change_id) == (False, None)


async def test_a_new_township_needs_no_other_to_move_in_the_tree(
    database: Database, clock: ManualClock, city: SmallCity, tmp_path: Path
) -> None:
    """The first change finds a dense tree and numbers it anew; the second finds room."""
    whole = [("west-1", "西一街道", strip(121.0, 121.1)), ("west-2", "西二街道", strip(121.1, 121.15)),
             ("west-3", "西三街道", strip(121.15, 121.2))]  # fmt: skip
    columns = {"parent": "west", "level": "街道"}
    report = await import_units(database, clock, request(tmp_path, *whole, columns=columns), silent)
    assert [unit.code for unit in report.new] == ["west-3"]
    assert await fetchval(database, STALE) == 0
    before = await fetchval(database, "select array_agg(tree_left order by id) from organisation")
    whole[2] = ("west-3", "西三街道", strip(121.15, 121.18))
    whole.append(("west-4", "西四街道", strip(121.18, 121.2)))
    await import_units(database, clock, request(tmp_path, *whole, columns=columns), silent)
    after = await fetchval(database, "select array_agg(tree_left order by id) from organisation")
    assert after[: len(before)] == before
    assert await fetchval(database, STALE) == 0


async def test_who_holds_a_session_sees_the_same_unit_after_the_tree_has_moved(
    database: Database, clock: ManualClock, city: SmallCity, tmp_path: Path
) -> None:
    async with database.begin() as connection:
        await add_account(connection, NewAccount("zhou", "x", frozenset({Role.OPERATOR}), "east", 0))
    new = ("west-3", "西三街道", strip(121.15, 121.2))
    await import_units(database, clock, request(tmp_path, new, columns={"parent": "west"}), silent)
    seen = """select c.code from account a join organisation o on o.id = a.unit_id
                join camera c on c.unit_tree between o.tree_left and o.tree_right order by 1"""
    async with database.raw() as connection:
        assert [row["code"] for row in await connection.fetch(seen)] == ["cam-east-1", "cam-east-2"]
        assert await connection.fetchval("select max(tree_left) from organisation where level = 0") == 1
    assert await fetchval(database, STALE) == 0


async def test_every_table_with_a_position_of_the_tree_is_known() -> None:
    assert {"camera", "incident", "point"} <= set(reassignment.POSITIONED)
    positioned = {name for name, table in metadata.tables.items() if "unit_tree" in table.columns}
    assert positioned == set(reassignment.POSITIONED) | reassignment.FOLLOWING
    assert ("account", "unit_id") in store.REFERRING


async def test_a_unit_that_vanishes_goes_if_nobody_needs_it(
    database: Database, clock: ManualClock, city: SmallCity, tmp_path: Path
) -> None:
    only = ("east-1", "东一街道", strip(121.2, 121.4))
    west = ("west-1", "西一街道", strip(121.0, 121.1)), ("west-2", "西二街道", strip(121.1, 121.2))
    report = await import_units(
        database, clock, request(tmp_path, only, *west, missing=Missing.RETIRE), silent
    )
    (gone,) = report.missing
    assert (gone.code, gone.becomes) == ("east-2", "removed")
    assert await fetchval(database, "select count(*) from organisation where code = 'east-2'") == 0
    assert (await units_of(database))["cam-east-2"] == "east-1"


@pytest.mark.parametrize("needs", ["account", "incident", "camera"])
async def test_a_unit_that_somebody_needs_stays_without_ground_and_it_is_told(
    database: Database, clock: ManualClock, city: SmallCity, tmp_path: Path, needs: str
) -> None:
    """An account, an old incident, or a camera whose place nobody knows still belongs to it."""
    async with database.begin() as connection:
        if needs == "account":
            await add_account(connection, NewAccount("zhou", "x", frozenset({Role.GIS}), "west-2", 0))
    async with database.raw() as connection:
        if needs != "incident":
            await connection.execute("delete from incident")
        if needs == "camera":
            await connection.execute(
                """update camera set (unit_id, unit_tree) = (select id, tree_left from organisation
                    where code = 'west-2') where code = 'cam-lost'"""
            )
    rest = [("west-1", "西一街道", strip(121.0, 121.2)), ("east-1", "东一街道", strip(121.2, 121.3)),
            ("east-2", "东二街道", strip(121.3, 121.4))]  # fmt: skip
    report = await import_units(database, clock, request(tmp_path, *rest, missing=Missing.RETIRE), silent)
    (gone,) = report.missing
    assert (gone.code, gone.becomes, gone.needed_by) == ("west-2", "kept without ground", {needs: 1})
    assert await fetchval(database, "select geom is null from organisation where code = 'west-2'")
    assert (await units_of(database))["cam-west-2"] == "west-1"
    assert report.defects == []


async def test_without_a_word_missing_units_stay(
    database: Database, clock: ManualClock, city: SmallCity, tmp_path: Path
) -> None:
    report = await import_units(database, clock, request(tmp_path, MOVED[0]), silent)
    assert {unit.code: unit.becomes for unit in report.missing} == dict.fromkeys(
        ("west-2", "east-1", "east-2"), "kept"
    )
    (overlap,) = report.defects
    assert (overlap["flaw"], overlap["units"]) == ("overlap", ["west-1", "west-2"])
    assert overlap["names"] == ["西一街道", "西二街道"]


async def test_a_broken_boundary_stops_everything_and_is_named(
    database: Database, clock: ManualClock, city: SmallCity, tmp_path: Path
) -> None:
    bow = shapely.Polygon([(121.0, 37.0), (121.1, 37.2), (121.1, 37.0), (121.0, 37.2)])
    units = [("west-1", "西一街道", bow), MOVED[1]]
    report = await import_units(database, clock, request(tmp_path, *units), silent)
    (fault,) = report.faults
    assert fault.unit == "west-1 西一街道"
    assert "crosses itself at 121.05" in fault.reason
    assert not report.applied
    assert report.refused
    assert (await units_of(database))["cam-west-2"] == "west-2"
    rest = await import_units(database, clock, request(tmp_path, *units, skip_faulty=True), silent)
    assert rest.applied
    assert [unit.code for unit in rest.changed] == ["west-2"]
    mended = await import_units(database, clock, request(tmp_path, *units, repair_limit=1.0), silent)
    assert mended.repairs[0].changed_m2 > 1e6


async def test_a_change_is_undone_and_its_undoing_too(
    database: Database, clock: ManualClock, city: SmallCity, tmp_path: Path
) -> None:
    async def state() -> list:
        async with database.raw() as connection:
            units = await connection.fetch(
                """select o.code, o.name, o.level, p.code as parent, ST_AsText(o.geom) as wkt
                     from organisation o left join organisation p on p.id = o.parent_id order by o.code"""
            )
            return [tuple(row) for row in units], await units_of(database)

    before = await state()
    units = [("west-1", "西关街道", strip(121.0, 121.16)), ("west-3", "新街道", strip(121.16, 121.2))]
    changed = await import_units(
        database, clock, request(tmp_path, *units, columns={"parent": "west"}, missing=Missing.RETIRE), silent
    )
    after = await state()
    assert after != before
    undone = await undo_change(database, clock, changed.change_id, silent)
    assert await state() == before
    assert await fetchval(database, STALE) == 0
    await undo_change(database, clock, undone.change_id, silent)
    assert await state() == after
    async with database.raw() as connection:
        history = await list_changes(connection)
    assert [each.file for each in history] == [
        f"undoing {undone.change_id}",
        f"undoing {changed.change_id}",
        "边界.geojson",
    ]
    with pytest.raises(NotFoundError):
        await undo_change(database, clock, 999, silent)


async def test_it_is_on_record(
    database: Database, clock: ManualClock, city: SmallCity, tmp_path: Path
) -> None:
    async with database.begin() as connection:
        account_id = await add_account(connection, NewAccount("zhou", "x", frozenset({Role.GIS}), "city", 0))
    scope = Scope(account_id, frozenset({Role.GIS}), 1, 7)
    report = await import_units(database, clock, request(tmp_path, *MOVED, scope=scope), silent)
    async with database.raw() as connection:
        deed = await connection.fetchrow(
            "select *, detail::text as told from audit where action = 'units.import'"
        )
    assert (deed["account_id"], deed["object"]) == (account_id, f"unit-change/{report.change_id}")
    assert orjson.loads(deed["told"])["moved"] == {"camera": 1, "point": 1}


async def test_only_the_citys_editors_change_the_tree(
    database: Database, clock: ManualClock, city: SmallCity, tmp_path: Path
) -> None:
    for scope in (Scope(1, frozenset({Role.OPERATOR}), 1, 7), Scope(1, frozenset({Role.GIS}), 2, 4)):
        with pytest.raises(ForbiddenError):
            await import_units(database, clock, request(tmp_path, *MOVED, scope=scope), silent)


async def test_nothing_is_changed_when_it_fails_half_way(
    database: Database, clock: ManualClock, city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object) -> int:
        raise asyncpg.CannotConnectNowError("the server goes away")

    monkeypatch.setattr(reassignment, "move", dies)
    before = await units_of(database)
    with pytest.raises(Exception, match="database does not answer"):
        await import_units(database, clock, request(tmp_path, *MOVED), silent)
    assert await units_of(database) == before
    assert await fetchval(database, "select count(*) from unit_change") == 0
    assert await fetchval(database, "select ST_XMax(geom) from organisation where code = 'west-1'") == 121.1


async def test_two_at_once_wait_for_each_other(
    database: Database, clock: ManualClock, city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "LOCK_WAIT", "200ms")
    async with database.raw() as connection, connection.transaction():
        await connection.execute("lock table organisation in exclusive mode")
        with pytest.raises(ConflictError, match="locked"):
            await import_units(database, clock, request(tmp_path, *MOVED), silent)
    both = [import_units(database, clock, request(tmp_path, *MOVED), silent) for _ in range(2)]
    monkeypatch.setattr(store, "LOCK_WAIT", "10s")
    first, second = await asyncio.gather(*both)
    assert sorted((len(first.changed), len(second.changed))) == [0, 2]


async def test_what_is_written_by_the_old_tree_is_set_right(
    database: Database, clock: ManualClock, city: SmallCity, tmp_path: Path
) -> None:
    async with database.raw() as connection:
        await connection.execute("update incident set unit_tree = 4711")
        assert await reassignment.mend_positions(connection) == 1
    assert await fetchval(database, STALE) == 0


async def test_an_empty_store_takes_the_whole_tree_that_another_has_written(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    rows = [
        (
            {"编码": code, "名称": name, "级别": ("市", "区县", "乡镇")[level], "上级": parent or ""},
            strip(west, east),
        )
        for code, name, level, parent, _, _, west, east in UNITS
    ]
    (tmp_path / "tree.json").write_bytes(geojson(rows))
    for before, after in (
        ("tree.json", "tree.gpkg"),
        ("tree.gpkg", "tree.geojson"),
        ("tree.geojson", "x.gpkg"),
    ):
        async with database.raw() as connection:
            await connection.execute("delete from organisation")
        report = await import_units(database, clock, UnitsRequest(tmp_path / before, before), silent)
        assert len(report.new) == 7
        async with database.raw() as connection:
            units = await store.read_tree(connection)
        assert {unit.code: (unit.name, unit.level, unit.parent) for unit in units} == {
            code: (name, level, parent) for code, name, level, parent, *_ in UNITS
        }
        assert units[0].shape.equals(strip(121.0, 121.4))
        write_units_file(tmp_path / after, units)
    with pytest.raises(InvalidInputError, match="units are written as"):
        write_units_file(tmp_path / "tree.kml", units)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10**6), edges=st.lists(st.floats(121.01, 121.19), min_size=1, max_size=4, unique=True)
)
async def test_everybody_gets_the_unit_that_brute_force_gives(  # noqa: PLR0917 - fixtures
    database: Database, clock: ManualClock, city: SmallCity, tmp_path: Path, seed: int, edges: list[float]
) -> None:
    """Random borders, random cameras: whoever stands on a township's ground is its, else the district's."""
    rng = np.random.default_rng(seed)
    cuts = [121.0, *sorted(round(edge, 4) for edge in edges), 121.2]
    places = rng.uniform([120.95, 36.95], [121.45, 37.25], (80, 2))
    townships = [
        (f"west-{n}", f"西{n}街道", strip(a, b))
        for n, (a, b) in enumerate(itertools.pairwise(cuts), 1)
        if b > a
    ]
    async with database.raw() as connection:
        await connection.execute("delete from camera where name = 'random'")
        await connection.executemany(
            "insert into camera (name, geom) values ('random', ST_SetSRID(ST_MakePoint($1, $2), 4326))",
            places.tolist(),
        )
        await connection.execute("analyze camera")
    columns = {"parent": "west", "level": "街道"}
    await import_units(
        database, clock, request(tmp_path, *townships, columns=columns, missing=Missing.RETIRE), silent
    )
    async with database.raw() as connection:
        units = [unit for unit in await store.read_tree(connection) if unit.shape is not None and unit.level]
        rows = await connection.fetch(
            """select ST_X(c.geom) as x, ST_Y(c.geom) as y, o.code, c.unit_tree, o.tree_left
                 from camera c left join organisation o on o.id = c.unit_id where c.geom is not null"""
        )
    units.sort(key=lambda unit: (-unit.level, unit.tree_left))
    for row in rows:
        spot = shapely.Point(row["x"], row["y"])
        expected = next((unit.code for unit in units if shapely.covers(unit.shape, spot)), None)
        assert row["code"] == expected
        assert row["unit_tree"] == row["tree_left"]


async def test_assigning_alone_mends_what_went_wrong(database: Database, city: SmallCity) -> None:
    async with database.raw() as connection:
        await connection.execute(
            """update camera set (unit_id, unit_tree) = (select id, tree_left from organisation
                where code = 'east-1') where code = 'cam-west-1'"""
        )
    dry = await assign_all(database, dry_run=True)
    assert dry["moved"]["camera"]["total"] == 1
    assert (await units_of(database))["cam-west-1"] == "east-1"
    await assign_all(database)
    assert (await units_of(database))["cam-west-1"] == "west-1"
    assert (await assign_all(database))["moved"]["camera"]["total"] == 0
