"""The 20-digit device identity of GB/T 28181-2022, annex E: parsed, explained, or refused with the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from base.errors import InvalidInputError

LENGTH = 20

TYPES = {
    111: "DVR",
    112: "video server",
    113: "encoder",
    118: "NVR",
    121: "checkpoint",
    122: "multi-lens camera",
    130: "HVR",
    131: "camera",
    132: "IP camera",
    134: "alarm input",
    135: "alarm output",
    200: "signalling server",
    209: "gateway",
    215: "business group",
    216: "virtual organisation",
    300: "user of the centre",
    400: "user of a terminal",
    502: "analysis system",
}
"""Type codes, digits 11 to 13."""

CAMERA_TYPES = frozenset({121, 122, 131, 132})
"""Types that stand for one picture."""

_ASSIGNED_INDUSTRIES = (range(15), range(40, 60), range(90, 100))
_SMALLEST_PROVINCE = 11

_AREA_AND_INDUSTRY = (
    r"(?:1[1-9]|[2-9][0-9])[0-9]{6}"
    rf"(?:{'|'.join(f'{number:02d}' for span in _ASSIGNED_INDUSTRIES for number in span)})"
)

VALID = re.compile(rf"{_AREA_AND_INDUSTRY}(?:{'|'.join(map(str, TYPES))})[0-9]{{7}}")
"""Matches, whole, what :meth:`DeviceId.parse` takes: for a quick yes to a city's worth of them."""

VALID_CAMERA = re.compile(rf"{_AREA_AND_INDUSTRY}(?:{'|'.join(map(str, sorted(CAMERA_TYPES)))})[0-9]{{7}}")
"""Matches, whole, those of them that stand for one picture."""

OLDER_LENGTH = 18
"""Of identities before 2011, without the industry: digits 9-10 are missing."""


class Network(IntEnum):
    """Digit 14: which network a device is on."""

    POLICE_VIDEO = 0
    POLICE_VIDEO_2 = 1
    INDUSTRY = 2
    POLITICAL_LEGAL = 3
    POLICE_MOBILE = 4
    POLICE_INFORMATION = 5
    E_GOVERNMENT = 6
    INTERNET = 7
    LEASED_LINE = 8
    RESERVED = 9


@dataclass(frozen=True, slots=True, order=True)
class DeviceId:
    """A valid device identity; ``str()`` gives its twenty digits back.

    Attributes:
        admin_code: Province, city and district, six digits (GB/T 2260); a ``00`` means the level above.
        grassroots_code: The unit below the district, two digits; ``00`` where there is none.
        industry: 0 to 99.
        type: A key of :data:`TYPES`.
        network: Which network the device is on.
        serial: 0 to 999999.
    """

    admin_code: str
    grassroots_code: str
    industry: int
    type: int
    network: Network
    serial: int

    def __post_init__(self) -> None:
        if not _digits(self.admin_code, 6) or int(self.admin_code[:2]) < _SMALLEST_PROVINCE:
            raise InvalidInputError(f"Device id: {self.admin_code!r} is no administrative code.")
        if not _digits(self.grassroots_code, 2):
            raise InvalidInputError(
                f"Device id: {self.grassroots_code!r} is no grassroots code of two digits."
            )
        if not any(self.industry in assigned for assigned in _ASSIGNED_INDUSTRIES):
            raise InvalidInputError(f"Device id: industry {self.industry:02d} (digits 9-10) is not assigned.")
        if self.type not in TYPES:
            raise InvalidInputError(f"Device id: type {self.type:03d} (digits 11-13) is unknown.")
        if not 0 <= self.serial < 10**6:
            raise InvalidInputError(f"Device id: serial {self.serial} does not fit six digits.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read twenty digits.

        Raises:
            InvalidInputError: They are not a device identity; the sentence says where it fails.
        """
        if not text:
            raise InvalidInputError("Device id: it is empty, which means that none was reported.")
        if len(text) == OLDER_LENGTH and _digits(text, OLDER_LENGTH):
            raise InvalidInputError(
                f"Device id: it has {OLDER_LENGTH} characters; {LENGTH} digits are needed. "
                "It may be of the older form without an industry (digits 9-10)."
            )
        if len(text) != LENGTH:
            raise InvalidInputError(f"Device id: it has {len(text)} characters; {LENGTH} digits are needed.")
        for position, character in enumerate(text, start=1):
            if not _digits(character, 1):
                raise InvalidInputError(f"Device id: character {position} is {character!r}, not a digit.")
        if text == "0" * LENGTH:
            raise InvalidInputError("Device id: all digits are 0, which means that none was reported.")
        return cls(
            text[:6], text[6:8], int(text[8:10]), int(text[10:13]), Network(int(text[13])), int(text[14:])
        )

    def __str__(self) -> str:
        return (
            f"{self.admin_code}{self.grassroots_code}{self.industry:02d}{self.type:03d}"
            f"{self.network:d}{self.serial:06d}"
        )

    @property
    def type_name(self) -> str:
        """What kind of device it is, in words."""
        return TYPES[self.type]

    @property
    def is_camera(self) -> bool:
        """Whether it stands for one picture, rather than for a recorder, a user or a group."""
        return self.type in CAMERA_TYPES


def _digits(text: str, length: int) -> bool:
    """Whether it is so many ASCII digits: other scripts' digits are not meant."""
    return len(text) == length and text.isascii() and text.isdecimal()
