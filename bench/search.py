"""Bench ``search``: a page of fifty for terms of different frequency, and the exact counts that go with it.

``page-2char`` and ``page-3char``: terms that stand in 0.1, 1, 10 and 40 % of 230,000 cameras, one page each;
the cost is that of one page, and a line for each share follows. ``facets``: the counts for the two-character
terms, sent separately. Whatever is not the database and its driver is left out on all sides.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from math import log
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg

from api.queries.camera_rows import read_rows
from api.queries.camera_search import Wanted, find_page
from base.database import SESSION_SETTINGS, Database
from base.errors import DengtaError, SetupError
from base.postgres import ROLE, find_programs
from bench.city_store import CAMERAS, city_store
from bench.harness import Case, Line, Skipped, Tell
from camera_registry.facets import FACETS, count_facets
from camera_registry.search.find import all_written
from camera_registry.search.index import catch_up
from camera_registry.search.statements import meant_by
from camera_registry.search.vocabulary import read_vocabulary
from camera_registry.selection import CameraFilter
from models.scope import Role, Scope

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Sequence

    from base.postgres import PrivatePostgres
    from camera_registry.search.vocabulary import Vocabulary

T = TypeVar("T")

NAME = "search"
CASES = ("page-2char", "page-3char", "facets")
SHARES = (0.001, 0.01, 0.1, 0.4)
PAGE = 50
SAMPLED = 6_000
"""Cameras whose texts are cut into terms; those of about the right frequency are then counted."""

CANDIDATES = 10
STAFF = frozenset({Role.GIS})

_SCOPE = "select tree_left, tree_right from organisation where level = 0"
_SAMPLE = "select name, rest from camera_search order by md5(camera_id::text) limit $1"
_COUNT = "select count(*) from camera_search where name like $1 or rest like $1"

# The peer: one text with a trigram index, ILIKE, and the order that a user would be shown.
_PEER = """
create extension if not exists pg_trgm;
drop table if exists peer;
create table peer as select camera_id as id, name, name || '|' || rest as words from camera_search order by 1;
alter table peer add primary key (id);
create index on peer using gin (words gin_trgm_ops);
"""
_PEER_PAGE = """
select id from peer where words ilike $1
 order by case when name ilike $2 then 1 when name ilike $1 then 2 else 3 end, name, id limit 50
"""

_FLOOR = "select * from camera where id = $1"

_KEPT = """
create temp table found as
select camera_id as id from camera_search where name like $1 or rest like $1
"""
_GROUPED = """
select unit_tree, coalesce(state, 0), owner, manufacturer, model, source, ptz_type, room_type,
       direction_type, protocol, sensitivity, stream_url is not null, geom is not null,
       gone_since is not null, count(*)
  from found join camera using (id) left join camera_state on camera_state.camera_id = camera.id
 group by grouping sets ((), (unit_tree), (coalesce(state, 0)), (owner), (manufacturer), (model), (source),
       (ptz_type), (room_type), (direction_type), (protocol), (sensitivity), (stream_url is not null),
       (geom is not null), (gone_since is not null))
