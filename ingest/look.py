"""One look at one camera: from an address to a picture, or to a value that says why there is none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from base.errors import InvalidInputError
from ingest.connection import RtspConnection, connect
from ingest.decode import PictureDecoder
from ingest.digest import Authoriser
from ingest.failure import LookFailedError
from ingest.limits import LookLimits
from ingest.rtsp import RtspSession
from ingest.snapshot import SnapshotSession
from ingest.target import SNAPSHOT_SCHEMES, Lookup, TargetPolicy, resolve, split_url, system_lookup
from models.look import Frame, Look, Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from base.clock import Clock
    from ingest.rtp import KeyPicture
    from ingest.sdp import VideoTrack
    from ingest.target import CameraAddress, Location, Target

    _Found = tuple[KeyPicture, datetime] | str

_WHILE: Final = {
    "connect": "connecting",
    "describe": "asking what the camera offers",
    "setup": "setting up the stream",
    "play": "starting the stream",
    "picture": "waiting for a picture",
    "decode": "decoding",
}


class _Progress:
    """Where a look stands: its stage, how long each finished one took, and what it has read."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock.monotonic()
        self.stage = ""
        self.stages_ms: dict[str, float] = {}
        self.connections: list[RtspConnection] = []
        self._read = 0

    def enter(self, stage: str) -> None:
        """The next stage begins. After a redirect a stage comes again and its time is added."""
        now = self._clock.monotonic()
        if self.stage:
            self.stages_ms[self.stage] = self.stages_ms.get(self.stage, 0.0) + (now - self._since) * 1e3
        self.stage, self._since = stage, now

    def failed(self, outcome: Outcome, detail: str) -> Look:
        return Look(outcome, None, self.stage, detail, self.stages_ms, self.bytes_received)

    def read(self, count: int) -> None:
        """So many bytes came, over no RTSP connection."""
        self._read += count

    @property
    def bytes_received(self) -> int:
        return self._read + sum(connection.bytes_received for connection in self.connections)


class Looker:
    """Takes looks. One serves a whole process; any number of looks may be in flight on its event loop.

    Args:
        policy: Where looks may go.
        clock: Source of capture times and durations.
        limits: What a camera may make a look spend.
        decode_threads: Pictures decoded at once.
        lookup: Resolves host names.
    """

    def __init__(
        self,
        policy: TargetPolicy,
        clock: Clock,
        limits: LookLimits | None = None,
        *,
        decode_threads: int = 2,
        lookup: Lookup = system_lookup,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._limits = limits or LookLimits()
        self._decoder = PictureDecoder(decode_threads, self._limits.picture_pixels)
        self._lookup = lookup
        self._connections: set[RtspConnection] = set()

    async def look(self, address: CameraAddress, *, deadline_s: float = 10.0, max_width: int = 640) -> Look:
        """Take one picture: the stream's next key picture, or the JPEG at an HTTP address.

        Args:
            address: The camera.
            deadline_s: Seconds within which everything, decoding included, must be done.
            max_width: A wider picture is scaled down to this many pixels.

        Returns:
            The picture or the reason for its absence; nothing that the camera does is raised.
        """
        progress = _Progress(self._clock)
        try:
            async with asyncio.timeout(deadline_s):
                return await self._look(address, max_width, progress)
        except TimeoutError:
            return progress.failed(Outcome.TIMED_OUT, f"the deadline passed while {_WHILE[progress.stage]}")
        except LookFailedError as failure:
            return progress.failed(failure.outcome, failure.detail)

    async def aclose(self) -> None:
        """Wait for open connections to say goodbye, which is bounded, and end the decoding threads."""
        while self._connections:
            await asyncio.wait([connection.closed for connection in self._connections])
        await asyncio.to_thread(self._decoder.close)

    async def _look(self, address: CameraAddress, max_width: int, progress: _Progress) -> Look:
        location = first = split_url(address.url)
        for _ in range(1 + self._limits.redirects):
            progress.enter("connect")
            target = await self._allowed(location, first)
            # Credentials were given for one host; no server may have them sent to another.
            known = location.host == first.host
            authoriser = Authoriser(address.username, address.password) if known else Authoriser("", "")
            way = self._snapshot if location.scheme in SNAPSHOT_SCHEMES else self._stream
            found = await way(target, authoriser, progress)
            if isinstance(found, str):
                location = _redirected(found, location)
                continue
            return await self._decoded(*found, max_width, progress)
        raise LookFailedError(Outcome.REDIRECTED_AWAY, "the camera sends us on too often")

    async def _allowed(self, location: Location, first: Location) -> Target:
        try:
            return await resolve(location, self._policy, self._lookup)
        except LookFailedError as failure:
            if location is not first and failure.outcome is Outcome.NOT_ALLOWED:
                raise LookFailedError(
                    Outcome.REDIRECTED_AWAY, f"the camera sends us on, but {failure}"
                ) from failure
            raise

    async def _stream(self, target: Target, authoriser: Authoriser, progress: _Progress) -> _Found:
        """The stream's next key picture, or the URL that the camera sends us on to."""
        connection = await self._connect(target, progress)
        session = RtspSession(connection, target.location.url, authoriser, self._limits)
        try:
            progress.enter("describe")
            offer = await session.describe()
            if isinstance(offer, str):
                return offer
            compressed = await _take(session, connection, offer, progress)
            return compressed, connection.clock.captured_at(compressed.timestamp, self._clock.now())
        finally:
            session.leave()

    async def _snapshot(self, target: Target, authoriser: Authoriser, progress: _Progress) -> _Found:
        """The picture that one GET brings, or the URL that the camera sends us on to."""
        session = SnapshotSession(target, authoriser, self._limits, progress.read)
        try:
            await session.connect()
            progress.enter("picture")
            found = await session.picture()
            return found if isinstance(found, str) else (found, self._clock.now())
        finally:
            session.leave()

    async def _decoded(
        self, compressed: KeyPicture, captured_at: datetime, max_width: int, progress: _Progress
    ) -> Look:
        progress.enter("decode")
        picture = await self._decoder.decode(compressed, max_width)
        progress.enter("decode")
        frame = Frame(
            picture.pixels, captured_at, picture.source_width, picture.source_height, compressed.codec
        )
        return Look(
            Outcome.PICTURE, frame, "decode", "", progress.stages_ms, progress.bytes_received, picture.cpu_ms
        )

    async def _connect(self, target: Target, progress: _Progress) -> RtspConnection:
        connection = await connect(target, self._limits)
        progress.connections.append(connection)
        self._connections.add(connection)
        connection.closed.add_done_callback(lambda _: self._connections.discard(connection))
        return connection


async def _take(
    session: RtspSession, connection: RtspConnection, track: VideoTrack, progress: _Progress
) -> KeyPicture:
    progress.enter("setup")
    await session.setup(track)
    progress.enter("play")
    await session.play()
    progress.enter("picture")
    return await connection.picture()


def _redirected(url: str, sender: Location) -> Location:
    """Where a camera sends us on to; it stays with its own protocol."""
    try:
        location = split_url(url)
    except InvalidInputError as err:
        raise LookFailedError(Outcome.REDIRECTED_AWAY, f"the camera sends us on, but {err.detail}") from err
    if (location.scheme in SNAPSHOT_SCHEMES) != (sender.scheme in SNAPSHOT_SCHEMES):
        raise LookFailedError(Outcome.REDIRECTED_AWAY, "the camera sends us on to another protocol")
    return location
