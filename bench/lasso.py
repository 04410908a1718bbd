"""Bench ``lasso``: wall time of classifying 20,000 cameras by one lasso, against writing as many narrow rows.

Ours is the function behind the route: a lasso of 60 corners over the city's 230,000 cameras, within the
asker's scope, with the token of a dry run, the assignments, their history, the batch and the audit record,
until the commit is on the disk. The floor is one UPDATE of as many rows of a narrow table by their known ids,
heap-only, committed alike. ``20k-after-100`` is the same after a hundred strokes and a hundred undos.
"""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg
import shapely

from api.accounts import NewAccount, add_account
from api.classify import classify, take_back
from api.sessions import Asker
from base.clock import SystemClock
from base.database import SESSION_SETTINGS, Database, driver_of
from base.errors import DengtaError, SetupError
from base.postgres import ROLE
from bench.city_store import city_store
from bench.harness import Case, Line, Skipped, Tell, lines
from camera_registry.classification import Action, Change, Undo, preview
from camera_registry.selection import CameraFilter
from models.scope import Role, Scope

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from base.postgres import PrivatePostgres

T = TypeVar("T")

NAME = "lasso"
CASES = ("20k", "20k-undo", "20k-after-100")
CAMERAS = 20_000
CORNERS = 60
SCENE = "large-event"
"""Few cameras of the sample city serve it, so that a stroke changes nearly all that it means."""

ROUNDS = 15
WARM_UPS = 2
STROKES_BEFORE = 100

CENTRE = (121.4, 37.5)
"""Downtown."""

_NARROW = """
create table narrow (
    camera_id bigint primary key, scene_id smallint not null, source smallint not null,
    assigned_by integer, assigned_at timestamptz not null
) with (fillfactor = 70)
"""

_FILL = "insert into narrow select id, 1, 1, 1, now() from camera order by id"

_UPDATE = """
update narrow set scene_id = $2, assigned_at = now() where camera_id = any($1::bigint[])
"""

_INSIDE = "select id from camera where ST_Intersects(geom, ST_GeomFromText($1, 4326)) order by id"
_COUNT = "select count(*) from camera where ST_Intersects(geom, ST_GeomFromText($1, 4326))"


def measure(case: str, tell: Tell) -> Iterator[Line]:
    """The lines of one case."""
    try:
        with city_store(looked_at=True) as cluster, closing(Contest(cluster)) as contest:
            yield from contest.measure(case, tell)
    except SetupError as err:
        yield Skipped(NAME, case, str(err))


class Contest:
    """One city: strokes and undos on its catalogue, and the floor's table beside it."""

    def __init__(self, cluster: PrivatePostgres) -> None:
        self._loop = asyncio.new_event_loop()
        self._database = Database(cluster.url, pool_size=2)
        self._bare = self._run(_connect(cluster))
        self._run(self._prepare())
        lasso = self._run(self._draw())
        self._inside = [row["id"] for row in self._run(self._bare.fetch(_INSIDE, lasso.wkt))]
        self._change = Change(Action.ADD, (SCENE,), CameraFilter(area=lasso), reason="bench")
        self._asker = self._run(_staff(self._database))
        self._clock = SystemClock()
        self._floors = 0

    def measure(self, name: str, tell: Tell) -> Iterator[Line]:
        """Strokes, undos and floors in turn, some rounds of them."""
        before = STROKES_BEFORE if name.endswith("100") else WARM_UPS
        ours: list[float] = []
        floor: list[float] = []
        for number in range(-before, ROUNDS):
            tell(number + before, before + ROUNDS)
            cost = self._round(number, undo=name == "20k-undo")
            if number >= 0:
                ours.append(cost[0])
                floor.append(cost[1])
        case = Case(bench=NAME, name=name, ours=lambda: None, floor=lambda: None, unit="ms")
        yield from lines(case, {"ours": ours, "floor": floor})

    def close(self) -> None:
        self._run(self._bare.close())
        self._run(self._database.close())
        self._loop.close()

    def _round(self, number: int, *, undo: bool) -> tuple[float, float]:
        """What the stroke or its undo cost, and the floor; who is first alternates."""
        floor = self._timed(self._write()) if number % 2 else None
        token = self._run(self._look())
        stroke, batch = self._timed_with(self._stroke(token))
        taken = self._timed(self._undo(batch))
        if floor is None:
            floor = self._timed(self._write())
        return (taken if undo else stroke), floor

    async def _prepare(self) -> None:
        for statement in (_NARROW, _FILL, "vacuum analyze narrow"):
            await self._bare.execute(statement)

    async def _draw(self) -> shapely.Polygon:
        """A lasso about the centre that holds as many cameras as there must be."""
        low, high = 0.0, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            inside = await self._bare.fetchval(_COUNT, lasso_of(middle).wkt)
            low, high = (middle, high) if inside <= CAMERAS else (low, middle)
        return lasso_of(low)

    async def _look(self) -> str:
        async with self._database.begin() as connection:
            found = await preview(await driver_of(connection), self._asker.scope, self._change)
        return found.token.encode()

    async def _stroke(self, token: str) -> int:
        async with self._database.begin() as connection:
            outcome = await classify(connection, self._clock, self._asker, self._change, token)
        if outcome.batch_id is None or outcome.added < 0.95 * CAMERAS:
            raise DengtaError(f"lasso: the stroke changed {outcome.added} cameras only.")
        return outcome.batch_id

    async def _undo(self, batch: int) -> None:
        async with self._database.begin() as connection:
            await take_back(connection, self._clock, self._asker, Undo(batch, days=30))

    async def _write(self) -> None:
        self._floors += 1
        done = await self._bare.execute(_UPDATE, self._inside, self._floors % 20 + 1)
        if done != f"UPDATE {len(self._inside)}":
            raise DengtaError(f"lasso: the floor says {done}.")

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def _timed(self, work: Coroutine[Any, Any, object]) -> float:
        return self._timed_with(work)[0]

    def _timed_with(self, work: Coroutine[Any, Any, T]) -> tuple[float, T]:
        began = time.perf_counter()
        result = self._run(work)
        return (time.perf_counter() - began) * 1e3, result


def lasso_of(radius: float) -> shapely.Polygon:
    """A wavy ring of 60 corners, as a hand draws; the radius is in degrees of longitude."""
    corners = []
    for corner in range(CORNERS):
        turn = 2 * math.pi * corner / CORNERS
        reach = radius * (1 + 0.15 * math.sin(5 * turn))
        corners.append((CENTRE[0] + reach * math.cos(turn), CENTRE[1] + 0.8 * reach * math.sin(turn)))
    return shapely.Polygon(corners)


async def _connect(cluster: PrivatePostgres) -> asyncpg.Connection[Any]:
    return await asyncpg.connect(
        host=str(cluster.socket_dir), user=ROLE, database=ROLE, server_settings=SESSION_SETTINGS
    )


async def _staff(database: Database) -> Asker:
    """One of the city's GIS staff, who sees all cameras."""
    new = NewAccount("bench.gis", "no hash", frozenset({Role.GIS}), "YT", max_sensitivity=3)
    async with database.begin() as connection:
        account_id = await add_account(connection, new)
        driver = await driver_of(connection)
        left, right = await driver.fetchrow(
            "select tree_left, tree_right from organisation where code = 'YT'"
        )
    return Asker(
        scope=Scope(account_id, new.roles, left, right, max_sensitivity=3),
        username=new.username,
        display_name="",
        unit_code="YT",
        unit_name="",
        unit_level=0,
        token_hash=b"",
        expires_at=datetime.max.replace(tzinfo=UTC),
        client=None,
    )