"""
_GROUPED_SCENES = """
select scene_id, count(*) from found left join camera_scene on camera_scene.camera_id = found.id group by 1
"""


@dataclass(frozen=True)
class Term:
    """A term, and what share of the cameras has it."""

    key: str
    share: float

    @property
    def label(self) -> str:
        """Its share, for people."""
        return f"{self.share:.2g}"


def measure(case: str, tell: Tell) -> Iterator[Line]:
    """The lines of one case."""
    try:
        find_programs()
    except SetupError as err:
        yield Skipped(NAME, case, str(err))
        return
    with city_store(looked_at=True) as cluster, closing(Contest(cluster)) as contest:
        yield from contest.facets(tell) if case == "facets" else contest.pages(case, tell)


class Contest:
    """One database: ours, the peer's table and the floor's row are in the same server."""

    def __init__(self, cluster: PrivatePostgres) -> None:
        self._loop = asyncio.new_event_loop()
        self._draw = Random(7)
        self._run(_settle(cluster))
        self._connection = self._run(_connect(cluster))
        left, right = self._run(self._connection.fetchrow(_SCOPE))
        self._scope = Scope(1, STAFF, left, right, max_sensitivity=3)
        self._vocabulary: Vocabulary = self._run(read_vocabulary(self._connection))

    def pages(self, case: str, tell: Tell) -> Iterator[Line]:
        """A page for each share: all together, then one by one."""
        for statement in (_PEER, "vacuum (analyze) peer"):
            self._run(self._connection.execute(statement))
        terms = self._run(self._terms(int(case[5])))
        for term in terms:
            self._run(self._require_same(term))
        whole = self._page_case(case, terms, rounds=25)
        yield from whole.measure(tell)
        for term in terms:
            yield from self._page_case(f"{case}-{term.label}", [term], rounds=9).measure(tell)

    def facets(self, tell: Tell) -> Iterator[Line]:
        """The counts for each share: all together, then one by one."""
        terms = self._run(self._terms(2))
        yield from self._facet_case("facets", terms, rounds=9).measure(tell)
        for term in terms:
            yield from self._facet_case(f"facets-{term.label}", [term], rounds=5).measure(tell)

    def close(self) -> None:
        self._run(self._connection.close())
        self._loop.close()

    def _page_case(self, name: str, terms: Sequence[Term], *, rounds: int) -> Case:
        return Case(
            bench=NAME,
            name=name,
            ours=lambda: [self._run(self._page(term)) for term in terms],
            floor=lambda: [self._run(self._row()) for _ in terms],
            peers={"pg_trgm": lambda: [self._run(self._peer_page(term)) for term in terms]},
            unit="ms",
            rounds=rounds,
            per=len(terms),
        )

    def _facet_case(self, name: str, terms: Sequence[Term], *, rounds: int) -> Case:
        found = {term.key: index for index, term in enumerate(terms)}
        for key, index in found.items():
            self._run(self._keep(key, index))
        return Case(
            bench=NAME,
            name=name,
            ours=lambda: [self._run(self._facets(term)) for term in terms],
            floor=lambda: [self._run(self._grouped(found[term.key])) for term in terms],
            unit="ms",
            rounds=rounds,
            per=len(terms),
        )

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    async def _page(self, term: Term) -> list[int]:
        """What the route does: find the page, with what it shows of each camera."""
        wanted = Wanted(CameraFilter(gone=False), None, PAGE)
        rows = await find_page(self._connection, self._scope, self._vocabulary, term.key, wanted)
        return [row["id"] for row in rows[:PAGE]]

    async def _peer_page(self, term: Term) -> list[int]:
        """The same page, its rows read by the same statement."""
        rows = await self._connection.fetch(_PEER_PAGE, f"%{term.key}%", f"{term.key}%")
        ids = [row["id"] for row in rows]
        await read_rows(self._connection, self._scope, ids)
        return ids

    async def _row(self) -> object:
        return await self._connection.fetchrow(_FLOOR, self._draw.randrange(1, CAMERAS))

    async def _facets(self, term: Term) -> object:
        """What the route does: find the rows, and count them by every facet."""
        meant = meant_by(self._scope, CameraFilter(gone=False))
        rows = await all_written(self._connection, term.key, self._vocabulary, meant)
        return await count_facets(self._connection, *rows, FACETS)

    async def _keep(self, key: str, index: int) -> None:
        """The rows that the floor groups: found beforehand, and known to the planner."""
        await self._connection.execute(f"drop table if exists found{index}")
        pattern = key.replace("'", "''")
        await self._connection.execute(
            _KEPT.replace("found", f"found{index}").replace("$1", f"'%{pattern}%'")
            + f"; analyze found{index}"
        )

    async def _grouped(self, index: int) -> None:
        for statement in (_GROUPED, _GROUPED_SCENES):
            await self._connection.fetch(statement.replace("found", f"found{index}"))

    async def _terms(self, length: int) -> list[Term]:
        """For each share the term of Chinese characters whose frequency is nearest to it."""
        rows = await self._connection.fetch(_SAMPLE, SAMPLED)
        seen: Counter[str] = Counter()
        for row in rows:
            texts = (row["name"], row["rest"])
            cuts = chain.from_iterable(
                (text[place : place + length] for place in range(len(text) - length + 1)) for text in texts
            )
            seen.update({cut for cut in cuts if all("一" <= letter <= "鿿" for letter in cut)})
        return [await self._nearest(seen, share) for share in SHARES]

    async def _nearest(self, seen: Counter[str], share: float) -> Term:
        wanted = share * SAMPLED
        likely = sorted(seen, key=lambda key: (abs(log(seen[key] / wanted)), key))[:CANDIDATES]
        counted = {key: await self._connection.fetchval(_COUNT, f"%{key}%") for key in likely}
        key = min(counted, key=lambda key: (abs(log(counted[key] / (share * CAMERAS))), key))
        return Term(key, counted[key] / CAMERAS)

    async def _require_same(self, term: Term) -> None:
        """Ours and the peer must answer the same.

        Raises:
            DengtaError: They differ: the figures compare nothing.
        """
        if await self._page(term) != await self._peer_page(term):
            raise DengtaError(f"search: ours and the peer give different pages for {term.key}.")


async def _settle(cluster: PrivatePostgres) -> None:
    """As an hour after an import: indexed, counted, vacuumed."""
    database = Database(cluster.url, pool_size=1)
    await catch_up(database)
    async with database.raw() as connection:
        await connection.execute("vacuum (analyze) camera, camera_search, camera_scene, camera_state")
    await database.close()


async def _connect(cluster: PrivatePostgres) -> asyncpg.Connection[Any]:
    return await asyncpg.connect(
        host=str(cluster.socket_dir), user=ROLE, database=ROLE, server_settings=SESSION_SETTINGS
    )
