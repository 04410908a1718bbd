"""Identity: the device id of GB/T 28181-2022, and whether it, the administrative code and the place agree."""

from __future__ import annotations

from base.errors import InvalidInputError
from camera_registry.governance.checks.check import Check, digits, listed
from camera_registry.identity import CAMERA_TYPES, TYPES, DeviceId, Network


def _is_assigned(industry: int) -> bool:
    try:
        DeviceId("370602", "00", industry, 132, Network.INDUSTRY, 1)
    except InvalidInputError:
        return False
    return True


_INDUSTRIES = listed(f"{industry:02d}" for industry in range(100) if _is_assigned(industry))
_TYPES = listed(f"{kind:03d}" for kind in sorted(TYPES))
_CAMERA_TYPES = listed(f"{kind:03d}" for kind in sorted(CAMERA_TYPES))

_NONE = "(translate(coalesce(c.code, ''), ' 0', '') = '')"
_NO_CIVIL = "(translate(coalesce(c.civil_code, ''), ' 0', '') = '')"
_CIVIL = (
    f"(length(c.civil_code) in (2, 4, 6, 8, 9, 12) and {digits('c.civil_code')} and c.civil_code >= '11')"
)


def _agree(one: str, other: str) -> str:
    """Whether two areas are the same, or one is the province or city that the other lies in."""
    return (
        f"({one} = {other}"
        f" or left({one}, 4) = left({other}, 4) and '00' in (right({one}, 2), right({other}, 2))"
        f" or left({one}, 2) = left({other}, 2) and '0000' in (right({one}, 4), right({other}, 4)))"
    )


_CODE_CIVIL = _agree("c.code_area", "c.civil_area")
_CODE_PLACE = _agree("c.code_area", "c.place_area")
_CIVIL_PLACE = _agree("c.civil_area", "c.place_area")

CHECKS = {
    "code-missing": Check(_NONE),
    "code-malformed": Check(f"not {_NONE} and not c.sound", "c.code"),
    "code-area-unknown": Check("c.sound and left(c.code, 2) < '11'", "c.code"),
    "code-industry-unassigned": Check(f"c.sound and substr(c.code, 9, 2) not in {_INDUSTRIES}", "c.code"),
    "code-type-unknown": Check(f"c.sound and substr(c.code, 11, 3) not in {_TYPES}", "c.code"),
    "code-not-a-camera": Check(
        f"c.sound and substr(c.code, 11, 3) in {_TYPES} and substr(c.code, 11, 3) not in {_CAMERA_TYPES}",
        "c.code",
    ),
    "civil-code-missing": Check(_NO_CIVIL),
    "civil-code-malformed": Check(f"not {_NO_CIVIL} and not {_CIVIL}", "c.civil_code"),
    # Of three witnesses of where it is, the one that contradicts the two others is at fault.
    "code-elsewhere": Check(f"not {_CODE_PLACE} and not {_CODE_CIVIL} and {_CIVIL_PLACE}", "c.code"),
    "civil-code-elsewhere": Check(
        f"not {_CIVIL_PLACE} and not {_CODE_CIVIL} and {_CODE_PLACE}", "c.civil_code"
    ),
    "place-elsewhere": Check(
        f"not {_CODE_PLACE} and not {_CIVIL_PLACE} and {_CODE_CIVIL}",
        "concat_ws(', ', c.longitude, c.latitude)",
    ),
    "areas-disagree": Check(
        f"not coalesce({_CODE_CIVIL}, false) and not coalesce({_CODE_PLACE}, false)"
        f" and not coalesce({_CIVIL_PLACE}, false)"
        " and num_nonnulls(c.code_area, c.civil_area, c.place_area) > 1",
        "c.civil_code",
    ),
}
