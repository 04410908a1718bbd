"""Any sequence of batches, undos and losses leaves exactly what a plain model of it says, row by row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from classification_model import Held, Model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from base.clock import ManualClock
from base.database import Database
from base.errors import InvalidInputError, NotFoundError
from camera_registry.classification import (
    Action,
    Change,
    Conflicts,
    Proposal,
    Source,
    Undo,
    apply,
    preview_undo,
    undo,
)
from camera_registry.selection import CameraFilter
from models.scope import Scope

START = datetime(2026, 1, 17, 9, 0, tzinfo=UTC)
SCENES = ("road", "square", "snow")
WEST, EAST = (3, 1023, 1024), (1025, 5000)
"""Cameras of two districts, at the borders of blocks of history."""

CITY = Scope(1, frozenset(), 1, 3, max_sensitivity=3)
WEST_STAFF = Scope(2, frozenset(), 2, 2, max_sensitivity=0)
SEEN = {1: {*WEST, *EAST}, 2: set(WEST)}

cameras = st.sets(st.sampled_from([*WEST, *EAST]), min_size=1)
scenes = st.sets(st.sampled_from(SCENES), min_size=1)
confidences = st.none() | st.sampled_from([0.0, 0.5, 1.0])
reasons = st.none() | st.sampled_from(["名称", "by hand"])
proposals = st.lists(
    st.builds(Proposal, st.sampled_from([*WEST, *EAST]), st.sampled_from(SCENES), confidences, reasons),
    min_size=1,
    max_size=6,
)


@st.composite
def changes(draw: st.DrawFn) -> tuple[Change, set[int]]:
    action = draw(st.sampled_from(Action))
    common: dict[str, Any] = {
        "action": action,
        "source": draw(st.sampled_from(Source)),
        "reason": draw(reasons),
    }
    if action is not Action.REMOVE:
        common["confirm"] = draw(st.booleans())
        common["conflicts"] = draw(st.none() | st.sampled_from([Conflicts.KEEP, Conflicts.REPLACE]))
    if draw(st.booleans()):
        listed = draw(proposals)
        return Change(proposals=tuple(listed), **common), {p.camera_id for p in listed}
    meant = draw(cameras)
    wanted = CameraFilter(ids=tuple(sorted(meant)))
    named = tuple(draw(scenes))
    return Change(scenes=named, cameras=wanted, confidence=draw(confidences), **common), meant


steps = st.lists(
    st.tuples(st.just("change"), changes(), st.sampled_from([CITY, WEST_STAFF]))
    | st.tuples(st.just("undo"), st.integers(0, 30), st.sampled_from([CITY, WEST_STAFF]))
    | st.tuples(st.just("delete"), st.sampled_from([*WEST, *EAST])),
    min_size=1,
    max_size=14,
)


async def make_city(connection: asyncpg.Connection[Any]) -> None:
    await connection.execute(
        """insert into organisation (id, code, name, level, tree_left, tree_right) values
           (1, 'city', 'city', 0, 1, 3), (2, 'west', 'west', 1, 2, 2), (3, 'east', 'east', 1, 3, 3);
           insert into account (id, username, password_hash, roles, unit_id) overriding system value values
           (1, 'li.city', '', '{gis}', 1), (2, 'wu.west', '', '{gis}', 2);
           insert into scene (id, code, name, name_en, family, looks_for, cadence_s, priority) values
           (1, 'road', '', '', 'traffic', '{}', 1, 1), (2, 'square', '', '', 'crowd', '{}', 1, 1),
           (3, 'snow', '', '', 'weather', '{}', 1, 1)"""
    )


async def empty(connection: asyncpg.Connection[Any]) -> Model:
    """The cameras as an import left them: some serve a scene from before anything was recorded."""
    await connection.execute(
        """delete from camera; delete from classification_change; delete from classification_tally;
           update classification_batch set undoes = null, action = 'add'; delete from classification_batch"""
    )
    await connection.executemany(
        "insert into camera (id, name, unit_id, unit_tree) values ($1, '', $2, $2)",
        [(camera, 2) for camera in WEST] + [(camera, 3) for camera in EAST],
    )
    model = Model()
    for camera, scene in ((WEST[0], 1), (EAST[0], 1), (EAST[0], 2)):
        await connection.execute(
            """insert into camera_scene (camera_id, scene_id, source, assigned_at)
               values ($1, $2, 'import', $3)""",
            *(camera, scene, START),
        )
        model.held[camera, SCENES[scene - 1]] = Held(Source.IMPORT, None, None, None, START, None)
    return model


async def held(connection: asyncpg.Connection[Any]) -> dict[tuple[int, str], Held]:
    rows = await connection.fetch("select s.*, n.code from camera_scene s join scene n on n.id = s.scene_id")
    return {
        (row["camera_id"], row["code"]): Held(
            Source(row["source"]),
            row["confidence"],
            row["reason"],
            row["assigned_by"],
            row["assigned_at"],
            row["batch_id"],
        )
        for row in rows
    }


@pytest.fixture
async def prepared(database: Database) -> Database:
    async with database.raw() as connection:
        await make_city(connection)
    return database


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
async def test_the_store_holds_what_the_model_says(prepared: Database, steps: list[tuple[Any, ...]]) -> None:
    clock = ManualClock(START)
    async with prepared.raw() as connection:
        model = await empty(connection)
        alive = {*WEST, *EAST}
        made: list[int] = []
        for step in steps:
            clock.advance(60)
            async with connection.transaction():
                if step[0] == "delete":
                    await connection.execute("delete from camera where id = $1", step[1])
                    alive.discard(step[1])
                    model.delete(step[1])
                elif step[0] == "change":
                    made += await do_change(connection, clock, model, alive, step)
                elif made:
                    wish = Undo(made[step[1] % len(made)], days=30)
                    made += await do_undo(connection, clock, model, alive, (wish, step[2]))
            assert await held(connection) == model.held


async def do_change(connection, clock, model, alive, step) -> list[int]:
    _, (change, meant), scope = step
    outcome = await apply(connection, clock, scope, change)
    number = outcome.batch_id or 10**9
    seen = meant & SEEN[scope.account_id] & alive
    expected = model.change(change, seen, by=scope.account_id, at=clock.now(), number=number)
    assert {name: getattr(outcome, name) for name in expected} == expected
    assert (outcome.batch_id is not None) == (number in model.batches)
    return [outcome.batch_id] if outcome.batch_id else []


async def do_undo(connection, clock, model, alive, step) -> list[int]:
    wish, scope = step
    author = await connection.fetchval(
        "select account_id from classification_batch where id = $1", wish.batch_id
    )
    touched = {camera for camera, _ in model.batches[wish.batch_id].events}
    if author != scope.account_id and not touched & SEEN[scope.account_id]:
        with pytest.raises(NotFoundError):
            await undo(connection, clock, scope, wish)
        return []
    foreseen = await preview_undo(connection, clock, scope, wish)
    done = await undo(connection, clock, scope, wish)
    seen = SEEN[scope.account_id] & alive
    gone = touched - (seen if author == scope.account_id else alive)
    expected = model.undo(wish.batch_id, seen, gone, at=clock.now(), own=done.batch_id or 10**9)
    for answer in (foreseen, done):
        assert {name: getattr(answer, name) for name in expected} == expected
    assert foreseen.since == done.since
    assert bool(done.since) <= bool(done.changed)
    return [done.batch_id] if done.batch_id else []


@given(st.sampled_from(Action), st.none() | st.sampled_from(Conflicts), st.booleans())
def test_a_wish_that_contradicts_itself_is_refused(
    action: Action, conflicts: Conflicts | None, confirm: bool
) -> None:
    contradicts = (action is Action.REMOVE and (conflicts is not None or confirm)) or (
        action is Action.REPLACE and conflicts is Conflicts.BESIDE
    )
    try:
        Change(action, ("road",), CameraFilter(), conflicts=conflicts, confirm=confirm)
    except InvalidInputError:
        assert contradicts
    else:
        assert not contradicts
