"""Searching the catalogue: what people type finds what they mean, closest first, by the right plan."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from base.database import Database
from camera_registry.search.find import Question, find
from camera_registry.search.index import BEHIND, catch_up
from camera_registry.search.plan import Plan, Way, choose
from camera_registry.search.readings import similar_to, sounds_of
from camera_registry.search.statements import Place, Slice, meant_by, read_tier
from camera_registry.search.text import gram_of, grams, marks, number_of, numbers_of, search_key, words_of
from camera_registry.search.tiers import Closeness, Tier, literal_tiers
from camera_registry.search.vocabulary import Vocabulary, read_vocabulary
from camera_registry.selection import CameraFilter
from models.migrations.search_0008 import AT_ONCE
from models.scope import Role, Scope

CITY = Scope(1, frozenset({Role.GIS}), 1, 100, 3)

CAMERAS = (
    # code, name, address, owner
    ("37060200081326000001", "芝罘红旗路与青年路路口东侧枪机", "芝罘区向阳街道红旗路12号", "公安局"),
    ("37060200081326000002", "红旗路", "芝罘区向阳街道红旗路1号", "公安局交警支队"),
    ("37060200081326000003", "红旗路12号东向球机", "芝罘区向阳街道红旗路12号", "城市管理局"),
    ("37060200081326000004", "青年路3号 南向", "芝罘区红旗街道青年路3号", "公安局"),
    ("37061100081326000005", "福山第一中学东门", "福山区清洋街道县府街5号", "教育局"),
    ("37061100081326000006", "长江路 K１２＋300 北向", None, None),
    ("37061100081326000007", "大桥", "福山区大桥街", "公安局"),
    (None, "ＩＰＣ－０１", "红旗路", ""),
)


async def add(connection: asyncpg.Connection[Any], rows: object) -> None:
    await connection.executemany(
        "insert into camera (code, name, address, owner) values ($1, $2, $3, $4)", rows
    )


@pytest.fixture
async def catalogue(database: Database) -> Database:
    async with database.raw() as connection:
        await add(connection, CAMERAS)
    await catch_up(database)
    return database


async def names(database: Database, typed: str, **options: Any) -> list[str]:
    return [name for _, name in await found(database, typed, **options)]


async def found(database: Database, typed: str, **options: Any) -> list[tuple[Closeness, str]]:
    async with database.raw() as connection:
        vocabulary = await read_vocabulary(connection)
        places = await find(
            connection, Question(typed, meant_by(CITY, CameraFilter()), **options), vocabulary
        )
        rows = await connection.fetch("select id, name from camera")
    written = {row["id"]: row["name"] for row in rows}
    return [(Closeness(place.closeness), written[place.camera_id]) for place in places]


async def test_the_closest_come_first(catalogue: Database) -> None:
    assert await found(catalogue, "红旗路") == [
        (Closeness.BEGINS, "红旗路"),
        (Closeness.BEGINS, "红旗路12号东向球机"),
        (Closeness.NAME, "芝罘红旗路与青年路路口东侧枪机"),
        (Closeness.ELSEWHERE, "ＩＰＣ－０１"),
    ]
    assert [how for how, _ in await found(catalogue, "洪旗路")] == [Closeness.SOUND] * 3
    assert [how for how, _ in await found(catalogue, "红旗大路")] == [Closeness.SIMILAR] * 3


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("红旗", "红旗路"),
        ("一中", "福山第一中学东门"),
        ("海港", None),
        ("中学", "福山第一中学东门"),
        ("红旗路与青年路", "芝罘红旗路与青年路路口东侧枪机"),
        ("红旗路青年路", "芝罘红旗路与青年路路口东侧枪机"),
        ("红旗路 / 青年路", "芝罘红旗路与青年路路口东侧枪机"),
        ("青年路 红旗路", "芝罘红旗路与青年路路口东侧枪机"),
        ("青年路红旗路", "芝罘红旗路与青年路路口东侧枪机"),
        ("枪机　公安局 红旗", "芝罘红旗路与青年路路口东侧枪机"),
        ("k12+300", "长江路 K１２＋300 北向"),
        ("Ｋ１２", "长江路 K１２＋300 北向"),
        ("ipc01", "ＩＰＣ－０１"),
        ("37060200081326000003", "红旗路12号东向球机"),
        ("370611 000006", "长江路 K１２＋300 北向"),
        ("6000005", "福山第一中学东门"),
        ("hqlqnl", "芝罘红旗路与青年路路口东侧枪机"),
        ("hongqilu", "红旗路"),
        ("HongQi Lu", "红旗路"),
        ("hongq", "红旗路"),
        ("zfhqlqnllk", "芝罘红旗路与青年路路口东侧枪机"),
        ("cjl", "长江路 K１２＋300 北向"),
        ("zhangjianglu", "长江路 K１２＋300 北向"),
        ("桥", "大桥"),
        ("红棋路", "红旗路"),
        ("洪旗", "红旗路"),
        ("第一种学", "福山第一中学东门"),
        ("第X中学", "福山第一中学东门"),
        ("第一学", "福山第一中学东门"),
        ("第一中小学", "福山第一中学东门"),
        ("一第中学", "福山第一中学东门"),
        ("37060200081326000O03", "红旗路12号东向球机"),
        ("3706020081326000003", "红旗路12号东向球机"),
        ("37060200018326000003", "红旗路12号东向球机"),
    ],
)
async def test_what_is_typed_finds_what_is_meant(catalogue: Database, typed: str, first: str | None) -> None:
    answer = await names(catalogue, typed)
    assert (answer[0] if answer else None) == first, answer


async def test_strictly_only_what_is_written_counts(catalogue: Database) -> None:
    assert await names(catalogue, "红棋路", loose=False) == []
    assert len(await names(catalogue, "公安局", loose=False)) == 4


@pytest.mark.parametrize("typed", ["", "  ", "%", "_", "---", "\\", "与"])
async def test_signs_alone_find_nothing(catalogue: Database, typed: str) -> None:
    assert await names(catalogue, typed) == []


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40) | st.text("红旗路青年与 12hql%_^[]'\"\\", max_size=24))
@example("^")
@example("[红")
@example("a" * 64)
async def test_nothing_that_is_typed_breaks_a_search(catalogue: Database, typed: str) -> None:
    if "\x00" not in typed:
        await names(catalogue, typed)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(CAMERAS), st.data())
async def test_every_part_of_a_name_finds_its_camera(
    catalogue: Database, camera: Any, data: st.DataObject
) -> None:
    key = search_key(camera[1])
    start = data.draw(st.integers(0, len(key) - 1))
    end = data.draw(st.integers(start + 1, len(key)))
    assert camera[1] in await names(catalogue, key[start:end])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([camera[1] for camera in CAMERAS if len(search_key(camera[1])) > 5]), st.data())
async def test_one_error_in_a_name_still_finds_it(
    catalogue: Database, name: str, data: st.DataObject
) -> None:
    key = search_key(name)
    place = data.draw(st.integers(1, len(key) - 2))
    wrong = data.draw(
        st.sampled_from(
            [
                key[:place] + key[place + 1 :],
                key[:place] + "鑫" + key[place:],
                key[:place] + "鑫" + key[place + 1 :],
                key[:place] + key[place + 1] + key[place] + key[place + 2 :],
            ]
        )
    )
    assert name in await names(catalogue, wrong), wrong


async def test_pages_neither_repeat_nor_skip(catalogue: Database) -> None:
    meant = meant_by(CITY, CameraFilter())
    async with catalogue.raw() as connection:
        vocabulary = await read_vocabulary(connection)
        for typed in ("路", "红旗路", "公安局", "hql", "3706"):
            whole = await find(connection, Question(typed, meant), vocabulary)
            pages: list[Place] = []
            while True:
                after = pages[-1] if pages else None
                page = await find(connection, Question(typed, meant, after=after, limit=2), vocabulary)
                pages += page
                if len(page) < 2:
                    break
            assert pages == whole


async def test_every_way_of_reading_a_tier_gives_the_same(catalogue: Database) -> None:
    async with catalogue.raw() as connection:
        vocabulary = await read_vocabulary(connection)
        for typed in ("红旗路", "路", "公安局 路"):
            for tier in literal_tiers(words_of(typed), vocabulary, 0):
                answers = []
                for way in Way:
                    part = Slice(meant_by(CITY, CameraFilter()), None, 50)
                    statement = read_tier(tier, Plan(way, 1000 if way is Way.WALK else None), part)
                    answers.append(await connection.fetch(statement.sql, *statement.values))
                assert answers == [answers[0]] * len(answers)


# The index is kept true by the store.


async def test_an_edit_is_found_at_once_under_its_new_name_only(catalogue: Database) -> None:
    async with catalogue.raw() as connection:
        await connection.execute("update camera set name = '滨海路灯塔' where name = '大桥'")
        await connection.execute("delete from camera where name = '红旗路'")
    assert await names(catalogue, "灯塔") == ["滨海路灯塔"]
    assert await names(catalogue, "灯") == ["滨海路灯塔"]
    assert "大桥" not in await names(catalogue, "大桥")
    assert "红旗路" not in await names(catalogue, "红旗路")


async def test_an_import_is_found_before_it_is_indexed_and_after(catalogue: Database) -> None:
    many = [(f"X{n}", f"新建{n}号", "港城路", "海事局") for n in range(AT_ONCE + 40)]
    async with catalogue.raw() as connection:
        async with connection.transaction():
            await add(connection, many)
        assert await connection.fetchval(BEHIND)
        assert await connection.fetchval("select count(*) from camera_search") == len(CAMERAS) + AT_ONCE
    before = await names(catalogue, "新建139号")
    assert before[0] == "新建139号"
    assert await catch_up(catalogue) == 40
    async with catalogue.raw() as connection:
        assert not await connection.fetchval(BEHIND)
    assert await names(catalogue, "新建139号") == before
    assert len(await names(catalogue, "海事局", limit=200)) == AT_ONCE + 40
    assert (await names(catalogue, "xj139"))[:1] == ["新建139号"], "its pairs have been counted"


async def test_many_renamed_at_once_are_found_under_their_new_names(catalogue: Database) -> None:
    many = [(f"X{n}", f"旧名{n}号", None, None) for n in range(2 * AT_ONCE)]
    async with catalogue.raw() as connection:
        await add(connection, many)
        await connection.execute(
            "update camera set name = replace(name, '旧名', '改名') where code like 'X%'"
        )
    assert len(await names(catalogue, "改名", limit=500)) == 2 * AT_ONCE
    assert await names(catalogue, "旧名", limit=500, loose=False) == []
    await catch_up(catalogue)
    assert len(await names(catalogue, "改名", limit=500)) == 2 * AT_ONCE
    assert await names(catalogue, "旧名", limit=500, loose=False) == []


async def test_a_camera_that_somebody_edits_is_left_for_the_next_round(catalogue: Database) -> None:
    async with catalogue.raw() as connection:
        await connection.execute("truncate camera_search")
        await connection.execute("insert into search_behind values (1)")
    async with catalogue.raw() as editor:
        transaction = editor.transaction()
        await transaction.start()
        await editor.execute("update camera set version = version + 1 where name = '大桥'")
        assert await catch_up(catalogue) == len(CAMERAS) - 1
        assert await names(catalogue, "大桥") == ["大桥"]
        await transaction.commit()
    assert await catch_up(catalogue) == 1
    assert await names(catalogue, "大桥") == ["大桥"]


async def test_other_changes_leave_the_index_alone(catalogue: Database) -> None:
    async with catalogue.raw() as connection:
        before = await connection.fetch("select xmin::text, camera_id from camera_search order by 2")
        await connection.execute("update camera set version = version + 1, heading_deg = 3")
        assert before == await connection.fetch("select xmin::text, camera_id from camera_search order by 2")


# Texts.

readable = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"), max_codepoint=0xFFEF), max_size=30
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(readable)
@example("ＡＢＣ　１２與与(东)①㎡")
async def test_the_store_and_python_normalise_alike(database: Database, written: str) -> None:
    async with database.raw() as connection:
        row = await connection.fetchrow(
            "select search_key($1) as key, search_grams(search_key($1)) as grams", written
        )
    key = search_key(written)
    assert row is not None
    assert row["key"] == key
    assert row["grams"] == numbers_of(grams("^" + key))


@given(readable)
def test_a_key_is_its_own_key_and_means_nothing_to_a_pattern(written: str) -> None:
    key = search_key(written)
    assert not set(key) & set(" %_\\[]()*.^$|与")


@pytest.mark.parametrize(
    ("written", "keys", "marked"),
    [
        ("芝罘红旗路与青年路", ("红旗路青年",), [(2, 8)]),
        ("ＡＢＣ 红旗", ("bc红", "旗"), [(1, 6)]),
        ("红旗路", ("青年",), []),
        ("", ("红",), []),
    ],
)
def test_marks_are_places_in_the_text_as_it_is_written(
    written: str, keys: tuple[str, ...], marked: list[tuple[int, int]]
) -> None:
    assert marks(written, keys) == marked


@given(st.text(min_size=2, max_size=2))
def test_a_pair_comes_back_from_its_number(pair: str) -> None:
    assert gram_of(number_of(pair)) == pair


def test_words_are_parted_by_blanks_and_commas() -> None:
    assert words_of("红旗路,青年路　ＡＢＣ；红旗路") == ("红旗路", "青年路", "abc")


# Readings.

PAIRS = ("^红", "红旗", "旗路", "路青", "青年", "年路", "路口", "长江", "江路")
VOCABULARY = Vocabulary.of([(0, 1000, 0), *((number_of(pair), 10, 0) for pair in PAIRS)])


def test_pinyin_is_read_whole_in_initials_and_mixed() -> None:
    for spelt in ("hongqilu", "hql", "hqlu", "hongql", "hongqil", "hongqiluqingnian", "changjiang", "zhangj"):
        assert sounds_of(spelt, VOCABULARY), spelt
    for strange in ("xyz", "hongqx", "h", "q1", "", "红"):
        assert not sounds_of(strange, VOCABULARY), strange


def test_a_long_row_of_letters_is_soon_given_up() -> None:
    assert sounds_of("hqlhqlhqlhqlhqlhqlhqlhqlhqlhqlhqlhqlhql", VOCABULARY) == ()
    assert sounds_of("a" * 64, VOCABULARY) == ()


def test_errors_are_only_mended_into_what_occurs() -> None:
    similar = similar_to("红路", VOCABULARY, codes=False)
    assert similar.patterns == ("红_路",)
    assert not similar_to("鑫鑫鑫", VOCABULARY, codes=False)


# Plans.


def tier(rows: int, **more: Any) -> Tier:
    found_by = more.pop("found_by", lambda _values: "true")
    return Tier(Closeness.NAME, lambda _values: "true", found_by, rows, more.pop("likely", rows), **more)


@pytest.mark.parametrize(
    ("share", "way"), [(0.0001, Way.GATHER), (0.001, Way.GATHER), (0.1, Way.WALK), (0.4, Way.WALK)]
)
def test_frequent_words_are_walked_to_and_rare_ones_gathered(share: float, way: Way) -> None:
    rows = round(230_000 * share)
    plan = choose(tier(rows, effort_us=0.15), cameras=230_000, let_through=230_000, limit=50)
    assert plan.way is way


def test_where_few_cameras_are_let_through_each_is_looked_at() -> None:
    assert choose(tier(100_000), cameras=230_000, let_through=300, limit=50).way is Way.WITHIN


def test_a_walk_is_given_up_and_not_tried_twice() -> None:
    walk = choose(tier(50_000), cameras=230_000, let_through=230_000, limit=50)
    assert walk.bound
    assert walk.bound < 230_000
    assert (
        choose(tier(50_000), cameras=230_000, let_through=230_000, limit=50, walk=False).way is not Way.WALK
    )


async def test_words_that_stand_together_at_the_end_of_the_order_are_found(database: Database) -> None:
    async with database.raw() as connection:
        await connection.execute(
            """insert into camera (name) select 'a' || n from generate_series(1, 3500) n;
               insert into camera (name) select 'z' || n || '灯塔' from generate_series(1, 2500) n"""
        )
    await catch_up(database)
    answer = await names(database, "灯塔", limit=20)
    assert len(answer) == 20
    assert answer == sorted(answer)


async def plan_of(connection: asyncpg.Connection[Any], typed: str) -> str:
    vocabulary = await read_vocabulary(connection)
    closest = next(t for t in literal_tiers(words_of(typed), vocabulary, 0) if t.closeness is Closeness.NAME)
    plan = choose(closest, cameras=vocabulary.cameras, let_through=vocabulary.cameras, limit=50)
    statement = read_tier(closest, plan, Slice(meant_by(CITY, CameraFilter()), None, 50))
    rows = await connection.fetch("explain " + statement.sql, *statement.values)
    return "\n".join(row[0] for row in rows)


async def test_the_server_takes_the_plan_that_was_chosen(database: Database) -> None:
    async with database.raw() as connection:
        await connection.execute(
            """insert into camera (name, unit_tree, unit_id)
               select substr('甲乙丙丁戊己庚辛壬癸', n % 10 + 1, 1) || n
                      || case when n % 10 < 4 then '枪机' else '球机' end
                      || case when n % 600 = 7 then '灯塔' else '' end, null, null
                 from generate_series(1, 6000) n"""
        )
    await catch_up(database)
    async with database.raw() as connection:
        await connection.execute("vacuum (analyze) camera_search")
        frequent, rare = await plan_of(connection, "枪机"), await plan_of(connection, "灯塔")
    assert "ix_camera_search_name" in frequent
    assert "Sort" not in frequent
    assert "ix_camera_search_grams" in rare
