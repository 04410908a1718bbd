"""Bench ``tiles``: wall time of a camera tile over HTTP with 8 clients, against tipg on the same database.

The city has 230,000 cameras, each with a state. Tiles are drawn by lot in proportion to the cameras in them:
``z8-11`` and ``z12-16`` with our cache off, ``cached`` over all those zooms with it on while 100 cameras a
second change their state. ``-p99`` is the latency that one request in a hundred exceeds.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from random import Random
from statistics import median, quantiles
from typing import TYPE_CHECKING

import asyncpg

from base.database import Database
from base.errors import DengtaError, SetupError
from base.postgres import ROLE, find_programs
from bench import tile_servers
from bench.city_store import city_store
from bench.harness import Line, Result, Skipped, Tell, interquartile_range, turn
from bench.http_client import Answers, fetch_all
from bench.mvt import count_cameras
from bench.workplace import workplace
from camera_registry.health import HealthReport, report_health
from gis.tiles import POINTS_FROM_ZOOM, Tile
from models.camera import CameraState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from base.postgres import PrivatePostgres
    from bench.tile_servers import Server

NAME = "tiles"
CASES = ("z8-11", "z8-11-p99", "z12-16", "z12-16-p99", "cached")
PEER = "tipg"
CLIENTS = 8
CHANGES_A_SECOND = 100
WARM_UPS = 1


@dataclass(frozen=True)
class Contest:
    """How a case is measured.

    Attributes:
        zooms: Of its tiles.
        requests: Of each server in a round.
        rounds: That count.
        cache_mib: Ours; 0 is none.
        counted_at: Zoom at which both sides' cameras are counted before.
    """

    zooms: range
    requests: int
    rounds: int
    cache_mib: int
    counted_at: int


CONTESTS = {
    "z8-11": Contest(range(8, 12), requests=32, rounds=7, cache_mib=0, counted_at=8),
    "z12-16": Contest(range(12, 17), requests=400, rounds=11, cache_mib=0, counted_at=14),
    "cached": Contest(range(8, 17), requests=150, rounds=5, cache_mib=64, counted_at=11),
}

Place = tuple[int, int]
Spot = tuple[int, int, int]
Ask = "Callable[[list[Spot]], Answers]"


@dataclass
class Measured:
    """What came of one server: milliseconds a request by round, and every latency.

    Attributes:
        walls_ms: Wall time of a round over its requests.
        p99s_ms: Of each round.
        latencies_ms: Of all rounds together.
    """

    walls_ms: list[float] = field(default_factory=list)
    p99s_ms: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)

    def add(self, answers: Answers) -> None:
        """A round's answers."""
        latencies = [each * 1e3 for each in answers.latencies_s]
        self.walls_ms.append(answers.wall_s * 1e3 / len(latencies))
        self.p99s_ms.append(p99(latencies))
        self.latencies_ms += latencies


_measured: dict[str, dict[str, Measured] | str] = {}
"""By contest; one run serves its two cases. A text says why it could not run."""


def measure(case: str, tell: Tell) -> Iterator[Line]:
    """The lines of one case."""
    contest = case.removesuffix("-p99")
    if contest not in _measured:
        _measured[contest] = _run(CONTESTS[contest], tell)
    found = _measured[contest]
    if isinstance(found, str):
        yield Skipped(NAME, case, found)
        return
    tail = case.endswith("-p99")
    costs = {name: p99(each.latencies_ms) if tail else median(each.walls_ms) for name, each in found.items()}
    ours = found["ours"]
    if PEER not in costs:
        yield Skipped(NAME, case, f"peer {PEER}: {tile_servers.TIPG} cannot be installed here")
    yield Result(
        bench=NAME,
        case=case,
        ours=costs["ours"],
        peer=costs.get(PEER),
        peer_name=PEER if PEER in costs else None,
        floor=costs["floor"],
        unit="ms",
        n=len(ours.latencies_ms) if tail else len(ours.walls_ms),
        spread=interquartile_range(ours.p99s_ms if tail else ours.walls_ms),
    )


def p99(values: Sequence[float]) -> float:
    """What one in a hundred exceeds."""
    return quantiles(values, n=100, method="inclusive")[98]


def _run(contest: Contest, tell: Tell) -> dict[str, Measured] | str:
    try:
        find_programs()
    except SetupError as err:
        return str(err)
    with city_store(looked_at=True) as cluster, workplace() as folder, ExitStack() as stack:
        places = asyncio.run(_prepare(cluster))
        servers = {
            "ours": stack.enter_context(tile_servers.ours(cluster, folder, cache_mib=contest.cache_mib))
        }
        try:
            servers[PEER] = stack.enter_context(tile_servers.tipg(cluster, folder))
        except SetupError:
            servers.pop(PEER, None)
        _check_counts(servers, places, contest)
        asks = {name: _asking(server) for name, server in servers.items()}
        asks["floor"] = _floor(contest, cluster, folder, stack)
        if contest.cache_mib:
            stack.enter_context(changing(cluster))
        return _measure_in_turn(contest, asks, lots(places, contest), tell)


def _measure_in_turn(
    contest: Contest,
    asks: dict[str, Callable[[list[Spot]], Answers]],
    tiles: Iterator[list[Spot]],
    tell: Tell,
) -> dict[str, Measured]:
    found = {name: Measured() for name in asks}
    for number in range(-WARM_UPS, contest.rounds):
        tell(max(number, 0), contest.rounds)
        asked = next(tiles)
        for name in turn(list(asks), number):
            answers = asks[name](asked)
            if number >= 0:
                found[name].add(answers)
    tell(contest.rounds, contest.rounds)
    return found


