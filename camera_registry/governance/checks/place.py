"""Coordinates: present, plausible, inside the city, and in the reference system that they declare."""

from __future__ import annotations

from camera_registry.governance.checks.check import Check, blank, listed
from gis.crs import ReferenceSystem

_GIVEN = "c.longitude is not null and c.latitude is not null"
_COORDINATES = "concat_ws(', ', coalesce(c.longitude, c.x), coalesce(c.latitude, c.y))"
_ZERO = "c.longitude = 0 and c.latitude = 0"
_SWAPPED = "c.longitude between 3 and 54 and c.latitude between 73 and 136"
_SYSTEMS = listed(system.value.replace("-", "") for system in ReferenceSystem)
_TERSE = "upper(regexp_replace(c.declared_crs, '[^A-Za-z0-9]', '', 'g'))"


def _coarse(degrees: str) -> str:
    """Whether a number of degrees has fewer decimals than asked for."""
    scaled = f"{degrees} * 10 ^ (:threshold - 1)"
    return f"abs({scaled} - round({scaled})) < 1e-6"


CHECKS = {
    "place-missing": Check(f"not ({_GIVEN}) and c.x is null"),
    "place-zero": Check(_ZERO, "'0, 0'"),
    "place-swapped": Check(_SWAPPED, _COORDINATES),
    "place-implausible": Check(
        f"{_GIVEN} and not c.plausible and not ({_ZERO}) and not ({_SWAPPED})", _COORDINATES
    ),
    "place-outside": Check(
        "c.x is not null and c.unit_id is null and coalesce(c.plausible, true)", _COORDINATES
    ),
    "place-misdeclared": Check("c.misread_as is not null", "c.misread_as"),
    "place-coarse": Check(
        f"c.plausible and {_coarse('c.longitude')} and {_coarse('c.latitude')}", _COORDINATES
    ),
    "crs-missing": Check(f"{_GIVEN} and not ({_ZERO}) and {blank('c.declared_crs')}"),
    "crs-unknown": Check(
        f"{_GIVEN} and c.declared_crs not in {listed(ReferenceSystem)} and not {blank('c.declared_crs')}"
        f" and {_TERSE} not in {_SYSTEMS}",
        "c.declared_crs",
    ),
}
