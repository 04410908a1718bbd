"""How much a camera may make a look spend. Whatever lies beyond is hostile or broken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LookLimits:
    """Bounds on everything that a peer can make grow.

    Attributes:
        head_bytes: One RTSP message without its body. Cameras send about 500 bytes.
        head_lines: Header lines in one RTSP message.
        body_bytes: One RTSP body (an SDP). Cameras send about 1 KiB, recorders with many tracks 10 KiB.
        messages: RTSP messages in one connection. A look needs five, a few more with stale nonces.
        redirects: How often a look lets itself be sent on.
        picture_bytes: One compressed key picture. A 4K camera sends 0.3 to 2 MiB.
        picture_pixels: Width × height of the decoded picture. 8K UHD is 33 million, in memory 50 MB.
        look_bytes: Everything read in one look. Ten seconds of a 16 Mbit/s stream are 19 MiB.
        receive_buffer: Bytes first set aside for a connection; it grows when a single item does not fit.
        goodbye_s: How long a connection may take to acknowledge TEARDOWN after the look is over.
    """

    head_bytes: int = 16 << 10
    head_lines: int = 128
    body_bytes: int = 64 << 10
    messages: int = 64
    redirects: int = 3
    picture_bytes: int = 8 << 20
    picture_pixels: int = 36_000_000
    look_bytes: int = 32 << 20
    receive_buffer: int = 32 << 10
    goodbye_s: float = 1.0
