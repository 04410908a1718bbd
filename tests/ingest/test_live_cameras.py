"""Looks at a real RTSP server: every codec and way to log in, and the same picture as a full decode."""

from datetime import UTC, datetime, timedelta

import av
import cv2
import pytest
from ingest_clips import psnr

from base.clock import SystemClock
from ingest.limits import LookLimits
from ingest.look import Looker
from ingest.target import CameraAddress, TargetPolicy
from models.look import Outcome

DECODERS = {"h264": "h264", "slices": "h264", "opengop": "h264", "h265": "hevc", "jpeg": "mjpeg"}
STAGES = ["connect", "describe", "setup", "play", "picture", "decode"]


def address(port, name, password="s3cret"):
    return CameraAddress(f"rtsp://127.0.0.1:{port}/{name}", "viewer", password)


def fully_decoded(units, decoder):
    context = av.CodecContext.create(decoder, "r")
    frames = []
    for unit in units:
        frames += context.decode(av.Packet(unit))
    return [frame.to_ndarray(format="bgr24") for frame in frames + context.decode(None)]


@pytest.mark.parametrize("name", DECODERS)
async def test_the_picture_is_the_one_that_a_full_decode_shows(name, camera_servers, clips, looker):
    look = await looker.look(address(camera_servers["none"], name), max_width=4096)
    assert look.outcome is Outcome.PICTURE, look.detail
    frames = fully_decoded(clips[1][name], DECODERS[name])
    assert max(psnr(look.frame.pixels, frame) for frame in frames) >= 35


@pytest.mark.parametrize("name", ["h264", "h265", "jpeg"])
async def test_a_look_tells_what_it_took(name, camera_servers, looker):
    began = datetime.now(UTC)
    look = await looker.look(address(camera_servers["none"], name), max_width=320)
    frame = look.frame
    assert frame.pixels.shape == (320 * frame.source_height // frame.source_width, 320, 3)
    assert frame.pixels.flags.c_contiguous
    assert frame.codec == {"jpeg": "mjpeg"}.get(name, name)
    assert abs(frame.captured_at - began) < timedelta(seconds=30)
    assert list(look.stages_ms) == STAGES
    assert look.bytes_received > 1000
    assert look.cpu_ms > 0


async def test_a_scaled_picture_is_the_full_one_made_smaller(camera_servers, clips, looker):
    look = await looker.look(address(camera_servers["none"], "h264"), max_width=640)
    full = fully_decoded(clips[1]["h264"][:1], "h264")[0]
    assert psnr(look.frame.pixels, cv2.resize(full, (640, 360), interpolation=cv2.INTER_AREA)) >= 30


@pytest.mark.parametrize("kind", ["basic", "digest"])
async def test_credentials_open_the_stream(kind, camera_servers, looker):
    look = await looker.look(address(camera_servers[kind], "h264"))
    assert look.outcome is Outcome.PICTURE


@pytest.mark.parametrize("kind", ["basic", "digest"])
async def test_a_wrong_password_is_named_as_such(kind, camera_servers, looker):
    look = await looker.look(address(camera_servers[kind], "h264", "wr0ng"))
    assert (look.outcome, look.stage) == (Outcome.UNAUTHORISED, "describe")
    assert "wr0ng" not in repr(look)


async def test_a_stream_that_is_not_there_is_not_found(camera_servers, looker):
    look = await looker.look(address(camera_servers["none"], "nowhere"))
    assert look.outcome is Outcome.NOT_FOUND


async def test_a_live_camera_is_looked_at_in_the_middle_of_its_stream(camera_servers, looker):
    url = address(camera_servers["digest"], "live")
    looks = [await looker.look(url) for _ in range(3)]
    assert [look.outcome for look in looks] == [Outcome.PICTURE] * 3


async def test_a_picture_larger_than_the_limit_is_refused_before_it_is_decoded(camera_servers):
    limits = LookLimits(picture_pixels=640 * 480)
    looker = Looker(TargetPolicy.of(["127.0.0.0/8"]), SystemClock(), limits)
    try:
        for name in ("h264", "h265"):
            look = await looker.look(address(camera_servers["none"], name))
            assert look.outcome is Outcome.TOO_LARGE
            assert look.cpu_ms == 0
    finally:
        await looker.aclose()
