"""A tile's square: tiles of a zoom cover the world, once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import InvalidInputError
from gis.tiles import EXTENT, Tile, morton
from models.tables import MERCATOR_BITS

WORLD = 1 << MERCATOR_BITS
zooms = st.integers(0, 21)


@st.composite
def tiles(draw: st.DrawFn) -> Tile:
    z = draw(zooms)
    return Tile(z, draw(st.integers(0, 2**z - 1)), draw(st.integers(0, 2**z - 1)))


@given(z=zooms, x=st.integers(0, WORLD - 1), y=st.integers(0, WORLD - 1))
def test_every_place_is_in_exactly_the_tile_of_its_shifted_coordinates(z: int, x: int, y: int) -> None:
    tile = Tile(z, x >> (MERCATOR_BITS - z), y >> (MERCATOR_BITS - z))
    first, last = tile.places
    assert first <= morton(x, y) <= last
    assert last - first + 1 == (WORLD >> z) ** 2
    assert Tile.of_code(z, morton(tile.x, tile.y)) == tile


@given(tiles())
def test_the_tiles_of_a_zoom_follow_one_another_without_gap_or_overlap(tile: Tile) -> None:
    first, last = tile.places
    corners = [
        (tile.origin[0] + dx, tile.origin[1] + dy)
        for dx in (-1, WORLD >> tile.z)
        for dy in (0, WORLD >> tile.z)
    ]
    assert morton(*tile.origin) == first
    side = (WORLD >> tile.z) - 1
    assert morton(tile.origin[0] + side, tile.origin[1] + side) == last
    outside = [(x, y) for x, y in corners if 0 <= x < WORLD and 0 <= y < WORLD]
    assert not any(first <= morton(x, y) <= last for x, y in outside)


@given(tiles())
def test_a_tile_has_4096_units_and_32_cells_to_its_side(tile: Tile) -> None:
    side = WORLD >> tile.z
    assert side * tile.scale == EXTENT
    assert tile.cell_bits >= 0
    assert side >> tile.cell_bits == 32


@pytest.mark.parametrize("where", [(-1, 0, 0), (22, 0, 0), (0, 1, 0), (3, 8, 0), (3, 0, -1), (10**30, 0, 0)])
def test_there_are_no_tiles_beyond_the_pyramid(where: tuple[int, int, int]) -> None:
    with pytest.raises(InvalidInputError):
        Tile(*where)
