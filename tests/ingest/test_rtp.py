"""RTP packets and the payloads in them: what belongs to a key picture is kept, all else is passed over."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_peers import packet

from ingest.failure import LookFailedError
from ingest.jpeg import JpegAssembler
from ingest.limits import LookLimits
from ingest.nal import START_CODE, H264Assembler, H265Assembler
from ingest.rtp import RtpReceiver, SenderClock, payload_bounds
from models.look import Outcome

LIMITS = LookLimits(picture_bytes=4096)
SPS, PPS = bytes.fromhex("6742c00addec0440000003004000000300a3c489e0"), bytes.fromhex("68ce0f2c80")
IDR, NEXT_SLICE, DELTA = b"\x65\x88" + b"i" * 40, b"\x65\x08" + b"j" * 40, b"\x41\x9a" + b"d" * 20
VPS5, SPS5, PPS5 = b"\x40\x01\x0c", b"\x42\x01\x01", b"\x44\x01\xc1"
CRA = b"\x2a\x01\x80" + b"c" * 40


class Stream:
    """One RTP stream into an assembler; sequence numbers count by themselves."""

    def __init__(self, assembler, first=0):
        self.receiver = RtpReceiver(96, assembler)
        self.sequence = first

    def send(self, payload, timestamp=0, **more):
        data = packet(payload, sequence=self.sequence, timestamp=timestamp, **more)
        self.sequence += 1
        return self.receiver.feed(memoryview(data), 0, len(data))

    def lose(self):
        self.sequence += 1


def outcome_of(act):
    """The outcome of a failure of ours, or what came instead; any other exception breaks the test."""
    try:
        return None, act()
    except LookFailedError as failure:
        return failure.outcome, None


def h264(*sets, **more):
    return Stream(H264Assembler(sets, LIMITS), **more)


def h265(*sets):
    return Stream(H265Assembler(sets, LIMITS))


def annex_b(*units):
    return b"".join(START_CODE + unit for unit in units)


def aggregate(head, *units):
    return head + b"".join(len(unit).to_bytes(2) + unit for unit in units)


def fragments_h264(unit, size):
    pieces = [unit[1:][i : i + size] for i in range(0, len(unit) - 1, size)]
    for number, piece in enumerate(pieces):
        flags = (0x80 if number == 0 else 0) | (0x40 if number == len(pieces) - 1 else 0)
        yield bytes((unit[0] & 0xE0 | 28, flags | unit[0] & 0x1F)) + piece


def fragments_h265(unit, size):
    pieces = [unit[2:][i : i + size] for i in range(0, len(unit) - 2, size)]
    for number, piece in enumerate(pieces):
        flags = (0x80 if number == 0 else 0) | (0x40 if number == len(pieces) - 1 else 0)
        yield bytes((unit[0] & 0x81 | 49 << 1, unit[1], flags | (unit[0] >> 1) & 0x3F)) + piece


def test_single_units_make_a_key_picture_at_the_marker():
    stream = h264()
    assert stream.send(DELTA, 1, marker=True) is None
    assert stream.send(SPS, 2) is None
    assert stream.send(PPS, 2) is None
    assert stream.send(IDR, 2) is None
    picture = stream.send(NEXT_SLICE, 2, marker=True)
    assert (picture.codec, picture.timestamp) == ("h264", 2)
    assert picture.data == annex_b(SPS, PPS, IDR, NEXT_SLICE)


def test_the_next_timestamp_ends_a_picture_where_the_marker_is_forgotten():
    stream = h264(SPS, PPS)
    stream.send(IDR, 1)
    assert stream.send(DELTA, 2).data == annex_b(SPS, PPS, IDR)


@given(st.integers(1, 60))
def test_fragments_of_any_size_come_together(size):
    stream = h264(SPS, PPS)
    *first, last = fragments_h264(IDR, size)
    for piece in first:
        assert stream.send(piece) is None
    assert stream.send(last, marker=True).data == annex_b(SPS, PPS, IDR)
    stream = h265(VPS5, SPS5, PPS5)
    *first, last = fragments_h265(CRA, size)
    for piece in first:
        assert stream.send(piece) is None
    assert stream.send(last, marker=True).data == annex_b(VPS5, SPS5, PPS5, CRA)


def test_aggregates_are_taken_apart():
    assert h264().send(aggregate(b"\x78", SPS, PPS, IDR), marker=True).data == annex_b(SPS, PPS, IDR)
    picture = h265().send(aggregate(b"\x60\x01", VPS5, SPS5, PPS5, CRA), marker=True)
    assert picture.data == annex_b(VPS5, SPS5, PPS5, CRA)


@pytest.mark.parametrize("kind", range(16, 22))
def test_every_random_access_picture_of_h265_is_a_key_picture(kind):
    unit = bytes((kind << 1, 1)) + b"\x80" + b"x" * 9
    assert h265(VPS5, SPS5, PPS5).send(unit, marker=True).data.endswith(unit)


def test_an_intra_picture_at_a_recovery_point_is_a_key_picture():
    unit = b"\x41\x88" + b"x" * 9
    assert h264(SPS, PPS).send(unit, marker=True).data == annex_b(SPS, PPS, unit)


def test_the_second_field_of_an_interlaced_key_picture_is_kept():
    stream = h264(SPS, PPS)
    stream.send(IDR, 1)
    assert stream.send(DELTA, 1, marker=True).data == annex_b(SPS, PPS, IDR, DELTA)


def test_without_parameter_sets_a_key_picture_is_passed_over():
    stream = h264()
    assert stream.send(IDR, 1, marker=True) is None
    stream.send(aggregate(b"\x78", SPS, PPS), 2)
    assert stream.send(IDR, 2, marker=True)


def test_parameter_sets_in_band_come_after_those_announced():
    newer = SPS[:-1] + b"\xe1"
    stream = h264(SPS, PPS)
    stream.send(newer)
    stream.send(PPS)
    assert stream.send(IDR, marker=True).data == annex_b(SPS, newer, PPS, IDR)


def test_a_loss_within_a_key_picture_waits_for_the_next_one():
    stream = h264(SPS, PPS)
    stream.send(IDR, 1)
    stream.lose()
    assert stream.send(NEXT_SLICE, 1, marker=True) is None
    assert stream.send(IDR, 2, marker=True).data == annex_b(SPS, PPS, IDR)


def test_a_key_picture_whose_first_slice_was_lost_is_not_taken():
    stream = h264(SPS, PPS)
    stream.send(DELTA, 1, marker=True)
    stream.lose()
    assert stream.send(NEXT_SLICE, 2, marker=True) is None


def test_a_loss_before_a_key_picture_does_no_harm():
    stream = h264(SPS, PPS)
    stream.send(DELTA, 1, marker=True)
    stream.lose()
    assert stream.send(IDR, 2, marker=True)


def test_sequence_numbers_wrap_around_within_a_picture():
    stream = h264(SPS, PPS, first=65535)
    stream.send(IDR, 1)
    assert stream.send(NEXT_SLICE, 1, marker=True)


def test_packets_of_another_payload_type_are_passed_over():
    assert h264(SPS, PPS).send(IDR, marker=True, payload_type=97) is None


def test_a_fragment_that_never_ends_stops_at_the_limit():
    stream = h264(SPS, PPS)
    first, *_ = fragments_h264(IDR, 20)
    stream.send(first)
    endless = [b"\x7c\x05" + bytes(1000)] * 10
    with pytest.raises(LookFailedError) as caught:
        list(map(stream.send, endless))
    assert caught.value.outcome is Outcome.TOO_LARGE


@given(st.integers(0, 15), st.binary(max_size=30), st.integers(0, 6), st.integers(0, 9))
def test_headers_of_every_shape_leave_the_payload(csrcs, payload, words, padding):
    tail = bytes(4 * csrcs) + b"\0\0" + words.to_bytes(2) + bytes(4 * words)
    pad = bytes(padding) + bytes((padding + 1,))
    data = packet(payload + pad, first=0x80 | 0x20 | 0x10 | csrcs, tail=tail)
    start, stop = payload_bounds(memoryview(data), 0, len(data))
    assert data[start:stop] == payload


@given(st.binary(max_size=40))
def test_what_is_no_rtp_packet_is_named(data):
    outcome, bounds = outcome_of(lambda: payload_bounds(memoryview(data), 0, len(data)))
    if outcome is None:
        assert 12 <= bounds[0] <= bounds[1] <= len(data)
    else:
        assert outcome is Outcome.MALFORMED


HEADS = st.sampled_from(
    [
        *(
            b"\x65\x88",
            b"\x41\x88",
            b"\x67",
            b"\x78\x00\x05",
            b"\x7c\x85\x88",
            b"\x7c\x05",
            b"\x7c\x45",
            SPS,
            PPS,
        ),
        *(
            b"\x26\x01\x80",
            b"\x62\x01\x93\x80",
            b"\x62\x01\x13",
            b"\x62\x01\x53",
            b"\x60\x01\x00\x04",
            SPS5,
            PPS5,
        ),
        *(b"\0\0\0\0\x01\x32\x10\x10", b"\0\0\0\0\x41\xff\x10\x10\0\1\xff\xff\0\0\0\x80"),
    ]
)
PAYLOADS = st.builds(bytes.__add__, HEADS | st.just(b""), st.binary(max_size=200))
PACKETS = st.tuples(PAYLOADS, st.integers(0, 3), st.booleans(), st.booleans())


@pytest.mark.parametrize("make", [H264Assembler, H265Assembler, lambda sets, limits: JpegAssembler(limits)])
@given(sent=st.lists(PACKETS, max_size=60))
def test_any_payloads_yield_pictures_within_the_limit_or_a_failure_of_ours(make, sent):
    stream = Stream(make((SPS, PPS, SPS5, PPS5), LIMITS))
    for payload, timestamp, marker, lost in sent:
        if lost:
            stream.lose()
        outcome, picture = outcome_of(lambda: stream.send(payload, timestamp, marker=marker))  # noqa: B023 - called at once
        if outcome is not None:
            assert outcome in {Outcome.TOO_LARGE, Outcome.UNDECODABLE}
            return
        assert picture is None or len(picture.data) <= LIMITS.picture_bytes + 1000


NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def sender_report(wall, timestamp):
    seconds = (wall - datetime(1900, 1, 1, tzinfo=UTC)).total_seconds()
    return memoryview(
        b"\x80\xc8\0\x06\0\0\0\1" + int(seconds * 2**32).to_bytes(8) + timestamp.to_bytes(4) + bytes(8)
    )


def test_a_sender_report_tells_when_a_picture_was_taken():
    clock = SenderClock()
    assert clock.captured_at(5, NOW) == NOW
    report = sender_report(NOW - timedelta(seconds=2), 2**32 - 45_000)
    clock.report(report, 0, len(report))
    captured = clock.captured_at(45_000, NOW)  # one second later, past the wraparound
    assert abs(captured - (NOW - timedelta(seconds=1))) < timedelta(milliseconds=1)


def test_a_camera_whose_clock_is_wrong_is_not_believed():
    clock = SenderClock()
    report = sender_report(datetime(1970, 1, 1, tzinfo=UTC), 0)
    clock.report(report, 0, len(report))
    assert clock.captured_at(0, NOW) == NOW


@given(st.binary(max_size=60), st.integers(0, 2**32 - 1))
def test_any_report_leaves_a_capture_time_near_arrival(data, timestamp):
    clock = SenderClock()
    clock.report(memoryview(data), 0, len(data))
    assert abs(clock.captured_at(timestamp, NOW) - NOW) <= SenderClock.TRUSTED
