"""Turn any film into what sample cameras play: H.264 without B pictures, a key picture every two seconds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.bitstream import BitStreamFilterContext
from av.codec.context import ThreadType
from av.video.frame import PictureType

from base.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import numpy as np
    from av.container import InputContainer, OutputContainer
    from av.video.codeccontext import VideoCodecContext

    Progress = Callable[[float], None]
    """Told the finished share, 0–1."""

KEY_SECONDS = 2  # between key pictures, as cameras are commonly set
MAX_KEY_SECONDS = 4  # a source with rarer key pictures is encoded anew
MAX_FPS = 25
MAX_SECONDS = 300  # of a clip that are used: the server keeps clips in memory
MAX_PIXELS = 3840 * 2160  # of a source's picture
OUTPUT_PIXELS = (1280, 720)  # larger sources are scaled down into this
FORMATS = "avi,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2"  # no playlists: those name other files and hosts
# A fixed number of threads, so that the bytes do not depend on the machine's.
X264 = "keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:threads=2"


@dataclass(frozen=True)
class VideoFacts:
    """What a prepared clip is: pixels, pictures a second, seconds."""

    width: int
    height: int
    fps: float
    duration: float
    codec: str


def describe(file: Path) -> VideoFacts:
    """Facts of a prepared clip.

    Raises:
        InvalidInputError: Its first key picture cannot be decoded.
    """
    try:
        with _open(file) as container:
            stream = container.streams.video[0]
            frame = next(container.decode(stream))
            return VideoFacts(
                frame.width,
                frame.height,
                round(float(stream.average_rate or 0), 3),
                round(float((stream.duration or 0) * (stream.time_base or 0)), 3),
                stream.codec_context.name,
            )
    except (av.FFmpegError, StopIteration, IndexError) as err:
        raise InvalidInputError(f"{file.name} has no picture that can be decoded.") from err


def prepare_file(source: Path, target: Path, progress: Progress) -> None:
    """Remux ``source`` where its H.264 suits already, encode it anew where not; sound is left out.

    Raises:
        InvalidInputError: No video that can be read to its end; one sentence says why.
    """
    try:
        if _suits(source):
            _remux(source, target, progress)
        else:
            _transcode(source, target, progress)
    except av.FFmpegError as err:
        reason = (err.strerror or str(err)).lower()
        raise InvalidInputError(f"{source.name} cannot be read as video: {reason}.") from err


def prepare_pictures(
    pictures: Iterable[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]],
    count: int,
    fps: int,
    target: Path,
    progress: Progress,
) -> None:
    """Encode drawn pictures (height × width × 3, BGR), ``count`` of them."""
    frames = (
        (index / fps, av.VideoFrame.from_ndarray(picture, format="bgr24"))
        for index, picture in enumerate(pictures)
    )
    _encode(frames, Fraction(fps), target, lambda seconds: progress(seconds * fps / count))


def first_key_picture(file: Path) -> list[bytes]:
    """The NAL units, without start codes, of a prepared clip's first access unit and its parameter sets."""
    with _open(file) as container:
        stream = container.streams.video[0]
        to_annex_b = BitStreamFilterContext("h264_mp4toannexb", stream)
        packet = next(p for p in container.demux(stream) if p.size)
        data = b"".join(bytes(part) for part in to_annex_b.filter(packet))
    return [nal.rstrip(b"\x00") for nal in data.split(b"\x00\x00\x01") if nal.rstrip(b"\x00")]


def _open(file: Path) -> InputContainer:
    # The absolute path, as a name such as "http:x.mp4" would else be taken for an address.
    return av.open(str(file.absolute()), options={"format_whitelist": FORMATS, "protocol_whitelist": "file"})


