"""Records that clash with others: by id, by place, by address, by name, by where they are reached.

Nothing is compared pair by pair that could be many: what is exactly equal is grouped, and what is merely near
is found through a grid, where equal places are one. So 50,000 records that a platform put on one spot cost no
more than any others.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from camera_registry.governance.checks.check import DIRECTION, blank
from camera_registry.governance.records import Stage, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from camera_registry.governance.rules import RuleBook

Part = tuple[list[Stage], str]
"""Tables that are worked out first, and the query over them and ``record``."""


def duplicates(book: RuleBook) -> Iterator[Part]:
    """For each kind that is asked, its part of the evaluation."""
    enabled = {rule.code: rule.id for rule in book.enabled}
    if {"place-repeated", "place-copied"} & enabled.keys():
        yield _places(book)
    if {"address-repeated", "name-repeated"} & enabled.keys():
        yield _addresses_and_names(book)
    for code, (key, value, where) in _KEYS.items():
        if code in enabled:
            yield [], _keyed(enabled[code], key, value, where)


_KEYS = {
    # What differs in spaces and letter case alone; equal ids the store itself refuses.
    "code-repeated": (f"case when c.sound then c.code else {plain('c.code')} end", "c.code", "c.code > ''"),
    "stream-repeated": ("btrim(c.stream_url)", "null", f"not {blank('c.stream_url')}"),
    # Channels of one recorder share its address; they differ in their stream or name their parent.
    "endpoint-repeated": (
        "concat_ws(' ', host(c.ip_address), c.port, c.stream_url)",
        "null",
        f"c.ip_address is not null and {blank('c.parent_code')}",
    ),
    "mac-repeated": (
        "lower(translate(c.mac, ':-. ', ''))",
        "null",
        f"c.mac is not null and translate(c.mac, '0:-. ', '') <> '' and {blank('c.parent_code')}",
    ),
}
"""By rule: what is equal, what of it is shown, and which records are compared."""


def _keyed(rule_id: int, key: str, value: str, where: str) -> str:
    return f"""
select c.id, {rule_id}, {value}, case when c.id = g.first then g.last else g.first end
  from (select {key} as key, min(id) as first, max(id) as last
          from record c where {where} group by 1 having count(*) > 1) g
  join record c on {key} = g.key and {where}
"""  # noqa: S608 - put together from this program's own words


def _addresses_and_names(book: RuleBook) -> Part:
    """Within a district; a name that a device gave itself says nothing."""
    address, name = book.rules["address-repeated"], book.rules["name-repeated"]
    namesakes = Stage(
        "namesakes",
        """
  select id, name, address, plain_address > '' and first < last as is_same, first, last,
         first_namesake, last_namesake
    from (select c.*, min(id) over same_name as first_namesake, max(id) over same_name as last_namesake,
                 min(id) over same_both as first, max(id) over same_both as last
            from record c
            join (select district_id, plain_name from record where named
                   group by 1, 2 having count(*) > 1) twice
              on twice.plain_name = c.plain_name and twice.district_id is not distinct from c.district_id
           where c.named
          window same_name as (partition by c.district_id, c.plain_name),
                 same_both as (partition by c.district_id, c.plain_name, c.plain_address)) c
""",
    )
    query = f"""
select id, {address.id}, address, case when id = first then last else first end
  from namesakes where {_flag(address.enabled)} and is_same
 union all
select id, {name.id}, name, case when id = first_namesake then last_namesake else first_namesake end
  from namesakes where {_flag(name.enabled)} and not ({_flag(address.enabled)} and is_same is true)
"""  # noqa: S608 - put together from this program's own words
    return [namesakes], query


def _flag(value: object) -> str:
    return "true" if value else "false"


_MICRODEGREES = 1_000_000
"""Places are compared in these, 0.1 m: no two measurements agree so well."""

_METRE = 110_574.0 / _MICRODEGREES
"""Of a microdegree of latitude at the equator, where it is shortest."""

_NARROWEST = 0.58
"""A degree of longitude at 54 degrees north, where China ends, against one of latitude."""

_SITE_ENDS = "(云台枪机|枪机|球机|半球|拼接全景|全景|摄像机|摄像头)?[0-9]*$"
"""What tells the cameras of one site apart."""

_CELL = 4
"""How many times as wide as what is near a cell of the grid is: most surroundings touch one cell only,
and few strangers share it."""


def _places(book: RuleBook) -> Part:
    """Records at the very same place, and records near each other that look the same way or have one name.

    Two cameras look the same way if they are in one of eight compass directions, or in one of the eight
    between: all that differ by less than 22.5 degrees, and none by 45.
    """
    repeated, copied = book.rules["place-repeated"], book.rules["place-copied"]
    near_m = repeated.threshold.value if repeated.threshold else 0.0
    tall, wide = math.ceil(near_m / _METRE), math.ceil(near_m / (_METRE * _NARROWEST))
    metres = f"sqrt((a.y - b.y) ^ 2 + (cos(radians(a.y / 1e6)) * (a.x - b.x)) ^ 2) * {_METRE}"
    tables = [
        Stage(
            "placed",
            f"""
  select id, round(x * 1e6)::bigint as x, round(y * 1e6)::bigint as y,
         coalesce(heading_deg, {DIRECTION}) as heading_deg,
         nullif(plain_address, '') as address,
         case when named then hashtextextended(plain_name, 0) end as name
    from record c where x between -180 and 180 and y between -90 and 90
