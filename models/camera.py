"""Value types of a camera: its state, and how to log in to its stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum


class CameraState(IntEnum):
    """What is known of a camera, in the order of the console's legend."""

    UNKNOWN = 0
    ONLINE = 1
    DEGRADED = 2
    """It answers, and its picture cannot be judged."""
    OFFLINE = 3


@dataclass(frozen=True, slots=True)
class StreamLogin:
    """What the catalogue says of a stream: its URL, without credentials, and the credentials apart."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
