"""Decodes one key picture and scales it, in a small pool of threads (libavcodec releases the GIL)."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import av
import av.error
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import Interpolation, VideoReformatter

from ingest.failure import LookFailedError
from ingest.jpeg_file import scan_jpeg
from models.look import Outcome

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from ingest.rtp import KeyPicture

_KEPT_PIXELS: Final = (
    4_000_000  # a decoder for larger pictures is not kept: it holds 1.5 bytes for each pixel
)
_DECODERS: Final = {"h264": "h264", "h265": "hevc", "mjpeg": "mjpeg"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture.

    Attributes:
        pixels: Height × width × 3, uint8, BGR, contiguous.
        source_width: Width before scaling, pixels.
        source_height: Height before scaling, pixels.
        cpu_ms: CPU milliseconds of the thread that decoded and scaled it.
    """

    pixels: NDArray[np.uint8]
    source_width: int
    source_height: int
    cpu_ms: float


class PictureDecoder:
    """A pool of decoding threads.

    Args:
        threads: How many pictures are decoded at once; each on one thread, which costs the least CPU in all.
        most_pixels: A larger picture is not decoded.
    """

    def __init__(self, threads: int, most_pixels: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        self._most_pixels = most_pixels
        self._benches = threading.local()

    async def decode(self, picture: KeyPicture, max_width: int) -> Picture:
        """Decode and scale.

        Args:
            picture: The compressed picture.
            max_width: A wider picture is scaled down to this many pixels, keeping its aspect.

        Raises:
            LookFailedError: ``UNDECODABLE``.
        """
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._work, picture, max_width)

    def close(self) -> None:
        """End the threads; what they are at is finished first."""
        self._pool.shutdown()

    def _work(self, picture: KeyPicture, max_width: int) -> Picture:
        bench: _Bench | None = getattr(self._benches, "mine", None)
        if bench is None:
            bench = self._benches.mine = _Bench(self._most_pixels)
        return bench.work(picture, max_width)


class _Bench:
    """What one thread keeps from picture to picture: decoders and scaler.

    A decoder that is used again has its picture buffers at hand; a new one spends 2 ms on page faults for a
    1080p picture. What a broken picture leaves undecoded would show the buffer's last content, a picture of
    another camera: hence each picture is wiped after use, and a decoder that did anything unusual is dropped.
    """

    def __init__(self, most_pixels: int) -> None:
        self._most_pixels = most_pixels
        self._decoders: dict[str, VideoCodecContext] = {}
        self._scaler = VideoReformatter()

    def work(self, picture: KeyPicture, max_width: int) -> Picture:
        started = time.thread_time()
        if picture.codec == "jpeg":
            pixels, width, height = _snapshot(picture.data, max_width, self._most_pixels)
            return Picture(pixels, width, height, (time.thread_time() - started) * 1e3)
        decoder = self._decoders.pop(picture.codec, None) or self._new_decoder(picture.codec)
        try:
            frames = [*decoder.decode(av.Packet(picture.data)), *decoder.decode(None)]
            if not frames or frames[0].is_corrupt:
                raise LookFailedError(Outcome.UNDECODABLE, "the key picture is damaged")
            frame = frames[0]
            pixels = self._scaled(frame, max_width)
        except (av.error.FFmpegError, ValueError) as err:
            raise LookFailedError(Outcome.UNDECODABLE, "the key picture cannot be decoded") from err
        width, height = frame.width, frame.height
        if len(frames) == 1 and width * height <= _KEPT_PIXELS:
            for plane in frame.planes:
                np.frombuffer(memoryview(plane), np.uint8)[:] = 0
            decoder.flush_buffers()
            self._decoders[picture.codec] = decoder
        return Picture(pixels, width, height, (time.thread_time() - started) * 1e3)

    def _new_decoder(self, codec: str) -> VideoCodecContext:
        decoder = VideoCodecContext.create(_DECODERS[codec], "r")
        assert isinstance(decoder, VideoCodecContext)
        decoder.thread_count = 1
        decoder.options = {"max_pixels": str(self._most_pixels)}
        return decoder

    def _scaled(self, frame: VideoFrame, max_width: int) -> NDArray[np.uint8]:
        width, height = scaled_size(frame.width, frame.height, max_width)
        # Area averaging: nearest to the full picture, and cheaper than bilinear when scaling down. On one
        # thread, because waking more costs more CPU than it saves time.
        scaled = self._scaler.reformat(
            frame, width, height, "bgr24", interpolation=Interpolation.AREA, threads=1
        )
        return np.ascontiguousarray(scaled.to_ndarray(), np.uint8)


_REDUCTIONS: Final = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
)


def _snapshot(data: bytes, max_width: int, most_pixels: int) -> tuple[NDArray[np.uint8], int, int]:
    """A JPEG file's pixels, and its own width and height.

    It is decoded no larger than it must be: libjpeg leaves out the coefficients that a smaller picture does
    not show.
    """
    file = scan_jpeg(data)
    if file is None or not file.width or not file.height:
        raise LookFailedError(Outcome.UNDECODABLE, "the picture is no JPEG that can be decoded")
    if file.width * file.height > most_pixels:
        raise LookFailedError(Outcome.TOO_LARGE, "the picture has too many pixels")
    fitting = (flag for factor, flag in _REDUCTIONS if file.width >= factor * max_width)
    flag = next(fitting, cv2.IMREAD_COLOR) | cv2.IMREAD_IGNORE_ORIENTATION
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    if decoded is None:
        raise LookFailedError(Outcome.UNDECODABLE, "the picture cannot be decoded")
    size = scaled_size(file.width, file.height, max_width)
    if (decoded.shape[1], decoded.shape[0]) != size:
        decoded = cv2.resize(decoded, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(decoded, np.uint8), file.width, file.height


def scaled_size(width: int, height: int, max_width: int) -> tuple[int, int]:
    """Width and height in pixels, at most ``max_width`` wide, the aspect kept to the nearest pixel."""
    if width <= max_width:
        return width, height
    return max_width, max(1, round(height * max_width / width))
