"""One change of the tree from the file to the commit, and its undoing."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg

from base.errors import ForbiddenError, NotFoundError
from camera_registry.units import store
from camera_registry.units.attributes import drawn_units
from camera_registry.units.check import find_defects, slivers, tell
from camera_registry.units.files import digest, read_file
from camera_registry.units.plan import make_plan, make_restoring_plan
from camera_registry.units.report import UnitMissing, UnitsReport
from gis import reassignment
from models.scope import Permission

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from base.clock import Clock
    from base.database import Database
    from camera_registry.units.plan import Plan
    from camera_registry.units.request import Tell, UnitsRequest
    from camera_registry.units.tree import Unit
    from gis.reassignment import Reassignment
    from models.scope import Scope

MOST_MOVES = 1000
"""Pairs of units that a report names; the counts by unit are whole."""


async def import_units(
    database: Database, clock: Clock, request: UnitsRequest, tell_progress: Tell
) -> UnitsReport:
    """Put the boundaries of a file in place and give every camera and point its unit, in one transaction.

    Accounts, cameras and incidents keep their unit by its code. If units of the file cannot be used, nothing
    is changed unless ``request.policy.skip_faulty``; the report names them either way.

    Args:
        database: The store.
        clock: Time of the change.
        request: What is asked.
        tell_progress: Told how far it is; called from the event loop's thread.

    Raises:
        InvalidInputError: The file as a whole cannot be used, or its units make no tree.
        ForbiddenError: The asker may not change units, or sees a part of the city only.
        ConflictError: Somebody else holds the catalogue locked.
        UnavailableError: The database went away; nothing was changed.
    """
    require_editor(request.scope)
    report = UnitsReport(file=request.name, dry_run=request.dry_run)
    change = _Change(clock, request.scope, report, tell_progress)
    change.begin("reading", 0.0)
    report.sha256 = await asyncio.to_thread(digest, request.path)
    features, report.notes = await read_file(request.path, request.crs)
    drawn, report.columns = drawn_units(features, request.mapping)
    await change.make(database, lambda present: make_plan(present, drawn, request.policy))
    return report


async def undo_change(  # noqa: PLR0913 - a change, and how it is to be undone
    database: Database,
    clock: Clock,
    change_id: int,
    tell_progress: Tell,
    *,
    scope: Scope | None = None,
    dry_run: bool = False,
) -> UnitsReport:
    """Make the tree what it was before a change; this is itself a change, and can be undone.

    Units that came since go, unless something needs them. What was edited since is undone as well; the
    report names every unit that becomes different.

    Raises:
        NotFoundError: There is no such change.
        ForbiddenError: As :func:`import_units`.
        ConflictError: Somebody else holds the catalogue locked.
        UnavailableError: The database went away; nothing was changed.
    """
    require_editor(scope)
    async with database.raw() as connection:
        before = await store.read_before(connection, change_id)
    if not before:
        raise NotFoundError(f"There is no change {change_id} of the units that could be undone.")
    report = UnitsReport(file=f"undoing {change_id}", dry_run=dry_run)
    change = _Change(clock, scope, report, tell_progress)
    await change.make(database, lambda present: make_restoring_plan(present, before))
    return report


async def assign_all(database: Database, *, dry_run: bool = False) -> dict[str, Any]:
    """Give every camera and point the unit on whose ground it stands, in one transaction.

    Returns:
        ``{"moved": …, "counts": …}`` as in :class:`UnitsReport`.

    Raises:
        ConflictError: Somebody else holds the catalogue locked.
    """
    report = UnitsReport(dry_run=dry_run)
    async with _changing(database, dry_run=dry_run) as connection:
        units = await store.read_tree(connection)
        await _reassign(connection, units, report, write=not dry_run)
        if not dry_run:
            await reassignment.mend_positions(connection)
    return {"moved": report.moved, "counts": report.counts}


class _Change:
    """A change under way."""

    def __init__(self, clock: Clock, scope: Scope | None, report: UnitsReport, tell_progress: Tell) -> None:
        self._clock = clock
        self._account_id = (scope.account_id or None) if scope else None
        self._report = report
        self._tell = tell_progress
        self._stage, self._since = "", clock.monotonic()

    def begin(self, stage: str, share: float) -> None:
        """Say what is being done, and write down how long the stage before it took."""
        now = self._clock.monotonic()
        if self._stage:
            self._report.seconds[self._stage] = round(now - self._since, 3)
        self._stage, self._since = stage, now
        self._tell(stage or "done", share)

    async def make(self, database: Database, planner: Callable[[list[Unit]], Plan]) -> None:
        """Plan it by the tree as it is, and carry it out."""
        async with _changing(database, dry_run=self._report.dry_run) as connection:
            self.begin("comparing", 0.15)
            present = await store.read_tree(connection)
            plan = await asyncio.to_thread(planner, present)
            self._tell_plan(plan, len(present))
            if plan.units:
                self.begin("checking", 0.25)
                defects, excess = await asyncio.to_thread(find_defects, plan.units)
                names = {unit.code: unit.name for unit in plan.units}
                self._report.defects, self._report.slivers = tell(defects, names), slivers(defects)
                self._report.excess_m2 = {code: round(by, 1) for code, by in excess.items()}
                await self._carry_out(connection, present, plan)
        if self._report.applied:
            async with database.raw() as connection:
                await reassignment.mend_positions(connection)
        self.begin("", 1.0)

    def _tell_plan(self, plan: Plan, before: int) -> None:
        report, matching = self._report, plan.matching
        report.notes += matching.notes
        report.faults, report.repairs = matching.faults, matching.repairs
        report.new, report.changed = plan.new, plan.changed
        report.unchanged = before - len(plan.changed) - len(plan.retired) if plan.units else 0
        if not plan.units:
            report.refused = (
                f"{len(matching.faults)} of the file's units cannot be used; nothing was changed."
            )

    async def _carry_out(
        self, connection: asyncpg.Connection[Any], present: Sequence[Unit], plan: Plan
    ) -> None:
        """Write the tree, then whoever stands on it; a dry run's caller rolls back."""
        report, at = self._report, self._clock.now()
        for_good = not report.dry_run and bool(plan.new or plan.changed or plan.retired)
        if for_good:
            report.change_id = await store.begin_change(connection, at, self._account_id, report)
        self.begin("writing", 0.35)
        edited = {unit.code for unit in (*plan.new, *plan.changed)} | plan.retired
        await store.write_units(connection, at, [unit for unit in plan.units if unit.code in edited])
        await store.number_units(connection, plan.units)
        self.begin("assigning", 0.45)
        if for_good and plan.renumbered:
            position = {unit.code: unit.tree_left for unit in plan.units}
            moved = {old.tree_left: position[old.code] for old in present}
            await reassignment.renumber(connection, moved)
        # Even if the tree is as it was: somebody may have placed cameras by hand, or by another tree.
        await _reassign(connection, await store.read_tree(connection), report, write=not report.dry_run)
        self.begin("tidying up", 0.95)
        await self._retire(connection, plan)
        report.applied = not report.dry_run
        if for_good:
            await store.end_change(connection, at, self._account_id, report)

    async def _retire(self, connection: asyncpg.Connection[Any], plan: Plan) -> None:
        """Remove what nothing needs any more; of a dry run, say what needs it now."""
        needed = await store.needed_by(connection, plan.retired)
        if self._report.dry_run:  # nobody has moved away yet; whoever has a place will
            for refers in needed.values():
                for table in reassignment.PLACED:
                    refers.pop(table, None)
        kept_below = {
            unit.parent for unit in plan.units if unit.code not in plan.retired or needed[unit.code]
        }
        gone = {code for code in plan.retired if not needed[code] and code not in kept_below}
        if not self._report.dry_run:
            await store.remove_units(connection, gone)
        for unit in plan.missing:
            becomes = "kept"
            if unit.code in plan.retired:
                becomes = "removed" if unit.code in gone else "kept without ground"
            told = UnitMissing(unit.code, unit.name, becomes, needed.get(unit.code, {}))
            self._report.missing.append(told)


