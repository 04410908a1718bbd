"""One TCP connection to a camera: RTSP requests out; answers, packets and the end of it in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ingest.failure import LookFailedError
from ingest.rtp import SenderClock
from ingest.wire import InterleavedParser, Message
from models.look import Outcome

if TYPE_CHECKING:
    from ingest.limits import LookLimits
    from ingest.rtp import KeyPicture, RtpReceiver
    from ingest.target import Target


class RtspConnection(asyncio.BufferedProtocol):
    """One connection: requests out; responses, packets and the end of it in.

    Whatever ends the connection is kept, and raised by the present and every later wait.
    """

    def __init__(self, limits: LookLimits) -> None:
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.clock = SenderClock()
        self._goodbye_s = limits.goodbye_s
        self._parser = InterleavedParser(limits, self._on_message, self._on_packet)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Message] | None = None  # awaited now
        self._picture: asyncio.Future[KeyPicture] = loop.create_future()
        self._failure: LookFailedError | None = None
        self._leaving = False
        self._patience: asyncio.TimerHandle | None = None
        self._sequence = 0
        self._receiver: RtpReceiver | None = None
        self._channels = (0, 1)

    @property
    def bytes_received(self) -> int:
        """Bytes read from the peer so far."""
        return self._parser.bytes_received

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The peer accepted."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the base class names it
        """Where the event loop is to read into."""
        return self._parser.room()

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come."""
        try:
            self._parser.received(nbytes)
        except LookFailedError as err:
            self._fail(err)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - resets and ends are told alike
        """The connection is over, by whoever's will."""
        if self.bytes_received == 0:
            failure = LookFailedError(Outcome.UNREACHABLE, "the connection was closed before an answer")
        elif self._receiver is None or self._answer is not None:
            failure = LookFailedError(Outcome.REFUSED, "the camera closed the connection during set-up")
        else:
            failure = LookFailedError(
                Outcome.NO_KEY_PICTURE, "the stream ended before a key picture was whole"
            )
        self._fail(failure)
        self._parser.close()
        if self._patience is not None:
            self._patience.cancel()
        if not self.closed.done():
            self.closed.set_result(None)

    async def exchange(self, method: str, uri: str, headers: str) -> Message:
        """Send a request and wait for its response.

        Raises:
            LookFailedError: The connection ended or broke a limit first.
        """
        if self._failure is not None:
            raise self._failure
        self._answer = asyncio.get_running_loop().create_future()
        try:
            self._send(method, uri, headers)
            return await self._answer
        finally:
            self._answer = None

    def receive(self, receiver: RtpReceiver, channels: tuple[int, int]) -> None:
        """From now on, pass packets of these RTP and RTCP channels on."""
        self._receiver, self._channels = receiver, channels

    async def picture(self) -> KeyPicture:
        """Wait for the first key picture.

        Raises:
            LookFailedError: The stream ended or broke a limit first.
        """
        return await self._picture

    def leave(self, teardown: tuple[str, str] | None = None) -> None:
        """Close, after a last request whose answer is waited for in the background and for a bounded time.

        Closing at once would leave unread packets, for which the kernel resets the connection, and a reset
        may overtake the request: cameras that then keep the session run out of sessions.
        """
        if self._transport is None or self._transport.is_closing():
            return
        self._leaving = True
        if teardown is None:
            self._transport.close()
        else:
            self._send("TEARDOWN", *teardown)
        self._patience = asyncio.get_running_loop().call_later(self._goodbye_s, self._transport.abort)

    def _send(self, method: str, uri: str, headers: str) -> None:
        assert self._transport is not None
        self._sequence += 1
        self._transport.write(f"{method} {uri} RTSP/1.0\r\nCSeq: {self._sequence}\r\n{headers}\r\n".encode())

    def _on_message(self, message: Message) -> None:
        if message.status is None or message.header("cseq") not in {str(self._sequence), ""}:
            return  # a request of the server's, or an answer to something given up
        if self._leaving:
            assert self._transport is not None
            self._transport.close()
        elif self._answer is not None and not self._answer.done():
            self._answer.set_result(message)

    def _on_packet(self, channel: int, view: memoryview, start: int, stop: int) -> None:
        if self._receiver is None or self._picture.done():
            return
        if channel == self._channels[0]:
            picture = self._receiver.feed(view, start, stop)
            if picture is not None:
                self._picture.set_result(picture)
        elif channel == self._channels[1]:
            self.clock.report(view, start, stop)

    def _fail(self, failure: LookFailedError) -> None:
        self._failure = self._failure or failure
        for awaited in (self._answer, self._picture):
            if awaited is not None and not awaited.done():
                awaited.set_exception(self._failure)
                awaited.exception()  # marks it as seen: often nobody waits for this one any more
        if self._transport is not None:
            self._transport.abort()


async def connect(target: Target, limits: LookLimits) -> RtspConnection:
    """Connect to a checked address.

    Raises:
        LookFailedError: ``UNREACHABLE``.
    """
    loop = asyncio.get_running_loop()
    try:
        _, connection = await loop.create_connection(
            lambda: RtspConnection(limits), target.ip, target.location.port
        )
    except OSError as err:
        raise LookFailedError(Outcome.UNREACHABLE, "nothing accepts a connection there") from err
    return connection
