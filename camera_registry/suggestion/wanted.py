"""Which suggestions are meant: one filter for lists, counts and decisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Text, and_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from base.errors import InvalidInputError
from camera_registry.selection import CameraFilter
from models.tables import camera, camera_scene, scene, suggestion

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, FromClause

    from models.scope import Scope

STATES = ("open", "accepted", "refused", "superseded")

FROM: FromClause = suggestion.join(camera, camera.c.id == suggestion.c.camera_id).join(
    scene, scene.c.id == suggestion.c.scene_id
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which suggestions are meant; what is empty or None lets all through, and all parts must hold.

    Attributes:
        cameras: Of which cameras.
        scenes: Codes of the scenes that are suggested.
        source: ``rule`` or ``learned``.
        least: Confidence at least.
        most: Confidence at most.
        pairs: Camera and scene code, one by one.
    """

    cameras: CameraFilter = field(default_factory=CameraFilter)
    scenes: tuple[str, ...] = ()
    source: str | None = None
    least: float | None = None
    most: float | None = None
    pairs: tuple[tuple[int, str], ...] | None = None

    def __post_init__(self) -> None:
        if self.least is not None and self.most is not None and self.least > self.most:
            raise InvalidInputError("confidence: the least is more than the most.")

    def conditions(self, scope: Scope, state: str = "open") -> list[ColumnElement[bool]]:
        """The filter on :data:`FROM`, held to the asker's scope.

        An open suggestion that somebody has followed by hand meanwhile is none any more.
        """
        found = [scope.sees(camera), suggestion.c.state == state, *self.cameras.conditions()]
        if state == "open":
            found.append(~_served())
        if self.scenes:
            found.append(scene.c.code.in_(self.scenes))
        if self.source is not None:
            found.append(suggestion.c.source == self.source)
        if self.least is not None:
            found.append(suggestion.c.confidence >= self.least)
        if self.most is not None:
            found.append(suggestion.c.confidence <= self.most)
        if self.pairs is not None:
            found.append(self._listed(self.pairs))
        return found

    @staticmethod
    def _listed(pairs: tuple[tuple[int, str], ...]) -> ColumnElement[bool]:
        ids = literal([camera_id for camera_id, _ in pairs], ARRAY(BigInteger))
        codes = literal([code for _, code in pairs], ARRAY(Text))
        listed = func.unnest(ids, codes).table_valued("camera_id", "code").render_derived()
        return (
            select(1)
            .where(listed.c.camera_id == suggestion.c.camera_id, listed.c.code == scene.c.code)
            .correlate(suggestion, scene)
            .exists()
        )


def _served() -> ColumnElement[bool]:
    return (
        select(1)
        .where(
            and_(
                camera_scene.c.camera_id == suggestion.c.camera_id,
                camera_scene.c.scene_id == suggestion.c.scene_id,
            )
        )
        .correlate(suggestion)
        .exists()
    )
