"""The statements of a search: put together from this program's own words, with the values apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from camera_registry.search.clauses import Values
from camera_registry.search.plan import Plan, Way
from camera_registry.selection import CameraFilter, as_sql
from models.tables import camera

if TYPE_CHECKING:
    from collections.abc import Sequence

    from camera_registry.search.tiers import Tier
    from models.scope import Scope

INDEX, ALL_WORDS = "camera_search", "camera_words"
"""The index, and the view that adds what is not indexed yet."""

BEHIND = "exists (select from search_behind)"


@dataclass(frozen=True, slots=True)
class Meant:
    """Which cameras may be found at all.

    Attributes:
        condition: On ``camera``.
        values: Its parameters, numbered from 1.
        narrow: Whether it may let notably fewer than all cameras through.
    """

    condition: str
    values: tuple[object, ...]
    narrow: bool


def meant_by(scope: Scope, wanted: CameraFilter) -> Meant:
    """The cameras within ``scope`` that ``wanted`` lets through."""
    if replace(wanted, gone=None) == CameraFilter():
        return _all_of(scope, wanted.gone)
    return _compiled(scope, wanted, narrow=True)


@lru_cache(maxsize=256)
def _all_of(scope: Scope, gone: bool | None) -> Meant:
    """The commonest, kept: compiling takes longer than many a search. A filter may be large and is not."""
    return _compiled(scope, CameraFilter(gone=gone), narrow=not scope.whole_city)


def _compiled(scope: Scope, wanted: CameraFilter, *, narrow: bool) -> Meant:
    condition, values = as_sql([scope.sees(camera), *wanted.conditions()], first=1)
    return Meant(condition, values, narrow)


@dataclass(frozen=True, slots=True)
class Place:
    """A camera's place in the order of an answer.

    Attributes:
        closeness: Its tier.
        name: The key of its name.
        camera_id: Its row.
    """

    closeness: int
    name: str
    camera_id: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and its parameters.

    Its rows are ``closeness``, ``key`` and ``camera_id`` in the order of an answer; each says whether the
    index is ``behind``, so that they may not be all; then the columns that were asked for.
    """

    sql: str
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of the answer is read.

    Attributes:
        meant: Which cameras may be in it.
        after: Where it begins; None is at the beginning.
        limit: Rows at most.
        source: The index, or the view that adds what is not indexed yet.
        columns: What else is read of each camera, as SQL with ``camera``: one statement finds and reads.
    """

    meant: Meant
    after: Place | None
    limit: int
    source: str = INDEX
    columns: str = ""

    @property
    def also(self) -> str:
        """The further columns at the end of a list."""
        return f", {self.columns}" if self.columns else ""


def read_tier(tier: Tier, plan: Plan, part: Slice) -> Statement:
    """Rows of one tier."""
    values = Values(list(part.meant.values))
    make = {Way.WALK: _walk, Way.GATHER: _gather, Way.SCAN: _gather, Way.WITHIN: _within}[plan.way]
    return Statement(make(tier, plan, part, values), tuple(values.all))


def read_closest(tiers: Sequence[Tier], part: Slice, *, few: bool) -> Statement:
    """Rows of several tiers at once.

    Where the filter lets only a few cameras through, all of those are looked at; otherwise the last tier's
    index condition must find the cameras of them all.
    """
    values = Values(list(part.meant.values))
    cases = " ".join(f"when {tier.test(values)} then {int(tier.closeness)}" for tier in tiers)
    beyond = f"and (closeness, name, camera_id) > {_row(part.after, values)}" if part.after else ""
    looked_up = _let_through(part, again=False)
    rows = f"{_meant(part)} {_INDEXED}"
    if not few:
        assert tiers[-1].found_by is not None
        rows, looked_up = f"{INDEX} f where {tiers[-1].found_by(values)}", _let_through(part)
    sql = f"""
select f.closeness, f.name as key, f.camera_id, {BEHIND} as behind{part.also}
  from (select closeness, name, camera_id
          from (select case {cases} end as closeness, f.name, f.camera_id from {rows}) f
         where closeness is not null {beyond}
         order by closeness, name, camera_id offset 0) f
  {looked_up}
 order by f.closeness, f.name, f.camera_id limit {values.put(part.limit)}"""  # noqa: S608
    return Statement(sql, tuple(values.all))


_INDEXED = """
  join lateral (select * from camera_search indexed where indexed.camera_id = camera.id limit 1) f on true
"""


def _meant(part: Slice) -> str:
    return f"(select camera.* from camera where {part.meant.condition} offset 0) camera"  # noqa: S608


def _let_through(part: Slice, *, again: bool = True) -> str:
    """Looks each row up in the catalogue, in the order of the rows, whatever the planner thinks of it."""
    condition = f"and {part.meant.condition}" if again else ""
    return f"""
  join lateral (
    select camera.* from camera where camera.id = f.camera_id {condition} limit 1) camera on true"""  # noqa: S608


def _row(place: Place, values: Values) -> str:
    closeness, name = values.put(place.closeness), values.put(place.name)
    return f"({closeness}::int, {name}, {values.put(place.camera_id)}::bigint)"


def _beyond(after: Place | None, values: Values) -> str:
    if after is None:
        return "true"
    return f"(f.name, f.camera_id) > ({values.put(after.name)}, {values.put(after.camera_id)}::bigint)"


def _walk(tier: Tier, plan: Plan, part: Slice, values: Values) -> str:
    start = _beyond(part.after, values)
    names = f"{part.source} f"
    if plan.bound is not None:
        # Only what is read: names alone come from the ordered index without a look at the table.
        columns = ", ".join(f"f.{column}" for column in tier.reads)
        names = (
            f"(select {columns}, f.camera_id from {names} where {start} "  # noqa: S608
            f"order by f.name, f.camera_id limit {values.put(plan.bound)}) f"
        )
        start = "true"
    return f"""
select {int(tier.closeness)} as closeness, f.name as key, f.camera_id, {BEHIND} as behind{part.also}
  from {names} {_let_through(part)}
 where {tier.test(values)} and {start}
 order by f.name, f.camera_id limit {values.put(part.limit)}"""  # noqa: S608


def _gather(tier: Tier, plan: Plan, part: Slice, values: Values) -> str:
    # Sorted before the join: of what was gathered only a page is looked up in the catalogue.
    found = f"{tier.found_by(values)} and" if tier.found_by and plan.way is Way.GATHER else ""
    return f"""
select {int(tier.closeness)} as closeness, f.name as key, f.camera_id, {BEHIND} as behind{part.also}
  from (select f.name, f.camera_id from {part.source} f
         where {found} {tier.test(values)} and {_beyond(part.after, values)}
         order by f.name, f.camera_id offset 0) f
  {_let_through(part)}
 order by f.name, f.camera_id limit {values.put(part.limit)}"""  # noqa: S608


def _within(tier: Tier, _plan: Plan, part: Slice, values: Values) -> str:
    return f"""
select {int(tier.closeness)} as closeness, f.name as key, f.camera_id, {BEHIND} as behind{part.also}
  from {_meant(part)} {_INDEXED}
 where {tier.test(values)} and {_beyond(part.after, values)}
 order by f.name, f.camera_id limit {values.put(part.limit)}"""  # noqa: S608
