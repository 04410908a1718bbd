"""A look at an HTTP address takes one JPEG snapshot, whatever the camera does."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.clock import SystemClock
from ingest.jpeg_file import scan_jpeg
from ingest.limits import LookLimits
from ingest.look import Looker
from ingest.target import CameraAddress, TargetPolicy
from models.look import Outcome

WIDTH, HEIGHT = 1920, 1080
USER, PASSWORD = "viewer", "s3cret"


def picture(width: int = WIDTH, height: int = HEIGHT) -> bytes:
    ramp = np.linspace(0, 255, width, dtype=np.uint8)
    pixels = np.dstack(
        [np.tile(ramp, (height, 1)), np.full((height, width), 90, np.uint8), np.tile(ramp[::-1], (height, 1))]
    )
    return cv2.imencode(".jpg", pixels)[1].tobytes()


JPEG = picture()


def with_thumbnail(jpeg: bytes) -> bytes:
    """The picture with an EXIF-like segment that holds a whole small picture, end marker and all."""
    small = picture(64, 36)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(small) + 2) + small + jpeg[2:]


def answer(status: int = 200, body: bytes = b"", **headers: str) -> bytes:
    given = {"Content-Length": str(len(body)), **{k.replace("_", "-"): v for k, v in headers.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value)
    return f"HTTP/1.1 {status} x\r\n{lines}\r\n".encode() + body


class Camera:
    """Gives its answers one after another, the last one again and again; notes what it was asked."""

    def __init__(self, *answers: bytes, close: bool = False) -> None:
        self.answers, self.close = list(answers), close
        self.requests: list[str] = []
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
                writer.write(self.answers[0] if len(self.answers) == 1 else self.answers.pop(0))
                await writer.drain()
                if self.close:
                    break
        writer.close()


@contextlib.asynccontextmanager
async def serving(camera: Camera):
    server = await asyncio.start_server(camera.handle, "127.0.0.1", 0)
    camera.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/snap.jpg?channel=1"
    try:
        yield camera
    finally:
        server.close()


@pytest.fixture
async def looker():
    made = Looker(TargetPolicy.of(["127.0.0.0/8"]), SystemClock(), LookLimits(picture_bytes=1 << 20))
    yield made
    await made.aclose()


async def look(looker: Looker, camera: Camera, **options):
    async with serving(camera):
        return await looker.look(CameraAddress(camera.url, USER, PASSWORD), **{"deadline_s": 3.0, **options})


async def test_a_picture_comes_with_one_request(looker: Looker) -> None:
    camera = Camera(answer(body=JPEG, Content_Type="image/jpeg"))
    taken = await look(looker, camera)
    assert taken.outcome is Outcome.PICTURE
    assert taken.frame.pixels.shape == (360, 640, 3)
    assert (taken.frame.source_width, taken.frame.source_height, taken.frame.codec) == (WIDTH, HEIGHT, "jpeg")
    assert list(taken.stages_ms) == ["connect", "picture", "decode"]
    assert taken.bytes_received > len(JPEG)
    assert camera.requests[0].startswith("GET /snap.jpg?channel=1 HTTP/1.1\r\n")
    assert PASSWORD not in "".join(camera.requests)


@pytest.mark.parametrize(("width", "height"), [(64, 36), (640, 360), (1281, 721), (2560, 1440), (5121, 2881)])
async def test_a_reduced_picture_is_the_same_picture(looker: Looker, width: int, height: int) -> None:
    jpeg = picture(width, height)
    taken = await look(looker, Camera(answer(body=jpeg)))
    whole = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    size = taken.frame.pixels.shape[1], taken.frame.pixels.shape[0]
    truth = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    assert cv2.PSNR(taken.frame.pixels, truth) > 35


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("close", [False, True])
async def test_digest_on_the_same_connection_or_a_new_one(
    looker: Looker, algorithm: str, close: bool
) -> None:
    challenge = f'Digest realm="cam", nonce="abc", qop="auth", algorithm={algorithm}'
    camera = Camera(answer(401, WWW_Authenticate=challenge), answer(body=JPEG), close=close)
    assert (await look(looker, camera)).outcome is Outcome.PICTURE
    said = dict(re.findall(r'(\w+)="?([^",\s]*)"?', camera.requests[1].partition("Digest ")[2]))
    hashed = lambda text: hashlib.new(algorithm.replace("-", "").lower(), text.encode()).hexdigest()  # noqa: E731
    secret, request = hashed(f"{USER}:cam:{PASSWORD}"), hashed("GET:/snap.jpg?channel=1")
    assert said["response"] == hashed(f"{secret}:abc:{said['nc']}:{said['cnonce']}:auth:{request}")


async def test_an_endless_stream_of_pictures_gives_its_first(looker: Looker) -> None:
    part = b"--x\r\nContent-Type: image/jpeg\r\n\r\n" + with_thumbnail(JPEG) + b"\r\n"
    endless = answer(200, part * 2, Content_Type="multipart/x-mixed-replace; boundary=x", Content_Length="")
    taken = await look(looker, Camera(endless))
    assert taken.outcome is Outcome.PICTURE
    assert taken.frame.source_width == WIDTH


async def test_chunks_and_answers_without_a_length(looker: Looker) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (JPEG[:1000], JPEG[1000:])) + b"0\r\n\r\n"
    chunked = answer(200, chunks, Transfer_Encoding="chunked", Content_Length="")
    assert (await look(looker, Camera(chunked))).outcome is Outcome.PICTURE
    assert (
        await look(looker, Camera(answer(200, JPEG, Content_Length=""), close=True))
    ).outcome is Outcome.PICTURE


async def test_a_redirect_is_followed_within_the_policy_and_without_the_password(looker: Looker) -> None:
    there = Camera(answer(401, WWW_Authenticate='Basic realm="x"'))
    async with serving(there):
        port = there.url.split(":")[2].split("/")[0]
        here = Camera(answer(302, Location=f"http://localhost:{port}/other.jpg"))
        assert (await look(looker, here)).outcome is Outcome.UNAUTHORISED
    assert len(there.requests) == 1
    away = await look(looker, Camera(answer(302, Location="http://192.0.2.1/x.jpg")))
    assert away.outcome is Outcome.REDIRECTED_AWAY
    circle = Camera(answer(301, Location="/snap.jpg"))
    assert (await look(looker, circle)).outcome is Outcome.REDIRECTED_AWAY
    assert len(circle.requests) == 4


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (answer(401), Outcome.UNAUTHORISED),
        (answer(401, WWW_Authenticate='Digest realm="x", nonce="y"'), Outcome.UNAUTHORISED),
        (answer(403), Outcome.UNAUTHORISED),
        (answer(404), Outcome.NOT_FOUND),
        (answer(503), Outcome.REFUSED),
        (answer(302), Outcome.MALFORMED),
        (answer(302, Location="http://a b/"), Outcome.REDIRECTED_AWAY),
        (answer(302, Location="file:///etc/passwd"), Outcome.REDIRECTED_AWAY),
        (answer(body=b"<html>log in</html>"), Outcome.UNDECODABLE),
        (answer(body=b""), Outcome.UNDECODABLE),
        (answer(body=JPEG[:40]), Outcome.UNDECODABLE),
        (answer(body=b"\xff\xd8\xff\xd9"), Outcome.UNDECODABLE),
        (b"RTSP/1.0 200 OK\r\n\r\n", Outcome.MALFORMED),
        (b"\0" * 100_000, Outcome.MALFORMED),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, Outcome.MALFORMED),
        (answer(body=bytes(2 << 20)), Outcome.TOO_LARGE),
        (
            answer(body=JPEG.replace(struct.pack(">HH", HEIGHT, WIDTH), b"\xff\xf0\xff\xf0", 1)),
            Outcome.TOO_LARGE,
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n\xff\xd8", Outcome.TIMED_OUT),
    ],
)
async def test_what_is_no_picture_has_a_name(looker: Looker, said: bytes, outcome: Outcome) -> None:
    taken = await look(looker, Camera(said), deadline_s=0.5 if outcome is Outcome.TIMED_OUT else 3.0)
    assert taken.outcome is outcome, taken.detail
    assert PASSWORD not in taken.detail


async def test_a_camera_that_closes_early_has_a_name_too(looker: Looker) -> None:
    assert (await look(looker, Camera(b"", close=True))).outcome is Outcome.UNREACHABLE
    broken = Camera(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n\xff\xd8", close=True)
    assert (await look(looker, broken)).outcome is Outcome.MALFORMED
    nobody = await looker.look(CameraAddress("http://127.0.0.1:9/x.jpg"), deadline_s=1)
    assert nobody.outcome is Outcome.UNREACHABLE


def test_a_files_end_is_not_that_of_its_thumbnail() -> None:
    whole = with_thumbnail(JPEG)
    found = scan_jpeg(whole + b"trailing")
    assert (found.width, found.height, found.end) == (WIDTH, HEIGHT, len(whole))
    assert scan_jpeg(whole[:-3]).end is None


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_bytes_are_walked_through(noise: bytes, cut: int) -> None:
    for data in (noise, b"\xff\xd8" + noise, JPEG[:cut] + noise):
        found = scan_jpeg(data)
        assert found is None or found.end is None or found.end <= len(data)
