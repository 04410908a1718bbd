"""Editing what records are judged by, and excusing faults, on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from api.audit import record
from api.camera_edit import driver_of, matches
from api.errors import EditedMeanwhileError
from base.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from camera_registry.governance.rules import load_rules, read_rules
from camera_registry.governance.score import EXCUSED, MENDED, OPEN, write_scores
from models.tables import (
    account,
    audit,
    camera,
    camera_fault,
    governance_indicator,
    governance_rule,
    governance_setting,
)

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from api.schemas_governance import ExcuseNew
    from api.sessions import Asker
    from base.clock import Clock

LONGEST_EXCUSE = timedelta(days=366)
"""What may stay for longer is no fault: then the rule is to be changed."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A table of what a city decides.

    Attributes:
        table: Where its rows are.
        name: What one of them is called, in a deed and in an error.
        value: The column that ``least`` and ``most`` bound, with the names of those columns.
    """

    table: Table
    name: str
    value: tuple[str, str, str] | None = None


RULE = Kind(governance_rule, "rule", ("threshold", "threshold_least", "threshold_most"))
INDICATOR = Kind(governance_indicator, "indicator")
SETTING = Kind(governance_setting, "setting", ("value", "least", "most"))


async def edit_decision(  # noqa: PLR0913, PLR0917 - a conditional edit has these parts
    connection: AsyncConnection,
    clock: Clock,
    asker: Asker,
    kind: Kind,
    code: str,
    values: dict[str, Any],
    if_match: str,
) -> None:
    """Change a rule, an indicator or a setting in the caller's transaction.

    Raises:
        ForbiddenError: The asker sees a part of the city only; what is decided here is the whole city's.
        NotFoundError: There is none of that code.
        EditedMeanwhileError: It is of another version.
        InvalidInputError: A number is outside of what it may be.
    """
    _require_whole_city(asker)
    await load_rules(await driver_of(connection))
    table = kind.table
    query = select(table).where(table.c.code == code).with_for_update()
    before = (await connection.execute(query)).mappings().one_or_none()
    if before is None:
        raise NotFoundError(f"There is no such {kind.name}.")
    if not matches(if_match, before["version"]):
        raise await _edited_meanwhile(connection, f"governance-{kind.name}/{code}", before["version"])
    if kind.value and kind.value[0] in values:
        _require_within(kind.value[0], values[kind.value[0]], *(before[name] for name in kind.value[1:]))
    changed = [name for name in values if values[name] != before[name]]
    await connection.execute(
        update(table)
        .where(table.c.code == code)
        .values(**values, version=table.c.version + 1, updated_at=clock.now())
    )
    detail = {
        "version": before["version"] + 1,
        "before": {name: before[name] for name in changed},
        "after": {name: values[name] for name in changed},
    }
    deed = asker.deed(f"governance.{kind.name}.edit", f"governance-{kind.name}/{code}", detail)
    await record(connection, deed)


async def excuse_fault(  # noqa: PLR0913, PLR0917 - who, what, of which camera, in which time zone
    connection: AsyncConnection,
    clock: Clock,
    asker: Asker,
    camera_id: int,
    code: str,
    excuse: ExcuseNew,
    time_zone: str,
) -> None:
    """Let a fault stay for a while, in the caller's transaction.

    Raises:
        NotFoundError: There is no such camera within the asker's scope, or no such fault of it.
        ConflictError: The fault is mended.
        InvalidInputError: The last day is over, or too far away.
    """
    now = clock.now()
    after = datetime.combine(excuse.until, time(), ZoneInfo(time_zone)) + timedelta(days=1)
    if not now < after <= now + LONGEST_EXCUSE:
        raise InvalidInputError(
            f"until: a fault is excused for {LONGEST_EXCUSE.days} days at most, and not into the past.",
            remedy="Name a day that is still to come.",
        )
    values = {
        "state": EXCUSED,
        "excuse": excuse.reason,
        "excused_until": after,
        "excused_by": asker.scope.account_id,
    }
    detail = {"rule": code, "reason": excuse.reason, "until": excuse.until.isoformat()}
    await _change(connection, clock, asker, camera_id, code, values, ("fault.excuse", detail))


async def withdraw_excuse(
    connection: AsyncConnection, clock: Clock, asker: Asker, camera_id: int, code: str
) -> None:
    """Let a fault count again, in the caller's transaction.

    Raises:
        NotFoundError, ConflictError: As :func:`excuse_fault`; or it is not excused.
    """
    values = {"state": OPEN, "excuse": None, "excused_until": None, "excused_by": None}
    deed = ("fault.withdraw-excuse", {"rule": code})
    await _change(connection, clock, asker, camera_id, code, values, deed)


async def _change(  # noqa: PLR0913, PLR0917 - as excuse_fault
    connection: AsyncConnection,
    clock: Clock,
    asker: Asker,
    camera_id: int,
    code: str,
    values: dict[str, Any],
    deed: tuple[str, dict[str, Any]],
) -> None:
    driver = await driver_of(connection)
    book = await read_rules(driver)
    rule = book.rules.get(code)
    if rule is None:
        raise NotFoundError("There is no such rule.")
    query = (
        select(camera_fault.c.state)
        .join_from(camera_fault, camera, camera.c.id == camera_fault.c.camera_id)
        .where(asker.scope.sees(camera), camera.c.id == camera_id, camera_fault.c.rule_id == rule.id)
        .with_for_update(of=camera_fault)
    )
    state = (await connection.execute(query)).scalar_one_or_none()
    if state is None:
        raise NotFoundError("There is no such fault.")
    if state == MENDED:
        raise ConflictError("This fault is mended already.", remedy="Read the list again.")
    if state == OPEN and values["state"] == OPEN:
        raise ConflictError("This fault is not excused.", remedy="Read the list again.")
    await connection.execute(
        update(camera_fault)
        .where(camera_fault.c.camera_id == camera_id, camera_fault.c.rule_id == rule.id)
        .values(**values)
    )
    await write_scores(driver, book, clock.now(), [camera_id])
    action, detail = deed
    await record(connection, asker.deed(action, f"camera/{camera_id}", detail))


def _require_whole_city(asker: Asker) -> None:
    if not asker.scope.whole_city:
        raise ForbiddenError(
            "What records are judged by is the whole city's decision.", remedy="Ask a colleague of the city."
        )


def _require_within(name: str, value: float, least: float | None, most: float | None) -> None:
    if least is None or most is None:
        raise InvalidInputError(f"{name}: this rule compares with no number.")
    if not least <= value <= most:
        raise InvalidInputError(f"{name}: it goes from {least:g} to {most:g}.")


async def _edited_meanwhile(connection: AsyncConnection, object_: str, version: int) -> EditedMeanwhileError:
    query = (
        select(account.c.username, audit.c.at)
        .join_from(audit, account)
        .where(audit.c.object == object_)
        .order_by(audit.c.id.desc())
        .limit(1)
    )
    last = (await connection.execute(query)).one_or_none()
    return EditedMeanwhileError(
        version=version, edited_by=last.username if last else None, edited_at=last.at if last else None
    )
