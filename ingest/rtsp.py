"""The RTSP dialogue (RFC 2326) that ends with the packets of one video track coming in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from ingest.failure import LookFailedError
from ingest.jpeg import JpegAssembler
from ingest.nal import H264Assembler, H265Assembler
from ingest.rtp import RtpReceiver
from ingest.sdp import VideoTrack, parse_video
from models.look import Outcome

if TYPE_CHECKING:
    from ingest.connection import RtspConnection
    from ingest.digest import Authoriser
    from ingest.limits import LookLimits
    from ingest.rtp import Assembler
    from ingest.wire import Message

_REASONS: Final = {
    401: (Outcome.UNAUTHORISED, "the camera did not accept the credentials"),
    403: (Outcome.UNAUTHORISED, "the camera forbids this user to look"),
    404: (Outcome.NOT_FOUND, "the camera has no such stream"),
    454: (Outcome.REFUSED, "the camera forgot the session (454)"),
    461: (Outcome.REFUSED, "the camera does not send over TCP (461)"),
}
_MOST_TRIES: Final = 3  # without credentials, with them, and once more for a stale nonce
_SESSION: Final = re.compile(r"[\x21-\x3a\x3c-\x7e]{1,256}")  # printable, without the semicolon that ends it
_CHANNELS: Final = re.compile(r"interleaved=(\d{1,3})(?:-(\d{1,3}))?")
_SENDABLE: Final = re.compile(r"[\x21-\x7e]{1,2048}")  # what may stand in a request line


class RtspSession:
    """The dialogue with one camera: describe, set up, play, take one key picture, leave."""

    def __init__(
        self, connection: RtspConnection, url: str, authoriser: Authoriser, limits: LookLimits
    ) -> None:
        self._connection = connection
        self._url = url
        self._base = url
        self._authoriser = authoriser
        self._limits = limits
        self._session = ""

    async def describe(self) -> VideoTrack | str:
        """Ask what there is. Returns the track to take, or the URL that the camera sends us on to.

        Raises:
            LookFailedError: The camera has or gives no video.
        """
        answer = await self._request("DESCRIBE", self._url, "Accept: application/sdp\r\n")
        if answer.status is not None and 300 <= answer.status < 400:
            return _joined(self._url, answer.header("location"))
        base = answer.header("content-base") or answer.header("content-location")
        self._base = _joined(self._url, base) if base else self._url
        return parse_video(answer.body)

    async def setup(self, track: VideoTrack) -> None:
        """Ask for the track's packets within this connection.

        Raises:
            LookFailedError: The camera does not give them.
        """
        uri = _control(self._base, track.control)
        self._base = _control(self._base, track.session_control)
        answer = await self._request("SETUP", uri, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n")
        session = answer.header("session").partition(";")[0].strip()
        if not _SESSION.fullmatch(session):
            raise LookFailedError(Outcome.MALFORMED, "the camera set up a session without a usable name")
        self._session = session
        channels = _CHANNELS.search(answer.header("transport"))
        first = int(channels[1]) if channels else 0
        second = int(channels[2]) if channels and channels[2] else first + 1
        receiver = RtpReceiver(track.payload_type, _assembler(track, self._limits))
        self._connection.receive(receiver, (first, second))

    async def play(self) -> None:
        """Start the stream. Packets may come before the answer does.

        Raises:
            LookFailedError: The camera does not start it.
        """
        await self._request("PLAY", self._base, "Range: npt=0.000-\r\n")

    def leave(self) -> None:
        """Give the session back, if there is one, and close."""
        if self._session:
            self._connection.leave((self._base, self._headers("TEARDOWN", self._base)))
        else:
            self._connection.leave()

    async def _request(self, method: str, uri: str, headers: str) -> Message:
        for attempt in range(_MOST_TRIES):
            answer = await self._connection.exchange(method, uri, self._headers(method, uri) + headers)
            status = answer.status or 0
            if status < 300 or (status < 400 and method == "DESCRIBE"):
                return answer
            challenged = status == 401 and self._authoriser.accept(
                answer.all("www-authenticate"), again=attempt > 0
            )
            if not challenged:
                break
        unnamed = (Outcome.REFUSED, f"the camera refused {method} ({status})")
        raise LookFailedError(*_REASONS.get(status, unnamed))

    def _headers(self, method: str, uri: str) -> str:
        session = f"Session: {self._session}\r\n" if self._session else ""
        return f"User-Agent: Dengta\r\n{session}{self._authoriser.header(method, uri)}"


def _assembler(track: VideoTrack, limits: LookLimits) -> Assembler:
    if track.codec == "h264":
        return H264Assembler(track.parameter_sets, limits)
    if track.codec == "h265":
        return H265Assembler(track.parameter_sets, limits)
    return JpegAssembler(limits)


def _joined(base: str, location: str) -> str:
    """An absolute URL from one that the server sent. It goes into a request line: it must be printable."""
    try:
        url = urljoin(base, location)
    except ValueError as err:
        raise LookFailedError(Outcome.MALFORMED, "the camera sent an unusable URL") from err
    if not location or not _SENDABLE.fullmatch(url):
        raise LookFailedError(Outcome.MALFORMED, "the camera sent an unusable URL")
    return url


def _control(base: str, control: str) -> str:
    """A track's URL. Cameras mean "append after a slash", whatever the rules of relative URLs say."""
    if control in {"", "*"}:
        return base
    if re.match(r"(?i)rtsp[su]?://", control):
        return _joined(base, control)
    return _joined(base, f"{base.rstrip('/')}/{control.lstrip('/')}")
