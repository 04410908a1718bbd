"""A record with nothing wrong, and ways to put such records into a small city and to judge them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from base.database import Database
from camera_registry.governance.evaluate import Found, find_all
from camera_registry.governance.rules import RuleBook, presets

NOW = datetime(2026, 1, 17, 9, tzinfo=UTC)

GOOD: dict[str, Any] = {
    "name": "西区红旗路与文化路路口东向枪机",
    "address": "西区西一街道红旗路12号",
    "civil_code": "370602",
    "manufacturer": "海康威视",
    "model": "DS-IPC-B42",
    "owner": "公安局",
    "declared_crs": "WGS-84",
    "heading_deg": 90.0,
    "direction_type": 1,
    "mount_height_m": 6.0,
    "horizontal_field_deg": 70.0,
    "ptz_type": 3,
    "room_type": 1,
    "installed_on": datetime(2023, 6, 30, tzinfo=UTC).date(),
    "maintainer": "联通运维",
    "management_unit": "西区公安分局",
    "contact_info": "0535-6600000",
    "record_save_days": 90,
    "protocol": "rtsp",
    "port": 554,
    "source": "police-2026",
    "source_seen_at": NOW - timedelta(days=3),
}

CITY = """
insert into organisation (code, civil_code, name, level, tree_left, tree_right, geom) values
('c', '370600', '烟台市', 0, 1, 5, ST_Multi(ST_MakeEnvelope(121.0, 37.0, 121.4, 37.2, 4326))),
('w', '370602', '西区', 1, 2, 3, ST_Multi(ST_MakeEnvelope(121.0, 37.0, 121.2, 37.2, 4326))),
('w1', null, '西一街道', 2, 3, 3, ST_Multi(ST_MakeEnvelope(121.0, 37.0, 121.2, 37.2, 4326))),
('e', '370611', '东区', 1, 4, 5, ST_Multi(ST_MakeEnvelope(121.2, 37.0, 121.4, 37.2, 4326))),
('e1', null, '东一街道', 2, 5, 5, ST_Multi(ST_MakeEnvelope(121.2, 37.0, 121.4, 37.2, 4326)));
update organisation o set parent_id = p.id from organisation p
 where p.level = o.level - 1 and o.tree_left between p.tree_left and p.tree_right;
insert into scene (id, code, name, name_en, family, looks_for, cadence_s, priority)
values (8, 'square', '广场公园', 'square and park', 'crowd', '{crowd}', 300, 3) on conflict do nothing;
"""

PLACED = """
update camera c set geom = case when longitude between -180 and 180 and latitude between -90 and 90
                                then ST_SetSRID(ST_MakePoint(longitude, latitude), 4326) end;
update camera c set unit_id = u.id, unit_tree = u.tree_left
  from organisation u where u.level = 2 and ST_Covers(u.geom, c.geom);
"""


def all_rules() -> RuleBook:
    """The presets with every rule switched on."""
    from dataclasses import replace

    book = presets()
    return replace(book, rules={code: replace(rule, enabled=True) for code, rule in book.rules.items()})


def record(number: int, **changes: Any) -> dict[str, Any]:
    """A good record, unlike all others of other numbers, with these fields changed."""
    return {
        **GOOD,
        "code": f"37060200001320{number:06d}",
        "name": f"{GOOD['name']}{number:02d}",
        "longitude": round(121.0123451 + number * 0.001, 7),
        "latitude": 37.1012347,
        "stream_url": f"rtsp://10.0.0.1:554/{number}",
        "ip_address": f"10.0.{number // 250}.{number % 250 + 1}",
        "mac": f"a4:14:37:0c:{number // 256:02x}:{number % 256:02x}",
    } | changes


async def put(connection: asyncpg.Connection[Any], row: dict[str, Any]) -> int:
    """Enter a record, give it a scene, and return its id."""
    names = list(row)
    marks = ", ".join(f"${i}" for i in range(1, len(names) + 1))
    camera_id = await connection.fetchval(
        f"insert into camera ({', '.join(names)}) values ({marks}) returning id", *row.values()
    )
    await connection.execute(
        "insert into camera_scene (camera_id, scene_id, source) values ($1, 8, 'import')", camera_id
    )
    return camera_id


async def faults_of(database: Database, book: RuleBook) -> dict[int, set[str]]:
    """The codes of the rules that each camera fails now."""
    async with database.raw() as connection, connection.transaction():
        await find_all(connection, book, NOW)
        rows = await connection.fetch("select camera_id, rule_id, value, other_id from found")
    found: dict[int, set[str]] = {}
    for fault in (Found(**row) for row in rows):
        found.setdefault(fault.camera_id, set()).add(book.by_id[fault.rule_id].code)
    return found
