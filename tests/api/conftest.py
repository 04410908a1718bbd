"""The API over a real database, with an account of each kind that a test needs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from api_world import EAST_PICTURE, PICTURE, START, Session, World
from small_city import make_small_city

from api.accounts import NewAccount, add_account
from api.app import create_app
from base.clock import ManualClock
from base.database import Database
from base.settings import Settings
from dispatch.evidence import FolderEvidence
from models.scope import Role


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> World:
    settings = Settings(data_dir=tmp_path, _env_file=None)
    evidence = FolderEvidence(tmp_path / "evidence")
    async with database.raw() as connection:
        city = await make_small_city(connection)
        await connection.execute("update camera set sensitivity = 2 where code = 'cam-west-2'")
        await connection.execute(
            """insert into camera (code, name, geom) values
               ('cam-sea', '海上平台', ST_SetSRID(ST_MakePoint(121.05, 37.5), 4326));
               insert into camera (code, name, unit_id, unit_tree)
               select 'cam-lost', '西区 未定位', id, tree_left from organisation where code = 'west';
               insert into camera_scene (camera_id, scene_id, source)
               select id, 8, 'person' from camera where code in ('cam-west-1', 'cam-east-1');
               insert into camera_state (camera_id, state, outcome)
               select id, 1, 'picture' from camera where code = 'cam-west-1';
               insert into point_layer (id, code, name, name_en, family, position)
               values (14, 'manhole', '井盖', 'manhole', 'municipal', 14);
               insert into road (name, road_class, geom) values
               ('滨海路', 'coastal', ST_GeomFromText('LINESTRING(121.0 37.1, 121.4 37.1)', 4326)),
               ('小巷', 'branch', ST_GeomFromText('LINESTRING(121.0 37.11, 121.4 37.11)', 4326))"""
        )
        incidents = {}
        for number, (code, picture) in enumerate(
            (("west-1", PICTURE), ("west-2", None), ("east-1", EAST_PICTURE))
        ):
            incidents[code] = await connection.fetchval(
                """insert into incident (kind, state, severity, confidence, scene_id, camera_id, unit_id,
                          unit_tree, sensitivity, geom, accuracy_m, address, evidence, facts,
                          opened_at, updated_at)
                   select 'crowd', 'suspected', 2, 0.9, 8, id, unit_id, unit_tree, sensitivity, geom, 12,
                          '滨海路', $2, '{"persons": 31}', $3, $3
                     from camera where code = $1 returning id""",
                *(f"cam-{code}", evidence.put(picture) if picture else None),
                START + timedelta(minutes=number),
            )
    clock = ManualClock(START)
    app = create_app(database, settings, evidence, clock)
    return World(database, city, app, clock, settings, evidence, incidents)


@pytest.fixture
async def login(world: World) -> AsyncIterator[Session]:
    """Clients that are logged in, without the cost of a password."""
    clients: list[httpx.AsyncClient] = []

    async def open_session(
        *roles: Role, unit: str = "city", sensitivity: int = 0, name: str = ""
    ) -> httpx.AsyncClient:
        new = NewAccount(name or f"user-{len(clients)}", "no hash", frozenset(roles), unit, sensitivity)
        async with world.database.begin() as connection:
            account_id = await add_account(connection, new)
        opened = await world.app.state.context.sessions.open(account_id, client="10.4.0.17")
        client = world.client(cookies={"dengta_session": opened.token})
        clients.append(client)
        return client

    yield open_session
    for client in clients:
        await client.aclose()


@pytest.fixture
async def gis_staff(login: Session) -> httpx.AsyncClient:
    """Somebody of the city who may do most things."""
    return await login(Role.GIS, Role.OPERATOR, Role.AUDITOR, sensitivity=3)
