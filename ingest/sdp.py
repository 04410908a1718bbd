"""Reads from a session description (SDP, RFC 8866) the one video track that a look will ask for."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Final

from ingest.failure import LookFailedError
from models.look import Outcome

_CODECS: Final = {"H264": "h264", "H265": "h265", "HEVC": "h265", "JPEG": "mjpeg"}
_SPROP: Final = {
    "h264": ("sprop-parameter-sets",),
    "h265": ("sprop-vps", "sprop-sps", "sprop-pps"),
    "mjpeg": (),
}
_STATIC_JPEG: Final = "26"  # RFC 3551, table 5
_LONGEST_SET: Final = 4096  # bytes; a real parameter set has 10 to 100
_MOST_SETS: Final = 16  # of one kind
_MOST_LINES: Final = 4096


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """What is needed to set a track up and to take its packets apart.

    Attributes:
        codec: ``h264``, ``h265`` or ``mjpeg``.
        payload_type: RTP payload type, 0–127.
        control: The track's own control URL, absolute, relative or empty.
        session_control: The control URL of the whole session, likewise; ``*`` means the base.
        parameter_sets: NAL units announced out of band, without start codes, in order.
    """

    codec: str
    payload_type: int
    control: str = ""
    session_control: str = ""
    parameter_sets: tuple[bytes, ...] = ()


@dataclass(slots=True)
class _Section:
    """One ``m=`` section (or the part before the first), as its attributes come."""

    media: list[str] = field(default_factory=list)
    control: str = ""
    encodings: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)


def parse_video(description: bytes) -> VideoTrack:
    """The first video track in a codec that can be decoded.

    Raises:
        LookFailedError: ``UNDECODABLE`` when no track fits, ``MALFORMED`` when this is no SDP at all.
    """
    sections = _sections(description.decode("utf-8", "replace"))
    for section in sections[1:]:
        if section.media[0] != "video":
            continue
        for payload_type in section.media[3:]:
            encoding = section.encodings.get(
                payload_type, "JPEG/90000" if payload_type == _STATIC_JPEG else ""
            )
            codec = _CODECS.get(encoding.partition("/")[0].upper())
            if codec is None or not (
                payload_type.isascii() and payload_type.isdigit() and len(payload_type) <= 3
            ):
                continue
            parameters = _format_parameters(section.parameters.get(payload_type, ""))
            _refuse_interleaving(parameters)
            return VideoTrack(
                codec=codec,
                payload_type=int(payload_type) & 0x7F,
                control=section.control,
                session_control=sections[0].control,
                parameter_sets=_parameter_sets(codec, parameters),
            )
    raise LookFailedError(Outcome.UNDECODABLE, "the camera offers no video in H.264, H.265 or JPEG")


def _sections(text: str) -> list[_Section]:
    sections = [_Section()]
    lines = text.splitlines()[:_MOST_LINES]
    if not any(line.startswith("v=") for line in lines[:3]):
        raise LookFailedError(Outcome.MALFORMED, "the description is not an SDP")
    for line in lines:
        kind, _, value = line.partition("=")
        if kind == "m":
            sections.append(_Section(media=value.split() or [""]))
        elif kind == "a":
            name, _, content = value.strip().partition(":")
            payload_type, _, rest = content.strip().partition(" ")
            if name == "control":
                sections[-1].control = content.strip()
            elif name == "rtpmap":
                sections[-1].encodings[payload_type] = rest.strip()
            elif name == "fmtp":
                sections[-1].parameters[payload_type] = rest
    return sections


def _format_parameters(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in re.split(r"[;\s]+", text))
    return {name.lower(): value for name, _, value in pairs if name}


def _refuse_interleaving(parameters: dict[str, str]) -> None:
    """Refuse NAL units out of decoding order (mode 2 of RFC 6184, DON of RFC 7798): no camera sends them."""
    if parameters.get("packetization-mode", "0") == "2" or parameters.get("sprop-max-don-diff", "0") != "0":
        raise LookFailedError(
            Outcome.UNDECODABLE, "the camera sends NAL units interleaved, which is not supported"
        )


def _parameter_sets(codec: str, parameters: dict[str, str]) -> tuple[bytes, ...]:
    """Announced sets. One that is not base64 is left out: the same set usually comes in band as well."""
    found: list[bytes] = []
    for name in _SPROP[codec]:
        for text in parameters.get(name, "").split(",")[:_MOST_SETS]:
            try:
                unit = base64.b64decode(text.encode("ascii"), validate=True)
            except (binascii.Error, UnicodeEncodeError):
                continue
            unit = re.sub(rb"\A\x00{2,3}\x01", b"", unit)  # some cameras announce them with a start code
            if 2 < len(unit) <= _LONGEST_SET:
                found.append(unit)
    return tuple(found)