async def _reassign(
    connection: asyncpg.Connection[Any], units: Sequence[Unit], report: UnitsReport, *, write: bool
) -> None:
    titles = {unit.id: unit for unit in units}
    weighed: dict[str, Reassignment] = {}
    for table in reassignment.PLACED:
        weighed[table] = found = await reassignment.weigh(connection, table)
        if write:
            await reassignment.move(connection, table)
        report.moved[table] = {
            "total": found.total,
            "moves": [
                {"from": _ref(titles, each.before), "to": _ref(titles, each.after), "count": each.count}
                for each in found.moves[:MOST_MOVES]
            ],
        }
    before = {table: found.counts for table, found in weighed.items()}
    after = {table: found.counts_after() for table, found in weighed.items()}
    report.counts = [
        {
            "code": unit.code,
            "name": unit.name,
            **{
                table: {"before": before[table].get(key, 0), "after": after[table].get(key, 0)}
                for table in weighed
            },
        }
        for key, unit in titles.items()
        if key is not None and any(before[t].get(key, 0) != after[t].get(key, 0) for t in weighed)
    ]


def _ref(titles: dict[int | None, Unit], unit_id: int | None) -> str | None:
    """A unit's code and name; None is nobody's ground."""
    return titles[unit_id].title if unit_id in titles and unit_id is not None else None


@asynccontextmanager
async def _changing(database: Database, *, dry_run: bool) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A transaction that holds the tree; a dry run's is rolled back at its end."""
    try:
        async with database.raw() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                await store.lock(connection, dry_run=dry_run)
                yield connection
            except BaseException:
                await transaction.rollback()
                raise
            if dry_run:
                await transaction.rollback()
            else:
                await transaction.commit()
    except asyncpg.LockNotAvailableError as err:
        raise store.locked_out() from err


def require_editor(scope: Scope | None) -> None:
    """Make sure that the asker may change the tree.

    Raises:
        ForbiddenError: They may not, or see a part of the city only.
    """
    if scope is None:
        return
    scope.require(Permission.EDIT_UNITS)
    if not scope.whole_city:
        raise ForbiddenError(
            "The tree of units is the whole city's; this account sees a part of it.",
            remedy="Ask a colleague of the city to import it.",
        )
