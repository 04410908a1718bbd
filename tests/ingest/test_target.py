"""Addresses without credentials, and a policy that neither names nor redirects can get around."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import InvalidInputError
from ingest.failure import LookFailedError
from ingest.target import PRIVATE_NETWORKS, CameraAddress, TargetPolicy, resolve, split_url
from models.look import Outcome

PRIVATE = TargetPolicy.of(PRIVATE_NETWORKS)


def answering(*addresses):
    async def lookup(host, port):
        return addresses

    return lookup


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://viewer:s3cret@10.0.0.1/cam",
        "rtsp://viewer@10.0.0.1/cam",
        "rtsp://10.0.0.1\\@evil/s3cret",
        "rtsp://10.0.0.1:70000/s3cret",
        "rtsp://[10.0.0.1/s3cret",
        "rtsp:///s3cret",
        "10.0.0.1/s3cret",
        "rtsp://10.0.0.1/s3cret\r\nX: y",
        "rtsp://10.0.0.1/s3cret cam",
        "rtsp://10.0.0.1/s3cret/摄像机",
        "rtsp://10.0.0.1/s3cret" + "x" * 3000,
        "",
    ],
)
def test_an_unusable_url_is_refused_and_never_repeated(url):
    with pytest.raises(InvalidInputError) as caught:
        CameraAddress(url)
    assert "s3cret" not in str(caught.value)


def test_a_password_never_shows():
    assert "s3cret" not in repr(CameraAddress("rtsp://10.0.0.1/cam", "viewer", "s3cret"))


@pytest.mark.parametrize(
    ("user", "password"), [("a:b", ""), ("a\r\nX: y", ""), ("a", "b\nc"), ("a" * 300, "")]
)
def test_credentials_that_cannot_be_sent_are_refused(user, password):
    with pytest.raises(InvalidInputError):
        CameraAddress("rtsp://10.0.0.1/cam", user, password)


def test_the_port_defaults_to_that_of_the_scheme_and_a_fragment_is_not_sent():
    location = split_url("rtsp://Cam.example/a?b=c#d")
    assert (location.host, location.port, location.url) == ("cam.example", 554, "rtsp://Cam.example/a?b=c")


@given(st.text())
def test_any_text_is_taken_apart_or_refused(text):
    try:
        location = split_url(text)
    except InvalidInputError:
        return
    assert location.host
    assert "@" not in text.split("/")[2]


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.1.2.3", True),
        ("127.0.0.1", True),
        ("fd00::1", True),
        ("::ffff:10.1.2.3", True),
        ("8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("169.254.169.254", False),
        ("fe80::1%eth0", False),
        ("0.0.0.0", False),  # a judged address, not a bound one
        ("2001:db8::1", False),
    ],
)
def test_the_policy_judges_addresses(address, allowed):
    assert PRIVATE.permits(ip_address(address)) is allowed


def test_a_policy_without_networks_allows_nothing():
    assert not TargetPolicy().permits(ip_address("127.0.0.1"))


def test_a_network_that_is_none_is_named():
    with pytest.raises(InvalidInputError, match=r"10\.0\.0\.0/99"):
        TargetPolicy.of(["10.0.0.0/99"])


async def test_the_connection_goes_to_the_very_address_that_was_checked():
    asked = []

    async def changing(host, port):
        asked.append(host)
        return ["10.0.0.7"] if len(asked) == 1 else ["8.8.8.8"]

    target = await resolve(split_url("rtsp://cam.example/x"), PRIVATE, changing)
    assert (target.ip, asked) == ("10.0.0.7", ["cam.example"])


async def test_of_several_addresses_the_first_allowed_one_is_taken():
    target = await resolve(split_url("rtsp://cam.example/x"), PRIVATE, answering("8.8.8.8", "192.168.1.2"))
    assert target.ip == "192.168.1.2"


@pytest.mark.parametrize(
    ("url", "addresses", "outcome"),
    [
        ("rtsp://cam.example/x", ("8.8.8.8",), Outcome.NOT_ALLOWED),
        ("rtsp://8.8.8.8/x", (), Outcome.NOT_ALLOWED),
        ("ftp://10.0.0.1/x", (), Outcome.NOT_ALLOWED),
        ("rtsp://cam.example/x", (), Outcome.NOT_ALLOWED),
    ],
)
async def test_what_lies_outside_is_not_allowed(url, addresses, outcome):
    with pytest.raises(LookFailedError) as caught:
        await resolve(split_url(url), PRIVATE, answering(*addresses))
    assert caught.value.outcome is outcome


@pytest.mark.parametrize("error", [OSError("no such name"), UnicodeError("label too long")])
async def test_a_name_without_an_address_is_unreachable(error):
    async def failing(host, port):
        raise error

    with pytest.raises(LookFailedError) as caught:
        await resolve(split_url("rtsp://cam.example/x"), PRIVATE, failing)
    assert caught.value.outcome is Outcome.UNREACHABLE
