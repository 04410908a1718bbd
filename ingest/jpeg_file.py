"""What a JPEG file says of itself before it is decoded (ITU-T T.81, annex B): its size, and where it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

START: Final = b"\xff\xd8"
_END: Final = 0xD9
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a segment: within a scan they are passed over."""


@dataclass(frozen=True, slots=True)
class JpegFile:
    """What was found.

    Attributes:
        width: Pixels, 0 if no frame header came.
        height: Pixels; 0 as well where only the first scan's end would tell it.
        end: Where the file ends, or None if its end has not come yet.
    """

    width: int
    height: int
    end: int | None


def scan_jpeg(data: bytes | bytearray) -> JpegFile | None:
    """Walk from marker to marker; None if that is no JPEG.

    The file's end is not the first end marker: a thumbnail in its header has one of its own.
    """
    if not data.startswith(START):
        return None
    width = height = 0
    at = 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        marker = data[at + 1]
        if marker in {0x00, 0xFF}:  # a stuffed byte of a scan; a fill byte before a marker
            at += 2 if marker == 0x00 else 1
        elif marker == _END:
            return JpegFile(width, height, at + 2)
        elif marker in _ALONE:
            at += 2
        else:
            if marker in _FRAMES and at + 9 <= len(data) and not width:
                height, width = (int.from_bytes(data[p : p + 2]) for p in (at + 5, at + 7))
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4]))
            if at > len(data):
                break
    return JpegFile(width, height, None)
