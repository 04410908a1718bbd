"""What a look at a camera yields: a frame, or an outcome that says why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray


class Outcome(StrEnum):
    """How a look ended. Every look ends in exactly one of these; none of them is an exception."""

    PICTURE = "picture"
    UNREACHABLE = "unreachable"
    """No route, no name, or the connection was refused or reset before an answer."""
    REFUSED = "refused"
    """The peer answered and would not serve (RTSP 4xx/5xx other than those named below)."""
    UNAUTHORISED = "unauthorised"
    NOT_FOUND = "not-found"
    TIMED_OUT = "timed-out"
    """The deadline passed; ``stage`` says where."""
    NO_KEY_PICTURE = "no-key-picture"
    """Media flowed, and the stream ended or was cut before a key picture was whole."""
    UNDECODABLE = "undecodable"
    TOO_LARGE = "too-large"
    REDIRECTED_AWAY = "redirected-away"
    """Sent to a host or scheme that the target policy does not allow."""
    NOT_ALLOWED = "not-allowed"
    """The address itself is outside the target policy; nothing was sent."""
    MALFORMED = "malformed"
    """The peer does not speak the protocol."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture.

    Attributes:
        pixels: Height × width × 3, uint8, BGR (OpenCV's order), contiguous.
        captured_at: When the picture was taken as well as can be known (arrival unless the stream says), UTC.
        source_width: Width of the picture before scaling, pixels.
        source_height: Height of the picture before scaling, pixels.
        codec: ``h264``, ``h265``, ``mjpeg`` or ``jpeg``.
    """

    pixels: NDArray[np.uint8]
    captured_at: datetime
    source_width: int
    source_height: int
    codec: str


@dataclass(frozen=True, slots=True)
class Look:
    """The result of one look.

    Attributes:
        outcome: How it ended.
        frame: The picture; present exactly when ``outcome`` is ``PICTURE``.
        stage: The last stage: ``connect``, ``describe``, ``setup``, ``play``, ``picture`` or ``decode``.
        detail: One sentence for people; never holds credentials.
        stages_ms: Wall milliseconds spent in each finished stage, in order.
        bytes_received: Bytes read from the peer.
        cpu_ms: CPU milliseconds of the decode, or 0 if none was done.
    """

    outcome: Outcome
    frame: Frame | None = None
    stage: str = ""
    detail: str = ""
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    bytes_received: int = 0
    cpu_ms: float = 0.0

    def __post_init__(self) -> None:
        if (self.frame is not None) != (self.outcome is Outcome.PICTURE):
            raise ValueError("a look has a frame exactly when its outcome is a picture")
