"""A city to look at: a wavy coast, three districts, streets with cameras along them, one crowd."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import cv2
import numpy as np
import shapely

from dispatch.evidence import encode_jpeg
from dispatch.record import Recorder, Sighting
from models.camera import CameraState
from models.observation import Detection, Observation

WEST, EAST, SOUTH = 121.0, 121.6, 37.25
SHORE = 37.5
DISTRICTS = (("芝罘区", "Zhifu"), ("莱山区", "Laishan"), ("牟平区", "Muping"))
TOWNSHIPS = 2  # to a district, one by the sea and one inland
STREETS = 15  # each way
CAMERAS_TO_A_STREET = 100
CAMERAS = 2 * STREETS * CAMERAS_TO_A_STREET
UNPLACED = 12
"""Further cameras whose place nobody knows: counted, and on no map."""

_ADD_UNIT = """
insert into organisation (code, name, name_en, level, parent_id, tree_left, tree_right, geom)
values ($1, $2, $3, $4, $5, $6, $7, ST_Multi(ST_GeomFromText($8, 4326))) returning id
"""
_ADD_CAMERAS = """
insert into camera (code, name, address, longitude, latitude, declared_crs, geom, accuracy_m, heading_deg,
                    unit_id, unit_tree, manufacturer, model, owner)
select s.code, s.name, s.address, s.lon, s.lat, 'WGS-84', place.geom, 12, s.heading,
       o.id, o.tree_left, '海清', 'HQ-4D32', '城市管理局'
  from unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::float8[])
       as s(code, name, address, lon, lat, heading)
 cross join lateral (select ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326) geom) place
  left join organisation o on o.level = 2 and ST_Covers(o.geom, place.geom)
"""
_ADD_STATES = """
insert into camera_state (camera_id, state)
select id, case when id % 31 = 0 then $1::int when id % 23 = 0 then $2::int when id % 47 = 0 then $3::int
                else $4::int end
  from camera