def lots(places: Sequence[Place], contest: Contest) -> Iterator[list[Spot]]:
    """Tiles for each round, by lot: a camera and a zoom, and of them the tile.

    With a cache the same tiles come in every round, as on a wall of maps that stands open.
    """
    draw = Random(7)

    def fresh() -> list[Spot]:
        return [
            spot_of(place, draw.choice(contest.zooms)) for place in draw.choices(places, k=contest.requests)
        ]

    return cycle([fresh()]) if contest.cache_mib else iter(fresh, None)


def spot_of(place: Place, z: int) -> Spot:
    """The tile of zoom ``z`` that a place of 26 bits lies in."""
    return z, place[0] >> 26 - z, place[1] >> 26 - z


def _asking(server: Server) -> Callable[[list[Spot]], Answers]:
    return lambda tiles: fetch_all(server.port, server.paths(tiles), clients=CLIENTS, headers=server.headers)


async def _prepare(cluster: PrivatePostgres) -> list[Place]:
    database = Database(cluster.url, pool_size=1)
    async with database.raw() as connection:
        await connection.execute(tile_servers.MAKE_COLLECTION)
        await connection.execute("vacuum (analyze) camera_map")
        rows = await connection.fetch("select tile_x, tile_y from camera_tile order by camera_id")
    await database.close()
    return [(row["tile_x"], row["tile_y"]) for row in rows]


def _check_counts(servers: dict[str, Server], places: Sequence[Place], contest: Contest) -> None:
    """Both must show every camera: all of them where tiles are few, those of some tiles where they are many.

    Raises:
        DengtaError: Somebody leaves cameras out.
    """
    z = contest.counted_at
    tiles = sorted({spot_of(place, z) for place in places})
    chosen = tiles if z < POINTS_FROM_ZOOM else Random(7).sample(tiles, 150)
    wanted = set(chosen)
    expected = sum(spot_of(place, z) in wanted for place in places)
    for name, server in servers.items():
        answers = fetch_all(
            server.port, server.paths(chosen), clients=CLIENTS, headers=server.headers, keep=True
        )
        counted = sum(map(count_cameras, answers.bodies))
        # Places on an edge may fall to either side with another arithmetic.
        if abs(counted - expected) > (0 if name == "ours" else expected // 1000):
            raise DengtaError(f"tiles: {name} shows {counted} of {expected} cameras at zoom {z}.")


def _floor(
    contest: Contest, cluster: PrivatePostgres, folder: Path, stack: ExitStack
) -> Callable[[list[Spot]], Answers]:
    """What nothing could save: the rows read and added up, or the bytes sent if no row need be read."""
    if contest.cache_mib:
        return _asking(stack.enter_context(tile_servers.bytes_only(folder)))
    reader = stack.enter_context(closing(RowReader(cluster)))
    return reader.read


_READ_CELLS = "select sum(cameras), sum(sum_x) from camera_cell where place between $1 and $2"
_READ_CAMERAS = "select count(*), sum(tile_x + state) from camera_tile where place between $1 and $2"


class RowReader:
    """Reads the rows that a tile is made of over bare connections, and draws nothing."""

    def __init__(self, cluster: PrivatePostgres) -> None:
        self._loop = asyncio.new_event_loop()
        self._connections = [
            self._loop.run_until_complete(
                asyncpg.connect(
                    host=str(cluster.socket_dir),
                    user=ROLE,
                    database=ROLE,
                    server_settings={"max_parallel_workers_per_gather": "0", "jit": "off"},
                )
            )
            for _ in range(CLIENTS)
        ]

    def read(self, tiles: list[Spot]) -> Answers:
        """Read each tile once, as many at a time as there are connections."""
        return self._loop.run_until_complete(self._read(tiles))

    async def _read(self, tiles: list[Spot]) -> Answers:
        loop, work = self._loop, iter(tiles)
        latencies: list[float] = []

        async def client(connection: asyncpg.Connection) -> None:
            for spot in work:
                began = loop.time()
                await connection.fetchrow(_READ_CELLS if spot[0] < 12 else _READ_CAMERAS, *Tile(*spot).places)
                latencies.append(loop.time() - began)

        began = loop.time()
        await asyncio.gather(*map(client, self._connections))
        return Answers(loop.time() - began, latencies, 0, [])

    def close(self) -> None:
        for connection in self._connections:
            self._loop.run_until_complete(connection.close())
        self._loop.close()


@contextmanager
def changing(cluster: PrivatePostgres) -> Iterator[None]:
    """While it lasts, 100 cameras a second change their state, in batches as workers report them."""
    enough = threading.Event()
    failures: list[BaseException] = []

    def change() -> None:
        try:
            asyncio.run(_change(cluster.url, enough))
        except BaseException as err:  # noqa: BLE001 - told to the thread that measures
            failures.append(err)

    thread = threading.Thread(target=change, name="changes")
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()
    if failures:
        raise failures[0]


async def _change(url: str, enough: threading.Event) -> None:
    database, draw = Database(url, pool_size=1), Random(7)
    async with database.raw() as connection:
        states = dict(await connection.fetch("select camera_id, state from camera_state"))
    ids = list(states)
    loop = asyncio.get_running_loop()
    due = loop.time()
    while not enough.is_set():
        at = datetime.now(UTC)
        reports = []
        for camera_id in draw.sample(ids, CHANGES_A_SECOND // 10):
            states[camera_id] = CameraState.DEGRADED if states[camera_id] == 1 else CameraState.ONLINE
            reports.append(HealthReport(camera_id, at, "picture", CameraState(states[camera_id])))
        await report_health(database, reports)
        due += 0.1
        await asyncio.sleep(max(0.0, due - loop.time()))
    await database.close()
