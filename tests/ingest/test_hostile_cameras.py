"""Whatever a camera does wrong, a look ends in time with a value that names it."""

import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_peers import SDP, Peer, interleaved, packet, response, sequence, serving

from base.clock import SystemClock
from ingest.limits import LookLimits
from ingest.look import Looker
from ingest.target import CameraAddress, TargetPolicy
from models.look import Outcome

SPS = bytes.fromhex("6742c00addec0440000003004000000300a3c489e0")
PPS = bytes.fromhex("68ce0f2c80")
SMALL = LookLimits(
    head_bytes=2048, body_bytes=4096, picture_bytes=100_000, look_bytes=400_000, goodbye_s=0.2, redirects=2
)
DIGEST = 'WWW-Authenticate: Digest realm="r", nonce="n"'


async def never(peer, writer, request):
    await asyncio.sleep(3600)


async def drip(peer, writer, request):
    for byte in peer.good(request):
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(0.05)


async def close(peer, writer, request):
    writer.close()


def sending(make):
    async def send(peer, writer, request):
        writer.write(make(request))

    return send


def flood(make, count):
    async def send(peer, writer, request):
        writer.write(peer.good(request))
        for number in range(count):
            writer.write(make(number))
            await writer.drain()

    return send


def endless_fragment(number):
    if number == 0:
        return interleaved(packet(SPS, sequence=0)) + interleaved(packet(PPS, sequence=1))
    head = bytes((0x7C, 0x85 if number == 1 else 0x05))
    return interleaved(packet(head + b"\x88" + bytes(1200), sequence=number + 1))


@pytest.fixture
async def small_looker():
    opened = Looker(TargetPolicy.of(["127.0.0.0/8"]), SystemClock(), SMALL, decode_threads=1)
    yield opened
    await opened.aclose()


def url(peer, path="cam"):
    return CameraAddress(f"rtsp://127.0.0.1:{peer.port}/{path}", "viewer", "s3cret")


