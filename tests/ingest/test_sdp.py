"""What a description must offer, and what it may get wrong."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.failure import LookFailedError
from ingest.sdp import parse_video
from models.look import Outcome

HEAD = "v=0\r\ns=x\r\na=control:*\r\n"
HIKVISION = (
    HEAD + "m=audio 0 RTP/AVP 8\r\na=control:rtsp://10.0.0.1/trackID=2\r\n"
    "m=video 0 RTP/AVP 96\r\na=control:rtsp://10.0.0.1/trackID=1\r\na=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 profile-level-id=420029; packetization-mode=1; "
    "sprop-parameter-sets=Z00AKpWoHgCJ+WEAAAMAAQAAAwAyDxgxlg==,aO48gA==\r\n"
    "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n"
)


def test_the_video_track_is_found_between_the_others():
    track = parse_video(HIKVISION.encode())
    assert (track.codec, track.payload_type, track.control) == ("h264", 96, "rtsp://10.0.0.1/trackID=1")
    assert track.session_control == "*"
    assert [unit[0] & 0x1F for unit in track.parameter_sets] == [7, 8]


def test_parameter_sets_of_h265_come_in_decoding_order():
    sets = ";".join(
        f"sprop-{name}={base64.b64encode(bytes((kind << 1, 1, 9))).decode()}"
        for name, kind in (("pps", 34), ("vps", 32), ("sps", 33))
    )
    track = parse_video(f"{HEAD}m=video 0 RTP/AVP 98\na=rtpmap:98 h265/90000\na=fmtp:98 {sets}\n".encode())
    assert track.codec == "h265"
    assert [unit[0] >> 1 for unit in track.parameter_sets] == [32, 33, 34]


def test_jpeg_needs_no_rtpmap():
    assert parse_video(f"{HEAD}m=video 0 RTP/AVP 26\r\n".encode()).codec == "mjpeg"


def test_broken_parameter_sets_are_left_out_and_start_codes_taken_off():
    good = base64.b64encode(b"\0\0\0\1\x67\x42\x00").decode()
    sdp = f"{HEAD}m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 sprop-parameter-sets={good},a,,é*\n"
    assert parse_video(sdp.encode()).parameter_sets == (b"\x67\x42\x00",)


@pytest.mark.parametrize(
    ("description", "outcome"),
    [
        (b"", Outcome.MALFORMED),
        (b"<html>", Outcome.MALFORMED),
        (HEAD.encode(), Outcome.UNDECODABLE),
        (f"{HEAD}m=audio 0 RTP/AVP 0\n".encode(), Outcome.UNDECODABLE),
        (f"{HEAD}m=\nm=video\nm=video 0 RTP/AVP 96\n".encode(), Outcome.UNDECODABLE),
        (HIKVISION.replace("mode=1", "mode=2").encode(), Outcome.UNDECODABLE),
    ],
)
def test_a_description_without_usable_video_says_so(description, outcome):
    with pytest.raises(LookFailedError) as caught:
        parse_video(description)
    assert caught.value.outcome is outcome


LINES = st.sampled_from(
    [
        *HIKVISION.split("\r\n"),
        "m=video 0 RTP/AVP 96 26 ²",
        "a=fmtp:96",
        "a=rtpmap:",
        "m=",
        "a=control:",
        "=",
        "",
    ]
)


@given(st.lists(LINES | st.text(max_size=40), max_size=30))
def test_any_description_yields_a_track_or_a_failure_of_ours(lines):
    try:
        track = parse_video("\r\n".join(["v=0", *lines]).encode())
    except LookFailedError:
        return
    assert 0 <= track.payload_type <= 127
    assert len(track.parameter_sets) <= 48
