"""Which records a few may clash with, found by index where there is one, so that an edit need not wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from camera_registry.governance.records import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from camera_registry.governance.rules import RuleBook

MOST = 50
"""Of each kind, for one record: whether it clashes does not depend on more."""

_KNOWN = """
select other_id from camera_fault where camera_id = any($1) and other_id is not null and state < 3
 union
select camera_id from camera_fault where other_id = any($1) and state < 3
"""
"""What clashed with them when they were last assessed."""

_NEAR = """
select b.id
  from camera a
 cross join lateral (
         select b.id from camera b
          where b.geom && ST_Expand(a.geom, $2::float8) and b.id <> a.id
          order by b.id limit $3) b
 where a.id = any($1) and a.geom is not null
"""

# A Chinese character is the same in every spelling of a name. Looking for two of them first leaves a tenth of
# a district's names to be spelt out.
_SAME_NAME = f"""
with a as materialized (
  select a.id, d.tree_left, d.tree_right, {plain("a.name")} as name
    from camera a
    join organisation d on d.level = 1 and a.unit_tree between d.tree_left and d.tree_right
   where a.id = any($1)
),
letters as materialized (
  select *, substr(name, length(name) / 2 + 1, 1) as middle, substr(name, length(name) / 3 + 1, 1) as third
    from a
)
select b.id
  from letters a
 cross join lateral (
         select b.id from camera b
          where b.unit_tree between a.tree_left and a.tree_right and b.id <> a.id
            and (a.middle < '\u2e80' collate "C" or strpos(b.name, a.middle) > 0)
            and (a.third < '\u2e80' collate "C" or strpos(b.name, a.third) > 0)
            and {plain("b.name")} = a.name
          order by b.id limit $2) b
"""  # noqa: S608 - put together from this program's own words

_SAME_NAME_NOWHERE = f"""
select b.id
  from camera a
 cross join lateral (
         select b.id from camera b
          where b.unit_tree is null and b.id <> a.id and {plain("b.name")} = {plain("a.name")}
          order by b.id limit $2) b
 where a.id = any($1) and a.unit_tree is null
"""  # noqa: S608 - put together from this program's own words

_REACHED_ALIKE = """
select b.id
  from camera a
 cross join lateral (
         select b.id from camera b
          where b.id <> a.id and (b.stream_url = a.stream_url or b.ip_address = a.ip_address or b.mac = a.mac)
          order by b.id limit $2) b
 where a.id = any($1) and (a.stream_url is not null or a.ip_address is not null or a.mac is not null)
"""

_SAME_CODE = f"""
select b.id
  from camera a join camera b on b.id <> a.id and b.code = {plain("a.code")}
 where a.id = any($1)
 union
select b.id
  from camera a
  join camera_fault f on f.rule_id = $2 and f.state < 3
  join camera b on b.id = f.camera_id and b.id <> a.id and {plain("b.code")} = {plain("a.code")}
 where a.id = any($1)
"""  # noqa: S608 - put together from this program's own words
"""Of two ids that are equal but for spaces, one at least is malformed."""

_DEGREES_PER_METRE = 1 / 64_000
"""Of longitude, at 54 degrees north; generous everywhere else."""


async def clashing(connection: asyncpg.Connection[Any], book: RuleBook, cameras: Sequence[int]) -> set[int]:
    """Cameras that these clash with or clashed with; some more that are merely like them."""
    ids = list(cameras)
    limit = book.rules["place-repeated"].threshold
    around = (limit.value if limit else 0.0) * _DEGREES_PER_METRE + 1e-6
    rows = [
        *await connection.fetch(_KNOWN, ids),
        *await connection.fetch(_NEAR, ids, around, MOST),
        *await connection.fetch(_SAME_NAME, ids, MOST),
        *await connection.fetch(_SAME_NAME_NOWHERE, ids, MOST),
        *await connection.fetch(_REACHED_ALIKE, ids, MOST),
        *await connection.fetch(_SAME_CODE, ids, book.rules["code-malformed"].id),
    ]
    return {row[0] for row in rows}
