"""The byte stream of a connection, however it is cut, mixed and damaged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_peers import interleaved, response

from ingest.failure import LookFailedError
from ingest.limits import LookLimits
from ingest.wire import InterleavedParser, parse_head
from models.look import Outcome

LIMITS = LookLimits(head_bytes=512, body_bytes=1024, receive_buffer=64, messages=8, look_bytes=1 << 20)


class Reader:
    """Feeds a parser and keeps what comes out."""

    def __init__(self, limits=LIMITS):
        self.seen = []
        self.parser = InterleavedParser(limits, self.message, self.packet)

    def message(self, message):
        self.seen.append((message.status, message.body))

    def packet(self, channel, view, start, stop):
        self.seen.append((channel, bytes(view[start:stop])))

    def feed(self, data):
        while data:
            room = self.parser.room()
            piece = data[: len(room)]
            room[: len(piece)] = piece
            self.parser.received(len(piece))
            data = data[len(piece) :]


items = st.one_of(
    st.tuples(st.integers(0, 255), st.binary(max_size=300)).map(
        lambda pair: (interleaved(pair[1], pair[0]), (pair[0], pair[1]))
    ),
    st.binary(max_size=200).map(
        lambda body: (
            b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body),
            (200, body),
        )
    ),
    st.just((b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n", (None, b""))),
)


@given(st.lists(items, max_size=8), st.lists(st.integers(1, 120), min_size=1, max_size=20))
def test_what_was_sent_comes_out_however_it_is_cut(sent, cuts):
    reader, stream = Reader(), b"".join(data for data, _ in sent)
    while stream:
        cut = cuts[len(stream) % len(cuts)]
        reader.feed(stream[:cut])
        stream = stream[cut:]
    assert reader.seen == [expected for _, expected in sent]


@given(st.lists(st.one_of(st.binary(max_size=200), items.map(lambda item: item[0])), max_size=12))
def test_anything_else_is_named_and_memory_stays_bounded(pieces):
    reader, outcome = Reader(), Outcome.MALFORMED
    try:
        for piece in pieces:
            reader.feed(piece)
            assert reader.parser.room()
    except LookFailedError as failure:
        outcome = failure.outcome
    assert outcome in {Outcome.MALFORMED, Outcome.TOO_LARGE}
    assert len(reader.parser._buffer) <= 2 * (65535 + 4)


def test_the_buffer_grows_for_the_longest_packet_and_no_further():
    reader = Reader()
    for _ in range(3):
        reader.feed(interleaved(bytes(65535)))
    assert [len(content) for _, content in reader.seen] == [65535] * 3
    assert len(reader.parser._buffer) == 128 << 10


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        (b"\x00", Outcome.MALFORMED),
        (b"GET / HTTP/1.1", Outcome.MALFORMED),
        (b"RTSP/1.0 OK\r\n\r\n", Outcome.MALFORMED),
        (b"\r\n" * 5, Outcome.MALFORMED),
        (b"RTSP/1.0 200 " + b"x" * 600, Outcome.TOO_LARGE),
        (response(200, "Content-Length: 2000\r\n"), Outcome.TOO_LARGE),
        (response(200, "Content-Length: 1e3\r\n"), Outcome.MALFORMED),
        (response(200) * 9, Outcome.MALFORMED),
        (interleaved(bytes(60000)) * 18, Outcome.TOO_LARGE),
    ],
)
def test_what_breaks_a_rule_is_refused_at_once(data, outcome):
    with pytest.raises(LookFailedError) as caught:
        Reader().feed(data)
    assert caught.value.outcome is outcome


def test_headers_may_repeat_and_their_names_have_no_case():
    head = b'RTSP/1.0 401 No\r\nWWW-Authenticate: Basic realm="a"\r\nwww-authenticate:Digest\r\nbroken line'
    message, length = parse_head(head, LIMITS)
    assert (message.status, length) == (401, 0)
    assert message.all("www-authenticate") == ['Basic realm="a"', "Digest"]
    assert message.header("session") == ""