def _suits(source: Path) -> bool:
    """Whether the file is H.264 that a camera could send as it is."""
    with _open(source) as container:
        if not container.streams.video:
            raise InvalidInputError(f"{source.name} has no video in it.")
        stream = container.streams.video[0]
        codec, base = stream.codec_context, stream.time_base
        if codec.width * codec.height > MAX_PIXELS:
            raise InvalidInputError(f"{source.name} has pictures of more than {MAX_PIXELS} pixels.")
        fits = codec.width <= OUTPUT_PIXELS[0] and codec.height <= OUTPUT_PIXELS[1]
        plain = codec.name == "h264" and codec.pix_fmt in {"yuv420p", "yuvj420p"}
        avcc = (codec.extradata or b"").startswith(b"\x01")  # parameter sets out of band, as MP4 has them
        if not (plain and fits and avcc and base) or codec.has_b_frames:
            return False
        last_key, last = None, None
        for packet in container.demux(stream):
            if not packet.size:
                continue
            if packet.pts is None or packet.pts != packet.dts or (last is not None and packet.pts <= last):
                return False
            last = packet.pts
            last_key = packet.pts if packet.is_keyframe else last_key
            if packet.is_corrupt or last_key is None or (last - last_key) * base > MAX_KEY_SECONDS:
                return False
            if last * base > MAX_SECONDS:
                return False
        return last is not None


def _remux(source: Path, target: Path, progress: Progress) -> None:
    with _open(source) as container, _create(target) as output:
        stream = container.streams.video[0]
        copy = output.add_stream_from_template(stream)
        whole = float((stream.duration or 0) * (stream.time_base or 0)) or 1.0
        for packet in container.demux(stream):
            if packet.size:
                progress(min(1.0, float((packet.pts or 0) * (packet.time_base or 0)) / whole))
                packet.stream = copy
                output.mux(packet)
    progress(1.0)


def _transcode(source: Path, target: Path, progress: Progress) -> None:
    with _open(source) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_type = ThreadType.AUTO
        rate = stream.average_rate or Fraction(MAX_FPS)
        whole = min(MAX_SECONDS, (container.duration or 0) / av.time_base) or 1.0

        def frames() -> Iterator[tuple[float, av.VideoFrame]]:
            for index, frame in enumerate(container.decode(stream)):
                seconds = frame.time if frame.pts is not None else float(index / rate)
                if seconds >= MAX_SECONDS:
                    return
                yield seconds, frame

        fps = min(max(rate, Fraction(1)), Fraction(MAX_FPS)).limit_denominator(1001)
        if not _encode(frames(), fps, target, lambda seconds: progress(min(1.0, seconds / whole))):
            raise InvalidInputError(f"{source.name} has no picture in it.")


def _encode(
    frames: Iterable[tuple[float, av.VideoFrame]], fps: Fraction, target: Path, progress: Progress
) -> int:
    """Encode timed frames on a steady grid of ``fps``; a frame that falls on a taken place is left out.

    Returns:
        How many frames were encoded.
    """
    count, last = 0, -1
    with _create(target) as output:
        encoder: VideoCodecContext | None = None
        for seconds, frame in frames:
            tick = round(seconds * fps)
            if tick <= last:
                continue
            last = tick
            if encoder is None:
                stream = output.add_stream("libx264", rate=fps)
                encoder = stream.codec_context
                encoder.width, encoder.height = _output_size(frame.width, frame.height)
                encoder.pix_fmt = "yuv420p"
                gop = round(fps * KEY_SECONDS)
                options = {"preset": "veryfast", "crf": "26", "profile": "main"}
                encoder.options = options | {"x264-params": X264.format(gop=gop)}
            picture = frame.reformat(encoder.width, encoder.height, "yuv420p")
            picture.pts, picture.time_base, picture.pict_type = tick, 1 / fps, PictureType.NONE
            for packet in encoder.encode(picture):
                packet.stream = stream
                output.mux(packet)
            count += 1
            progress(seconds)
        if encoder is not None:
            for packet in encoder.encode():
                packet.stream = stream
                output.mux(packet)
    return count


def _output_size(width: int, height: int) -> tuple[int, int]:
    """The size scaled down into ``OUTPUT_PIXELS``, both sides even as 4:2:0 needs them."""
    shrink = min(1.0, OUTPUT_PIXELS[0] / width, OUTPUT_PIXELS[1] / height)
    return max(2, int(width * shrink) // 2 * 2), max(2, int(height * shrink) // 2 * 2)


def _create(target: Path) -> OutputContainer:
    # bitexact: no encoder version or date in the file, so that the same source gives the same bytes.
    return av.open(str(target), "w", format="mp4", options={"fflags": "+bitexact"})
