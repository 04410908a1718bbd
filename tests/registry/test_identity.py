"""A GB/T 28181 device id is read part by part, or refused with the reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import InvalidInputError
from camera_registry.identity import TYPES, DeviceId, Network

EXAMPLE = "37060200081326000001"

digits = st.text("0123456789", min_size=20, max_size=20)
valid_ids = st.builds(
    DeviceId,
    admin_code=st.from_regex(r"[1-9][1-9][0-9]{4}", fullmatch=True),
    grassroots_code=st.from_regex(r"[0-9]{2}", fullmatch=True),
    industry=st.integers(0, 14) | st.integers(40, 59) | st.integers(90, 99),
    type=st.sampled_from(sorted(TYPES)),
    network=st.sampled_from(Network),
    serial=st.integers(0, 999_999),
)


def test_the_example_of_the_standard_is_read_part_by_part():
    device = DeviceId.parse(EXAMPLE)
    assert device == DeviceId("370602", "00", 8, 132, Network.E_GOVERNMENT, 1)
    assert device.type_name == "IP camera"
    assert device.is_camera


def test_a_recorder_is_a_device_but_no_camera():
    assert not DeviceId.parse("37060200001180000001").is_camera


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "none was reported"),
        ("0" * 20, "none was reported"),
        ("3706020008132600000", "19 characters"),
        (EXAMPLE + " ", "21 characters"),
        ("3706020008132600000O", "character 20 is 'O'"),
        ("３" + EXAMPLE[1:], "character 1"),
        ("3706020008132600000²", "character 20"),
        ("37060200089996000001", "type 999"),
        ("37060200301326000001", "industry 30"),
        ("00060200081326000001", "administrative code"),
    ],
)
def test_what_is_no_device_id_is_refused_with_the_reason(text, reason):
    with pytest.raises(InvalidInputError, match=reason):
        DeviceId.parse(text)


def test_unknown_is_not_zero():
    """Twenty noughts mean that nothing was reported; they are not the device number nought."""
    with pytest.raises(InvalidInputError, match="none was reported"):
        DeviceId.parse("0" * 20)
    assert DeviceId.parse("37060200081326000000").serial == 0


def test_parts_that_do_not_fit_are_refused_when_an_id_is_built():
    with pytest.raises(InvalidInputError, match="serial 1000000"):
        DeviceId("370602", "00", 8, 132, Network.INDUSTRY, 1_000_000)
    with pytest.raises(InvalidInputError, match="grassroots"):
        DeviceId("370602", "1", 8, 132, Network.INDUSTRY, 1)


@given(valid_ids)
def test_what_is_written_is_read_back(device):
    text = str(device)
    assert len(text) == 20
    assert text.isdecimal()
    assert DeviceId.parse(text) == device


@given(digits | st.text(max_size=40))
def test_any_text_is_either_read_back_unchanged_or_refused(text):
    try:
        device = DeviceId.parse(text)
    except InvalidInputError:
        return
    assert str(device) == text
