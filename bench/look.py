"""Bench ``look``: CPU of one look at a 1080p camera that sends a key picture first, to 640 pixels wide.

Everybody asks the same live RTSP server on loopback, with digest authentication, and gives the same pixels.
"""

from __future__ import annotations

import asyncio
import select
import shutil
import signal
import struct
import subprocess
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from base.clock import SystemClock
from base.errors import DengtaError
from base.runtime import as_user
from bench.harness import Case, Line, Skipped, Tell
from ingest.look import Looker
from ingest.target import CameraAddress, TargetPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Pixels = NDArray[np.uint8]

NAME = "look"
WIDTH, HEIGHT = 1920, 1080
OUT_WIDTH, OUT_HEIGHT = 640, 360
FRAMES = 25
SAME_DB = 35.0
"""Pictures that are at least so close, decibels of peak signal to noise, count as the same."""
SERVER = Path(__file__).parent.parent / "tests" / "ingest" / "rtsp_server.py"
SERVER_PYTHON = "/usr/bin/python3"  # the one that Debian's PyGObject belongs to
SERVER_START_S = 20
QUICK_START = {
    "rtsp_transport": "tcp",
    "probesize": "5000",
    "analyzeduration": "0",
    "fpsprobesize": "0",
}
"""FFmpeg's own options against probing for long; with fewer bytes probed the first key picture is lost."""
USER, PASSWORD = "viewer", "s3cret"  # the server's own, for loopback


@dataclass(frozen=True)
class Clip:
    """What a case's camera films: codec as the server names it, encoder, decoder and encoder's options.

    The options were chosen for the size of the key picture; cameras have no B pictures.
    """

    codec: str
    encoder: str
    decoder: str
    options: dict[str, str]


CASES = {
    "h264": Clip("h264", "libx264", "h264", {"preset": "veryfast", "bf": "0", "crf": "40"}),
    "h265": Clip(
        "h265",
        "libx265",
        "hevc",
        {"preset": "ultrafast", "x265-params": "log-level=none:bframes=0:keyint=25:crf=34"},
    ),
    "jpeg": Clip("jpeg", "mjpeg", "mjpeg", {"qmin": "6", "qmax": "6", "huffman": "0"}),
    "h264-large": Clip("h264", "libx264", "h264", {"preset": "veryfast", "bf": "0", "crf": "25.7"}),
}


def measure(case: str, tell: Tell) -> Iterator[Line]:
    """The lines of one case."""
    clip = CASES[case]
    units = encoded(clip)
    with tempfile.TemporaryDirectory(prefix="dengta-bench-") as folder:
        file = Path(folder) / "clip"
        file.write_bytes(b"".join(struct.pack(">I", len(unit)) + unit for unit in units))
        try:
            with camera(clip.codec, file) as url, closing(Ours(url)) as ours:
                floor = Floor(clip.decoder, units[0])
                yield from _compared(case, ours.look, floor.picture, url).measure(tell)
        except ServerAbsentError as err:
            yield Skipped(NAME, case, str(err))


def _compared(case: str, ours: Callable[[], Pixels], floor: Callable[[], Pixels], url: str) -> Case:
    """The case with those peers that can run; everybody must show what the floor shows."""
    truth = floor()
    difference = _difference(ours(), truth)
    if difference:
        raise DengtaError(f"look {case}: our picture is not the camera's key picture: {difference}.")
    login = f"{USER}:{PASSWORD}@"
    with_login = url.replace("rtsp://", f"rtsp://{login}")
    peers: dict[str, Callable[[], Pixels]] = {}
    absent: dict[str, str] = {}
    for name, look in {"ffmpeg": ffmpeg_look, "cv2": cv2_look, "pyav": pyav_look}.items():
        try:
            difference = _difference(look(with_login), truth)
        except PeerFailedError as err:
            difference = str(err).replace(login, "")
        if difference:
            absent[name] = difference
        else:
            peers[name] = partial(look, with_login)
    return Case(NAME, case, ours, floor, peers, absent)


def _difference(picture: Pixels, truth: Pixels) -> str:
    """How a picture differs from the full decode, or nothing."""
    closeness = psnr(picture, truth)
    return "" if closeness >= SAME_DB else f"it is {closeness:.1f} dB from a full decode"


class PeerFailedError(Exception):
    """A peer is not here, or gives no picture or another one."""


class ServerAbsentError(Exception):
    """There is no camera to look at."""


class Ours:
    """A looker that has been at it for a while.

    Its loop runs only while it is measured, so what is left of a goodbye is paid by the next look.
    """

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._looker = Looker(TargetPolicy.of(["127.0.0.0/8"]), SystemClock(), decode_threads=1)
        self._address = CameraAddress(url, USER, PASSWORD)

    def look(self) -> Pixels:
        taken = self._loop.run_until_complete(self._looker.look(self._address, max_width=OUT_WIDTH))
        if taken.frame is None:
            raise DengtaError(f"look: no picture ({taken.outcome} at {taken.stage}: {taken.detail}).")
        return taken.frame.pixels

    def close(self) -> None:
        self._loop.run_until_complete(self._looker.aclose())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


class Floor:
    """Decoding and scaling one key picture that is already in memory, by a decoder that is warm."""

    def __init__(self, decoder: str, unit: bytes) -> None:
        self._unit = unit
        self._decoder = _codec(decoder, "r")
        self._decoder.thread_count = 1
        self._scaler = VideoReformatter()

    def picture(self) -> Pixels:
        frame = [*self._decoder.decode(av.Packet(self._unit)), *self._decoder.decode(None)][0]
        pixels = _scaled(frame, self._scaler)
        self._decoder.flush_buffers()
        return pixels


