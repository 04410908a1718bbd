"""Counting what a vector tile shows, without drawing it (Mapbox Vector Tile 2.1, section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mapbox_vector_tile

if TYPE_CHECKING:
    from collections.abc import Iterator

LAYER = 3
FEATURE = 2


def count_cameras(tile: bytes) -> int:
    """Cameras in a tile: features, or the numbers that clusters carry.

    Only tiles of clusters are decoded whole; a raw one may hold 100,000 features.
    """
    layers = [body for field, body in _parts(tile) if field == LAYER]
    if any(b"\x0a\x07cluster" in layer[:16] for layer in layers):
        decoded = mapbox_vector_tile.decode(tile)
        return sum(feature["properties"]["n"] for feature in decoded["cluster"]["features"])
    return sum(field == FEATURE for layer in layers for field, _ in _parts(layer))


def _parts(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The parts of a protocol buffer that have a length, by field number; others are passed over."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value, at = _varint(message, at)
        if key & 7 == 2:
            yield key >> 3, message[at : at + value]
            at += value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