""",  # noqa: S608 - our own words
        ),
        Stage(
            "alike",
            """
  select id, x, y, floor((heading_deg + 22.5) / 45)::bigint % 8 as likeness
    from placed where heading_deg is not null
   union all
  select id, x, y, floor(heading_deg / 45)::bigint % 8 + 8 from placed where heading_deg is not null
   union all
  select p.id, p.x, p.y, p.name
    from placed p join (select name from placed group by name having count(*) > 1) more using (name)
""",
        ),
        Stage(
            "spot",
            f"""
  select x, y, likeness, min(id) as first, max(id) as last,
         x / {_CELL * wide} as across, y / {_CELL * tall} as down
    from alike group by x, y, likeness
""",  # noqa: S608 - our own numbers
        ),
        Stage(
            "touched",
            f"""
  select s.x, s.y, s.likeness, case when i = 0 then s.west else s.east end as across,
         case when j = 0 then s.south else s.north end as down
    from (select x, y, likeness, (x - {wide}) / {_CELL * wide} as west, (x + {wide}) / {_CELL * wide} as east,
                 (y - {tall}) / {_CELL * tall} as south, (y + {tall}) / {_CELL * tall} as north
            from spot) s
    join (values (0, 0), (1, 0), (0, 1), (1, 1)) as corner(i, j)
      on (i = 0 or s.east <> s.west) and (j = 0 or s.north <> s.south)
""",  # noqa: S608 - our own numbers
        ),
        Stage(
            "near",
            f"""
  select a.x, a.y, a.likeness, min(b.first) as other_id
    from touched a join spot b using (likeness, across, down)
   where (a.x, a.y) <> (b.x, b.y) and {metres} <= {near_m!r}
   group by 1, 2, 3
""",  # noqa: S608 - our own numbers
        ),
        Stage(
            "twice",
            """
  select l.id, min(case when s.last <> l.id then s.last when s.first <> l.id then s.first
                        else n.other_id end) as other_id
    from alike l join spot s using (x, y, likeness) left join near n using (x, y, likeness)
   where s.first < s.last or n.other_id is not null
   group by l.id
""",
        ),
        Stage(
            "together",
            f"""
select id, case when id = first then last else first end as other_id, differing,
       heading_deg is null and unknown > 1 as vague
  from (select *, min(id) over here as first, max(id) over here as last,
               min(site) over here <> max(site) over here
                 and (min(address) over here <> max(address) over here
                      or count(address) over here < count(*) over here) as differing,
               count(*) over here - count(heading_deg) over here as unknown
          from (select p.*, regexp_replace(c.plain_name, '{_SITE_ENDS}', '') as site
                  from (select x, y from placed group by x, y having count(*) > 1) shared
                  join placed p using (x, y) join record c on c.id = p.id) named
        window here as (partition by x, y)) judged
""",  # noqa: S608 - our own words
        ),
    ]
    query = f"""
select j.id, case when is_repeated then {repeated.id} else {copied.id} end,
       concat_ws(', ', coalesce(c.longitude, c.x), coalesce(c.latitude, c.y)), other_id
  from (select coalesce(t.id, g.id) as id, coalesce(t.other_id, g.other_id) as other_id,
               t.id is not null or g.vague and not coalesce(g.differing, false) as is_repeated,
               coalesce(g.differing, false) as is_copied
          from twice t full join together g on g.id = t.id) j
  join record c on c.id = j.id
 where is_repeated and {_flag(repeated.enabled)} or is_copied and not is_repeated and {_flag(copied.enabled)}
"""  # noqa: S608 - put together from this program's own words and numbers
    return tables, query
