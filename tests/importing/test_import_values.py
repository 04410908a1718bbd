"""A cell says a value, nothing, "clear it", or a problem with its reason and remedy."""

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import InvalidInputError
from camera_registry.identity import VALID, VALID_CAMERA, DeviceId
from camera_registry.importing.fields import FIELDS
from camera_registry.importing.numbers import coordinate
from camera_registry.importing.request import Kind
from camera_registry.importing.values import BLANKS, CLEAR, Memo, Noted, UrlWithLogin

CAMERA_FIELDS = FIELDS[Kind.CAMERAS]
CODE = "37060200081326000001"


def read(field: str, text: str):
    return CAMERA_FIELDS[field].parse(text)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("code", CODE, CODE),
        ("code", f" {CODE}\t", CODE),
        ("code", "３７０６０２０００８１３２６００００01", CODE),
        ("code", f"'{CODE}", CODE),
        ("code", "0", None),
        ("code", "0" * 20, None),
        ("name", "  东门  ", "东门"),
        ("name", "暂无", None),
        ("name", "清空", CLEAR),
        ("longitude", "121.391382", 121.391382),
        ("longitude", "121°23'28.98\"", 121.391383333),
        ("longitude", "121度23分28.98秒", 121.391383333),
        ("longitude", "东经121°23′28.98″", 121.391383333),
        ("longitude", "121°23.483′E", 121.391383333),
        ("longitude", "E121.391382", 121.391382),
        ("longitude", "121,391382", 121.391382),
        ("latitude", "N37.533312", 37.533312),
        ("declared_crs", "火星坐标系", "GCJ-02"),
        ("declared_crs", "百度", "BD-09"),
        ("declared_crs", "国家2000", "CGCS2000"),
        ("mount_height_m", "6.5米", 6.5),
        ("mount_height_m", "650 cm", 6.5),
        ("mount_height_m", "６．５", 6.5),
        ("mount_height_m", "0", None),
        ("heading_deg", "0", 0.0),
        ("heading_deg", "360", 0.0),
        ("heading_deg", "90°", 90.0),
        ("heading_deg", "由东向西", 270.0),
        ("direction_type", "东", 1),
        ("direction_type", "由南向北", 4),
        ("direction_type", "NE", 6),
        ("direction_type", "0", None),
        ("ptz_type", "球机", 1),
        ("ptz_type", "3.0", 3),
        ("ptz_type", "1-球机", 1),
        ("room_type", "室外", 1),
        ("room_type", "2", 2),
        ("supply_light_type", "无", 1),
        ("supply_light_type", "0", None),
        ("sensitivity", "0", 0),
        ("sensitivity", "敏感", 2),
        ("secrecy", "否", 0),
        ("installed_on", "2023-5-1", date(2023, 5, 1)),
        ("installed_on", "20230501", date(2023, 5, 1)),
        ("installed_on", "2023年5月1日", date(2023, 5, 1)),
        ("installed_on", "2023.05", date(2023, 5, 1)),
        ("installed_on", "45047", date(2023, 5, 1)),
        ("installed_on", "0000-00-00", None),
        ("ip_address", "0.0.0.0", None),
        ("mac", "00-1A-2B-3C-4D-5E", "00:1a:2b:3c:4d:5e"),
        ("port", "0", None),
        ("record_save_days", "30天", 30),
        ("stream_url", "RTSP://10.0.0.1:554/ch1", "rtsp://10.0.0.1:554/ch1"),
        ("capture_position_type", "0", None),
    ],
)
def test_what_people_write_is_understood(field, text, value):
    found = read(field, text)
    assert found is value or found == pytest.approx(value) if isinstance(value, float) else found == value


