"""RTP packets of one track (RFC 3550): headers, loss, and the sender's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from ingest.failure import LookFailedError
from models.look import Outcome

_VERSION: Final = 2
_HEADER: Final = 12
_SENDER_REPORT: Final = 200
_NTP_EPOCH: Final = datetime(1900, 1, 1, tzinfo=UTC)
VIDEO_CLOCK: Final = 90_000  # Hz; every video payload format used here


@dataclass(frozen=True, slots=True)
class KeyPicture:
    """One whole compressed picture that needs no other.

    Attributes:
        codec: ``h264``, ``h265`` or ``mjpeg``.
        data: Annex B with its parameter sets, or a JPEG file.
        timestamp: The RTP timestamp it was sent with.
    """

    codec: str
    data: bytes
    timestamp: int


class Assembler(Protocol):
    """Puts the payloads of one codec together."""

    def payload(
        self, view: memoryview, start: int, stop: int, timestamp: int, *, marker: bool
    ) -> KeyPicture | None:
        """Take one packet's payload; returns a key picture once one is whole."""
        ...

    def lost(self) -> None:
        """Something is missing before the next payload."""
        ...


class RtpReceiver:
    """Follows one RTP stream and hands its payloads to an assembler.

    A gap in the sequence numbers, a late or repeated packet, or a new source counts as loss: what was half
    assembled is dropped. Over TCP packets keep their order, so nothing is gained by waiting for stragglers.
    """

    def __init__(self, payload_type: int, assembler: Assembler) -> None:
        self._payload_type = payload_type
        self._assembler = assembler
        self._expected = -1
        self._source = b""

    def feed(self, view: memoryview, start: int, stop: int) -> KeyPicture | None:
        """Take the packet in ``view[start:stop]``.

        Raises:
            LookFailedError: ``MALFORMED`` when it is no RTP; ``TOO_LARGE`` from the assembler.
        """
        body, end = payload_bounds(view, start, stop)
        sequence = view[start + 2] << 8 | view[start + 3]
        source = view[start + 8 : start + 12]
        if sequence != self._expected or source != self._source:
            self._assembler.lost()
            self._source = bytes(source)
        self._expected = (sequence + 1) & 0xFFFF
        if view[start + 1] & 0x7F != self._payload_type or body == end:
            return None
        timestamp = int.from_bytes(view[start + 4 : start + 8])
        return self._assembler.payload(view, body, end, timestamp, marker=view[start + 1] >= 0x80)


def payload_bounds(view: memoryview, start: int, stop: int) -> tuple[int, int]:
    """Where a packet's payload begins and ends: after CSRCs and extension, before padding.

    Raises:
        LookFailedError: ``MALFORMED`` when the packet is not RTP version 2 or its parts exceed it.
    """
    if stop - start < _HEADER or view[start] >> 6 != _VERSION:
        raise LookFailedError(Outcome.MALFORMED, "the peer sent a packet that is not RTP")
    first = view[start]
    body = start + _HEADER + 4 * (first & 0x0F)
    if first & 0x10 and body + 4 <= stop:
        body += 4 + 4 * (view[body + 2] << 8 | view[body + 3])
    elif first & 0x10:
        body = stop + 1
    end = stop - view[stop - 1] if first & 0x20 else stop
    if body > end:
        raise LookFailedError(Outcome.MALFORMED, "the peer sent an RTP packet whose parts exceed it")
    return body, end


class SenderClock:
    """Maps RTP timestamps to the sender's wall clock, once an RTCP sender report came (RFC 3550, 6.4.1)."""

    TRUSTED: Final = timedelta(seconds=30)
    """A camera whose clock is further off than this from arrival is not believed."""

    def __init__(self) -> None:
        self._wall: datetime | None = None
        self._timestamp = 0

    def report(self, view: memoryview, start: int, stop: int) -> None:
        """Take an RTCP packet. All but well-formed sender reports are ignored."""
        if stop - start < 28 or view[start] >> 6 != _VERSION or view[start + 1] != _SENDER_REPORT:
            return
        seconds = int.from_bytes(view[start + 8 : start + 16]) / 2**32
        if seconds:  # zero: the sender has no wall clock
            self._wall = _NTP_EPOCH + timedelta(seconds=seconds)
            self._timestamp = int.from_bytes(view[start + 16 : start + 20])

    def captured_at(self, timestamp: int, arrived_at: datetime) -> datetime:
        """When a picture with this RTP timestamp was taken: by the sender if believable, else its arrival."""
        if self._wall is None:
            return arrived_at
        ticks = (timestamp - self._timestamp + 2**31) % 2**32 - 2**31
        captured = self._wall + timedelta(seconds=ticks / VIDEO_CLOCK)
        return captured if abs(captured - arrived_at) <= self.TRUSTED else arrived_at
