"""Suggestions in the store: made by rules and by what staff taught, refused for good, accepted and undone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from suggestion_city import KINDS, classify, make_suggestion_city

from base.clock import ManualClock
from base.database import Database, driver_of
from base.errors import ConflictError, InvalidInputError, ModelError
from camera_registry.classification import Action, Change, Conflicts, Source, Undo, apply, undo
from camera_registry.jobs import Job
from camera_registry.selection import CameraFilter
from camera_registry.suggestion.decide import SuggestionsChangedError, accept, count, lexicon, refuse, reopen
from camera_registry.suggestion.listing import Place, list_suggestions, suggestions_of
from camera_registry.suggestion.model_store import KEPT, load_model, read_card
from camera_registry.suggestion.reasons import put_in_words
from camera_registry.suggestion.run import run, train_model
from camera_registry.suggestion.wanted import Wanted
from camera_registry.suggestion.work import suggest_work
from models.scope import Role, Scope

CLOCK = ManualClock(datetime(2026, 1, 17, 9, tzinfo=UTC))
CITY = Scope(0, frozenset({Role.GIS}), 1, 14, max_sensitivity=3)
TOWN_3 = Scope(0, frozenset({Role.GIS}), 5, 5, max_sensitivity=3)


def silent(_stage: str, _share: float) -> None:
    """Nobody watches."""


@pytest.fixture
async def city(database: Database) -> dict[str, list[int]]:
    async with database.raw() as connection:
        return await make_suggestion_city(connection)


async def states(database: Database) -> dict[str, int]:
    async with database.raw() as connection:
        return dict(await connection.fetch("select state, count(*) from suggestion group by 1"))


async def teach(database: Database, city: dict[str, list[int]], towns: int = 8, each: int = 8) -> None:
    async with database.raw() as connection:
        for scene, cameras in city.items():
            await classify(connection, cameras[: towns * each], scene)


class TestRules:
    async def test_they_suggest_before_anybody_has_classified_anything(self, database, city) -> None:
        report = await run(database, CLOCK, silent)
        assert report.cameras == sum(map(len, city.values()))
        assert report.model is None
        assert report.by_rule == report.suggested == report.fresh
        async with database.begin() as connection:
            of_school = await suggestions_of(connection, CITY, city["school"][0])
            words = await lexicon(await driver_of(connection))
        assert [row["scene"] for row in of_school] == ["school"]
        assert of_school[0]["source"] == "rule"
        assert of_school[0]["confidence"] == pytest.approx(0.92)
        told = put_in_words(of_school[0]["reasons"][0], words)
        assert told.zh == "名称指向学校或幼儿园"
        assert told.en == "The name points to a school or kindergarten"

    async def test_each_of_the_kinds_gets_its_scene(self, database, city) -> None:
        await run(database, CLOCK, silent)
        async with database.raw() as connection:
            rows = await connection.fetch(
                "select s.camera_id, c.code from suggestion s join scene c on c.id = s.scene_id"
            )
        suggested = {(row["camera_id"], row["code"]) for row in rows}
        for scene, cameras in city.items():
            assert all((camera, scene) in suggested for camera in cameras), scene

    async def test_what_staff_decide_moves_a_rules_confidence(self, database, city) -> None:
        async with database.raw() as connection:
            await classify(connection, city["road-junction"], "parking-fire-lane")
        await run(database, CLOCK, silent)
        async with database.raw() as connection:
            rule = await connection.fetchrow(
                "select matched, confirmed from suggestion_rule where code = 'junction'"
            )
            open_ones = await connection.fetchval(
                """select count(*) from suggestion s join scene c on c.id = s.scene_id
                    where c.code = 'road-junction' and s.source = 'rule'"""
            )
        assert tuple(rule) == (96, 0)
        assert open_ones == 0, "a rule that staff never follow suggests no more"

    async def test_a_part_of_the_city_is_judged_by_how_rules_fare_in_all_of_it(self, database, city) -> None:
        await teach(database, city)
        await run(database, CLOCK, silent)
        async with database.raw() as connection:
            before = await connection.fetch("select code, matched from suggestion_rule order by 1")
        report = await run(database, CLOCK, silent, CameraFilter(units=("town-11",)))
        assert report.cameras == 32
        assert report.superseded == 0
        async with database.raw() as connection:
            assert await connection.fetch("select code, matched from suggestion_rule order by 1") == before


class TestLearning:
    async def test_it_learns_from_some_townships_and_suggests_in_the_others(self, database, city) -> None:
        await teach(database, city)
        trained = await train_model(database, CLOCK, silent)
        assert trained["card"]["held_out_by"] == "unit"
        assert trained["card"]["top1"] > 0.95
        async with database.raw() as connection:
            await connection.execute("update suggestion_rule set enabled = false")
        report = await run(database, CLOCK, silent)
        assert report.model == trained["version"]
        assert report.by_rule == 0
        async with database.raw() as connection:
            rows = await connection.fetch(
                """select s.camera_id, c.code, s.reasons::text as reasons from suggestion s
                     join scene c on c.id = s.scene_id where s.confidence >= 0.5"""
            )
        suggested = {(row["camera_id"], row["code"]): row["reasons"] for row in rows}
        for scene, cameras in city.items():
            for camera in cameras[64:]:
                assert (camera, scene) in suggested
        assert "教育局" in suggested[city["school"][-1], "school"]

    async def test_three_reasons_at_most_and_none_twice(self, database, city) -> None:
        await teach(database, city)
        await train_model(database, CLOCK, silent)
        await run(database, CLOCK, silent)
        async with database.begin() as connection:
            rows = await list_suggestions(connection, CITY, Wanted(), "open", after=None, limit=200)
            words = await lexicon(await driver_of(connection))
        learned = [row for row in rows if row["source"] == "learned"]
        assert learned
        for row in learned:
            told = [put_in_words(reason, words) for reason in row["reasons"]]
            assert 1 <= len([r for r in row["reasons"] if r[0] != "rule"]) <= 3
            assert len({each.zh for each in told}) == len(told)
            assert all(each.zh and each.en for each in told)

    async def test_too_little_to_learn_from_is_said(self, database, city) -> None:
        with pytest.raises(ConflictError, match="needs 100"):
            await train_model(database, CLOCK, silent)
        async with database.raw() as connection:
            assert await load_model(connection) is None
            assert await read_card(connection) is None

    async def test_a_damaged_classifier_is_refused_by_name(self, database, city) -> None:
        await teach(database, city)
        await train_model(database, CLOCK, silent)
        async with database.raw() as connection:
            await connection.execute("update suggestion_model set weights = weights || '\\x00'")
            with pytest.raises(ModelError, match="damaged"):
                await load_model(connection)
        with pytest.raises(ModelError):
            await run(database, CLOCK, silent)

    async def test_old_classifiers_go(self, database, city) -> None:
        await teach(database, city)
        await train_model(database, CLOCK, silent)
        async with database.raw() as connection:
            await connection.execute(
                """insert into suggestion_model (trained_at, weights, sha256, card)
                   select trained_at, weights, sha256, card from suggestion_model, generate_series(1, 9)"""
            )
        await train_model(database, CLOCK, silent)
        async with database.raw() as connection:
            assert await connection.fetchval("select count(*) from suggestion_model") == KEPT

    async def test_the_job_trains_and_suggests(self, database, city) -> None:
        await teach(database, city)
        told: list[tuple[str, float]] = []
        job = Job(1, "suggest", parameters={"train": True, "suggest": True})
        result = await suggest_work(database, CLOCK)(job, lambda stage, share: told.append((stage, share)))
        assert result["model"] == 1
        assert result["report"]["suggested"] > 0
        shares = [share for _, share in told]
        assert shares == sorted(shares)
        assert shares[-1] == 1.0


class TestRefusing:
    async def test_what_was_refused_is_not_suggested_again(self, database, city) -> None:
        await run(database, CLOCK, silent)
        async with database.begin() as connection:
            done = await refuse(connection, CLOCK, CITY, Wanted(scenes=("school",)))
        assert done.suggestions == len(city["school"])
        report = await run(database, CLOCK, silent)
        assert report.refused == len(city["school"])
        assert (await states(database))["refused"] == len(city["school"])

    async def test_it_is_suggested_again_when_its_evidence_changed(self, database, city) -> None:
        await run(database, CLOCK, silent)
        async with database.begin() as connection:
            await refuse(connection, CLOCK, CITY, Wanted(scenes=("school",)))
        async with database.raw() as connection:
            await connection.execute(
                "update camera set name = '第九中学南门' where id = $1", city["school"][0]
            )
        report = await run(database, CLOCK, silent)
        assert report.renewed == 1
        assert report.refused == len(city["school"]) - 1

    async def test_refusals_teach(self, database, city) -> None:
        """Markets of another department are refused in two townships, and less sure in two others."""
        await teach(database, city)
        async with database.raw() as connection:
            await connection.execute("update suggestion_rule set enabled = false")
            await connection.execute(
                "update camera set owner = '卫生局' where id = any($1)", city["commerce-market"][64:]
            )
        await train_model(database, CLOCK, silent)
        await run(database, CLOCK, silent)
        market = ("commerce-market",)
        wanted = Wanted(scenes=market, cameras=CameraFilter(units=("town-8", "town-9")))
        others = Wanted(scenes=market, cameras=CameraFilter(units=("town-10", "town-11")))
        async with database.begin() as connection:
            before = await list_suggestions(connection, CITY, others, "open", after=None, limit=200)
            refused = await refuse(connection, CLOCK, CITY, wanted)
        assert refused.suggestions == len(before) == 16
        await train_model(database, CLOCK, silent)
        await run(database, CLOCK, silent)
        async with database.begin() as connection:
            after = await list_suggestions(connection, CITY, others, "open", after=None, limit=200)
        surest = max((row["confidence"] for row in after), default=0)
        assert surest < min(row["confidence"] for row in before) - 0.2

    async def test_a_refusal_may_be_taken_back(self, database, city) -> None:
        await run(database, CLOCK, silent)
        async with database.begin() as connection:
            await refuse(connection, CLOCK, CITY, Wanted(scenes=("school",)))
            back = await reopen(connection, CLOCK, CITY, Wanted(scenes=("school",)))
        assert back.suggestions == len(city["school"])
        assert "refused" not in await states(database)


class TestAccepting:
    async def test_it_is_one_batch_that_can_be_undone(self, database, city) -> None:
        await run(database, CLOCK, silent)
        async with database.begin() as connection:
            seen = await count(connection, CITY, Wanted(scenes=("school",), least=0.5))
            done = await accept(
                connection, CLOCK, CITY, Wanted(scenes=("school",), least=0.5), token=seen.token
            )
        assert done.suggestions == seen.suggestions == len(city["school"])
        assert done.outcome is not None
        assert done.outcome.added == len(city["school"])
        async with database.raw() as connection:
            row = await connection.fetchrow(
                "select source, confidence, reason from camera_scene where camera_id = $1", city["school"][0]
            )
            assert row["source"] == "suggestion"
            assert row["confidence"] == pytest.approx(0.92)
            assert row["reason"] == "名称指向学校或幼儿园"
            async with connection.transaction():
                await undo(connection, CLOCK, CITY, Undo(done.batch_id, days=30))
            assert await connection.fetchval("select count(*) from camera_scene") == 0
        report = await run(database, CLOCK, silent)
        assert report.renewed == len(city["school"]), "what was undone is open again"

    async def test_cameras_that_serve_something_may_be_kept_as_they_are(self, database, city) -> None:
        async with database.raw() as connection:
            await classify(connection, city["school"][:3], "parking-fire-lane")
        await run(database, CLOCK, silent)
        async with database.begin() as connection:
            seen = await count(connection, CITY, Wanted(scenes=("school",)))
            done = await accept(connection, CLOCK, CITY, Wanted(scenes=("school",)), conflicts=Conflicts.KEEP)
        assert seen.classified == 3
        assert done.suggestions == len(city["school"]) - 3
        async with database.begin() as connection:
            left = await count(connection, CITY, Wanted(scenes=("school",)))
        assert left.suggestions == 3, "they are open still"

    async def test_a_dry_run_that_is_out_of_date_is_refused(self, database, city) -> None:
        await run(database, CLOCK, silent)
        async with database.begin() as connection:
            seen = await count(connection, CITY, Wanted(scenes=("school",)))
            one = ((city["school"][0], "school"),)
            await refuse(connection, CLOCK, CITY, Wanted(pairs=one))
        async with database.begin() as connection:
            with pytest.raises(SuggestionsChangedError, match="95 are meant now"):
                await accept(connection, CLOCK, CITY, Wanted(scenes=("school",)), token=seen.token)

    async def test_nobody_decides_outside_their_unit(self, database, city) -> None:
        await run(database, CLOCK, silent)
        async with database.begin() as connection:
            done = await accept(connection, CLOCK, TOWN_3, Wanted(scenes=("school",)))
            hidden = await suggestions_of(connection, TOWN_3, city["school"][0])
        assert done.suggestions == 8
        assert hidden == []

    async def test_what_was_classified_by_hand_meanwhile_is_no_suggestion_any_more(
        self, database, city
    ) -> None:
        await run(database, CLOCK, silent)
        async with database.raw() as connection, connection.transaction():
            await apply(
                connection,
                CLOCK,
                CITY,
                Change(
                    Action.ADD,
                    scenes=("school",),
                    cameras=CameraFilter(ids=tuple(city["school"][:5])),
                    source=Source.PERSON,
                ),
            )
        async with database.begin() as connection:
            assert (await count(connection, CITY, Wanted(scenes=("school",)))).suggestions == 91
        report = await run(database, CLOCK, silent)
        assert report.superseded == 5

    async def test_nothing_is_accepted_where_nothing_is_meant(self, database, city) -> None:
        async with database.begin() as connection:
            done = await accept(connection, CLOCK, CITY, Wanted())
        assert (done.suggestions, done.batch_id, done.outcome) == (0, None, None)


class TestListing:
    async def test_pages_neither_repeat_nor_skip(self, database, city) -> None:
        await teach(database, city, towns=4)
        await run(database, CLOCK, silent)
        seen: list[tuple[int, int]] = []
        after = None
        async with database.begin() as connection:
            while rows := await list_suggestions(connection, CITY, Wanted(), "open", after=after, limit=37):
                seen += [(row["camera_id"], row["scene_id"]) for row in rows]
                after = Place.of(rows[-1])
            counted = await count(connection, CITY, Wanted())
        assert len(seen) == len(set(seen)) == counted.suggestions

    async def test_the_surest_come_first_and_bands_add_up(self, database, city) -> None:
        await run(database, CLOCK, silent)
        async with database.begin() as connection:
            rows = await list_suggestions(connection, CITY, Wanted(), "open", after=None, limit=500)
            counted = await count(connection, CITY, Wanted())
        sure = [row["confidence"] for row in rows]
        assert sure == sorted(sure, reverse=True)
        assert all(sum(each.bands) == each.suggestions for each in counted.scenes)
        assert counted.cameras <= counted.suggestions
        for least, most in ((0.0, 0.5), (0.9, 1.0)):
            async with database.begin() as connection:
                few = await list_suggestions(
                    connection, CITY, Wanted(least=least, most=most), "open", after=None, limit=500
                )
            assert {row["confidence"] for row in few} == {s for s in sure if least <= s <= most}

    def test_a_range_that_is_none_is_refused(self) -> None:
        with pytest.raises(InvalidInputError):
            Wanted(least=0.9, most=0.1)


async def test_a_camera_that_goes_takes_its_suggestions_along(database, city) -> None:
    await run(database, CLOCK, silent)
    async with database.raw() as connection:
        await connection.execute("delete from camera where id = any($1)", city["school"])
        assert (
            await connection.fetchval(
                "select count(*) from suggestion where camera_id = any($1)", city["school"]
            )
            == 0
        )


def test_the_small_city_has_what_the_tests_speak_of() -> None:
    assert [scene for _, _, scene, _ in KINDS] == [
        *("school", "road-junction", "commerce-market", "community-government"),
    ]
