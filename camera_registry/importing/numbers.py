"""Numbers as people write them: full-width, with units and commas; angles in degrees, minutes, seconds."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from camera_registry.importing.report import Severity
from camera_registry.importing.values import Noted, Plain, Problem, nothing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from camera_registry.importing.values import Parser

_NUMBER = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)\s*([^\d\s.,+-][^\d,+-]*)?", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_ABOUT = re.compile(r"^(?:约|大约|大概|~|≈|about|approx\.?)\s*")

METRES = {"m": 1.0, "米": 1.0, "公尺": 1.0, "metres": 1.0, "meters": 1.0, "cm": 0.01, "厘米": 0.01,
          "mm": 0.001, "毫米": 0.001, "km": 1000.0, "公里": 1000.0, "千米": 1000.0}  # fmt: skip
DEGREES = {"°": 1.0, "度": 1.0, "deg": 1.0, "degrees": 1.0, "degree": 1.0, "º": 1.0}
DAYS = {"天": 1.0, "日": 1.0, "days": 1.0, "day": 1.0, "d": 1.0, "周": 7.0, "个月": 30.0, "月": 30.0}
NO_UNIT: dict[str, float] = {}

_COARSE_DECIMALS = 3
"""Fewer decimals of a degree leave a place open by more than a hundred metres."""

PLAIN_DEGREES = Plain(re.compile(r"[1-9]\d{1,2}\.\d{3,15}", re.ASCII), float)
"""Decimal degrees as most lists have them."""

_SECONDS = r"(?:\"|″|''|′′|”|“|秒)?"
_DMS = re.compile(
    r"(?P<sign>[+-])?(?P<d>\d{1,3})\s*(?:°|度|º|˚|:|-|\s)\s*(?P<m>\d{1,2}(?:\.\d+)?)\s*(?:'|′|’|‘|分|:|-|\s|$)\s*"
    rf"(?:(?P<s>\d{{1,2}}(?:\.\d+)?)\s*{_SECONDS})?"
)
_SIDES = {
    "longitude": {"e": 1, "东经": 1, "w": -1, "西经": -1, "东": 1, "西": -1},
    "latitude": {"n": 1, "北纬": 1, "s": -1, "南纬": -1, "北": 1, "南": -1},
}
_SIDE = re.compile(r"^(东经|西经|北纬|南纬|[ewns东西南北])[\s:：]*|\s*([ewns东西南北])$")
_NAMED = {"longitude": "经度", "latitude": "纬度"}


def plain(text: str) -> str:
    """The text in half width and lower case, with one kind of minus, and no apostrophe that marks text."""
    text = unicodedata.normalize("NFKC", text).strip().lower().replace("−", "-").replace("–", "-")
    return text[1:] if text[:1] == "'" else text


def number(
    span: tuple[float, float],
    units: Mapping[str, float],
    *,
    what: str,
    zero_unknown: bool = False,
    whole: bool = False,
) -> Parser:
    """A number within ``span``, in the first of ``units`` unless it names another.

    Args:
        span: Least and most, in the unit that is stored.
        units: Unit → its size in the unit that is stored.
        what: What it is of, with the unit, for messages.
        zero_unknown: Whether 0 means "not reported".
        whole: Whether it must be a whole number, and is given as one.
    """
    low, high = span
    said = f"{low:,g} to {high:,g}"
    out_of_range = Problem(
        "out-of-range", f"It lies outside {said}: no {what}.", "Correct it or leave it empty."
    )
    no_number = Problem("not-a-number", f"It is no number: {what} is needed, {said}.", "Write digits alone.")
    about = Problem(
        "approximate", "It is given as an approximate value, and taken as exact.",
        "Measure it, or write the number alone.", Severity.WARNING,
    )  # fmt: skip

    def parse(text: str) -> Any:
        try:
            value = float(text)
            problems: tuple[Problem, ...] = ()
        except ValueError:
            folded = plain(text)
            bare = _ABOUT.sub("", folded)
            problems = (about,) if bare != folded else ()
            if _GROUPED.fullmatch(bare):
                bare = bare.replace(",", "")
            elif _DECIMAL_COMMA.fullmatch(bare):
                bare = bare.replace(",", ".")
            found = _NUMBER.fullmatch(bare)
            factor = units.get((found[2] or "").strip(), None if found[2] else 1.0) if found else None
            if found is None or factor is None:
                return Noted(None, (no_number,))
            value = float(found[1]) * factor
        if value == 0 and zero_unknown:
            return None
        if not low <= value <= high:  # also of NaN
            return Noted(None, (out_of_range,))
        if whole and value != int(value):
            return Noted(None, (no_number,))
        exact = int(value) if whole else value
        return Noted(exact, problems) if problems else exact

    return nothing(parse)


def coordinate(axis: str) -> Parser:
    """A longitude or latitude in decimal degrees or degrees, minutes, seconds; the range is judged elsewhere.

    A pair needs both of its halves to be judged: see ``coordinates``.
    """
    no_degrees = Problem(
        "not-degrees",
        f"It is no {axis} ({_NAMED[axis]}) in degrees.",
        "Write decimal degrees, such as 121.391382, or 121°23'28.98\".",
    )
    coarse = Problem(
        "coordinate-coarse",
        f"It has fewer than {_COARSE_DECIMALS} decimals: the place is open by more than a hundred metres.",
        "Give at least 5 decimals (1 m).",
        Severity.WARNING,
    )
    sides = _SIDES[axis]

    def parse(text: str) -> Any:
        try:
            value = float(text)
            digits = text
        except ValueError:
            bare = plain(text)
            sign, side = 1, _SIDE.search(bare)
            if side:
                word = side[1] or side[2]
                if word not in sides:
                    return Noted(None, (_other_axis(axis),))
                sign, bare = sides[word], _SIDE.sub("", bare).strip()
            if _DECIMAL_COMMA.fullmatch(bare):
                bare = bare.replace(",", ".")
            digits = bare.rstrip("°度º˚ ")
            try:
                value = float(digits) * sign
            except ValueError:
                degrees = _sexagesimal(bare)
                if degrees is None:
                    return Noted(None, (no_degrees,))
                value, digits = degrees * sign, "0.000000"
        if value != value or abs(value) == float("inf"):  # noqa: PLR0124 - NaN alone differs from itself
            return Noted(None, (no_degrees,))
        if value and len(digits.partition(".")[2]) < _COARSE_DECIMALS and "e" not in digits:
            return Noted(value, (coarse,)) if abs(value) <= 180 else value
        return value

    return nothing(parse)


def _sexagesimal(text: str) -> float | None:
    """121°23'45.6" → degrees; None if it is not of that form."""
    found = _DMS.fullmatch(text)
    if not found:
        return None
    minutes, seconds = float(found["m"]), float(found["s"] or 0)
    if minutes >= 60 or seconds >= 60:
        return None
    degrees = int(found["d"]) + minutes / 60 + seconds / 3600
    return -degrees if found["sign"] == "-" else round(degrees, 9)


def _other_axis(axis: str) -> Problem:
    other = "latitude" if axis == "longitude" else "longitude"
    return Problem(
        "coordinate-swapped",
        f"It names a {other} ({_NAMED[other]}) where the {axis} ({_NAMED[axis]}) belongs.",
        "Exchange longitude and latitude.",
    )
