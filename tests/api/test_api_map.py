"""The map as its users have it: tiles by filter and scope, fresh after a change, and told when it changed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from api_world import Session, World, layers_of, tile_at
from httpx import AsyncClient

from api.sessions import RECALL_S
from api.tile_watch import TileWatch
from gis.tiles import Tile
from models.scope import Role

WHOLE = "/api/v1/tiles/cameras/0/0/0.mvt"
WEST_PLACE, EAST_PLACE = (121.05, 37.1), (121.35, 37.1)


async def cameras(client: AsyncClient, query: str = "", z: int = 0) -> int:
    """Cameras that the tile of the world shows, or those of zoom z around the western camera."""
    x, y = tile_at(z, *WEST_PLACE) if z else (0, 0)
    layers = layers_of(await client.get(f"/api/v1/tiles/cameras/{z}/{x}/{y}.mvt{query}"))
    return sum(f["properties"]["n"] for f in layers.get("cluster", [])) + len(layers.get("camera", []))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 5),  # the four townships' and the one at sea; the lost one has no place
        ("?unit=west", 2),
        ("?unit=west-1&unit=east-1", 2),
        ("?state=online", 1),
        ("?state=unknown", 4),
        ("?scene=square", 2),
        ("?classified=false", 3),
        ("?owner=%E5%85%AC%E5%AE%89%E5%B1%80", 1),
        ("?bbox=121.0,37.0,121.2,37.2", 2),
        ("?unit=west&state=online", 1),
        ("?unit=east&state=online", 0),
        ("?unit=nowhere", 0),
    ],
)
async def test_a_tile_shows_what_the_filter_lets_through(
    world: World, gis_staff: AsyncClient, query: str, count: int
) -> None:
    async with world.database.raw() as connection:
        await connection.execute("update camera set owner = '公安局' where code = 'cam-east-2'")
    assert await cameras(gis_staff, query) == count


async def test_a_filter_holds_at_every_zoom_and_within_the_scope(world: World, login: Session) -> None:
    west = await login(Role.OPERATOR, unit="west")
    for z in range(17):
        assert await cameras(west, "?unit=city&scene=square", z) == 1
        assert await cameras(west, "?unit=east", z) == 0
    secret = await login(Role.OPERATOR, sensitivity=2)
    assert await cameras(west, "?unit=west") == 1
    assert await cameras(secret, "?unit=west") == 2


@pytest.mark.parametrize(
    "query",
    ["?state=broken", "?bbox=1", "?bbox=nan,0,1,1", "?classified=perhaps", "?q=" + "x" * 100],
)
async def test_a_filter_that_is_none_is_refused(gis_staff: AsyncClient, query: str) -> None:
    answer = await gis_staff.get(WHOLE + query)
    assert answer.status_code in (400, 422), answer.text


async def test_the_description_carries_the_filter_to_the_tiles(gis_staff: AsyncClient) -> None:
    described = (await gis_staff.get("/api/v1/tiles/cameras.json?state=online&unit=370602")).json()
    (address,) = described["tiles"]
    assert address.endswith("/tiles/cameras/{z}/{x}/{y}.mvt?state=online&unit=370602")
    drawn = await gis_staff.get(address.format(z=0, x=0, y=0).removeprefix("http://127.0.0.1:8420"))
    assert drawn.status_code == 200
    assert (await gis_staff.get("/api/v1/tiles/cameras.json?state=broken")).status_code == 422


@asynccontextmanager
async def watching(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TileWatch]:
    """The application's own watch, as it runs while it serves, in a hurry."""
    monkeypatch.setattr("api.tile_watch.GATHER_S", 0.05)
    monkeypatch.setattr("api.tile_watch.RETRY_S", 0.05)
    watch: TileWatch = world.app.state.context.tile_watch
    watch.start()
    try:
        await until(lambda: watch.version_of(Tile(0, 0, 0)) is not None)
        await asyncio.sleep(0.3)  # what the fixtures changed is announced
        yield watch
    finally:
        await watch.stop()


async def until(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.02)


async def flip(world: World, code: str, state: int) -> None:
    async with world.database.raw() as connection:
        await connection.execute(
            """insert into camera_state (camera_id, state) select id, $2 from camera where code = $1
                   on conflict (camera_id) do update set state = excluded.state""",
            *(code, state),
        )


