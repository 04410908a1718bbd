"""One camera under all rules as its record is now, whatever the last assessment said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from base.errors import NotFoundError
from camera_registry.governance.evaluate import find_some
from camera_registry.governance.faults import NAMED, Fault, FaultFilter, list_faults
from camera_registry.governance.indicators import RESULTS, validity
from camera_registry.governance.meant import Cameras, meant
from camera_registry.governance.neighbours import clashing
from camera_registry.governance.score import score
from camera_registry.selection import CameraFilter

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg

    from camera_registry.governance.evaluate import Found
    from camera_registry.governance.rules import RuleBook
    from models.scope import Scope


@dataclass(frozen=True, slots=True)
class Examined:
    """What there is to say of one record.

    Attributes:
        camera_id: Its row.
        name: Its name.
        score: 0 to 100.
        passed: Whether no fault of a required rule is open.
        faults: Open and excused ones.
        fresh: Numbers of rules whose fault no assessment has found yet.
        checks: By indicator: whether it passed, and what it reached; what was not checked is not in it.
    """

    camera_id: int
    name: str
    score: float
    passed: bool
    faults: tuple[Fault, ...]
    fresh: frozenset[int]
    checks: dict[str, tuple[bool, float]]


_CAMERA = """
select camera.id, camera.code, camera.name, camera.address, camera.owner, camera.maintainer,
       u.code as unit_code, u.name as unit_name, coalesce(u.name, named.name) as jurisdiction
  from camera
  left join organisation u on u.id = camera.unit_id
  left join lateral ({named}) named on true
 where camera.id = $1 and {condition}
"""

_OTHERS = "select camera.id, camera.name from camera where camera.id = any($1) and {condition}"

_CHECKS = f"with {RESULTS} select indicator, passed, value from results where camera_id = $3"  # noqa: S608 - ours


async def examine(
    connection: asyncpg.Connection[Any], book: RuleBook, now: datetime, scope: Scope, camera_id: int
) -> Examined:
    """Ask one record all rules; nothing is written.

    Raises:
        NotFoundError: There is no such camera within ``scope``.
    """
    condition, parameters = meant(scope, Cameras(), first=2)
    row = await connection.fetchrow(_CAMERA.format(condition=condition, named=NAMED), camera_id, *parameters)
    if row is None:
        raise NotFoundError("There is no such camera.")
    compared = sorted({camera_id, *await clashing(connection, book, [camera_id])})
    found = [f for f in await find_some(connection, book, now, compared) if f.camera_id == camera_id]
    this, open_or_excused = Cameras(CameraFilter(ids=(camera_id,))), FaultFilter(states=("open", "excused"))
    known = {
        fault.rule.id: fault
        for fault in await list_faults(connection, book, scope, this, open_or_excused, limit=len(book.rules))
    }
    others = await _names(connection, scope, found)
    faults = tuple(_as_known(f, known.get(f.rule_id), row, book, others, now) for f in found)
    counting = [fault.rule for fault in faults if fault.state == "open"]
    checks = await connection.fetch(_CHECKS, *validity(book, now), camera_id)
    passed = not any(rule.required for rule in counting)
    results = {row["indicator"]: (row["passed"], float(row["value"])) for row in checks}
    return Examined(
        camera_id=camera_id,
        name=row["name"],
        score=score(counting),
        passed=passed,
        faults=faults,
        fresh=frozenset(f.rule_id for f in found if f.rule_id not in known),
        # The stored one is that of the last assessment; this one is of now.
        checks={**results, "record": (passed, float(passed))},
    )


async def _names(connection: asyncpg.Connection[Any], scope: Scope, found: list[Found]) -> dict[int, str]:
    """The names of the cameras that it clashes with, as far as the asker sees them."""
    condition, parameters = meant(scope, Cameras(), first=2)
    ids = [f.other_id for f in found if f.other_id is not None]
    rows = await connection.fetch(_OTHERS.format(condition=condition), ids, *parameters)
    return {row["id"]: row["name"] for row in rows}


def _as_known(  # noqa: PLR0913, PLR0917 - all that is known of it
    found: Found,
    known: Fault | None,
    row: asyncpg.Record,
    book: RuleBook,
    others: dict[int, str],
    now: datetime,
) -> Fault:
    """A fault that is there now, with what the assessments knew of it."""
    name = None if found.other_id is None else others.get(found.other_id)
    other_id = None if name is None else found.other_id
    if known is not None:
        return replace(known, value=found.value, other_id=other_id, other_name=name)
    return Fault(
        camera_id=row["id"],
        camera_code=row["code"],
        camera_name=row["name"],
        address=row["address"],
        owner=row["owner"],
        maintainer=row["maintainer"],
        unit_code=row["unit_code"],
        unit_name=row["unit_name"],
        jurisdiction=row["jurisdiction"],
        rule=book.by_id[found.rule_id],
        value=found.value,
        other_id=other_id,
        other_name=name,
        state="open",
        since=now,
        mended_at=None,
        excuse=None,
        excused_until=None,
        excused_by=None,
    )
