"""Cameras that misbehave on purpose: small RTSP peers, each doing one thing wrong."""

import asyncio
import contextlib
import re
import struct

SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
    "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:track0\r\n"
)


class Peer:
    """Answers as a camera should, except where ``wrong`` says otherwise.

    ``wrong`` maps a method to what is sent for it: bytes, or an async function (peer, writer, request). After
    PLAY, ``media`` is sent.
    """

    def __init__(self, wrong=None, media=b"", sdp=SDP):
        self.wrong, self.media, self.sdp = wrong or {}, media, sdp
        self.requests = []
        self.writers = set()
        self.port = 0

    def methods(self):
        return [request.split(" ", 1)[0] for request in self.requests]

    async def handle(self, reader, writer):
        self.writers.add(writer)
        try:
            while True:
                request = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.requests.append(request)
                await self.answer(request, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def answer(self, request, writer):
        method = request.split(" ", 1)[0]
        wrong = self.wrong.get(method)
        if callable(wrong):
            await wrong(self, writer, request)
        elif wrong is not None:
            writer.write(wrong)
        else:
            writer.write(self.good(request))
        if method == "PLAY" and self.media:
            writer.write(self.media)
        await writer.drain()

    def good(self, request):
        method = request.split(" ", 1)[0]
        extra, body = {
            "DESCRIBE": (f"Content-Type: application/sdp\r\nContent-Length: {len(self.sdp)}\r\n", self.sdp),
            "SETUP": ("Session: 7;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n", ""),
        }.get(method, ("", ""))
        return response(200, extra, body, sequence(request))


def sequence(request):
    return re.search(r"CSeq: (\d+)", request)[1]


def response(status, extra="", body="", cseq=None):
    number = f"CSeq: {cseq}\r\n" if cseq else ""
    return f"RTSP/1.0 {status} x\r\n{number}{extra}\r\n{body}".encode()


@contextlib.asynccontextmanager
async def serving(peer):
    """The peer, listening on loopback."""
    server = await asyncio.start_server(peer.handle, "127.0.0.1", 0, limit=1 << 20)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for writer in list(peer.writers):
            writer.transport.abort()
        await asyncio.sleep(0)


def packet(payload, *, sequence=0, timestamp=0, marker=False, payload_type=96, first=0x80, tail=b""):
    """An RTP packet."""
    second = payload_type | (0x80 if marker else 0)
    return struct.pack(">BBHII", first, second, sequence & 0xFFFF, timestamp, 1) + tail + payload


def interleaved(data, channel=0):
    return struct.pack(">BBH", 0x24, channel, len(data)) + data
