"""Puts a JPEG file together from RTP payloads that leave its well-known headers out (RFC 2435)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from ingest.failure import LookFailedError
from ingest.rtp import KeyPicture
from models.look import Outcome

if TYPE_CHECKING:
    from ingest.limits import LookLimits

# ITU-T T.81, tables K.1 and K.2, in zigzag order: the quantisers of quality 50.
_QUANTISERS: Final = bytes.fromhex(
    "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933383740485c4e404457453738506d51575f626768"
    "673e4d71797064785c656763"
    "1112121815182f1a1a2f6342384263636363636363636363636363636363636363636363636363636363636363636363636363"
    "63636363636363636363636363"
)
# ITU-T T.81, tables K.3 to K.6: each with its class and index, sixteen code counts, and the symbols.
_HUFFMAN: Final = tuple(
    bytes.fromhex(table)
    for table in (
        "0000010501010101010100000000000000000102030405060708090a0b",
        (
            "100002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f0243362"
            "7282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778"
            "797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7"
            "d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
        ),
        "0100030101010101010101010000000000000102030405060708090a0b",
        (
            "1100020102040403040705040400010277000102031104052131061241510761711322328108144291a1b1c109233352f0156272"
            "d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768696a7374757677"
            "78797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5"
            "d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
        ),
    )
)
_START_OF_IMAGE: Final = b"\xff\xd8"
_END_OF_IMAGE: Final = b"\xff\xd9"
_SCAN: Final = bytes.fromhex("03010002110311003f00")
_MAIN_HEADER: Final = 8
_LUMA_SAMPLING: Final = {0: 0x21, 1: 0x22}  # type 0 is 4:2:2, type 1 is 4:2:0


class JpegAssembler:
    """Collects the fragments of the first whole JPEG picture.

    Args:
        limits: Bounds on the picture.
    """

    def __init__(self, limits: LookLimits) -> None:
        self._limits = limits
        self._tables: dict[
            int, bytes
        ] = {}  # quantisers by Q, which a sender may leave out after the first time
        self._data = bytearray()
        self._scanned = 0  # bytes of entropy-coded data so far
        self._timestamp = -1

    def lost(self) -> None:
        """Drop what was half assembled."""
        self._data = bytearray()
        self._scanned = 0

    def payload(
        self, view: memoryview, start: int, stop: int, timestamp: int, *, marker: bool
    ) -> KeyPicture | None:
        """Take one RTP payload; returns the picture once it is whole.

        Raises:
            LookFailedError: ``TOO_LARGE``, or ``UNDECODABLE`` for a variant that RFC 2435 does not define.
        """
        if timestamp != self._timestamp:
            self.lost()
            self._timestamp = timestamp
        if stop - start < _MAIN_HEADER:
            self.lost()
            return None
        offset = int.from_bytes(view[start + 1 : start + 4])
        body = (
            self._begin(view, start, stop)
            if offset == 0
            else start + _MAIN_HEADER + 4 * _restarts(view, start)
        )
        if not self._data or offset != self._scanned or body > stop:
            self.lost()
            return None
        if len(self._data) + stop - body > self._limits.picture_bytes:
            raise LookFailedError(Outcome.TOO_LARGE, "the compressed key picture is too large")
        self._data += view[body:stop]
        self._scanned += stop - body
        if not marker:
            return None
        data = self._data
        data += _END_OF_IMAGE
        self.lost()
        return KeyPicture("mjpeg", bytes(data), timestamp)

    def _begin(self, view: memoryview, start: int, stop: int) -> int:
        """Write the file's headers from the first fragment. Returns where its entropy-coded data begins."""
        self.lost()
        kind, quality = view[start + 4] & 0x3F, view[start + 5]
        width, height = 8 * view[start + 6], 8 * view[start + 7]
        if kind not in _LUMA_SAMPLING or not width or not height:
            raise LookFailedError(
                Outcome.UNDECODABLE, "the camera sends a form of JPEG over RTP that has no standard"
            )
        body = start + _MAIN_HEADER
        interval = 0
        if _restarts(view, start):
            interval = int.from_bytes(view[body : min(body + 2, stop)])
            body += 4
        if quality >= 128:
            body = self._read_tables(view, body, stop, quality)
            tables = self._tables.get(quality)
            if tables is None:
                return body
        else:
            tables = _scaled_tables(quality)
        self._data += _headers(_LUMA_SAMPLING[kind], width, height, interval, tables)
        return body

    def _read_tables(self, view: memoryview, start: int, stop: int, quality: int) -> int:
        """Keep the quantisers sent along, if any (section 3.1.8). Returns where they end."""
        if start + 4 > stop:
            return stop + 1
        precision, length = view[start + 1], view[start + 2] << 8 | view[start + 3]
        end = start + 4 + length
        if length == 128 and precision == 0 and end <= stop:
            self._tables[quality] = bytes(view[start + 4 : end])
        elif length:
            self._tables.pop(quality, None)  # 16-bit quantisers are not baseline JPEG
        return end


def _restarts(view: memoryview, start: int) -> bool:
    """Whether a restart header follows the main header (types 64 to 127)."""
    return 64 <= view[start + 4] < 128


def _scaled_tables(quality: int) -> bytes:
    """Both quantisers for Q from 1 to 99 (section 4.2)."""
    quality = min(max(quality, 1), 99)
    factor = 5000 // quality if quality < 50 else 200 - 2 * quality
    return bytes(min(max((step * factor + 50) // 100, 1), 255) for step in _QUANTISERS)


def _headers(sampling: int, width: int, height: int, interval: int, tables: bytes) -> bytes:
    half = len(tables) // 2
    frame = struct.pack(">BHHB", 8, height, width, 3) + bytes((1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1))
    return b"".join(
        (
            _START_OF_IMAGE,
            _segment(0xDB, b"\0" + tables[:half] + b"\1" + tables[half:]),
            _segment(0xDD, struct.pack(">H", interval)) if interval else b"",
            _segment(0xC0, frame),
            *(_segment(0xC4, table) for table in _HUFFMAN),
            _segment(0xDA, _SCAN),
        )
    )


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