@pytest.mark.parametrize(
    ("field", "text", "kind"),
    [
        ("code", "3.70602E+19", "lost-digits"),
        ("code", "370602001326000031", "invalid-code"),
        ("code", "3706020008132600O032", "invalid-code"),
        ("code", "37060200081186000033", "no-camera-code"),
        ("code", "37060200081326100000", "rounded-code"),
        ("name", "路" * 201, "too-long"),
        ("name", "东\x00门", "control-characters"),
        ("name", "东\ufffd门", "damaged-text"),
        ("name", "东门 rtsp://admin:pw@10.0.0.1/", "credentials-in-text"),
        ("owner", "#REF!", "sheet-error"),
        ("longitude", "121.4", "coordinate-coarse"),
        ("longitude", "37.533312N", "coordinate-swapped"),
        ("longitude", "121°61'00\"", "not-degrees"),
        ("longitude", "inf", "not-degrees"),
        ("declared_crs", "地方坐标系", "unknown-crs"),
        ("mount_height_m", "约6", "approximate"),
        ("mount_height_m", "3-5", "not-a-number"),
        ("mount_height_m", "-3", "out-of-range"),
        ("heading_deg", "400", "out-of-range"),
        ("port", "99999", "out-of-range"),
        ("port", "80.5", "not-a-number"),
        ("direction_type", "9", "unknown-value"),
        ("installed_on", "2023-02-30", "not-a-date"),
        ("ip_address", "10.0.0.256", "not-an-address"),
        ("ip_address", "fe80::1%eth0", "not-an-address"),
        ("mac", "00:1A", "not-a-mac"),
        ("stream_url", "10.0.0.1:554", "not-a-url"),
        ("stream_url", "http://10.0.0.1/", "not-a-url"),
        ("stream_url", "rtsp://10.0.0.1:99999/", "not-a-url"),
        ("stream_url", "rtsp://10.0.0.1/?user=a&password=b", "credentials-in-query"),
        ("stream_url", "rtsp://admin:pa/ss@10.0.0.1/x", "credentials-unclear"),
    ],
)
def test_what_cannot_be_used_says_why_and_what_to_do(field, text, kind):
    found = read(field, text)
    assert type(found) is Noted
    assert kind in [problem.code for problem in found.problems]
    assert all(problem.reason.endswith(".") and problem.remedy for problem in found.problems)


@pytest.mark.parametrize("field", sorted(CAMERA_FIELDS))
@pytest.mark.parametrize("text", ["", "  ", "-", "NULL", "N/A", "——"])
def test_ways_to_write_nothing_are_nothing(field, text):
    assert read(field, text) is None


@given(user=st.text("abcXYZ0189._-", min_size=1), password=st.text("abcXYZ0189!$%^*()", min_size=1))
def test_a_login_leaves_its_url(user, password):
    found = read("stream_url", f"rtsp://{user}:{password.replace('%', '%25')}@10.0.0.1:554/ch1")
    assert found == UrlWithLogin("rtsp://10.0.0.1:554/ch1", user, password)


@given(st.sampled_from(sorted(CAMERA_FIELDS)), st.text(max_size=40))
def test_no_text_breaks_a_parser(field, text):
    read(field, text)


@given(
    st.sampled_from(sorted(CAMERA_FIELDS)),
    st.text("0123456789.-:/°'\"东西南北 ENWSen+约米度年月日@", max_size=30),
)
def test_no_near_miss_breaks_a_parser(field, text):
    value = read(field, text)
    value = value.value if type(value) is Noted else value
    assert not isinstance(value, float) or math.isfinite(value)


@given(st.sampled_from([f for f in CAMERA_FIELDS.values() if f.plain]), st.data())
def test_what_looks_plain_is_what_the_parser_says(field, data):
    """The quick way and the careful way through a column are one rule."""
    text = data.draw(st.from_regex(field.plain.pattern, fullmatch=True))
    assert Memo(field.parse, field.plain).read([text]) == [field.parse(text)]


@given(st.text("0123456789", min_size=20, max_size=20) | st.from_regex(VALID, fullmatch=True))
def test_the_quick_yes_for_device_ids_is_the_parsers_own(text):
    try:
        device = DeviceId.parse(text)
    except InvalidInputError:
        device = None
    assert bool(VALID.fullmatch(text)) == (device is not None)
    assert bool(VALID_CAMERA.fullmatch(text)) == (device is not None and device.is_camera)


@given(st.integers(0, 179), st.integers(0, 59), st.floats(0, 59.99))
def test_degrees_minutes_seconds_come_to_decimal_degrees(degrees, minutes, seconds):
    text = f"{degrees}°{minutes:02d}'{seconds:05.2f}\""
    expected = degrees + minutes / 60 + float(f"{seconds:05.2f}") / 3600
    assert coordinate("longitude")(text) == pytest.approx(expected, abs=1e-8)


def test_a_memo_forgets_before_it_grows_without_end():
    memo = Memo(lambda text: text)
    memo.MOST = 10
    for start in range(0, 100, 10):
        memo.read([str(number) for number in range(start, start + 10)])
    assert len(memo) <= 20


def test_blank_words_are_folded():
    assert all(word == word.casefold() for word in BLANKS)
