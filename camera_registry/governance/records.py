"""What the checks see of each camera: one row with all that has to be told of it, worked out once."""

from __future__ import annotations

from typing import NamedTuple

from camera_registry.governance.checks.check import digits
from camera_registry.governance.checks.naming import NAMED


class Stage(NamedTuple):
    """A table that is worked out on the way: its name, and its query over those before it."""

    name: str
    query: str


LEAST_WITNESSES = 20
"""Cameras of a functional zone from which its code is learnt; a handful may all be wrong alike."""

LEAST_MAJORITY = 0.6
"""Share of them that must agree."""

_WIDE = "０１２３４５６７８９"
_NOISE = " \u3000-—()（）"


def plain(column: str) -> str:
    """Text as it is compared: without letter case, wide digits, spaces and punctuation."""
    return f"translate(lower({column}), '{_WIDE}{_NOISE}', '0123456789')"


# Compared byte by byte: the order of Chinese words costs ten times as much, and is not asked for.
_TEXTS = ", ".join(
    f'c.{name} collate "C" as {name}'
    for name in (
        *("code", "civil_code", "address", "owner", "manufacturer", "model", "maintainer", "management_unit"),
        *(
            "contact_info",
            "declared_crs",
            "name",
            "stream_url",
            "onvif_url",
            "snapshot_url",
            "protocol",
            "mac",
        ),
        *("parent_code", "source"),
    )
)
_OTHERS = ", ".join(
    f"c.{name}"
    for name in (
        *("id", "unit_id", "installed_on", "ptz_type", "room_type", "record_save_days", "heading_deg"),
        *("direction_type", "mount_height_m", "horizontal_field_deg", "longitude", "latitude", "ip_address"),
        *("port", "source_seen_at", "gone_since"),
    )
)

# A functional zone has no administrative code of its own: its devices carry that of the district that it was
# carved from, which most of them tell.
RECORDS = f"""
with learnt as (
  select d.id, code.area
    from organisation d
   cross join lateral (
           select left(c.civil_code, 6) as area, count(*) as n, sum(count(*)) over () as of
             from camera c
            where c.unit_tree between d.tree_left and d.tree_right and c.civil_code ~ '^[1-9][0-9]{{5}}'
            group by 1 order by 2 desc limit 1) code
   where d.level = 1 and d.civil_code is null
     and code.of >= {LEAST_WITNESSES} and code.n >= {LEAST_MAJORITY} * code.of
     and ($2::bigint[] is null
          or exists (select from camera c
                      where c.id = any($2) and c.unit_tree between d.tree_left and d.tree_right))
),
ground as (
  select u.id as unit_id, u.name as unit_name, d.id as district_id, d.name as district_name,
         city.name as city_name, coalesce(left(d.civil_code, 6), learnt.area) as area
    from organisation u
    left join organisation d on d.level = 1 and u.tree_left between d.tree_left and d.tree_right
    left join organisation city on city.level = 0
    left join learnt on learnt.id = d.id
),
misread as (
  select distinct on (each.camera_id) each.camera_id, v.at, replace(f.reading, '_', '-') as misread_as
    from crs_finding f join crs_survey v using (grouping),
         unnest(f.members, f.likely) as each(camera_id, likely)
   where f.reading <> 'SWAPPED'  -- which a record tells by itself
     and ($2::bigint[] is null or each.camera_id = any($2))
   order by each.camera_id, each.likely desc
),
read as (
  select {_TEXTS}, {_OTHERS}, ST_X(c.geom) as x, ST_Y(c.geom) as y,
         b.unit_name, b.district_id, b.district_name, b.city_name, b.area,
         st.state, st.since as state_since, s.listed_at, m.misread_as,
         btrim(c.name, E' \\u3000\\t') collate "C" as title,
         length(c.code) = 20 and {digits("c.code")} and c.code <> repeat('0', 20) as sound
    from camera c
    left join ground b on b.unit_id = c.unit_id
    left join camera_state st on st.camera_id = c.id
    left join import_source s on s.kind = 'cameras' and s.name = c.source
    left join misread m on m.camera_id = c.id and c.updated_at <= m.at
   where $2::bigint[] is null or c.id = any($2)
  offset 0
)
select c.*, {plain("c.title")} as plain_name, {plain("c.address")} as plain_address,
         case when c.sound and c.code >= '1' then left(c.code, 6) end as code_area,
         case when length(c.civil_code) between 4 and 12 and c.civil_code >= '1' and {digits("c.civil_code")}
              then left(rpad(c.civil_code, 6, '0'), 6) end as civil_area,
         case when c.x is not null then c.area end as place_area,
         c.longitude between 73 and 136 and c.latitude between 3 and 54 as plausible,
         {NAMED} as named,
         left(case when starts_with(c.title, c.city_name) then substr(c.title, length(c.city_name) + 1)
                   when starts_with(c.title, rtrim(c.city_name, '市'))
                   then substr(c.title, length(rtrim(c.city_name, '市')) + 1)
                   else c.title end, 2) as lead
  from read c
offset 0
"""  # noqa: S608 - put together from this program's own words and numbers
"""The query of ``record``; $2 are the cameras that are asked, or null for all. The ``offset`` keeps the
planner from working the same things out for every check; what nobody asks for it leaves out by itself."""

COMPARED = (
    *(
        "id",
        "code",
        "sound",
        "name",
        "named",
        "plain_name",
        "address",
        "plain_address",
        "district_id",
        "x",
        "y",
    ),
    *(
        "longitude",
        "latitude",
        "heading_deg",
        "direction_type",
        "stream_url",
        "ip_address",
        "port",
        "parent_code",
        "mac",
    ),
)
"""What the rules that compare records see of each."""
