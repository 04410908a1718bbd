"""Editing units by hand, on record; their boundaries come by import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from api.audit import record
from api.camera_edit import matches
from api.edits import difference, edited_meanwhile
from base.errors import NotFoundError
from models.tables import organisation

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from api.schemas_units import UnitEdit
    from api.sessions import Asker
    from base.clock import Clock


async def edit_unit(  # noqa: PLR0913, PLR0917 - a conditional edit has these parts
    connection: AsyncConnection, clock: Clock, asker: Asker, code: str, change: UnitEdit, if_match: str
) -> None:
    """Change what of a unit is no boundary, in the caller's transaction.

    Raises:
        NotFoundError: There is none of that code within the asker's scope.
        EditedMeanwhileError: The record is of another version.
    """
    this = organisation.c.code == code
    mine = organisation.c.tree_left.between(asker.scope.tree_left, asker.scope.tree_right)
    columns = (organisation.c.version, organisation.c.name, organisation.c.name_en, organisation.c.civil_code)
    query = select(*columns).where(this, mine).with_for_update()
    before = (await connection.execute(query)).mappings().one_or_none()
    if before is None:
        raise NotFoundError("There is no such unit.")
    if not matches(if_match, before["version"]):
        raise await edited_meanwhile(connection, f"unit/{code}", before["version"])
    values = change.model_dump(exclude_unset=True)
    await connection.execute(
        update(organisation)
        .where(this)
        .values(**values, version=organisation.c.version + 1, updated_at=clock.now())
    )
    detail = difference(before, values, values)
    await record(connection, asker.deed("unit.edit", f"unit/{code}", detail))
