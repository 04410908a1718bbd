"""Versions of the map's parts: a change empties its own part of the cache, and only who may know is told."""

import pytest
from api_world import START
from hypothesis import given
from hypothesis import strategies as st

from api.cache import Cache
from api.tile_versions import MOST_NOTICES, Notice, Part, TileVersions
from base.clock import ManualClock
from gis.tiles import Tile
from models.scope import Role, Scope

CITY = Scope(1, frozenset({Role.OPERATOR}), 1, 9, max_sensitivity=3)
WEST = Scope(2, frozenset({Role.OPERATOR}), 2, 4)


def notice(version: int, *parts: Part) -> Notice:
    return Notice(version, parts)


def part(z: int, x: int, y: int, *, unit: int | None = 3, sensitivity: int = 0) -> Part:
    return Part(Tile(z, x, y), unit, sensitivity)


@st.composite
def tiles(draw: st.DrawFn, zooms: tuple[int, ...] = tuple(range(17))) -> Tile:
    z = draw(st.sampled_from(zooms))
    return Tile(z, draw(st.integers(0, 2**z - 1)), draw(st.integers(0, 2**z - 1)))


def touch(one: Tile, other: Tile) -> bool:
    """Whether one contains the other."""
    high, low = sorted((one, other), key=lambda tile: tile.z)
    up = low.z - high.z
    return (low.x >> up, low.y >> up) == (high.x, high.y)


@given(changed=st.lists(tiles((10, 14)), max_size=5), asked=tiles())
def test_a_tile_has_a_new_version_exactly_when_something_in_it_changed(
    changed: list[Tile], asked: Tile
) -> None:
    versions = TileVersions()
    versions.restart(0)
    for number, tile in enumerate(changed, 1):
        before = versions.of(asked)
        versions.take(notice(number, Part(tile, 3, 0)))
        # A change is placed no finer than by its part: a tile within the part counts as changed.
        assert (versions.of(asked) > before) is touch(tile, asked)


def test_a_camera_that_flaps_changes_one_part_of_the_map_and_all_that_show_it() -> None:
    versions = TileVersions()
    versions.restart(7)
    flapping, neighbour = Tile(14, 13720, 6348), Tile(14, 13721, 6348)
    before = versions.of(neighbour), versions.of(Tile(16, neighbour.x << 2, neighbour.y << 2))
    for number in range(50):
        versions.take(notice(8 + number, Part(flapping, 3, 0)))
    assert (versions.of(neighbour), versions.of(Tile(16, neighbour.x << 2, neighbour.y << 2))) == before
    assert versions.of(Tile(16, flapping.x << 2, flapping.y << 2)) > before[0]
    assert versions.of(Tile(0, 0, 0)) > before[0]


def test_after_a_pause_everything_counts_as_changed() -> None:
    versions = TileVersions()
    versions.restart(7)
    before = versions.of(Tile(12, 5, 5))
    versions.restart(7)
    assert versions.of(Tile(12, 5, 5)) > before


def test_changes_are_told_from_a_version_on_within_the_scope() -> None:
    versions = TileVersions()
    versions.restart(100)
    versions.take(notice(101, part(14, 1, 1), part(14, 2, 2, unit=8)))
    versions.take(notice(102, part(14, 3, 3, sensitivity=1), part(14, 4, 4, unit=None)))
    assert versions.since(100, CITY).tiles == {Tile(14, n, n) for n in (1, 2, 3, 4)}
    assert versions.since(101, CITY).tiles == {Tile(14, 3, 3), Tile(14, 4, 4)}
    assert versions.since(100, WEST).tiles == {Tile(14, 1, 1)}
    assert not versions.since(101, WEST)
    assert not versions.since(102, CITY)
    assert versions.since(101, WEST).version == 102


def test_who_was_away_too_long_fetches_everything() -> None:
    versions = TileVersions()
    versions.restart(100)
    assert versions.since(99, CITY).tiles is None
    for number in range(MOST_NOTICES + 1):
        versions.take(notice(101 + number, part(14, 1, 1)))
    assert versions.since(100, CITY).tiles is None
    assert versions.since(101, CITY).tiles == {Tile(14, 1, 1)}
    versions.take(Notice(9000, None))
    assert versions.since(8999, WEST).tiles is None
    assert not versions.since(9000, WEST)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.tile_versions.MOST_TILES", 100)
    versions = TileVersions()
    versions.restart(0)
    for number in range(1, 200):
        before = versions.of(Tile(14, number, 0))
        versions.take(notice(number, part(14, number, 0)))
        assert versions.of(Tile(14, number, 0)) > before
        assert len(versions._step_within) < 100 + 15


def test_a_notice_is_read_as_the_store_writes_it() -> None:
    found = Notice.parse("4711 14 791e1e1.12.0 3..2")
    assert found == Notice(
        4711, (Part(Tile.of_code(14, 0x791E1E1), 12, 0), Part(Tile.of_code(14, 3), None, 2))
    )
    assert Notice.parse("4712 *") == Notice(4712, None)


@given(st.text() | st.from_regex(r"\d{1,3} (14|10|99) [0-9a-f]{1,9}\.\d{0,3}\.\d", fullmatch=True))
def test_no_notice_breaks_the_reader(payload: str) -> None:
    try:
        found = Notice.parse(payload)
    except ValueError:
        return
    TileVersions().take(found)


async def test_the_cache_gives_what_was_made_for_the_version_and_only_that() -> None:
    cache: Cache[bytes] = Cache(ManualClock(START), max_bytes=10_000)
    made = iter(b"abcdef")

    async def make() -> bytes:
        return bytes([next(made)])

    assert await cache.get("tile", make, ttl_s=60, version=1) == b"a"
    assert await cache.get("tile", make, ttl_s=60, version=1) == b"a"
    assert await cache.get("tile", make, ttl_s=60, version=2) == b"b"
    assert await cache.get("other", make, ttl_s=60, version=1) == b"c"
    assert await cache.get("tile", make, ttl_s=60, version=2) == b"b"


async def test_a_cache_of_no_size_keeps_nothing() -> None:
    cache: Cache[bytes] = Cache(ManualClock(START), max_bytes=0)
    made = iter(b"ab")

    async def make() -> bytes:
        return bytes([next(made)])

    assert [await cache.get("tile", make, ttl_s=60) for _ in range(2)] == [b"a", b"b"]