def ffmpeg_look(url: str) -> Pixels:
    """The command on one thread, with the options for a quick start that PyAV gets too."""
    if shutil.which("ffmpeg") is None:
        raise PeerFailedError("the command is not installed (apt-get install --no-install-recommends ffmpeg)")
    quick = [part for option, value in QUICK_START.items() for part in (f"-{option}", value)]
    before = ["ffmpeg", "-nostdin", "-loglevel", "error", *quick, "-threads", "1"]
    after = f"-frames:v 1 -vf scale={OUT_WIDTH}:{OUT_HEIGHT}:flags=area -f rawvideo -pix_fmt bgr24 -"
    command = [*before, "-i", url, *after.split()]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=30)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as err:
        said = (err.stderr or b"").decode(errors="replace").strip().splitlines()
        raise PeerFailedError(said[-1] if said else "no picture") from err
    if len(done.stdout) != OUT_HEIGHT * OUT_WIDTH * 3:
        raise PeerFailedError("no picture")
    return np.frombuffer(done.stdout, np.uint8).reshape(OUT_HEIGHT, OUT_WIDTH, 3)


def cv2_look(url: str) -> Pixels:
    """As OpenCV's tutorials do; it asks for TCP by itself."""
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 10_000])
    try:
        good, picture = capture.read()
    finally:
        capture.release()
    if not good:
        raise PeerFailedError("no picture")
    scaled = cv2.resize(picture, (OUT_WIDTH, OUT_HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(scaled, np.uint8)


def pyav_look(url: str) -> Pixels:
    """PyAV on one thread, and only for key pictures."""
    options = {**QUICK_START, "timeout": "5000000"}  # µs
    try:
        with av.open(url, options=options, timeout=10) as container:
            stream = container.streams.video[0]
            stream.codec_context.skip_frame = "NONKEY"
            stream.codec_context.thread_count = 1
            frame = next(container.decode(stream))
            return _scaled(frame, VideoReformatter())
    except (av.FFmpegError, StopIteration, IndexError) as err:
        raise PeerFailedError(f"no picture ({type(err).__name__})") from err


@contextmanager
def camera(codec: str, file: Path) -> Iterator[str]:
    """The address of a live camera that plays a clip, and begins with the key picture for each viewer."""
    with cameras([f"camera={codec}={file}=first"]) as server:
        yield f"rtsp://{server}/camera"


@contextmanager
def cameras(mounts: Sequence[str]) -> Iterator[str]:
    """Host and port of a live RTSP server with digest authentication.

    Args:
        mounts: ``NAME=CODEC=FILE=live|first``, as the server takes them.

    Raises:
        ServerAbsentError: It does not run here.
    """
    command = [SERVER_PYTHON, str(SERVER), "digest", *mounts]
    server = subprocess.Popen(
        as_user(None, command, death_signal=signal.SIGTERM),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    try:
        ready, _, _ = select.select([server.stdout], [], [], SERVER_START_S)
        port = server.stdout.readline().strip() if ready else ""
        if not port:
            raise ServerAbsentError(
                "GStreamer's RTSP server does not run here (dengta doctor says what is missing)"
            )
        yield f"127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def encoded(clip: Clip) -> list[bytes]:
    """The clip's access units, a key picture first, of a detailed scene that a camera pans over."""
    encoder = _codec(clip.encoder, "w")
    encoder.width, encoder.height = WIDTH, HEIGHT
    encoder.pix_fmt = "yuvj420p" if clip.codec == "jpeg" else "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FRAMES), Fraction(FRAMES)
    encoder.gop_size = FRAMES
    encoder.thread_count = 1
    encoder.options = clip.options
    whole = scene(WIDTH + 4 * FRAMES, HEIGHT + FRAMES)
    packets = []
    for number in range(FRAMES):
        view = np.ascontiguousarray(whole[number : number + HEIGHT, 4 * number : 4 * number + WIDTH])
        frame = av.VideoFrame.from_ndarray(view, "bgr24").reformat(
            format=encoder.pix_fmt, dst_color_range=2 if clip.codec == "jpeg" else 1
        )
        frame.pts = number
        packets += encoder.encode(frame)
    return [bytes(packet) for packet in (*packets, *encoder.encode(None))]


def _codec(name: str, mode: Literal["r", "w"]) -> VideoCodecContext:
    codec = VideoCodecContext.create(name, mode)
    assert isinstance(codec, VideoCodecContext)
    return codec


def _scaled(frame: av.VideoFrame, scaler: VideoReformatter) -> Pixels:
    """As the look scales: area averaging on one thread."""
    scaled = scaler.reformat(
        frame, OUT_WIDTH, OUT_HEIGHT, "bgr24", interpolation=Interpolation.AREA, threads=1
    )
    return np.ascontiguousarray(scaled.to_ndarray(), np.uint8)


def scene(width: int, height: int) -> Pixels:
    """Structure of every size, as streets have: noise whose strength grows with its grain."""
    noise = np.random.default_rng(7)
    picture = np.full((height, width, 3), 128, np.float32)
    for grain, strength in ((256, 50), (64, 30), (16, 18), (6, 10), (2, 5)):
        small = noise.normal(size=(height // grain + 2, width // grain + 2, 3)).astype(np.float32)
        picture += strength * cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 255).astype(np.uint8)


def psnr(one: Pixels, other: Pixels) -> float:
    """Peak signal-to-noise ratio of two pictures, dB."""
    error = float(np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2))
    return float("inf") if error == 0 else 10 * float(np.log10(255**2 / error))
