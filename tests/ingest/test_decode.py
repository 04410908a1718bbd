"""From a compressed key picture to pixels, within limits, and with nothing left of the picture before."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_clips import encode

from ingest.decode import PictureDecoder, scaled_size
from ingest.failure import LookFailedError
from ingest.rtp import KeyPicture
from ingest.sps import picture_size
from models.look import Outcome


@pytest.fixture
def decoder():
    opened = PictureDecoder(1, 36_000_000)
    yield opened
    opened.close()


def key_picture(codec, *size, **options):
    return KeyPicture(codec, encode(codec, *size, frames=1, **options)[0], 0)


def units(data):
    return [unit for unit in re.split(rb"\x00\x00\x00?\x01", data) if unit]


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("size", [(320, 240), (1280, 720), (1280, 960), (352, 288)])
def test_the_size_stands_in_the_parameter_set(codec, size):
    sizes = [found for unit in units(key_picture(codec, *size).data) if (found := picture_size(codec, unit))]
    assert len(sizes) == 1
    assert all(0 <= coded - shown < 16 for coded, shown in zip(sizes[0], size, strict=True))


@given(st.sampled_from(["h264", "h265"]), st.sampled_from([b"\x67", b"\x42\x01"]), st.binary(max_size=60))
def test_any_parameter_set_has_a_size_or_none(codec, head, rest):
    size = picture_size(codec, head + rest)
    assert size is None or min(size) >= 0


@pytest.mark.parametrize("codec", ["h264", "h265"])
async def test_a_picture_beyond_the_limit_is_not_decoded(codec):
    decoder = PictureDecoder(1, 320 * 240)
    with pytest.raises(LookFailedError) as caught:
        await decoder.decode(key_picture(codec, 640, 480), 640)
    assert caught.value.outcome is Outcome.UNDECODABLE
    decoder.close()


async def test_a_damaged_picture_is_undecodable(decoder):
    whole = key_picture("h264", 640, 480).data
    with pytest.raises(LookFailedError, match="damaged"):
        await decoder.decode(KeyPicture("h264", whole[: len(whole) // 2], 0), 640)


@given(data=st.binary(max_size=400))
async def test_noise_is_undecodable(data):
    decoder = PictureDecoder(1, 1 << 20)
    for codec in ("h264", "h265", "mjpeg"):
        with pytest.raises(LookFailedError):
            await decoder.decode(KeyPicture(codec, data, 0), 640)
    decoder.close()


async def test_a_decoder_used_again_shows_nothing_of_the_picture_before(decoder):
    """A picture of which only the upper half was sent has nothing of another camera's in its lower half."""
    slices = {"x265-params": "log-level=none:slices=2:keyint=1"}
    other = key_picture("h265", 640, 512, options=slices)
    *head, upper, _ = units(other.data)
    half = KeyPicture("h265", b"".join(b"\0\0\0\1" + unit for unit in (*head, upper)), 0)
    fresh = await decoder.decode(half, 640)
    for _ in range(3):
        await decoder.decode(other, 640)
    again = await decoder.decode(half, 640)
    assert np.array_equal(again.pixels, fresh.pixels)


async def test_cameras_of_different_sizes_and_codecs_share_a_decoder(decoder):
    pictures = [key_picture(codec, *size) for codec in ("h264", "h265") for size in ((640, 480), (320, 240))]
    first = [await decoder.decode(picture, 640) for picture in pictures]
    second = [await decoder.decode(picture, 640) for picture in reversed(pictures)]
    for one, other in zip(first, reversed(second), strict=True):
        assert np.array_equal(one.pixels, other.pixels)


@given(st.integers(1, 8192), st.integers(1, 8192), st.integers(16, 4096))
def test_scaling_keeps_the_aspect_and_never_enlarges(width, height, most):
    scaled_width, scaled_height = scaled_size(width, height, most)
    assert scaled_width == min(width, most)
    assert 1 <= scaled_height <= height
    assert abs(scaled_height - height * scaled_width / width) <= 1
