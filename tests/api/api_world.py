"""What the API tests ask about: a small city, its incidents and pictures, and clients of the application."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import mapbox_vector_tile
import orjson
from fastapi import FastAPI
from small_city import SmallCity

from base.clock import ManualClock
from base.database import Database
from base.ids import new_id
from base.settings import Settings
from dispatch.evidence import FolderEvidence

START = datetime(2026, 1, 17, 9, 0, tzinfo=UTC)
PICTURE = b"\xff\xd8\xff\xe0 a picture of the west"
EAST_PICTURE = b"\xff\xd8\xff\xe0 a picture of the east"

Session = Callable[..., Awaitable[httpx.AsyncClient]]


@dataclass
class World:
    """What the tests ask about."""

    database: Database
    city: SmallCity
    app: FastAPI
    clock: ManualClock
    settings: Settings
    evidence: FolderEvidence
    incidents: dict[str, int]

    async def fetchval(self, query: str, *values: object) -> Any:
        async with self.database.raw() as connection:
            return await connection.fetchval(query, *values)

    async def audit(self) -> list[dict[str, Any]]:
        async with self.database.raw() as connection:
            rows = await connection.fetch("select *, detail::text as text from audit order by id")
        return [dict(row) | {"detail": orjson.loads(row["text"])} for row in rows]

    def client(self, **options: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app, client=("10.4.0.17", 50000))
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420", **options)


async def post_event(world: World, incident: str) -> int:
    """Write an event of an incident to the outbox, as the recorder does, and say so."""
    async with world.database.raw() as connection, connection.transaction():
        seq = await connection.fetchval(
            """insert into outbox (event_id, incident_id, sequence, subject, body)
               select $1, $2, coalesce(max(sequence), 0) + 1, 'x', $3::jsonb
                 from outbox where incident_id = $2
               returning seq""",
            *(new_id(), world.incidents[incident], orjson.dumps({"about": incident}).decode()),
        )
        await connection.execute("select pg_notify('dengta_outbox', '')")
    return seq


def sha256(picture: bytes) -> str:
    return hashlib.sha256(picture).hexdigest()


def tile_at(z: int, longitude: float, latitude: float) -> tuple[int, int]:
    across = (longitude + 180) / 360
    down = (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2
    return int(across * 2**z), int(down * 2**z)


def layers_of(answer: httpx.Response) -> dict[str, list[dict[str, Any]]]:
    """The features of a vector tile by layer, y downwards as in the format."""
    assert answer.status_code == 200, answer.text
    return decode_tile(answer.content)


def decode_tile(tile: bytes) -> dict[str, list[dict[str, Any]]]:
    layers = mapbox_vector_tile.decode(tile, default_options={"y_coord_down": True})
    return {name: layer["features"] for name, layer in layers.items()}
