"""Identities and addresses in cells: device ids, codes, network addresses, URLs without logins, dates."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote

from base.errors import InvalidInputError
from base.redact import HIDDEN, redact_text
from camera_registry.identity import LENGTH, VALID_CAMERA, DeviceId
from camera_registry.importing.numbers import plain
from camera_registry.importing.report import Severity
from camera_registry.importing.values import Noted, Parser, Plain, Problem, UrlWithLogin, nothing

PLAIN_ID = Plain(re.compile(rf"{VALID_CAMERA.pattern}(?<!00000)"))
"""Valid ids of cameras that no spreadsheet has rounded."""

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]\d|\d)"
PLAIN_IP = Plain(re.compile(rf"(?!0\.0\.0\.0$){_OCTET}(?:\.{_OCTET}){{3}}", re.ASCII))
PLAIN_MAC = Plain(re.compile(r"(?!00:00:00:00:00:00)[0-9a-f]{2}(?::[0-9a-f]{2}){5}", re.ASCII))

_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?e\+?\d+", re.IGNORECASE)
_ROUNDED = re.compile(r"\d{15}0{5}")
_BLANK = re.compile(r"\s+")
MOST_CODE = 64

LOST_DIGITS = Problem(
    "lost-digits",
    "A spreadsheet kept it as a number: of its 20 digits only the first 15 are left.",
    "Format the column as text BEFORE typing or pasting the ids (设置单元格格式 → 文本), or export it anew "
    "from the platform; the lost digits cannot be recovered from this file.",
)
_ROUNDED_OFF = Problem(
    "rounded-code",
    "Its last five digits are 0, as if a spreadsheet had kept it as a number.",
    "Compare it with the platform; format the column as text.",
    Severity.WARNING,
)
_ID_REMEDY = "Ask the platform for the id; until then the camera is kept under it as reported."


def device_id(text: str) -> Any:
    """A GB/T 28181 device id. One that is not valid is taken as reported, with the reason as a warning."""
    bare = _BLANK.sub("", unicodedata.normalize("NFKC", text)).removeprefix("'")
    if _SCIENTIFIC.fullmatch(bare):
        return Noted(None, (LOST_DIGITS,))
    if bare.removesuffix(".0").strip("0") == "":
        return None
    if len(bare) > MOST_CODE or not bare.isprintable():
        return Noted(None, (_no_code(f"It has {len(bare)} characters: no id."),))
    problems: list[Problem] = []
    try:
        device = DeviceId.parse(bare)
    except InvalidInputError as err:
        reason = err.detail.removeprefix("Device id: ")
        problems.append(
            Problem("invalid-code", f"No device id: {reason}", _ID_REMEDY, Severity.WARNING),
        )
    else:
        if not device.is_camera:
            problems.append(
                Problem(
                    "no-camera-code",
                    f"By digits 11-13 it is a {device.type_name}, not a camera.",
                    "Give the id of the channel, type 131 or 132, not that of its recorder or platform.",
                    Severity.WARNING,
                )
            )
    if len(bare) == LENGTH and _ROUNDED.fullmatch(bare):
        problems.append(_ROUNDED_OFF)
    return Noted(bare, tuple(problems)) if problems else bare


def _no_code(reason: str) -> Problem:
    return Problem("invalid-code", reason, "Give the 20 digits of GB/T 28181.")


def code_of(most: int) -> Parser:
    """A source's own key or a code of no fixed form: any printable text without blanks at its ends."""
    long = Problem("too-long", f"It has more than {most} characters: no key.", "Give a short key.")

    def parse(text: str) -> Any:
        bare = plain_key(text)
        if _SCIENTIFIC.fullmatch(bare) and len(bare) > 8:
            return Noted(None, (LOST_DIGITS,))
        return Noted(None, (long,)) if len(bare) > most or not bare.isprintable() else bare or None

    return nothing(parse)


def plain_key(text: str) -> str:
    """A key as it is compared: without outer blanks and the apostrophe that marks text; 7 for 7.0."""
    bare = text.strip().lstrip("'")
    whole = bare.removesuffix(".0")
    return whole if whole.isdigit() else bare


def digits(least: int, most: int, *, what: str) -> Parser:
    """A code of ``least`` to ``most`` digits; all noughts are "not reported"."""
    wanted = f"{least}" if least == most else f"{least} to {most}"
    bad = Problem(
        "not-digits", f"It is no {what}: {wanted} digits are needed.", "Correct it or leave it empty."
    )

    def parse(text: str) -> Any:
        bare = plain(text).removesuffix(".0")
        if not (bare.isascii() and bare.isdigit() and least <= len(bare) <= most):
            return Noted(None, (bad,))
        return bare if bare.strip("0") else None

    return nothing(parse)


_NO_IP = Problem(
    "not-an-address", "It is no IPv4 or IPv6 address.", "Write it as 10.20.30.40, without a port."
)


def ip_address(text: str) -> Any:
    """An IP address, as the store writes it; 0.0.0.0 is "not reported"."""
    bare = plain(text).replace("。", ".")
    try:
        found = ipaddress.ip_address(bare if "%" not in bare else "")
    except ValueError:
        return Noted(None, (_NO_IP,))
    return None if found.is_unspecified else str(found)


