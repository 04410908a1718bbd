"""What an edit says, judged by the rules of an import and turned into columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from api.errors import AnswerError
from base.errors import InvalidInputError
from camera_registry.importing.fields import FIELDS
from camera_registry.importing.report import Severity
from camera_registry.importing.request import Kind
from camera_registry.importing.values import CLEAR, Noted, UrlWithLogin

if TYPE_CHECKING:
    from collections.abc import Mapping

RULED = (
    *("code", "civil_code", "capture_position_type", "stream_url", "sub_stream_url", "snapshot_url"),
    *("onvif_url", "ip_address", "mac", "grassroots_code", "parent_code", "business_group_code"),
)
"""Text that has a form; numbers and closed sets are judged by their types."""

_LOGIN = ("It has a login in it.", "Leave the user name and password out: credentials are kept apart.")


class InvalidFieldsError(AnswerError, InvalidInputError):
    """Some of the fields cannot be used; each is named with its reason and remedy."""

    code: ClassVar[str] = InvalidInputError.code

    def __init__(self, faults: list[dict[str, str]]) -> None:
        told = "; ".join(f"{fault['field']}: {fault['reason']}" for fault in faults[:3])
        super().__init__(f"The record cannot be used: {told}", members={"errors": faults})
        self.faults = faults


def ruled(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored: a MAC address in one form, a device id without blanks.

    Raises:
        InvalidFieldsError: Some of them an import would refuse as well.
    """
    stored, faults = dict(values), list[dict[str, str]]()
    for name in RULED:
        if values.get(name) is None:
            continue
        stored[name], fault = _judged(name, values[name])
        if fault:
            faults.append({"field": f"body.{name}", "reason": fault[0], "remedy": fault[1]})
    if faults:
        raise InvalidFieldsError(faults)
    return stored


def _judged(name: str, text: str) -> tuple[Any, tuple[str, str] | None]:
    value = FIELDS[Kind.CAMERAS][name].parse(text)
    if isinstance(value, UrlWithLogin):
        return None, _LOGIN
    if value is CLEAR:
        return None, None
    if isinstance(value, Noted):
        wrong = [fault for fault in value.problems if fault.severity is Severity.ERROR or value.value is None]
        return value.value, (wrong[0].reason, wrong[0].remedy) if wrong else None
    return value, None
