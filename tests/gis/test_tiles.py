"""A tile's square: tiles of a zoom cover the world, once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import InvalidInputError
from gis.tiles import BUFFER, EXTENT, Tile
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
    west, east, north, south = tile.square()
    assert west <= x <= east
    assert north <= y <= south
    assert east - west + 1 == south - north + 1 == WORLD >> z


@given(tiles())
def test_a_square_in_tile_units_has_the_extent_and_its_buffer(tile: Tile) -> None:
    west, east, _, _ = tile.square()
    left, _ = tile.origin
    assert (west - left) * tile.scale == 0
    assert (east + 1 - left) * tile.scale == EXTENT
    wide_west, wide_east, _, _ = tile.square(BUFFER)
    assert (west - wide_west) * tile.scale >= BUFFER
    assert wide_east - east == west - wide_west


@given(tiles())
def test_cells_divide_a_tile_evenly(tile: Tile) -> None:
    west, east, _, _ = tile.square()
    assert tile.cell_bits >= 0
    assert (east >> tile.cell_bits) - (west >> tile.cell_bits) + 1 == 32


@pytest.mark.parametrize("where", [(-1, 0, 0), (22, 0, 0), (0, 1, 0), (3, 8, 0), (3, 0, -1), (10**30, 0, 0)])
def test_there_are_no_tiles_beyond_the_pyramid(where: tuple[int, int, int]) -> None:
    with pytest.raises(InvalidInputError):
        Tile(*where)
