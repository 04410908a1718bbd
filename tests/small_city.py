"""A city small enough to think about: two districts side by side, two townships each, a camera in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import asyncpg

# name, level, parent, tree_left, tree_right, west, east; the south-north range is 37.0 to 37.2.
UNITS = (
    ("city", "烟台市", 0, None, 1, 7, 121.0, 121.4),
    ("west", "西区", 1, "city", 2, 4, 121.0, 121.2),
    ("west-1", "西一街道", 2, "west", 3, 3, 121.0, 121.1),
    ("west-2", "西二街道", 2, "west", 4, 4, 121.1, 121.2),
    ("east", "东区", 1, "city", 5, 7, 121.2, 121.4),
    ("east-1", "东一街道", 2, "east", 6, 6, 121.2, 121.3),
    ("east-2", "东二街道", 2, "east", 7, 7, 121.3, 121.4),
)


@dataclass(frozen=True)
class SmallCity:
    """Ids of what was made, by code."""

    units: dict[str, int]
    cameras: dict[str, int]
    watches: dict[str, int]


async def make_small_city(connection: asyncpg.Connection[Any]) -> SmallCity:
    """Make it in an empty database: a camera and a crowd watch in the middle of each township."""
    await connection.execute(
        """insert into scene (id, code, name, name_en, family, looks_for, cadence_s, priority)
           values (8, 'square', '广场公园', 'square and park', 'crowd', '{crowd}', 300, 3)
               on conflict do nothing"""
    )
    units: dict[str, int] = {}
    for code, name, level, parent, left, right, west, east in UNITS:
        units[code] = await connection.fetchval(
            """insert into organisation (code, name, level, parent_id, tree_left, tree_right, geom)
               values ($1, $2, $3, $4, $5, $6, ST_Multi(ST_MakeEnvelope($7, 37.0, $8, 37.2, 4326)))
               returning id""",
            *(code, name, level, units.get(parent or ""), left, right, west, east),
        )
    cameras: dict[str, int] = {}
    watches: dict[str, int] = {}
    for code, _, level, _, left, _, west, east in UNITS:
        if level == 2:
            cameras[code] = await connection.fetchval(
                """insert into camera (code, name, geom, accuracy_m, unit_id, unit_tree, stream_url)
                   values ($1, $2, ST_SetSRID(ST_MakePoint($3::float8, 37.1), 4326), 12, $4, $5, $6)
                   returning id""",
                *(f"cam-{code}", f"{code} 路口", (west + east) / 2, units[code], left),
                f"rtsp://127.0.0.1:1/{code}",
            )
            watches[code] = await connection.fetchval(
                """insert into watch (camera_id, rule, recogniser, scene_id, cadence_s, priority, settings)
                   values ($1, 'crowd', 'objects', 8, 60, 2,
                           '{"open_at": 4, "close_at": 2, "votes": 2, "of": 3}') returning id""",
                cameras[code],
            )
    return SmallCity(units, cameras, watches)
