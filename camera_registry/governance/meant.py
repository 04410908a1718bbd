"""Which cameras a question of governance is about: a filter like any other's, and what nobody reported."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import func

from camera_registry.selection import CameraFilter, as_sql
from models.tables import camera

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from models.scope import Scope


@dataclass(frozen=True, slots=True)
class Cameras:
    """Which cameras are meant; all parts must hold.

    Attributes:
        wanted: The filter that lists and maps have too.
        vendor: Their manufacturer; empty is those of whom it is not known. None lets all through.
        unowned: Only those without an owner.
        unlisted: Only those of no source.
    """

    wanted: CameraFilter = field(default_factory=CameraFilter)
    vendor: str | None = None
    unowned: bool = False
    unlisted: bool = False

    def conditions(self) -> list[ColumnElement[bool]]:
        """As conditions on ``camera``."""
        found = list(self.wanted.conditions())
        if self.vendor is not None:
            found.append(func.coalesce(camera.c.manufacturer, "") == self.vendor)
        if self.unowned:
            found.append(func.coalesce(camera.c.owner, "") == "")
        if self.unlisted:
            found.append(func.coalesce(camera.c.source, "") == "")
        return found


def meant(scope: Scope, cameras: Cameras, *, first: int) -> tuple[str, tuple[object, ...]]:
    """The condition on ``camera``, within ``scope``, as text; its parameters are numbered from ``first``."""
    return as_sql([scope.sees(camera), *cameras.conditions()], first=first)
