"""What was asked for, as a batch keeps it and as a token stands for it."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import orjson
import shapely
from shapely.geometry import mapping

from models.camera import CameraState

if TYPE_CHECKING:
    from camera_registry.classification.change import Change

LISTS = frozenset({"ids", "codes"})


def described(change: Change) -> dict[str, Any]:
    """Which cameras a change means, for people who read its batch later.

    Of a list only the length is told: its cameras may lie outside a later reader's scope.
    """
    if change.proposals is not None:
        return {"listed": len(change.proposals)}
    assert change.cameras is not None
    return _plain_parts(change.cameras)


def digest(change: Change) -> str:
    """A name for what a change does to which cameras; why and how surely does not matter to it."""
    what: list[Any] = [
        change.action,
        change.policy,
        change.source,
        change.confirm,
        sorted(change.scene_codes),
    ]
    if change.proposals is not None:
        what += [[p.camera_id, p.scene] for p in change.proposals]
    else:
        assert change.cameras is not None
        what += _exact_parts(change.cameras)
    return hashlib.sha256(orjson.dumps(what)).hexdigest()[:24]


def _given(part: Any) -> dict[str, Any]:
    """The fields of a filter, or of one of its parts, that say something."""
    found = ((each.name, getattr(part, each.name)) for each in fields(part))
    return {name: value for name, value in found if value is not None and (value != () or name in LISTS)}


def _plain_parts(part: Any) -> dict[str, Any]:
    return {name: _plain(value, listed=name in LISTS) for name, value in _given(part).items()}


def _plain(value: Any, *, listed: bool = False) -> Any:
    if listed:
        return {"listed": len(value)}
    if isinstance(value, shapely.Geometry):
        return mapping(value)
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, CameraState):
        return value.name.lower()
    if is_dataclass(value):
        return _plain_parts(value)
    return value if isinstance(value, str | int | float | bool) else str(value)


def _exact_parts(part: Any) -> list[Any]:
    return [[name, _exact(value)] for name, value in _given(part).items()]


def _exact(value: Any) -> Any:
    if isinstance(value, shapely.Geometry):
        return shapely.to_wkb(value, hex=True)
    if isinstance(value, tuple):
        return [_exact(part) for part in value]
    if is_dataclass(value):
        return _exact_parts(value)
    return value.value if isinstance(value, Enum) else str(value)
