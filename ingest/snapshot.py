"""A JPEG snapshot over HTTP (RFC 9110): one GET, answered with one picture, or with the first of many."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

import h11

from ingest.failure import LookFailedError
from ingest.jpeg_file import START, scan_jpeg
from ingest.rtp import KeyPicture
from models.look import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.digest import Authoriser
    from ingest.limits import LookLimits
    from ingest.target import Target

_READ: Final = 64 << 10
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_REASONS: Final = {
    401: (Outcome.UNAUTHORISED, "the camera did not accept the credentials"),
    403: (Outcome.UNAUTHORISED, "the camera forbids this user to look"),
    404: (Outcome.NOT_FOUND, "the camera has no such picture"),
}


class _HungUpError(LookFailedError):
    """The camera closed the connection instead of answering."""


class SnapshotSession:
    """Asks one camera for one picture, on one connection or, where the camera closes it after a 401, on two.

    Args:
        target: Where; the connection goes to its checked address.
        authoriser: Signs the second request when the first is refused.
        limits: Bounds on the answer.
        received: Told of every read how many bytes it brought.
    """

    def __init__(
        self, target: Target, authoriser: Authoriser, limits: LookLimits, received: Callable[[int], None]
    ) -> None:
        self._target = target
        self._authoriser = authoriser
        self._limits = limits
        self._received = received
        self._read_bytes = self._answered_at = 0
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=limits.head_bytes)

    async def connect(self) -> None:
        """Open the connection.

        Raises:
            LookFailedError: ``UNREACHABLE``.
        """
        location = self._target.location
        secure = _unverified() if location.scheme == "https" else None
        name = location.host if secure else None
        try:
            self._streams = await asyncio.open_connection(
                self._target.ip, location.port, ssl=secure, server_hostname=name
            )
        except OSError as err:  # what TLS refuses is one, too
            raise LookFailedError(Outcome.UNREACHABLE, "nothing accepts a connection there") from err

    async def picture(self) -> KeyPicture | str:
        """The picture, or the URL that the camera sends us on to.

        Raises:
            LookFailedError: There is no picture to be had.
        """
        for again in (False, True, True):  # without credentials, with them, and once more for a stale nonce
            answer, body = await self._exchange(again=again)
            status = answer.status_code
            if status == 200:
                return KeyPicture("jpeg", _jpeg_of(body, _header(answer, b"content-type")), -1)
            if status in _REDIRECTS:
                return _joined(self._target.location.url, _header(answer, b"location"))
            challenges = [
                value.decode("latin-1") for name, value in answer.headers if name == b"www-authenticate"
            ]
            if status != 401 or not self._authoriser.accept(challenges, again=again):
                break
            await self._ready_for_next()
        unnamed = (Outcome.REFUSED, f"the camera refused the picture ({status})")
        raise LookFailedError(*_REASONS.get(status, unnamed))

    def leave(self) -> None:
        """Close; an answer that is still coming is not waited for."""
        if self._streams is not None:
            self._streams[1].transport.abort()

    async def _ready_for_next(self) -> None:
        """Use the connection again if the camera says that it keeps it."""
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        else:
            await self._renew()

    async def _renew(self) -> None:
        self.leave()
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=self._limits.head_bytes)
        await self.connect()

    async def _exchange(self, *, again: bool) -> tuple[h11.Response, bytes]:
        try:
            try:
                return await self._exchanged()
            except _HungUpError:
                if not again:
                    raise
            # It closed the connection after its challenge, too late to be noticed before.
            await self._renew()
            return await self._exchanged()
        except h11.RemoteProtocolError as err:
            raise LookFailedError(Outcome.MALFORMED, "the camera's answer is no HTTP") from err
        except OSError as err:
            raise LookFailedError(
                Outcome.UNREACHABLE, "the connection broke before the picture was whole"
            ) from err

    async def _exchanged(self) -> tuple[h11.Response, bytes]:
        assert self._streams is not None
        _, writer = self._streams
        location = urlsplit(self._target.location.url)
        path = (location.path or "/") + (f"?{location.query}" if location.query else "")
        signed = self._authoriser.header("GET", path).removesuffix("\r\n").partition(": ")[2]
        headers = [("Host", location.netloc), ("User-Agent", "Dengta"), ("Accept", "image/jpeg, */*;q=0.5")]
        headers += [("Authorization", signed)] if signed else []
        request = self._http.send(h11.Request(method="GET", target=path, headers=headers))
        end = self._http.send(h11.EndOfMessage())
        writer.write((request or b"") + (end or b""))
        self._answered_at = self._read_bytes
        answer: h11.Response | None = None
        body = bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                await self._read()
            elif isinstance(event, h11.Response):
                answer = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > self._limits.picture_bytes:
                    raise LookFailedError(Outcome.TOO_LARGE, "the picture is too large")
                if answer is not None and _is_moving(answer) and _first_part(body):
                    return answer, bytes(body)
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                assert answer is not None  # h11 lets no end come before an answer
                return answer, bytes(body)

    async def _read(self) -> None:
        assert self._streams is not None
        data = await self._streams[0].read(_READ)
        if not data and self._read_bytes == self._answered_at:
            raise _HungUpError(Outcome.UNREACHABLE, "the connection was closed before an answer")
        self._received(len(data))
        self._read_bytes += len(data)
        if self._read_bytes > self._limits.look_bytes:
            raise LookFailedError(Outcome.TOO_LARGE, "the camera sends more than a look may read")
        self._http.receive_data(data)


def _unverified() -> ssl.SSLContext:
    """Cameras sign their certificates themselves: TLS hides the picture here, and vouches for nobody."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _header(answer: h11.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for each, value in answer.headers if each == name), "")


def _is_moving(answer: h11.Response) -> bool:
    """Whether pictures follow each other without end, as some cameras answer even for a snapshot."""
    return _header(answer, b"content-type").lower().startswith("multipart/")


def _first_part(body: bytes | bytearray) -> bytes:
    """The first picture of a moving one; empty until it is whole."""
    start = body.find(START)
    picture = body[start:] if start >= 0 else b""
    found = scan_jpeg(picture)
    return bytes(picture[: found.end]) if found is not None and found.end is not None else b""


def _jpeg_of(body: bytes, content_type: str) -> bytes:
    data = _first_part(body) if content_type.lower().startswith("multipart/") else body
    if not data.startswith(START):
        raise LookFailedError(Outcome.UNDECODABLE, "what the camera sent is no JPEG picture")
    return data


def _joined(base: str, location: str) -> str:
    try:
        url = urljoin(base, location)
    except ValueError as err:
        raise LookFailedError(Outcome.MALFORMED, "the camera sent an unusable URL") from err
    if not location or not url.isascii() or not url.isprintable():
        raise LookFailedError(Outcome.MALFORMED, "the camera sent an unusable URL")
    return url
