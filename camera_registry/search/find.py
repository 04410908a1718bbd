"""Finding cameras by what somebody typed: a page of places in the order of closeness."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from camera_registry.search.clauses import Values, every, found_anywhere, is_fragment, literally
from camera_registry.search.plan import Plan, Way, choose
from camera_registry.search.statements import ALL_WORDS, BEHIND, INDEX, Place, Slice, read_closest, read_tier
from camera_registry.search.text import is_code_like, words_of
from camera_registry.search.tiers import Closeness, literal_tiers, loose_tiers

if TYPE_CHECKING:
    from collections.abc import Iterator

    import asyncpg

    from camera_registry.search.statements import Meant, Statement
    from camera_registry.search.tiers import Tier
    from camera_registry.search.vocabulary import Vocabulary

GATHERED_TOGETHER = 900
"""Cameras up to which all literal tiers are read in one statement."""

LOOKED_AT_TOGETHER = 6_000
"""Cameras that the filter lets through, up to which each is simply looked at."""

RARE = 0.25
"""Share of all cameras below which reading them by the index beats reading every text."""

COUNTED_CODES = 5_000
"""Device ids beyond which their beginning is simply frequent."""

_ROWS = re.compile(r" rows=(\d+)")
_CODES = f"""
select count(*) from (select from camera_search where code like $1 limit {COUNTED_CODES}) begun
"""  # noqa: S608 - a number of this file's own


@dataclass(frozen=True)
class Question:
    """What is looked for.

    Attributes:
        typed: What somebody typed.
        meant: Which cameras may be found at all.
        after: Where the page before ended.
        limit: Cameras on a page.
        loose: Whether what sounds like it or resembles it counts as well.
    """

    typed: str
    meant: Meant
    after: Place | None = None
    limit: int = 50
    loose: bool = True


async def find(
    connection: asyncpg.Connection[Any], question: Question, vocabulary: Vocabulary
) -> list[Place]:
    """At most ``limit`` cameras, the closest first, and equally close ones by name.

    Fewer than ``limit`` are the last. The order is the same whatever way it is come by, and a page begins
    where the one before ended even if cameras were edited in between.
    """
    return [place_of(row) for row in await find_rows(connection, question, vocabulary)]


async def find_rows(
    connection: asyncpg.Connection[Any], question: Question, vocabulary: Vocabulary, *, columns: str = ""
) -> list[asyncpg.Record]:
    """As :func:`find`, with ``columns`` of each camera, as SQL with ``camera``; see :func:`place_of`."""
    words = words_of(question.typed)
    return await _Search(connection, question, words, vocabulary, columns).run() if words else []


def place_of(row: asyncpg.Record) -> Place:
    """A camera's place in the order of the answer."""
    return Place(row["closeness"], row["key"], row["camera_id"])


async def all_written(
    connection: asyncpg.Connection[Any], typed: str, vocabulary: Vocabulary, meant: Meant
) -> tuple[str, tuple[object, ...]]:
    """All cameras that have the words as they are written, as a condition on ``camera``.

    It lets through what the filter's own words do. The planner sees from it how many those are: rare words
    are asked of the index of pairs, frequent ones of the texts, for which it keeps a histogram.
    """
    words = words_of(typed)
    values = Values(list(meant.values))
    exact = every([*map(literally, words)])
    most = min((vocabulary.names_with(word) + vocabulary.others_with(word) for word in words), default=0)
    rare = most < RARE * vocabulary.cameras and not any(map(is_fragment, words))
    found = every([found_anywhere(word, vocabulary) for word in words])(values) if rare else "true"
    source = ALL_WORDS if await connection.fetchval(f"select {BEHIND}") else INDEX
    test = exact(values) if words else "false"
    inside = f"select f.camera_id from {source} f where {found} and {test}"  # noqa: S608
    return f"{meant.condition} and camera.id in ({inside})", tuple(values.all)


def all_of(
    typed: str, vocabulary: Vocabulary, closeness: Closeness, *, meant: Meant
) -> tuple[str, tuple[object, ...]] | None:
    """All cameras that answer what was typed with exactly this closeness, as a condition on ``camera``.

    Args:
        typed: What somebody typed.
        vocabulary: What occurs.
        closeness: :attr:`Closeness.SOUND` or :attr:`Closeness.SIMILAR`.
        meant: Which cameras may be meant at all.

    Returns:
        Its text and its parameters, or None if nothing can be that close.
    """
    words = words_of(typed)
    tiers = loose_tiers(words, vocabulary, codes=True) if words else []
    for tier in tiers:
        if tier.closeness is closeness:
            values = Values(list(meant.values))
            found = tier.found_by(values) if tier.found_by else "true"
            inside = f"select f.camera_id from {INDEX} f where {found} and {tier.test(values)}"  # noqa: S608
            return f"{meant.condition} and camera.id in ({inside})", tuple(values.all)
    return None


