"""Cameras that are entered by hand, retired and restored; many edits at once; what was done to a camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, literal_column, select

from api import cursor
from api.audit import record
from api.camera_edit import (
    PREFIX,
    Edit,
    columns_of,
    difference,
    edit_camera,
    etag,
    locked,
    require_free_code,
    write,
)
from api.camera_rules import InvalidFieldsError
from api.errors import STATUS, AnswerError, EditedMeanwhileError
from api.queries.camera_rows import driver_of
from api.schemas import Page
from api.schemas_cameras import BatchOutcome, Change, Outcome
from base.errors import DengtaError, ForbiddenError, InvalidInputError, NotFoundError, UnavailableError
from camera_registry.governance.assess import assess_cameras
from models.tables import account, audit, camera, organisation

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from api.schemas_cameras import BatchItem, NewCamera
    from api.sessions import Asker
    from base.clock import Clock
    from models.scope import Scope

CREATED, RETIRED, RESTORED = f"{PREFIX}create", f"{PREFIX}retire", f"{PREFIX}restore"


class BatchRefusedError(AnswerError, InvalidInputError):
    """An edit of a batch that was to be done whole cannot be done."""

    code = "batch-refused"


async def create_camera(connection: AsyncConnection, clock: Clock, asker: Asker, new: NewCamera) -> int:
    """Enter a camera, and return its row.

    Raises:
        InvalidFieldsError: A field breaks the rules of an import.
        ForbiddenError: It lies outside the asker's unit, or is more sensitive than they may see.
        NotFoundError: There is no such unit within the asker's scope.
        ConflictError: Another camera has the device id.
    """
    if new.sensitivity > asker.scope.max_sensitivity:
        raise ForbiddenError("A camera cannot be more sensitive than what you may see.")
    given = new.model_dump(exclude_unset=True)
    given.pop("unit", None)
    values = await columns_of(connection, asker, given)
    if "unit_id" not in values:
        values |= await _unit_of(connection, asker, new.unit)
    await require_free_code(connection, values.get("code"))
    now = clock.now()
    added = insert(camera).values(**values, created_at=now, updated_at=now).returning(camera.c.id)
    camera_id = int((await connection.execute(added)).scalar_one())
    await record(connection, asker.deed(CREATED, f"camera/{camera_id}", difference({}, values)))
    await assess_cameras(await driver_of(connection), now, [camera_id])
    return camera_id


async def _unit_of(connection: AsyncConnection, asker: Asker, code: str | None) -> dict[str, Any]:
    """The unit of a camera without a place: as told, else the asker's own, but for the whole city's none."""
    if code is None and asker.scope.whole_city:
        return {}
    wanted = asker.unit_code if code is None else code
    tree = organisation.c.tree_left.between(asker.scope.tree_left, asker.scope.tree_right)
    query = select(organisation.c.id, organisation.c.tree_left).where(organisation.c.code == wanted, tree)
    unit = (await connection.execute(query)).one_or_none()
    if unit is None:
        raise NotFoundError("unit: there is no such unit, or none of yours.")
    return {"unit_id": unit.id, "unit_tree": unit.tree_left}


async def retire_camera(
    connection: AsyncConnection, clock: Clock, asker: Asker, camera_id: int, if_match: str
) -> int:
    """Take a camera off the lists, as if its source had ceased to list it; nothing is deleted.

    Raises:
        NotFoundError: There is no such camera within the asker's scope.
        EditedMeanwhileError: The record is of another version.
    """
    before = await locked(connection, asker, camera_id, if_match)
    if before["gone_since"] is None:
        await write(connection, clock, asker, before, {"gone_since": clock.now()}, action=RETIRED)
        return int(before["version"]) + 1
    return int(before["version"])


async def restore_camera(
    connection: AsyncConnection, clock: Clock, asker: Asker, camera_id: int, if_match: str
) -> int:
    """Put a camera back on the lists.

    Raises:
        NotFoundError: There is no such camera within the asker's scope.
        EditedMeanwhileError: The record is of another version.
    """
    before = await locked(connection, asker, camera_id, if_match)
    if before["gone_since"] is not None:
        await write(connection, clock, asker, before, {"gone_since": None}, action=RESTORED)
        return int(before["version"]) + 1
    return int(before["version"])


async def edit_batch(
    connection: AsyncConnection, clock: Clock, asker: Asker, items: list[BatchItem], *, atomic: bool
) -> BatchOutcome:
    """Do the edits in the order of their cameras, so that two batches never wait for each other in a circle.

    Raises:
        BatchRefusedError: One cannot be done and all were to be: none is.
        UnavailableError: The database went away; none is done.
    """
    outcomes = {}
    for item in sorted(items, key=lambda each: each.id):
        edit = Edit(item.id, item.change, etag(item.version))
        try:
            async with connection.begin_nested():
                version = await edit_camera(connection, clock, asker, edit)
                outcomes[item.id] = Outcome(id=item.id, status=200, version=version)
        except UnavailableError:
            raise
        except DengtaError as err:
            outcomes[item.id] = _refused(item.id, err)
    answers = [outcomes[item.id] for item in items]
    refused = [answer for answer in answers if answer.status != 200]
    if refused and atomic:
        raise BatchRefusedError(
            f"None of the {len(items)} edits was done: {len(refused)} of them cannot be.",
            remedy="Mend or leave out those that are named.",
            members={"items": [answer.model_dump(mode="json") for answer in refused]},
        )
    return BatchOutcome(edited=len(answers) - len(refused), refused=len(refused), items=answers)


def _refused(camera_id: int, err: DengtaError) -> Outcome:
    status = next(STATUS[kind] for kind in type(err).__mro__ if kind in STATUS)
    version = err.members["version"] if isinstance(err, EditedMeanwhileError) else None
    errors = err.faults if isinstance(err, InvalidFieldsError) else []
    told = [{**fault, "field": fault["field"].replace("body.", "change.")} for fault in errors]
    return Outcome(id=camera_id, status=int(status), version=version, detail=err.detail, errors=told)


async def read_history(
    connection: AsyncConnection, scope: Scope, camera_id: int, *, after: str | None, limit: int
) -> Page[Change]:
    """What was done to a camera, newest first.

    Raises:
        NotFoundError: There is no such camera within ``scope``.
    """
    known = await connection.scalar(select(camera.c.id).where(scope.sees(camera), camera.c.id == camera_id))
    if known is None:
        raise NotFoundError("There is no such camera.")
    query = (
        select(audit.c.id, audit.c.at, audit.c.action, audit.c.detail, account.c.username)
        .select_from(audit.outerjoin(account, account.c.id == audit.c.account_id))
        .where(
            audit.c.object == f"camera/{camera_id}",
            func.starts_with(audit.c.action, literal_column("'camera.'")),
        )
        .order_by(audit.c.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(audit.c.id < cursor.decode_id(after))
    rows = (await connection.execute(query)).all()
    changes = [
        Change(
            id=row.id,
            at=row.at,
            by=row.username,
            action=row.action,
            before=row.detail.get("before", {}),
            after=row.detail.get("after", {}),
        )
        for row in rows
    ]
    more = cursor.encode(changes[limit - 1].id) if len(changes) > limit else None
    return Page(items=changes[:limit], next=more)
