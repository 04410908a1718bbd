"""Answers to challenges, by the examples of the standards and by whatever a server may send."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.digest import Authoriser, parse_challenges


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


RFC_7616 = (
    'realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
RFC_7616_CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616(algorithm, expected):
    authoriser = Authoriser("Mufasa", "Circle of Life", cnonce=lambda: RFC_7616_CNONCE)
    assert authoriser.accept([f"Digest {RFC_7616.format(algorithm)}"], again=False)
    header = authoriser.header("GET", "/dir/index.html")
    assert f'response="{expected}"' in header
    assert f"algorithm={algorithm}" in header
    assert "qop=auth, nc=00000001" in header


def test_the_old_form_without_qop():
    authoriser = Authoriser("admin", "12345")
    assert authoriser.accept(['Digest realm="IP Camera", nonce="abc"'], again=False)
    header = authoriser.header("DESCRIBE", "rtsp://10.0.0.1/1")
    secret, request = md5("admin:IP Camera:12345"), md5("DESCRIBE:rtsp://10.0.0.1/1")
    assert f'response="{md5(f"{secret}:abc:{request}")}"' in header
    assert "cnonce" not in header
    assert "qop" not in header
    assert "algorithm" not in header


def test_each_request_counts_the_nonce_up_and_a_new_nonce_begins_again():
    authoriser = Authoriser("u", "p")
    authoriser.accept(['Digest realm="r", nonce="1", qop="auth"'], again=False)
    assert [f"nc=0000000{n}" in authoriser.header("PLAY", "x") for n in (1, 2)] == [True, True]
    assert authoriser.accept(['Digest realm="r", nonce="2", qop="auth", stale=TRUE'], again=True)
    assert "nc=00000001" in authoriser.header("PLAY", "x")


def test_basic_is_the_last_resort():
    offers = [
        'Basic realm="r"',
        'Digest realm="r", nonce="n"',
        'Digest realm="r", nonce="n", algorithm=SHA-256',
    ]
    assert [challenge.strength for challenge in parse_challenges(offers)] == [2, 1, 0]
    authoriser = Authoriser("Aladdin", "open sesame")
    assert authoriser.accept(offers[:1], again=False)
    assert authoriser.header("GET", "/") == "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"


def test_several_challenges_may_stand_in_one_header():
    challenges = parse_challenges(['Basic realm="a, b", Digest realm="c", nonce="n", opaque="o"'])
    assert [(c.scheme, c.realm) for c in challenges] == [("digest", "c"), ("basic", "a, b")]


def test_refused_credentials_are_not_offered_again_unless_the_nonce_was_stale():
    authoriser = Authoriser("u", "p")
    assert authoriser.accept(['Digest realm="r", nonce="1"'], again=False)
    assert not authoriser.accept(['Digest realm="r", nonce="2"'], again=True)
    assert authoriser.accept(['Digest realm="r", nonce="3", stale=true'], again=True)


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        "Digest",
        'Digest realm="r"',
        'Digest nonce="n", algorithm=SHA-512',
        'Digest nonce="n", qop="auth-int"',
        "NTLM",
    ],
)
def test_a_challenge_that_cannot_be_answered_is_left_out(challenge):
    assert not Authoriser("u", "p").accept([challenge], again=False)


def test_without_a_user_name_nothing_is_sent():
    authoriser = Authoriser("", "")
    assert not authoriser.accept(['Basic realm="r"'], again=False)
    assert authoriser.header("GET", "/") == ""


@given(
    st.lists(st.text(st.characters(max_codepoint=255, blacklist_characters="\r\n"), max_size=300), max_size=4)
)
def test_any_challenge_is_answered_in_one_line_or_left_out(values):
    authoriser = Authoriser("u", "s3cret")
    if authoriser.accept(values, again=False):
        header = authoriser.header("DESCRIBE", "rtsp://10.0.0.1/")
        assert header.endswith("\r\n")
        assert "\n" not in header[:-2]
        assert "s3cret" not in header


@given(st.text(st.sampled_from('Digest Basic="\\,realmnonce'), max_size=200))
def test_near_challenges_do_not_break_the_parser(text):
    for challenge in parse_challenges([f"Digest {text}", text]):
        assert challenge.scheme in {"basic", "digest"}