_MAC = re.compile(r"[0-9a-f]{12}")
_NO_MAC = Problem(
    "not-a-mac", "It is no MAC address of 12 hexadecimal digits.", "Write it as 00:1a:2b:3c:4d:5e."
)


def mac_address(text: str) -> Any:
    """A MAC address in lower case with colons; all noughts are "not reported"."""
    bare = re.sub(r"[\s:.-]", "", plain(text))
    if not _MAC.fullmatch(bare):
        return Noted(None, (_NO_MAC,))
    return ":".join(bare[i : i + 2] for i in range(0, 12, 2)) if bare.strip("0") else None


_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<rest>[^\s\x00-\x20]+)", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w.-]+|\[[0-9a-f:.]+\])(?::(?P<port>\d{1,5}))?", re.IGNORECASE)
_SECRET_QUERY = re.compile(
    r"[?&;](?:user(?:name)?|usr|pass(?:word|wd)?|pwd|psw|auth|token)=[^&;]*", re.IGNORECASE
)
MOST_URL = 1000


def plain_url(*schemes: str) -> Plain:
    """A URL without anything but host, port and path."""
    return Plain(
        re.compile(
            rf"(?:{'|'.join(schemes)})://[a-z0-9][a-z0-9.-]*(?::[1-9]\d{{0,3}})?(?:/[\w./=-]{{0,500}})?",
            re.ASCII,
        )
    )


def url_of(schemes: tuple[str, ...], *, example: str) -> Parser:
    """A URL of one of ``schemes``. A login before its host comes back apart, as :class:`UrlWithLogin`."""
    listed = ", ".join(schemes)

    def bad(code: str, reason: str, text: str, remedy: str = f"Write it as {example}.") -> Noted:
        return Noted(None, (Problem(code, reason, remedy, shown=safe_url(text)),))

    def parse(text: str) -> Any:
        found = _URL.fullmatch(text)
        scheme = found["scheme"].lower() if found else ""
        if not found or scheme not in schemes or len(text) > MOST_URL:
            return bad("not-a-url", f"It is no address of {listed}.", text)
        rest = found["rest"]
        if _SECRET_QUERY.search(rest):
            return bad(
                "credentials-in-query",
                "It carries a user name, password or token among its parameters.",
                text,
                "Take them out; put user name and password into columns of their own (用户名, 密码).",
            )
        try:
            login, rest = _split_login(rest)
        except ValueError:
            return bad(
                "credentials-unclear",
                "An @ stands in its path, so that it cannot be told where a password in it would end.",
                text,
                "Put user name and password into columns of their own, and write an @ of the path as %40.",
            )
        host = _HOST.fullmatch(re.split(r"[/?#]", rest, maxsplit=1)[0])
        if not host or int(host["port"] or 1) not in range(1, 65536):
            return bad("not-a-url", "Its host or port cannot be one.", text)
        url = f"{scheme}://{rest}"
        if login is None:
            return url
        username, _, password = login.partition(":")
        return UrlWithLogin(url, unquote(username), unquote(password))

    return nothing(parse)


def _split_login(rest: str) -> tuple[str | None, str]:
    """The login before the host and what follows it.

    Raises:
        ValueError: It cannot be told where the login ends: a password may hold any letter.
    """
    before_path = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in rest[len(before_path) :]:
        raise ValueError
    login, at, host = rest.rpartition("@")
    return (login if at else None), host


def safe_url(text: str) -> str:
    """The URL without anything secret, for messages."""
    return _SECRET_QUERY.sub(lambda found: f"{found[0].partition('=')[0]}={HIDDEN}", redact_text(text))


_DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*(?:[-/.月]\s*(\d{1,2})\s*日?)?(?:[\sT]+\d{1,2}[:时].*)?月?"
)
_COMPACT = re.compile(r"((?:19|20)\d{2})([01]\d)([0-3]\d)(?:\d{6})?")
_SERIAL = re.compile(r"[2-6]\d{4}(?:\.\d+)?")
_NO_DATE = Problem("not-a-date", "It is no date.", "Write it as 2023-05-01.")
_EXCEL_ZERO = date(1899, 12, 30)
_FIRST, _LAST = date(1970, 1, 1), date(2100, 1, 1)


def day(text: str) -> Any:
    """A day: 2023-05-01, 2023/5/1, 2023年5月1日, 20230501, a spreadsheet's number; of a month its first."""
    bare = plain(text)
    if not bare.strip("0-/:. t"):
        return None
    try:
        if found := _COMPACT.fullmatch(bare) or _DATE.fullmatch(bare):
            year, month, number = found.groups()
            value = date(int(year), int(month), int(number or 1))
        elif _SERIAL.fullmatch(bare):
            value = _EXCEL_ZERO + timedelta(days=int(float(bare)))
        else:
            return Noted(None, (_NO_DATE,))
    except ValueError:
        return Noted(None, (_NO_DATE,))
    if (value < _FIRST and value.year > 1900) or value > _LAST:
        return Noted(None, (_NO_DATE,))
    return None if value.year <= 1900 else value
