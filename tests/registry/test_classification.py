"""Strokes at once, cameras deleted meanwhile, plans that stay good, and what others may not overrule."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import asyncpg
import pytest
import shapely
from small_city import make_small_city

from base.clock import ManualClock
from base.database import Database
from base.errors import ConflictError, InvalidInputError
from camera_registry.classification import (
    NOBODY,
    Action,
    Change,
    Conflicts,
    MeaningChangedError,
    Proposal,
    Source,
    Token,
    Undo,
    apply,
    assignments,
    cameras_of_batch,
    lock,
    preview,
    undo,
)
from camera_registry.classification.asked import described, digest
from camera_registry.classification.writing import LOCK_WAIT
from camera_registry.selection import CameraFilter, as_sql
from models.camera import CameraState
from models.scope import Scope

START = datetime(2026, 1, 17, 9, 0, tzinfo=UTC)
CITY = Scope(NOBODY, frozenset(), 1, 7, max_sensitivity=3)
CAMERAS = 3_000


@pytest.fixture
async def city(database: Database) -> Database:
    """Three thousand cameras in rows, from west to east, and two scenes more."""
    async with database.raw() as connection:
        await make_small_city(connection)
        await connection.execute(
            f"""insert into scene (id, code, name, name_en, family, looks_for, cadence_s, priority) values
                (20, 'road', '', '', 'traffic', '{{}}', 60, 1),
                (21, 'snow', '', '', 'weather', '{{}}', 60, 1);
                insert into camera (id, name, geom, unit_id, unit_tree) overriding system value
                select 1000 + n, 'cam ' || n,
                       ST_SetSRID(ST_MakePoint(121 + 0.4 * n / {CAMERAS}, 37.05 + n % 50 / 1000.0), 4326),
                       (select id from organisation where code = 'city'), 1
                  from generate_series(1, {CAMERAS}) n;
                analyze camera"""
        )
    return database


def lasso(west: float, east: float, corners: int = 60) -> shapely.Polygon:
    """A ring about the cameras between two meridians."""
    middle, reach = (west + east) / 2, (east - west) / 2
    turns = [2 * math.pi * corner / corners for corner in range(corners)]
    return shapely.Polygon([(middle + reach * math.cos(t), 37.075 + 0.06 * math.sin(t)) for t in turns])


def stroke(scene: str, area: shapely.Geometry, **more: Any) -> Change:
    return Change(more.pop("action", Action.ADD), (scene,), CameraFilter(area=area), **more)


async def do(database: Database, change: Change, clock: ManualClock | None = None) -> int | None:
    async with database.raw() as connection, connection.transaction():
        outcome = await apply(connection, clock or ManualClock(START), CITY, change)
    return outcome.batch_id


async def test_overlapping_strokes_at_once_neither_deadlock_nor_lose_anything(city: Database) -> None:
    areas = [lasso(121.0 + 0.03 * n, 121.25 + 0.03 * n) for n in range(5)]
    wishes = [
        stroke(scene, area, action=Action.REPLACE if scene == "road" else Action.ADD)
        for area in areas
        for scene in ("road", "snow")
    ]
    numbers = await asyncio.gather(*(do(city, wish) for wish in wishes))
    in_order = [wish for _, wish in sorted(zip(numbers, wishes, strict=True), key=lambda pair: pair[0] or 0)]
    async with city.raw() as connection:
        rows = await connection.fetch(
            "select c.id, ST_X(c.geom) x, ST_Y(c.geom) y, array_agg(n.code) filter (where n.id is not null) s"
            " from camera c left join camera_scene k on k.camera_id = c.id"
            " left join scene n on n.id = k.scene_id where c.id > 1000 group by c.id"
        )
    for row in rows:
        expected: set[str] = set()
        for wish in in_order:  # one after the other, in the order of their numbers
            assert wish.cameras is not None
            if wish.cameras.area.intersects(shapely.Point(row["x"], row["y"])):
                expected = {*(() if wish.exact else expected), *wish.scenes}
        assert set(row["s"] or ()) == expected, row["id"]


async def test_a_stroke_and_a_deletion_at_once_leave_no_orphan(city: Database) -> None:
    async def delete() -> None:
        async with city.raw() as connection:
            await connection.execute("delete from camera where id between 2000 and 3000")

    await asyncio.gather(*(do(city, stroke("snow", lasso(121, 121.4))) for _ in range(2)), delete())
    async with city.raw() as connection:
        orphans = (
            "select count(*) from camera_scene s where not exists (select from camera where id = camera_id)"
        )
        assert await connection.fetchval(orphans) == 0
        assert await connection.fetchval("select count(*) from camera_scene") > 1000


async def test_who_waits_too_long_is_told(city: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("camera_registry.classification.apply")
    monkeypatch.setattr(module, "LOCK", module.LOCK.replace(LOCK_WAIT, "50ms"))
    async with city.raw() as first, city.raw() as second, first.transaction():
        await lock(first)
        await lock(first)  # whoever holds it may ask again
        with pytest.raises(ConflictError, match="Try again"):
            async with second.transaction():
                await lock(second)


async def test_a_scene_that_cameras_serve_cannot_be_deleted(city: Database) -> None:
    await do(city, stroke("snow", lasso(121, 121.1)))
    async with city.raw() as connection:
        with pytest.raises(asyncpg.ForeignKeyViolationError, match="snow"):
            await connection.execute("delete from scene where code = 'snow'")
        await connection.execute("delete from scene where code = 'road'")


async def test_a_lasso_repeated_ten_times_is_planned_for_its_shape_each_time(city: Database) -> None:
    """After five executions a prepared statement may get a plan that ignores the shape, 50 times slower."""
    async with city.raw() as connection:
        for number in range(10):
            async with connection.transaction():
                west = 121 + number / 50
                await apply(connection, ManualClock(START), CITY, stroke("snow", lasso(west, west + 0.05)))
        plans = await connection.fetch(
            "select generic_plans, custom_plans from pg_prepared_statements"
            " where statement like 'with meant%insert into classification_change%'"
        )
        assert [(row["generic_plans"], row["custom_plans"]) for row in plans] == [(0, 10)]


async def test_the_lasso_finds_its_cameras_by_their_place(city: Database) -> None:
    text, parameters = as_sql(CameraFilter(area=lasso(121.1, 121.11)).conditions(), first=1)
    async with city.raw() as connection:
        plan = await connection.fetch(f"explain select id from camera where {text}", *parameters)
    assert any("ix_camera_geom" in row[0] for row in plan), plan


async def test_undo_restores_every_word_of_twenty_thousand_assignments(city: Database) -> None:
    whole = "select * from camera_scene order by camera_id, scene_id"
    clock = ManualClock(START)
    async with city.raw() as connection:
        await connection.execute(
            """insert into camera_scene (camera_id, scene_id, source, confidence, reason, assigned_at)
               select c.id, s.id, (array['rule', 'suggestion', 'import', 'person'])[1 + c.id % 4],
                      nullif((c.id % 100) / 100.0, 0), nullif('原因 ' || c.id % 7, '原因 0'),
                      timestamptz '2025-01-01 00:00+00' + c.id * interval '1 second'
                 from camera c, scene s where (c.id + s.id) % 3 > 0"""
        )
        before = await connection.fetch(whole)
        wishes = (
            stroke("snow", lasso(121, 121.4), action=Action.REPLACE, reason="一笔"),
            stroke("road", lasso(121.1, 121.3), confirm=True),
            stroke("square", lasso(121, 121.4), action=Action.REMOVE),
        )
        for wish in wishes:
            clock.advance(60)
            async with connection.transaction():
                outcome = await apply(connection, clock, CITY, wish)
                changed = await connection.fetch(whole)
                done = await undo(connection, clock, CITY, Undo(outcome.batch_id or 0, days=30))
            assert done.undone == outcome.changed > 0
            assert changed != before
            assert await connection.fetch(whole) == before


async def test_another_source_never_overrules_a_person(city: Database) -> None:
    async with city.raw() as connection, connection.transaction():
        clock = ManualClock(START)

        async def by(source: Source, action: Action, scene: str, camera: int, **more: Any) -> Any:
            wish = Change(action, proposals=(Proposal(camera, scene),), source=source, **more)
            return await apply(connection, clock, CITY, wish)

        await by(Source.PERSON, Action.ADD, "road", 1001)
        replaced = await by(Source.IMPORT, Action.REPLACE, "snow", 1001)
        assert (replaced.added, replaced.removed, replaced.protected) == (1, 0, 1), "theirs stands beside"
        assert (await by(Source.RULE, Action.REMOVE, "road", 1001)).protected == 1
        await by(Source.PERSON, Action.REMOVE, "snow", 1001)
        again = await by(Source.IMPORT, Action.ADD, "snow", 1001)
        assert (again.batch_id, again.protected) == (None, 1), "what a person took away stays away"
        shown = await preview(
            connection,
            CITY,
            Change(Action.ADD, proposals=(Proposal(1001, "snow"),), source=Source.SUGGESTION),
        )
        assert (shown.protected, shown.added) == (1, 0)
        assert (await by(Source.PERSON, Action.ADD, "snow", 1001)).added == 1
        held = await assignments(connection, CITY, 1001)
        assert {(a.scene, a.source) for a in held} == {("road", "person"), ("snow", "person")}


async def test_suggestions_are_accepted_each_with_its_own_confidence_and_reason(city: Database) -> None:
    offered = tuple(
        Proposal(1000 + n, "snow" if n % 2 else "road", n / 1000, f"名称含“{n}”") for n in range(1, 801)
    )
    async with city.raw() as connection, connection.transaction():
        change = Change(Action.ADD, proposals=offered, source=Source.SUGGESTION, reason="批量采纳")
        outcome = await apply(connection, ManualClock(START), CITY, change)
        assert outcome.changed == outcome.added == 800
        (held,) = await assignments(connection, CITY, 1007)
        assert (held.scene, held.source, held.reason) == ("snow", Source.SUGGESTION, "名称含“7”")
        assert held.confidence == pytest.approx(0.007)
        assert (
            len(await cameras_of_batch(connection, CITY, outcome.batch_id or 0, after=1500, limit=500)) == 300
        )
        clock = ManualClock(START + timedelta(days=1))
        assert (await undo(connection, clock, CITY, Undo(outcome.batch_id or 0, days=30))).undone == 800
        assert await connection.fetchval("select count(*) from camera_scene") == 0


async def test_a_token_tells_of_cameras_that_came_and_went_in_equal_number(city: Database) -> None:
    change = stroke("snow", lasso(121, 121.1))
    async with city.raw() as connection:
        token = (await preview(connection, CITY, change)).token
        assert Token.decode(token.encode()) == token
        inside, outside = 1100, 3900
        await connection.execute(
            "update camera set geom = (select o.geom from camera o where o.id = $2 + $1 - camera.id)"
            " where id in ($1, $2)",
            *(inside, outside),
        )
        with pytest.raises(MeaningChangedError) as told:
            async with connection.transaction():
                await apply(connection, ManualClock(START), CITY, change, token)
        assert told.value.now == told.value.then == token.meant
        assert await connection.fetchval("select count(*) from camera_scene") == 0


async def test_listed_cameras_that_do_not_exist_are_named(city: Database) -> None:
    wanted = CameraFilter(codes=("cam-west-1", "nowhere-1", "nowhere-2", "nowhere-2"))
    async with city.raw() as connection:
        shown = await preview(connection, CITY, Change(Action.ADD, ("snow",), wanted))
    assert (shown.meant, shown.unknown, shown.unknown_some) == (1, 2, ("nowhere-1", "nowhere-2"))


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("source", [Source.PERSON, Source.IMPORT])
@pytest.mark.parametrize("listed", [False, True])
async def test_a_dry_run_foretells_what_the_stroke_then_does(
    city: Database, action: Action, source: Source, listed: bool
) -> None:
    if listed:
        proposals = tuple(Proposal(camera, "square") for camera in (1001, 1002, 4000, 10**15))
        change = Change(action, proposals=proposals, source=source)
    else:
        change = Change(action, ("square", "snow"), CameraFilter(area=lasso(121, 121.2)), source=source)
    await do(city, Change(Action.ADD, proposals=(Proposal(1001, "square"), Proposal(1002, "road"))))
    async with city.raw() as connection, connection.transaction():
        shown = await preview(connection, CITY, change)
        outcome = await apply(connection, ManualClock(START), CITY, change, shown.token)
    for name in ("meant", "changed", "added", "removed", "kept", "protected"):
        assert getattr(shown, name) == getattr(outcome, name), name
    assert shown.meant == shown.new + shown.already + shown.differs > 0
    assert sum(facet.cameras for facet in shown.units) == sum(shown.states.values()) == shown.meant
    assert shown.unknown == (1 if listed else 0)


def test_what_was_asked_is_kept_without_the_lists_themselves() -> None:
    area = shapely.box(121, 37, 122, 38)
    wanted = CameraFilter(states=(CameraState.OFFLINE,), codes=("a", "b"), area=area, classified=False)
    asked = described(Change(Action.ADD, ("snow",), wanted))
    assert asked == {
        "states": ["offline"],
        "codes": {"listed": 2},
        "area": shapely.geometry.mapping(area),
        "classified": False,
    }
    assert described(Change(Action.ADD, proposals=(Proposal(1, "snow"),))) == {"listed": 1}


def test_a_digest_names_what_is_done_and_not_why() -> None:
    area = shapely.box(121, 37, 122, 38)
    one = stroke("snow", area)
    assert digest(one) == digest(stroke("snow", area, reason="why", confidence=0.5))
    others = (
        stroke("road", area),
        stroke("snow", shapely.box(121, 37, 122, 38.0000001)),
        stroke("snow", area, conflicts=Conflicts.KEEP),
        stroke("snow", area, action=Action.REMOVE),
        stroke("snow", area, confirm=True),
        Change(Action.ADD, ("snow",), CameraFilter(area=area, words="x")),
    )
    assert len({digest(change) for change in (one, *others)}) == len(others) + 1


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"cameras": CameraFilter()},
        {"cameras": CameraFilter(), "scenes": ("snow",), "proposals": ()},
        {"proposals": (), "scenes": ("snow",)},
        {"cameras": CameraFilter(), "scenes": ("snow",), "confidence": 1.5},
        {"cameras": CameraFilter(), "scenes": ("snow",), "reason": "a\0b"},
    ],
)
def test_a_change_checks_itself(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        Change(Action.ADD, **wrong)