FAULTS = {
    "mute": (Peer({"DESCRIBE": never}), Outcome.TIMED_OUT, "describe"),
    "dripping": (Peer({"DESCRIBE": drip}), Outcome.TIMED_OUT, "describe"),
    "plays but sends nothing": (Peer(), Outcome.TIMED_OUT, "picture"),
    "sets up but never plays": (Peer({"PLAY": never}), Outcome.TIMED_OUT, "play"),
    "closes unasked": (Peer({"DESCRIBE": close}), Outcome.UNREACHABLE, "describe"),
    "closes during set-up": (Peer({"SETUP": close}), Outcome.REFUSED, "setup"),
    "speaks HTTP": (Peer({"DESCRIBE": b"HTTP/1.1 400 Bad Request\r\n\r\n"}), Outcome.MALFORMED, "describe"),
    "garbage for an answer": (Peer({"DESCRIBE": bytes(range(200))}), Outcome.MALFORMED, "describe"),
    "garbage between packets": (
        Peer(media=interleaved(packet(b"\x41abc")) + b"\x01\x02\x03"),
        Outcome.MALFORMED,
        "picture",
    ),
    "packets that are not RTP": (Peer(media=interleaved(b"\x00" * 40)), Outcome.MALFORMED, "picture"),
    "a huge head": (
        Peer({"DESCRIBE": b"RTSP/1.0 200 OK\r\nX: " + b"x" * 9999}),
        Outcome.TOO_LARGE,
        "describe",
    ),
    "too many header lines": (
        Peer({"DESCRIBE": b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n"}),
        Outcome.TOO_LARGE,
        "describe",
    ),
    "a huge body announced": (
        Peer({"DESCRIBE": response(200, "Content-Length: 99999999999999999999\r\n")}),
        Outcome.TOO_LARGE,
        "describe",
    ),
    "a body length that is no number": (
        Peer({"DESCRIBE": response(200, "Content-Length: -5\r\n")}),
        Outcome.MALFORMED,
        "describe",
    ),
    "an answer without an SDP": (Peer(sdp="hello"), Outcome.MALFORMED, "describe"),
    "no video in a known codec": (Peer(sdp=SDP.replace("H264", "VP8")), Outcome.UNDECODABLE, "describe"),
    "no session": (
        Peer({"SETUP": sending(lambda q: response(200, cseq=sequence(q)))}),
        Outcome.MALFORMED,
        "setup",
    ),
    "busy": (Peer({"PLAY": sending(lambda q: response(453, cseq=sequence(q)))}), Outcome.REFUSED, "play"),
    "UDP only": (
        Peer({"SETUP": sending(lambda q: response(461, cseq=sequence(q)))}),
        Outcome.REFUSED,
        "setup",
    ),
    "forbidden": (Peer({"DESCRIBE": response(403)}), Outcome.UNAUTHORISED, "describe"),
    "401 for ever": (Peer({"DESCRIBE": response(401, f"{DIGEST}\r\n")}), Outcome.UNAUTHORISED, "describe"),
    "stale for ever": (
        Peer({"DESCRIBE": response(401, f"{DIGEST}, stale=true\r\n")}),
        Outcome.UNAUTHORISED,
        "describe",
    ),
    "401 without a challenge": (Peer({"DESCRIBE": response(401)}), Outcome.UNAUTHORISED, "describe"),
    "redirects to nowhere named": (Peer({"DESCRIBE": response(302)}), Outcome.MALFORMED, "describe"),
    "redirects out of the networks": (
        Peer({"DESCRIBE": response(302, "Location: rtsp://192.0.2.1/cam\r\n")}),
        Outcome.REDIRECTED_AWAY,
        "connect",
    ),
    "redirects to another scheme": (
        Peer({"DESCRIBE": response(301, "Location: http://127.0.0.1/cam\r\n")}),
        Outcome.REDIRECTED_AWAY,
        "describe",
    ),
    "redirects with credentials": (
        Peer({"DESCRIBE": response(301, "Location: rtsp://a:b@127.0.0.1/cam\r\n")}),
        Outcome.REDIRECTED_AWAY,
        "describe",
    ),
    "redirects in a circle": (
        Peer({"DESCRIBE": response(302, "Location: other\r\n")}),
        Outcome.REDIRECTED_AWAY,
        "describe",
    ),
    "an endless fragment": (Peer({"PLAY": flood(endless_fragment, 400)}), Outcome.TOO_LARGE, "picture"),
    "an endless stream without a key picture": (
        Peer({"PLAY": flood(lambda n: interleaved(packet(b"\x41" + bytes(1200), sequence=n)), 400)}),
        Outcome.TOO_LARGE,
        "picture",
    ),
    "an endless run of answers": (
        Peer({"PLAY": flood(lambda n: response(200, cseq=99), 200)}),
        Outcome.MALFORMED,
        "picture",
    ),
    "closes in the middle of the picture": (
        Peer(
            {
                "PLAY": sending(
                    lambda q: response(200, cseq=sequence(q)) + endless_fragment(0) + endless_fragment(1)
                )
            }
        ),
        Outcome.NO_KEY_PICTURE,
        "picture",
    ),
    "a key picture of zeros": (
        Peer(
            media=interleaved(packet(SPS))
            + interleaved(packet(PPS, sequence=1))
            + interleaved(packet(b"\x65\x88" + bytes(300), sequence=2, marker=True))
        ),
        Outcome.UNDECODABLE,
        "decode",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_ends_in_its_own_outcome(fault, small_looker):
    peer, outcome, stage = FAULTS[fault]
    async with serving(peer):
        if fault.startswith("closes in the middle"):
            asyncio.get_running_loop().call_later(0.2, lambda: [w.close() for w in peer.writers])
        began = time.monotonic()
        look = await small_looker.look(url(peer), deadline_s=0.5 if outcome is Outcome.TIMED_OUT else 5)
        assert (look.outcome, look.stage) == (outcome, stage), look.detail
        assert time.monotonic() - began < 3
        assert look.frame is None
        assert look.detail
        assert "s3cret" not in repr(look)


ANSWERS = st.lists(
    st.sampled_from(
        [
            b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n",
            b"RTSP/1.0 302 Moved\r\nLocation: rtsp://[::1\r\n",
            b'RTSP/1.0 401 No\r\nWWW-Authenticate: Digest realm="\\", nonce=\r\n',
            f"Content-Base: \xff\r\nContent-Length: {len(SDP)}\r\n\r\n{SDP}".encode("latin-1"),
            b"Session: ;\r\n",
            b"Transport: interleaved=999-0\r\n",
            b"\r\n\r\n",
            interleaved(packet(b"\x7c\x85\x88")),
            interleaved(b"\x80\xc8" + bytes(40), 1),
        ]
    )
    | st.binary(max_size=30),
    max_size=8,
)


@given(heads=ANSWERS, later=ANSWERS)
@settings(max_examples=40, deadline=None)
async def test_any_answers_end_in_an_outcome(heads, later):
    async def close_after(peer, writer, request):
        writer.write(b"".join(later))
        writer.close()

    opened = Looker(TargetPolicy.of(["127.0.0.0/8"]), SystemClock(), SMALL, decode_threads=1)
    peer = Peer({"DESCRIBE": close_after if not heads else b"".join(heads), "SETUP": close_after})
    async with serving(peer):
        look = await opened.look(url(peer), deadline_s=0.05)
        await opened.aclose()
    assert look.outcome is not Outcome.PICTURE


async def test_nobody_there_is_unreachable(small_looker):
    look = await small_looker.look(CameraAddress("rtsp://127.0.0.1:9/cam"), deadline_s=2)
    assert (look.outcome, look.stage) == (Outcome.UNREACHABLE, "connect")


async def test_an_address_outside_the_policy_is_never_asked():
    looker = Looker(TargetPolicy.of(["10.0.0.0/8"]), SystemClock(), SMALL)
    async with serving(Peer()) as peer:
        look = await looker.look(url(peer))
        assert look.outcome is Outcome.NOT_ALLOWED
        assert peer.requests == []
    await looker.aclose()


async def test_a_redirect_within_the_policy_is_followed(small_looker):
    async with serving(Peer({"SETUP": response(404)})) as there:
        moved = response(302, f"Location: rtsp://127.0.0.1:{there.port}/new\r\n")
        async with serving(Peer({"DESCRIBE": moved})) as here:
            look = await small_looker.look(url(here))
    assert (look.outcome, look.stage) == (Outcome.NOT_FOUND, "setup")
    assert there.requests[0].startswith(f"DESCRIBE rtsp://127.0.0.1:{there.port}/new RTSP/1.0")


async def test_credentials_do_not_follow_a_redirect_to_another_host(small_looker):
    basic = response(401, 'WWW-Authenticate: Basic realm="r"\r\n')
    async with serving(Peer({"DESCRIBE": basic})) as there:
        moved = response(302, f"Location: rtsp://127.0.0.2:{there.port}/cam\r\n")
        async with serving(Peer({"DESCRIBE": moved})) as here:
            there_on_all = await asyncio.start_server(there.handle, "127.0.0.2", there.port)
            look = await small_looker.look(url(here))
            there_on_all.close()
    assert look.outcome is Outcome.UNAUTHORISED
    assert there.requests
    assert not any("Authorization" in request for request in there.requests)


async def test_a_look_that_times_out_gives_its_session_back(small_looker):
    async with serving(Peer()) as peer:
        await small_looker.look(url(peer), deadline_s=0.3)
        await small_looker.aclose()
        assert peer.methods() == ["DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
        assert "Session: 7\r\n" in peer.requests[-1]


async def test_faulty_cameras_do_not_hold_up_a_hundred_looks_at_once(small_looker):
    async with (
        serving(Peer({"DESCRIBE": never})) as mute,
        serving(Peer({"DESCRIBE": response(404)})) as quick,
    ):
        slow = [asyncio.create_task(small_looker.look(url(mute), deadline_s=2)) for _ in range(50)]
        began = time.monotonic()
        looks = await asyncio.gather(*(small_looker.look(url(quick), deadline_s=2) for _ in range(50)))
        assert time.monotonic() - began < 1.5
        assert {look.outcome for look in looks} == {Outcome.NOT_FOUND}
        assert {look.outcome for look in await asyncio.gather(*slow)} == {Outcome.TIMED_OUT}
