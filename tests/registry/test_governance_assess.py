"""Assessing: faults open, close and come back, a few are judged as all are, unchecked is no pass."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from governance_city import CITY, NOW, PLACED, put, record
from hypothesis import given
from hypothesis import strategies as st

from base.clock import ManualClock
from base.database import Database
from base.errors import ConflictError
from camera_registry.governance.assess import assess, assess_cameras, assess_work
from camera_registry.governance.compare import Group, compare, ranked
from camera_registry.governance.indicators import RESULTS, validity
from camera_registry.governance.meant import Cameras
from camera_registry.governance.rollup import EVERYTHING, GROUPINGS, Unit, rolled_up, tallies, tallies_of
from camera_registry.governance.rules import presets
from camera_registry.governance.schedule import ask_daily, is_due
from camera_registry.governance.score import score
from camera_registry.governance.tally import Checked, Tally, together
from camera_registry.governance.trends import TrendQuestion, trend
from camera_registry.jobs import Job
from camera_registry.selection import CameraFilter
from models.scope import Scope

SHANGHAI = "Asia/Shanghai"
CITY_SCOPE = Scope(0, frozenset(), 1, 5, 3)
WEST = Scope(0, frozenset(), 2, 3, 0)
RULES = list(presets().rules.values())


async def faults(database: Database) -> dict[tuple[int, str], tuple[int, datetime]]:
    codes = {rule.id: rule.code for rule in RULES}
    async with database.raw() as connection:
        rows = await connection.fetch("select camera_id, rule_id, state, since from camera_fault")
    return {(r["camera_id"], codes[r["rule_id"]]): (r["state"], r["since"]) for r in rows}


async def make_city(database: Database, *changes: dict[str, Any]) -> list[int]:
    async with database.raw() as connection:
        await connection.execute(CITY)
        ids = [await put(connection, record(n, **changed)) for n, changed in enumerate(changes)]
        await connection.execute(PLACED)
    return ids


async def edit(database: Database, camera_id: int, now: datetime, **values: Any) -> None:
    async with database.raw() as connection:
        for name, value in values.items():
            await connection.execute(f"update camera set {name} = $2 where id = $1", camera_id, value)
        await connection.execute("update camera set updated_at = $1 where id = $2", now, camera_id)


async def test_a_fault_is_open_then_mended_then_open_again(database: Database) -> None:
    clock = ManualClock(NOW)
    first, second = await make_city(database, {"address": None}, {})
    summary = await assess(database, clock, SHANGHAI)
    assert (summary.cameras, summary.passed, summary.found, summary.mended) == (2, 1, 1, 0)
    assert await faults(database) == {(first, "address-missing"): (1, NOW)}

    clock.advance(86400)
    summary = await assess(database, clock, SHANGHAI)
    assert (summary.found, summary.mended, summary.faults) == (0, 0, 1)
    assert (await faults(database))[first, "address-missing"] == (1, NOW), "since when it was found first"

    await edit(database, first, clock.now(), address="西区西一街道红旗路7号")
    clock.advance(86400)
    summary = await assess(database, clock, SHANGHAI)
    assert (summary.mended, summary.faults, summary.passed, summary.mean_score) == (1, 0, 2, 100)
    assert (await faults(database))[first, "address-missing"][0] == 3

    await edit(database, first, clock.now(), address="无")
    clock.advance(86400)
    summary = await assess(database, clock, SHANGHAI)
    assert (summary.found, summary.faults) == (1, 1)
    assert (await faults(database))[first, "address-missing"] == (1, clock.now())
    assert (second, "address-missing") not in await faults(database)


async def test_what_is_deleted_leaves_nothing_and_a_rule_switched_off_finds_nothing(
    database: Database,
) -> None:
    clock = ManualClock(NOW)
    first, second = await make_city(database, {"address": None}, {"address": None})
    await assess(database, clock, SHANGHAI)
    async with database.raw() as connection:
        await connection.execute("delete from camera where id = $1", first)
    assert {camera_id for camera_id, _ in await faults(database)} == {second}
    async with database.raw() as connection:
        assert await connection.fetchval("select array_agg(camera_id) from camera_score") == [second]
        await connection.execute("update governance_rule set enabled = false where code = 'address-missing'")
    summary = await assess(database, clock, SHANGHAI)
    assert (summary.faults, summary.mended, summary.mean_score) == (0, 0, 100), "not asked is not mended"
    async with database.raw() as connection:
        await connection.execute("truncate camera cascade")
        assert await connection.fetchval("select count(*) from camera_score") == 0


async def test_a_second_assessment_at_the_same_time_is_refused(database: Database) -> None:
    await make_city(database, {})
    async with database.raw() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(hashtextextended('dengta/assess', 0))")
        with pytest.raises(ConflictError, match="under way"):
            await assess(database, ManualClock(NOW), SHANGHAI)
    results = await asyncio.gather(
        *(assess(database, ManualClock(NOW), SHANGHAI) for _ in range(3)), return_exceptions=True
    )
    assert all(isinstance(r, ConflictError) or r.cameras == 1 for r in results)


async def test_the_work_of_a_job_tells_how_far_it_is_and_what_came_of_it(database: Database) -> None:
    await make_city(database, {"address": None})
    told: list[tuple[str, float]] = []
    work = assess_work(database, ManualClock(NOW), SHANGHAI)
    result = await work(Job(1, "assess"), lambda stage, share: told.append((stage, share)))
    assert (result["day"], result["cameras"], result["faults"]) == ("2026-01-17", 1, 1)
    assert [share for _, share in told] == sorted(share for _, share in told)
    assert {"records", "faults", "scores", "day"} <= {stage for stage, _ in told}


async def test_a_few_are_judged_as_all_are(database: Database) -> None:
    """Edits of every kind, clashes made and resolved: the same as if everything had been asked again."""
    dice = Random(7)
    clock = ManualClock(NOW)
    ids = await make_city(database, *({} for _ in range(12)))
    await assess(database, clock, SHANGHAI)
    spot = {"longitude": 121.0333331, "latitude": 37.1333331}
    edits: list[dict[str, Any]] = [
        spot, {**spot, "heading_deg": 270.0, "direction_type": 2}, {"longitude": 121.3512345},
        {"name": "西区人民公园正门枪机"},
        {"name": "西区 人民公园 正门枪机", "address": "西区西一街道红旗路12号"},
        {"stream_url": "rtsp://10.0.0.1/same"}, {"mac": "a4:14:37:aa:aa:aa"}, {"address": None},
        {"name": "通道1"}, {"stream_url": "rtsp://10.0.0.1/other"}, {"mac": "a4:14:37:aa:aa:ab"},
        {"longitude": None, "latitude": None}, {"civil_code": "370611"},
    ]  # fmt: skip
    for _ in range(25):
        clock.advance(60)
        camera_id, change = dice.choice(ids), dice.choice(edits)
        await edit(database, camera_id, clock.now(), **change)
        async with database.raw() as connection:
            await connection.execute(PLACED)
            async with connection.transaction():
                await assess_cameras(connection, clock.now(), [camera_id])
            scores = await connection.fetch("select * from camera_score order by camera_id")
        singly = {key: state for key, (state, _) in (await faults(database)).items() if state != 3}
        summary = await assess(database, clock, SHANGHAI)
        assert (summary.found, summary.mended) == (0, 0), (camera_id, change, singly)
        async with database.raw() as connection:
            again = await connection.fetch("select * from camera_score order by camera_id")
        assert [tuple(row) for row in again] == [tuple(row) for row in scores]


@given(st.lists(st.sampled_from(RULES), unique_by=lambda rule: rule.code), st.data())
def test_mending_a_fault_never_lowers_the_score(found: list[Any], data: st.DataObject) -> None:
    whole = score(found)
    assert 0 <= whole <= 100
    if found:
        gone = data.draw(st.sampled_from(found))
        less = score([rule for rule in found if rule is not gone])
        assert less >= whole
    heavier = [replace(rule, weight=min(100, rule.weight * 2)) for rule in found]
    assert score(heavier) <= whole


async def test_mending_a_record_never_lowers_its_stored_score(database: Database) -> None:
    clock = ManualClock(NOW)
    wrong: dict[str, Any] = dict.fromkeys(
        ("address", "owner", "declared_crs", "heading_deg", "direction_type", "longitude", "latitude")
    )
    wrong |= {"civil_code": "370611", "name": "通道1"}
    (camera_id,) = await make_city(database, wrong)
    await assess(database, clock, SHANGHAI)
    right = record(0)
    worth = []
    for name in wrong:
        async with database.raw() as connection:
            worth.append(await connection.fetchval("select score from camera_score"))
        mended = (
            {name: right[name]} if name != "longitude" else {n: right[n] for n in ("longitude", "latitude")}
        )
        await edit(database, camera_id, clock.now(), **mended)
        async with database.raw() as connection, connection.transaction():
            await connection.execute(PLACED)
            await assess_cameras(connection, clock.now(), [camera_id])
    async with database.raw() as connection:
        worth.append(await connection.fetchval("select score from camera_score"))
    assert worth == sorted(worth)
    assert worth[-1] == 100


async def test_what_was_not_checked_never_counts_as_a_pass(database: Database) -> None:
    clock = ManualClock(NOW)
    ids = await make_city(database, *({} for _ in range(7)))
    online, degraded, offline, unknown, stale, by_hand, never = ids
    states = ((online, 1, 1), (degraded, 2, 1), (offline, 3, 1), (unknown, 0, 1), (stale, 1, 24 * 30))
    async with database.raw() as connection:
        await connection.executemany(
            "insert into camera_state (camera_id, state, looked_at) values ($1, $2, $3)",
            [(camera_id, state, NOW - timedelta(hours=hours)) for camera_id, state, hours in states],
        )
        checks = [
            (by_hand, "online", NOW - timedelta(hours=2), 0.5, False),
            (online, "picture", NOW - timedelta(hours=2), None, False),  # says more than the look did
            (by_hand, "clock", NOW - timedelta(hours=2), None, True),
            (never, "clock", NOW - timedelta(days=30), None, True),
            (by_hand, "unheard-of", NOW, None, True),
        ]
        await connection.executemany("insert into camera_check values ($1, $2, $3, $4, $5)", checks)
        book = presets()
        before = (await tallies(connection, book, NOW, EVERYTHING))[()]
        assert before.of("record") == Checked(), "nothing was assessed yet"
    await assess(database, clock, SHANGHAI)
    async with database.raw() as connection:
        tally = (await tallies(connection, book, NOW, EVERYTHING))[()]
        rows = await connection.fetch(f"with {RESULTS} select * from results", *validity(book, NOW))
    assert len({(row["camera_id"], row["indicator"]) for row in rows}) == len(rows)
    assert tally.of("online") == Checked(4, 2, 2.5)
    assert tally.of("picture") == Checked(2, 0, 0)
    assert tally.of("clock") == Checked(1, 1, 1)
    assert tally.of("caption") == tally.of("recording") == Checked()
    assert tally.of("record") == Checked(7, 7, 7)
    rates = {code: tally.of(code).rate(indicator) for code, indicator in book.indicators.items()}
    assert rates == {
        "online": 0.625,
        "record": 1,
        "picture": 0,
        "clock": 1,
        "caption": None,
        "recording": None,
    }
    assert tally.of("caption").meets(book.indicators["caption"]) is None
    assert set(tally.checks) <= set(book.indicators)


counts = st.builds(
    lambda n, checked, passed: Tally(
        n,
        n,
        n * 90.0,
        0,
        {"record": Checked(checked, min(passed, checked), float(min(passed, checked)))},
        {3: n},
    ),
    *(st.integers(1, 90), st.integers(0, 90), st.integers(0, 90)),
)


@given(st.lists(counts, max_size=8))
def test_tallies_add_up_in_any_order(parts: list[Tally]) -> None:
    whole = together(parts)
    assert whole == together(reversed(parts))
    assert whole.cameras == sum(part.cameras for part in parts)
    assert whole.faults.get(3, 0) == whole.cameras
    assert 0 <= whole.of("record").passed <= whole.of("record").checked


@given(st.lists(counts, max_size=8))
def test_small_groups_and_what_was_not_checked_have_no_rank(parts: list[Tally]) -> None:
    book = presets()
    groups = ranked([Group(str(n), "", "", part) for n, part in enumerate(parts)], book, "record")
    for group in groups:
        rate = group.tally.of("record").rate(book.indicators["record"])
        worthy = group.tally.cameras >= book.setting("ranked-from") and rate is not None
        assert (group.rank is not None) is worthy
        if worthy:
            better = [
                g for g in groups
                if g.rank is not None and g.tally.of("record").rate(book.indicators["record"]) > rate
            ]  # fmt: skip
            assert group.rank == len(better) + 1


async def test_days_are_counted_once_and_within_each_scope(database: Database) -> None:
    clock = ManualClock(datetime(2026, 1, 17, 15, 30, tzinfo=UTC))  # half past eleven in the evening there
    in_the_east = {
        "longitude": 121.3012345,
        "civil_code": "370611",
        "code": "37061100001320000009",
        "name": "东区红旗路与文化路路口东向枪机",
    }
    first, east = await make_city(database, {"address": None}, in_the_east)
    async with database.raw() as connection:
        await connection.execute("update camera set sensitivity = 2 where id = $1", east)
    await assess(database, clock, SHANGHAI)
    await assess(database, clock, SHANGHAI)
    clock.advance(3600)
    await edit(database, first, clock.now(), address="西区西一街道红旗路7号")
    async with database.raw() as connection:
        await connection.execute("update governance_rule set weight = 9 where code = 'address-missing'")
        await connection.execute("update governance_rule set version = 2 where code = 'address-missing'")
    await assess(database, clock, SHANGHAI)
    days = (date(2026, 1, 17), date(2026, 1, 18))

    async def asked(scope: Scope, measure: str, **where: Any) -> list[tuple[int, float | None]]:
        question = TrendQuestion(**{"measure": measure, "unit": None, "scene": None, "owner": None,
                                    "since": days[0], "until": days[1]} | where)  # fmt: skip
        async with database.raw() as connection:
            points = await trend(connection, presets(), scope, question)
        assert [point.day for point in points] == list(days)
        assert [point.rules_changed for point in points] == [False, True]
        return [(point.cameras, point.value) for point in points]

    assert await asked(CITY_SCOPE, "record") == [(2, 0.5), (2, 1)]
    assert await asked(replace(CITY_SCOPE, max_sensitivity=0), "record") == [(1, 0), (1, 1)]
    assert await asked(WEST, "address-missing") == [(1, 1), (1, 0)]
    assert await asked(CITY_SCOPE, "cameras", unit="e") == [(1, 1), (1, 1)]
    assert await asked(WEST, "cameras", unit="e") == [(0, 0), (0, 0)]
    assert await asked(CITY_SCOPE, "score", scene="square") == [(2, 96), (2, 100)]
    assert await asked(CITY_SCOPE, "cameras", owner="公安局") == [(2, 2), (2, 2)]
    assert await asked(CITY_SCOPE, "clock") == [(2, None), (2, None)]


async def test_rollups_equal_counting_by_hand(database: Database) -> None:
    dice = Random(3)
    owners, makes = ("公安局", "城管局", None), ("海康威视", None)
    rows = []
    for _ in range(40):
        row: dict[str, Any] = {"owner": dice.choice(owners), "manufacturer": dice.choice(makes)}
        if dice.random() < 0.3:
            row["address"] = None
        if dice.random() < 0.5:
            row |= {"longitude": round(121.21 + dice.random() * 0.1, 7), "civil_code": "370611"}
        rows.append(row)
    ids = await make_city(database, *rows)
    await assess(database, ManualClock(NOW), SHANGHAI)
    book = presets()
    async with database.raw() as connection:
        truth = await connection.fetch(
            """select c.id, c.owner, c.manufacturer, c.unit_tree, s.score, s.passed,
                      (select count(*) from camera_fault f where f.camera_id = c.id and state = 1) as faults
                 from camera c join camera_score s on s.camera_id = c.id"""
        )
        by_unit = await tallies_of(connection, book, NOW, CITY_SCOPE, Cameras(), GROUPINGS["unit"])
        by_owner = await tallies_of(connection, book, NOW, CITY_SCOPE, Cameras(), GROUPINGS["owner"])
        by_vendor = await tallies_of(connection, book, NOW, CITY_SCOPE, Cameras(), GROUPINGS["vendor"])
        few = Cameras(CameraFilter(ids=tuple(ids[:9])))
        some = await tallies_of(connection, book, NOW, CITY_SCOPE, few, EVERYTHING)
        table = await compare(connection, book, NOW, CITY_SCOPE, Cameras(), "unit", "record")
        west = await compare(connection, book, NOW, WEST, Cameras(), "unit", "record")

    def by_hand(wanted: list[Any]) -> tuple[int, float, int, int]:
        return (
            len(wanted),
            sum(row["score"] for row in wanted),
            sum(row["passed"] for row in wanted),
            sum(row["faults"] for row in wanted),
        )

    def told(tally: Tally) -> tuple[int, float, int, int]:
        return (tally.cameras, tally.score, tally.of("record").passed, sum(tally.faults.values()))

    units = [Unit("w", "", "", 1, 2, 3), Unit("e", "", "", 1, 4, 5), Unit("c", "", "", 0, 1, 5)]
    rolled = rolled_up(by_unit, units)
    for unit in units:
        inside = [row for row in truth if row["unit_tree"] and unit.holds(row["unit_tree"])]
        assert told(rolled[unit.code]) == pytest.approx(by_hand(inside)), unit.code
    for owner in owners:
        theirs = [row for row in truth if row["owner"] == owner]
        assert told(by_owner[owner or "",]) == pytest.approx(by_hand(theirs))
    for make in makes:
        assert told(by_vendor[make or "",]) == pytest.approx(
            by_hand([row for row in truth if row["manufacturer"] == make])
        )
    assert told(some[()]) == pytest.approx(by_hand([row for row in truth if row["id"] in ids[:9]]))
    assert [group.key for group in table.groups] == ["w", "e"]
    assert told(table.total) == pytest.approx(by_hand(truth))
    assert [group.key for group in west.groups] == ["w1"]
    assert told(west.total) == told(rolled["w"])


def test_the_days_assessment_is_due_from_its_hour_on_once() -> None:
    zone = ZoneInfo(SHANGHAI)
    two, four = datetime(2026, 1, 17, 2, tzinfo=zone), datetime(2026, 1, 17, 4, tzinfo=zone)
    assert not is_due(two, None, 3)
    assert is_due(four, None, 3)
    assert is_due(four, date(2026, 1, 16), 3)
    assert not is_due(four, date(2026, 1, 17), 3)


async def test_the_clerk_asks_once_a_day(database: Database) -> None:
    clock = ManualClock(datetime.now(UTC).replace(hour=20, minute=30))  # half past four in the morning there
    assert await ask_daily(database, clock, SHANGHAI) is None, "there is nothing to assess"
    await make_city(database, {})
    asked = [await ask_daily(database, clock, SHANGHAI) for _ in range(3)]
    assert [job is None for job in asked] in ([False, True, True], [True, True, True])
    async with database.raw() as connection:
        assert await connection.fetchval("select count(*) from job where kind = 'assess'") <= 1
    await assess(database, clock, SHANGHAI)
    assert await ask_daily(database, clock, SHANGHAI) is None