async def test_a_camera_that_flaps_empties_its_part_of_the_map_only(
    world: World, login: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await login(Role.OPERATOR)
    west, east = (
        f"/api/v1/tiles/cameras/14/{x}/{y}.mvt"
        for x, y in (tile_at(14, *WEST_PLACE), tile_at(14, *EAST_PLACE))
    )
    async with watching(world, monkeypatch) as watch:
        west_tile, east_tile = Tile(14, *tile_at(14, *WEST_PLACE)), Tile(14, *tile_at(14, *EAST_PLACE))
        before = {address: (await client.get(address)).headers["etag"] for address in (WHOLE, west, east)}
        versions = watch.version_of(west_tile), watch.version_of(east_tile)
        await flip(world, "cam-west-1", 3)
        await until(lambda: watch.version_of(west_tile) != versions[0])
        assert watch.version_of(east_tile) == versions[1]
        after = {address: (await client.get(address)).headers["etag"] for address in (WHOLE, west, east)}
    assert after[east] == before[east]
    assert after[west] != before[west]
    assert after[WHOLE] != before[WHOLE]


async def test_a_tile_that_nobody_changed_is_drawn_once(
    world: World, login: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await login(Role.OPERATOR)
    async with watching(world, monkeypatch):
        first = await client.get(WHOLE)
        async with world.database.raw() as connection:
            await connection.execute("alter function camera_tile_cells rename to gone")
        world.clock.advance(60)  # longer than anything is kept without a watch
        again = await client.get(WHOLE)
        not_modified = await client.get(WHOLE, headers={"If-None-Match": first.headers["etag"]})
        async with world.database.raw() as connection:
            await connection.execute("alter function gone rename to camera_tile_cells")
    assert again.content == first.content
    assert (not_modified.status_code, not_modified.content) == (304, b"")


async def test_without_a_watch_a_tile_is_a_few_seconds_old_at_most(world: World, login: Session) -> None:
    client = await login(Role.OPERATOR)
    before = await client.get(WHOLE)
    await flip(world, "cam-west-1", 3)
    world.clock.advance(5)
    assert (await client.get(WHOLE)).content != before.content


async def test_a_lost_connection_means_that_nobody_knows_until_it_is_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watching(world, monkeypatch) as watch:
        before = watch.version_of(Tile(14, 0, 0))
        async with world.database.raw() as connection:
            await connection.execute(
                """select pg_terminate_backend(pid) from pg_stat_activity
                    where pid <> pg_backend_pid() and datname = current_database()"""
            )
        await until(lambda: watch.version_of(Tile(14, 0, 0)) is None)
        await until(lambda: watch.version_of(Tile(14, 0, 0)) is not None)
        assert watch.version_of(Tile(14, 0, 0)) > before


async def test_a_map_on_show_is_told_what_changed_within_its_scope(
    world: World, login: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    city, west = await login(Role.GIS), await login(Role.OPERATOR, unit="west")
    changes = "/api/v1/tiles/changes"
    async with watching(world, monkeypatch):
        began = (await city.get(changes)).json()
        assert began == {"version": began["version"], "all": False, "tiles": []}
        waiting = asyncio.create_task(city.get(changes, params={"since": began["version"], "wait": 20}))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await flip(world, "cam-east-2", 2)
        told = (await asyncio.wait_for(waiting, 10)).json()
        x, y = tile_at(14, *EAST_PLACE)
        assert told == {"version": told["version"], "all": False, "tiles": [{"z": 14, "x": x, "y": y}]}
        assert told["version"] > began["version"]
        elsewhere = (await west.get(changes, params={"since": began["version"]})).json()
        assert elsewhere == {"version": told["version"], "all": False, "tiles": []}
        nothing = (await city.get(changes, params={"since": told["version"], "wait": 0.1})).json()
        assert nothing == {"version": told["version"], "all": False, "tiles": []}
        assert (await city.get(changes, params={"since": 10**15})).json()["all"] is True


async def test_who_may_read_no_cameras_is_told_nothing(world: World) -> None:
    async with world.client() as stranger:
        assert (await stranger.get("/api/v1/tiles/changes")).status_code == 401
        assert (await stranger.get(WHOLE)).status_code == 401
        assert (await stranger.get(WHOLE, headers={"Authorization": "Bearer x"})).status_code == 401


@pytest.mark.parametrize("query", ["?since=-1", "?since=x", "?wait=26", "?wait=-1", f"?since={10**30}"])
async def test_a_senseless_question_is_refused(gis_staff: AsyncClient, query: str) -> None:
    assert (await gis_staff.get(f"/api/v1/tiles/changes{query}")).status_code == 422


async def test_an_ended_session_draws_no_more(world: World, login: Session) -> None:
    client = await login(Role.OPERATOR)
    assert (await client.get(WHOLE)).status_code == 200
    assert (await client.delete("/api/v1/session")).status_code == 204
    assert (await client.get(WHOLE)).status_code == 401


async def test_a_session_that_is_ended_elsewhere_draws_for_one_more_second(
    world: World, login: Session
) -> None:
    client = await login(Role.OPERATOR)
    assert (await client.get(WHOLE)).status_code == 200
    async with world.database.raw() as connection:
        await connection.execute("delete from session")
    assert (await client.get("/api/v1/session")).status_code == 401
    world.clock.advance(RECALL_S)
    assert (await client.get(WHOLE)).status_code == 401


async def test_a_program_with_a_token_gets_the_same_tiles(world: World, login: Session) -> None:
    client = await login(Role.OPERATOR)
    token = client.cookies["dengta_session"]
    async with world.client() as program:
        answer = await program.get(WHOLE, headers={"Authorization": f"bearer {token}"})
    assert answer.content == (await client.get(WHOLE)).content
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