@dataclass
class _Search:
    connection: asyncpg.Connection[Any]
    question: Question
    words: tuple[str, ...]
    vocabulary: Vocabulary
    columns: str
    found: list[asyncpg.Record] = field(default_factory=list)
    behind: bool = False

    @property
    def meant(self) -> Meant:
        return self.question.meant

    def _nothing_exact(self) -> bool:
        """Whether no camera has the words as they are; asked when those have been read."""
        after = self.question.after
        return not self.found and (after is None or after.closeness > Closeness.CODE)

    async def run(self) -> list[asyncpg.Record]:
        """What the index has, unless it is behind: its rows say so, and if there are none it is asked."""
        codes = await self._codes_beginning()
        let_through = await self._let_through()
        few = self.meant.narrow and let_through <= LOOKED_AT_TOGETHER
        for tiers in self._steps(codes, together=True, few=few):
            wanted = self.question.limit - len(self.found)
            if wanted <= 0:
                break
            if len(tiers) > 1:
                part = self._slice(tiers[0], tiers[-1])
                self.found += await self._fetch(read_closest(tiers, part, few=few))
            else:
                self.found += await self._one(tiers[0], wanted, let_through)
        if self.behind or (not self.found and await self.connection.fetchval(f"select {BEHIND}")):
            self.found.clear()
            await self._look_at_everything(codes)
        return self.found

    async def _look_at_everything(self, codes: int) -> None:
        """The same answer while an import waits to be indexed: slowly, and nothing is missed."""
        for (tier,) in self._steps(codes, together=False, few=False):
            wanted = self.question.limit - len(self.found)
            if wanted <= 0:
                break
            part = self._slice(tier, tier, source=ALL_WORDS)
            self.found += await self._fetch(read_tier(tier, Plan(Way.SCAN), part))

    def _steps(self, codes: int, *, together: bool, few: bool) -> Iterator[list[Tier]]:
        """The tiers that are left, those together that one statement reads."""
        tiers = literal_tiers(self.words, self.vocabulary, codes)
        closest = [tier for tier in tiers if tier.closeness <= Closeness.ELSEWHERE]
        rare = closest[-1].found_by is not None and closest[-1].rows <= GATHERED_TOGETHER
        if together and few:
            steps = [tiers]
        elif together and rare:
            steps = [closest, *([tier] for tier in tiers[len(closest) :])]
        else:
            steps = [[tier] for tier in tiers]
        yield from (step for step in steps if self._is_left(step[-1]))
        if self.question.loose:
            loose = loose_tiers(self.words, self.vocabulary, codes=self._nothing_exact())
            yield from ([tier] for tier in loose if self._is_left(tier))

    def _is_left(self, tier: Tier) -> bool:
        after = self.question.after
        return after is None or tier.closeness >= after.closeness

    def _after(self, first: Tier, last: Tier) -> Place | None:
        """Where to go on, if the page before ended within these tiers."""
        after = self.question.after
        return after if after and first.closeness <= after.closeness <= last.closeness else None

    async def _one(self, tier: Tier, wanted: int, let_through: int) -> list[asyncpg.Record]:
        cameras = self.vocabulary.cameras
        part = self._slice(tier, tier)
        plan = choose(tier, cameras=cameras, let_through=let_through, limit=wanted)
        found = await self._fetch(read_tier(tier, plan, part))
        if plan.bound is None or len(found) >= wanted:
            return found
        # The walk was given up: the names stand together somewhere further on.
        again = choose(tier, cameras=cameras, let_through=let_through, limit=wanted, walk=False)
        return await self._fetch(read_tier(tier, again, part))

    def _slice(self, first: Tier, last: Tier, **source: str) -> Slice:
        wanted = self.question.limit - len(self.found)
        return Slice(self.meant, self._after(first, last), wanted, columns=self.columns, **source)

    async def _fetch(self, statement: Statement) -> list[asyncpg.Record]:
        rows = await self.connection.fetch(statement.sql, *statement.values)
        self.behind = self.behind or any(row["behind"] for row in rows[:1])
        return list(rows)

    async def _codes_beginning(self) -> int:
        """How many device ids begin with the rarest word that may be the beginning of one."""
        like = [word for word in self.words if is_code_like(word)]
        counts = [await self.connection.fetchval(_CODES, f"{word}%") for word in like]
        if len(like) < len(self.words) or not counts:
            return 0
        return self.vocabulary.cameras if min(counts) == COUNTED_CODES else int(min(counts))

    async def _let_through(self) -> int:
        """About how many cameras the conditions let through, as the planner's statistics have it."""
        if not self.meant.narrow:
            return self.vocabulary.cameras
        sql = f"explain select from camera where {self.meant.condition}"
        guess = _ROWS.search(await self.connection.fetchval(sql, *self.meant.values))
        assert guess is not None
        return int(guess[1])
