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
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import Interpolation, VideoReformatter

from ingest.failure import LookFailedError
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


def scaled_size(width: int, height: int, max_width: int) -> tuple[int, int]:
    """Width and height in pixels, at most ``max_width`` wide, the aspect kept to the nearest pixel."""
    if width <= max_width:
        return width, height
    return max_width, max(1, round(height * max_width / width))
