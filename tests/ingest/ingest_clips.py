"""Clips for the tests, encoded on the spot: access units with a key picture first."""

import struct
from fractions import Fraction

import av
import numpy as np

FRAMES = 25


def scene(width, height, number):
    """A picture with edges, gradients and a moving square, BGR."""
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack(
        ((x * 255 // width), (y * 255 // height), ((x // 16 + y // 16) % 2) * 160 + 40), axis=-1
    ).astype(np.uint8)
    left = (number * 8) % (width - 64)
    picture[height // 3 : height // 3 + 64, left : left + 64] = (20, 220, 240)
    return picture


def encode(codec, width=1280, height=720, *, frames=FRAMES, options=None, gop=FRAMES):
    """Access units of a clip: Annex B with parameter sets in band, or JPEG files."""
    name, defaults = {
        "h264": ("libx264", {"preset": "veryfast", "bf": "0"}),
        "h265": ("libx265", {"preset": "ultrafast", "x265-params": f"log-level=none:bframes=0:keyint={gop}"}),
        "jpeg": ("mjpeg", {"qmin": "3", "qmax": "3", "huffman": "0"}),
    }[codec]
    encoder = av.CodecContext.create(name, "w")
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = "yuvj420p" if codec == "jpeg" else "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.gop_size = gop
    encoder.thread_count = 1
    encoder.options = {**defaults, **(options or {})}
    packets = []
    for number in range(frames):
        frame = av.VideoFrame.from_ndarray(scene(width, height, number), "bgr24").reformat(
            format=encoder.pix_fmt, dst_color_range=2 if codec == "jpeg" else 1
        )
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return [bytes(packet) for packet in packets]


def write(path, units):
    """The file format of rtsp_server.py."""
    path.write_bytes(b"".join(struct.pack(">I", len(unit)) + unit for unit in units))
    return path


def psnr(one, other):
    """Peak signal-to-noise ratio of two pictures of one size, dB."""
    error = np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2)
    return float("inf") if error == 0 else 10 * np.log10(255**2 / error)
