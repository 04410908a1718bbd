"""Suggestions as people look through them: the surest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import REAL, cast, literal, select, tuple_

from camera_registry.suggestion.wanted import FROM
from models.tables import account, camera, organisation, scene, suggestion

if TYPE_CHECKING:
    from sqlalchemy import RowMapping, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from camera_registry.suggestion.wanted import Wanted
    from models.scope import Scope

PARTS = 10_000
"""Confidences are kept to this fraction, so that a place in the list can be told in whole numbers."""

_COLUMNS = (
    *(suggestion.c.camera_id, camera.c.name.label("camera_name"), camera.c.code.label("camera_code")),
    *(scene.c.code.label("scene"), scene.c.name.label("scene_name"), scene.c.name_en.label("scene_name_en")),
    *(suggestion.c.scene_id, suggestion.c.source, suggestion.c.confidence, suggestion.c.reasons),
    *(suggestion.c.made_by, suggestion.c.made_at, suggestion.c.state, suggestion.c.decided_at),
    *(suggestion.c.batch_id, account.c.username.label("decided_by"), organisation.c.name.label("unit")),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the list.

    Attributes:
        confidence: In parts of :data:`PARTS`.
        camera_id: Of the suggestion there.
        scene_id: Of the suggestion there.
    """

    confidence: int
    camera_id: int
    scene_id: int

    @classmethod
    def of(cls, row: RowMapping) -> Place:
        """Where this row stands."""
        return cls(round(row["confidence"] * PARTS), row["camera_id"], row["scene_id"])


async def list_suggestions(  # noqa: PLR0913 - what a page of a list consists of
    connection: AsyncConnection, scope: Scope, wanted: Wanted, state: str, *, after: Place | None, limit: int
) -> list[RowMapping]:
    """Suggestions within ``scope`` behind ``after``, the surest first."""
    query = _all().where(*wanted.conditions(scope, state)).limit(limit)
    if after is not None:
        sure = cast(literal(min(after.confidence, PARTS) / PARTS), REAL)
        behind = tuple_(-suggestion.c.confidence, suggestion.c.camera_id, suggestion.c.scene_id)
        query = query.where(
            suggestion.c.confidence <= sure, behind > tuple_(-sure, after.camera_id, after.scene_id)
        )
    return list((await connection.execute(query)).mappings())


async def suggestions_of(connection: AsyncConnection, scope: Scope, camera_id: int) -> list[RowMapping]:
    """All suggestions for one camera, whatever became of them, the surest first."""
    query = _all().where(scope.sees(camera), suggestion.c.camera_id == camera_id)
    return list((await connection.execute(query)).mappings())


def _all() -> Select[Any]:
    return (
        select(*_COLUMNS)
        .select_from(
            FROM.outerjoin(account, account.c.id == suggestion.c.decided_by).outerjoin(
                organisation, organisation.c.id == camera.c.unit_id
            )
        )
        .order_by(suggestion.c.confidence.desc(), suggestion.c.camera_id, suggestion.c.scene_id)
    )
