"""Cameras with a trouble: small RTSP peers that go mute, drop the line, talk nonsense, or drip."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import random
import re
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

MAX_REQUEST = 8192  # bytes of one request's head
MAX_CALLERS = 256  # at once; more are turned away
CALL_SECONDS = 300  # after which any call is ended
DRIP_SECONDS = 0.5  # between two bytes
NONSENSE = random.Random(28181).randbytes(4096)  # noqa: S311  # not a secret: the same nonsense for everybody
PAYLOAD = 1400  # bytes of an RTP payload
TRACK = "track1"
IDR, SPS, PPS, FU_A = 5, 7, 8, 28  # NAL unit types (H.264 table 7-1, RFC 6184 table 1)


class Fault(StrEnum):
    """What is wrong with a sample camera."""

    MUTE = "mute"
    """Answers PLAY and never sends."""
    DROPPING = "dropping"
    """Closes the connection in the middle of a key picture."""
    WRONG_PASSWORD = "wrong-password"  # noqa: S105  # a fault's name
    """The catalogue's password is not the camera's."""
    GARBAGE = "garbage"
    """Answers with bytes that are not RTSP."""
    DRIP = "drip"
    """Answers a byte now and then."""
    BLACK = "black"
    """Works, and its picture is black."""

    @property
    def by_peer(self) -> bool:
        """Whether a peer of this module plays it; the others are played by the real server."""
        return self not in {Fault.WRONG_PASSWORD, Fault.BLACK}


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    cseq: str
    interleaved: bool


class FaultPeer:
    """One port behind which every path has its own fault.

    Args:
        faults: Which fault is played at which path, e.g. ``{"/cam/3": Fault.MUTE}``.
        key_picture: NAL units of SPS, PPS and a key picture, without start codes.
    """

    def __init__(self, faults: Mapping[str, Fault], key_picture: Sequence[bytes]) -> None:
        self._faults = dict(faults)
        self._nals = list(key_picture)
        self._calls: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[None]:
        """Answer callers inside the block; leaving it cuts them off.

        Raises:
            OSError: The port cannot be had.
        """
        server = await asyncio.start_server(self._accept, host, port, limit=MAX_REQUEST)
        try:
            yield
        finally:
            server.close()
            calls = list(self._calls)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._calls) >= MAX_CALLERS:
            writer.transport.abort()
            return
        call = asyncio.create_task(self._call(reader, writer))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await self._converse(reader, writer)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a caller that leaves or talks nonsense is no matter of ours
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await _read_request(reader)
            fault = self._faults.get(request.path)
            if fault is Fault.GARBAGE:
                writer.write(NONSENSE)
                await writer.drain()
                return
            answer = self._answer(request, known=fault is not None)
            if fault is Fault.DRIP:
                for byte in answer:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(DRIP_SECONDS)
                continue
            writer.write(answer)
            if fault is Fault.DROPPING and request.method == "PLAY":
                for packet in self._half_a_picture():
                    writer.write(packet)
                await writer.drain()
                return
            await writer.drain()
            if request.method == "TEARDOWN":
                return

    def _answer(self, request: _Request, *, known: bool) -> bytes:
        status, head, body = "200 OK", "", ""
        if not known:
            status = "404 Not Found"
        elif request.method == "OPTIONS":
            head = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n"
        elif request.method == "DESCRIBE":
            body = self._description()
            head = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        elif request.method == "SETUP" and not request.interleaved:
            status = "461 Unsupported Transport"
        elif request.method == "SETUP":
            head = "Session: 1;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        elif request.method in {"PLAY", "GET_PARAMETER", "TEARDOWN"}:
            head = "Session: 1\r\n"
        else:
            status = "501 Not Implemented"
        return f"RTSP/1.0 {status}\r\nCSeq: {request.cseq}\r\n{head}\r\n{body}".encode()

    def _description(self) -> str:
        sets = ",".join(base64.b64encode(nal).decode() for nal in self._nals if nal[0] & 31 in (SPS, PPS))
        return (
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
            "c=IN IP4 0.0.0.0\r\na=rtpmap:96 H264/90000\r\n"
            f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={sets}\r\na=control:{TRACK}\r\n"
        )

    def _half_a_picture(self) -> Iterator[bytes]:
        """RTP packets (interleaved, RFC 2326 §10.12) of half the key picture, as FU-A (RFC 6184 §5.8)."""
        picture = next(nal for nal in self._nals if nal[0] & 31 == IDR)
        half = picture[1 : max(2, len(picture) // 2)]
        for number, start in enumerate(range(0, len(half), PAYLOAD)):
            indicator, header = picture[0] & 0xE0 | FU_A, picture[0] & 31 | (0x80 if number == 0 else 0)
            payload = bytes([indicator, header]) + half[start : start + PAYLOAD]
            rtp = struct.pack("!BBHII", 0x80, 96, number, 90_000, 1) + payload
            yield struct.pack("!cBH", b"$", 0, len(rtp)) + rtp


async def _read_request(reader: asyncio.StreamReader) -> _Request:
    """The next request; what the caller interleaves (its receiver reports) is read and left.

    Raises:
        ValueError: Not a request.
    """
    while (first := await reader.readexactly(1)) == b"$":
        _, length = struct.unpack("!BH", await reader.readexactly(3))
        await reader.readexactly(length)
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, target, _ = head.split("\r\n", 1)[0].split(" ", 2)
    cseq = re.search(r"(?im)^cseq:\s*(\d{1,10})\s*$", head)
    path = urlsplit(target).path.removesuffix("/").removesuffix(f"/{TRACK}").removesuffix("/")
    return _Request(method, path, cseq[1] if cseq else "0", "interleaved" in head.lower())
