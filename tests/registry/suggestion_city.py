"""A small city for suggestions: twelve townships with schools, junctions, markets and quiet cameras each."""

from __future__ import annotations

from typing import Any

import asyncpg

from camera_registry.reference import load_reference

TOWNS = 12
UNIT = """
insert into organisation (code, name, level, parent_id, tree_left, tree_right, geom)
values ($1, $2, $3, $4, $5, $6, ST_Multi(ST_MakeEnvelope($7, 37.0, $8, 37.2, 4326))) returning id
"""
CAMERA = """
insert into camera (id, name, address, owner, geom, unit_id, unit_tree)
values ($1, $2, $3, $4, ST_SetSRID(ST_MakePoint($5, $6), 4326), $7, $8)
"""
POINT = """
insert into point (layer_id, name, geom)
select id, $2, ST_SetSRID(ST_MakePoint($3, $4), 4326) from point_layer where code = $1
"""

KINDS = (
    # name, owner, scene, layer
    ("{}第{}小学东门枪机{}", "教育局", "school", "school"),
    ("{}街与{}路路口东侧球机{}", "公安局交警支队", "road-junction", None),
    ("{}{}农贸市场入口枪机{}", "商务局", "commerce-market", "market"),
    ("{}{}号小区北门半球{}", "街道办事处", "community-government", None),
)
STEMS = ["红旗", "青年", "胜利", "文化", "幸福", "迎春", "观海", "港城", "通世", "新华", "人民", "和平"]


async def make_suggestion_city(connection: asyncpg.Connection[Any], each: int = 8) -> dict[str, list[int]]:
    """Make it in an empty database; ``each`` cameras of each kind a township. Returns ids by scene."""
    await load_reference(connection)
    city = await connection.fetchval(UNIT, "city", "烟台市", 0, None, 1, 2 + TOWNS, 121.0, 122.2)
    await connection.execute(
        """insert into road (name, road_class, geom) values
           ('红旗路', 'arterial', ST_GeomFromText('LINESTRING(121.0 37.1, 122.2 37.1)', 4326))"""
    )
    rows: list[tuple[Any, ...]] = []
    made: dict[str, list[int]] = {scene: [] for _, _, scene, _ in KINDS}
    for town in range(TOWNS):
        west = 121.0 + town / 10
        unit = await connection.fetchval(
            UNIT, f"town-{town}", f"{STEMS[town]}街道", 2, city, 2 + town, 2 + town, west, west + 0.1
        )
        for place, (pattern, owner, scene, layer) in enumerate(KINDS):
            latitude = 37.02 + 0.04 * place
            if layer:
                await connection.execute(POINT, layer, f"{STEMS[town]}{layer}", west + 0.05, latitude)
            for number in range(each):
                name = pattern.format(STEMS[town], STEMS[(town + number) % TOWNS], number)
                at = (west + 0.05 + 0.00002 * number, latitude)
                address = f"烟台市{STEMS[town]}街道{number}号"
                rows.append((len(rows) + 1, name, address, owner, *at, unit, 2 + town))
                made[scene].append(len(rows))
    await connection.executemany(CAMERA, rows)
    return made


async def classify(connection: asyncpg.Connection[Any], cameras: list[int], scene: str) -> None:
    """As somebody did by hand."""
    await connection.execute(
        """insert into camera_scene (camera_id, scene_id, source)
           select c, s.id, 'person' from unnest($1::bigint[]) c, scene s where s.code = $2""",
        cameras,
        scene,
    )