"""


def shore(longitude: float) -> float:
    """Latitude of the coast."""
    wave = 0.035 * math.sin((longitude - WEST) * 14) + 0.012 * math.sin((longitude - WEST) * 47)
    return SHORE + wave


@dataclass(frozen=True)
class ChartCity:
    """What the tests ask of it.

    Attributes:
        watch_id: A watch for crowds on ``camera_id``.
        camera_id: A camera in the middle of the city.
        longitude, latitude: Where that camera stands.
        code: Its GB/T 28181 id.
    """

    watch_id: int
    camera_id: int
    longitude: float
    latitude: float
    code: str


async def make_chart_city(connection: asyncpg.Connection[Any]) -> ChartCity:
    """Make it in an empty database."""
    await _make_units(connection)
    await _make_streets(connection)
    await connection.execute(
        _ADD_STATES, CameraState.OFFLINE, CameraState.DEGRADED, CameraState.UNKNOWN, CameraState.ONLINE
    )
    await connection.execute(
        "insert into camera (name) select '未定位 ' || n from generate_series(1, $1) n", UNPLACED
    )
    row = await connection.fetchrow(
        """select id, code, longitude, latitude from camera
            order by geom <-> ST_SetSRID(ST_MakePoint(121.3, 37.4), 4326) limit 1"""
    )
    assert row is not None
    watch_id = await connection.fetchval(
        """insert into watch (camera_id, rule, recogniser, cadence_s, priority, settings)
           values ($1, 'crowd', 'objects', 60, 2,
                   '{"open_at": 4, "close_at": 2, "votes": 2, "of": 3}') returning id""",
        row["id"],
    )
    return ChartCity(watch_id, row["id"], row["longitude"], row["latitude"], row["code"])


async def _make_units(connection: asyncpg.Connection[Any]) -> None:
    width = (EAST - WEST) / len(DISTRICTS)
    size = len(DISTRICTS) * (TOWNSHIPS + 1)
    whole = _land(WEST, EAST, SOUTH, None)
    city = await connection.fetchval(_ADD_UNIT, "city", "烟台市", "Yantai", 0, None, 1, 1 + size, whole)
    for index, (name, english) in enumerate(DISTRICTS):
        left = 2 + index * (TOWNSHIPS + 1)
        west, east = WEST + index * width, WEST + (index + 1) * width
        shape = _land(west, east, SOUTH, None)
        code = f"37060{index + 2}"
        district = await connection.fetchval(
            _ADD_UNIT, code, name, english, 1, city, left, left + TOWNSHIPS, shape
        )
        for rank, (part, english_part, south, north) in enumerate(
            (("滨海街道", "Shore", 37.38, None), ("山前街道", "Hillfoot", SOUTH, 37.38))
        ):
            await connection.execute(
                _ADD_UNIT,
                *(f"{code}00{rank + 1}", f"{name[:-1]}{part}", f"{english} {english_part}", 2, district),
                *(left + 1 + rank, left + 1 + rank, _land(west, east, south, north)),
            )


def _land(west: float, east: float, south: float, north: float | None) -> str:
    """Well-known text of the land between two meridians, up to the shore or to a parallel."""
    across = np.linspace(west, east, 40)
    top = [(x, north if north is not None else shore(x)) for x in across]
    return shapely.Polygon([*top, (east, south), (west, south)]).wkt


async def _make_streets(connection: asyncpg.Connection[Any]) -> None:
    rng = np.random.default_rng(7)
    along = np.linspace(121.15, 121.45, STREETS)
    across = np.linspace(37.32, 37.44, STREETS)
    lines = [(f"南北{n + 1}路", (x, 37.31), (x, 37.45)) for n, x in enumerate(along)]
    lines += [(f"东西{n + 1}街", (121.14, y), (121.46, y)) for n, y in enumerate(across)]
    rows: list[tuple[str, str, str, float, float, float]] = []
    for rank, (name, start, end) in enumerate(lines):
        kind = "arterial" if rank % 5 == 2 else "secondary"
        await connection.execute(
            "insert into road (name, road_class, geom) values ($1, $2, ST_GeomFromText($3, 4326))",
            *(name, kind, shapely.LineString([start, end]).wkt),
        )
        for number, share in enumerate(rng.uniform(0, 1, CAMERAS_TO_A_STREET)):
            lon, lat = np.array(start) + (np.array(end) - start) * share + rng.normal(0, 0.00012, 2)
            code = f"37060200081326{len(rows):06d}"
            heading = float(rng.uniform(0, 360))
            rows.append((code, f"{name} {number:04d}", f"{name}{number}号灯杆", lon, lat, heading))
    await connection.execute(_ADD_CAMERAS, *(list(column) for column in zip(*rows, strict=True)))


PERSONS = tuple((0.08 + 0.11 * n, 0.45 + 0.05 * (n % 3)) for n in range(8))
"""Left and top of each person in the picture, as fractions."""


def crowd_picture() -> bytes:
    """A drawn square with drawn people on it, said to be drawn: nobody shall take it for a film."""
    height, width = 360, 640
    picture = np.full((height, width, 3), (150, 158, 160), np.uint8)
    picture[: height // 3] = (208, 190, 170)
    for left, top in PERSONS:
        x, y = int((left + 0.02) * width), int(top * height)
        cv2.circle(picture, (x, y + 12), 10, (70, 80, 120), -1, cv2.LINE_AA)
        cv2.rectangle(picture, (x - 12, y + 24), (x + 12, y + 84), (90, 70, 60), -1, cv2.LINE_AA)
    cv2.putText(picture, "RENDERED", (12, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (60, 60, 60), 2, cv2.LINE_AA)
    return encode_jpeg(picture)


async def gather_a_crowd(recorder: Recorder, city: ChartCity, *, persons: int = 8) -> None:
    """Let the rule see a crowd as often as it needs to open an incident, with evidence."""
    at = datetime.now(UTC) - timedelta(seconds=90)
    detections = tuple(
        Detection("person", 0.9, (left, top, left + 0.04, top + 0.25)) for left, top in PERSONS[:persons]
    )
    for step in range(3):
        moment = at + timedelta(seconds=30 * step)
        observation = Observation(
            camera_id=city.camera_id,
            look_id=UUID(int=int(moment.timestamp() * 1000)),
            captured_at=moment,
            recogniser="objects",
            model="drawn@0",
            values={"persons": persons},
            confidence=0.91,
            detections=detections,
        )
        await recorder.record([Sighting(city.watch_id, observation, moment, moment, crowd_picture)])
