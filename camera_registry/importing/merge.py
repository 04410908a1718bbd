"""Bringing a staged list into the catalogue: what is new, changed, unchanged, gone; and then the writing."""

# ruff: noqa: S608 - statements are put together from this program's own words; values are parameters

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from camera_registry.importing.merge_sql import (
    GONE,
    MARK_GONE,
    MATCH_TABLES,
    Statements,
    by_hand,
)
from camera_registry.importing.rebuild import WORTH_IT, lock_alone, rebuilding
from camera_registry.importing.request import Blanks, Kind
from camera_registry.importing.verdicts import OUT_TABLE, Verdicts

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg

    from camera_registry.importing.faultbook import FaultBook
    from camera_registry.importing.headers import Columns
    from camera_registry.importing.report import ImportReport
    from camera_registry.importing.request import ImportRequest
    from camera_registry.importing.staging import Staging
    from models.scope import Scope

SAMPLES = 20
BULK_SHARE = 4
"""So many times as many new records as there are make it worth while to build the indexes anew."""

_SAMPLE_NEW = """
select s.row, s.code, {name} as name from import_stage s
 where not exists (select from import_match m where m.row = s.row) order by s.row limit {most}
"""
_SAMPLE_CHANGED = """
select ch.row, ch.id, c.code, c.name, ch.fields, ch.returned
  from import_change ch join {table} c on c.id = ch.id
 where cardinality(ch.fields) > 0 or ch.returned order by ch.row limit {most}
"""
_ANALYZE = "analyze import_stage (row, code, source_key); analyze import_place (row); analyze import_listed"
_SAMPLE_GONE = (
    "select c.id, c.code, c.name from import_gone g join {table} c on c.id = g.id order by c.id limit {most}"
)


class Merge:
    """One staged list and the catalogue.

    Args:
        connection: The import's transaction.
        request: What is asked.
        source: The list's name.
        staging: The list's good rows.
        partial: Whether nothing is gone.
    """

    def __init__(
        self,
        connection: asyncpg.Connection[Any],
        request: ImportRequest,
        source: str,
        staging: Staging,
        *,
        partial: bool,
    ) -> None:
        self._connection = connection
        self._request = request
        self._source = source
        self._partial = partial
        self._do = Statements(
            request.kind,
            staging.fields,
            clears=request.blanks is Blanks.CLEAR,
            cleared=staging.has_cleared,
            logins=staging.has_logins,
        )
        self._matched = False

    async def compare(self, columns: Columns, book: FaultBook) -> None:
        """Find out which record each row is, and judge what only the store can tell."""
        connection, do = self._connection, self._do
        await connection.execute(f"{MATCH_TABLES}; {OUT_TABLE}")
        if await connection.fetchval(f"select exists (select from {do.table})"):
            await connection.execute(_ANALYZE)
            await connection.execute(do.match_by_code())
            await connection.execute("analyze import_match")
            for column in ("source_key", "alias_key"):
                await connection.execute(do.match_by_key(column), self._source)
            await connection.execute("analyze import_match")
            self._matched = bool(await connection.fetchval("select exists (select from import_match)"))
        units = await connection.fetchval("select exists (select from organisation where geom is not null)")
        verdicts = Verdicts(connection, self._request.kind, columns, book)
        await verdicts.judge(self._source, self._request.scope, matched=self._matched, units=units)

    async def weigh(self, report: ImportReport) -> None:
        """Tell what would change."""
        connection = self._connection
        if self._matched:
            await self._find_changes()
        [(staged, matched, changed, returned)] = await connection.fetch(
            """
            select (select count(*) from import_stage),
                   (select count(*) from import_change),
                   (select count(*) from import_change where cardinality(fields) > 0 or returned),
                   (select count(*) from import_change where returned)
            """
        )
        report.new, report.changed = staged - matched, changed
        report.unchanged, report.returned = matched - changed, returned
        for name in ("fields", "kept"):
            counted = await connection.fetch(
                f"select f, count(*) from import_change, unnest({name}) f group by f order by 2 desc, 1"
            )
            target = report.fields if name == "fields" else report.kept_edits
            target.update({row["f"]: row["count"] for row in counted})
        await self._find_gone(report)
        await self._take_samples(report)

    async def write(self, report: ImportReport, now: datetime) -> None:
        """Do it."""
        connection, do = self._connection, self._do
        if report.changed:
            await connection.execute(do.update(), self._source, now)
        if report.new:
            insert = do.insert(matched=self._matched)
            if await self._worth_rebuilding(report.new):
                async with rebuilding(connection, do.table):
                    await connection.execute(insert, self._source, now)
            else:
                await connection.execute(insert, self._source, now)
        if report.gone:
            await connection.execute(MARK_GONE.format(table=do.table), now)

    async def _find_changes(self) -> None:
        connection = self._connection
        if not self._request.overwrite_edits:
            await connection.execute(by_hand(self._request.kind))
            some = await connection.fetchval("select exists (select from import_hand)")
            self._do = replace(self._do, hand=some)
        await connection.execute(self._do.change(), self._source)
        await connection.execute("analyze import_change")

    async def _find_gone(self, report: ImportReport) -> None:
        if self._partial:
            return
        connection, table = self._connection, self._do.table
        seen = _within(self._request.scope, self._request.kind)
        layer = "and l.layer_id = c.layer_id" if self._request.kind is Kind.POINTS else ""
        await connection.execute(GONE.format(table=table, seen=seen, layer=layer), self._source)
        report.gone = await connection.fetchval("select count(*) from import_gone")
        if report.gone:
            listed = await connection.fetchval(
                f"select count(*) from {table} c where c.source = $1 and c.gone_since is null and ({seen})",
                self._source,
            )
            report.gone_stops = report.gone * 2 > listed

    async def _take_samples(self, report: ImportReport) -> None:
        table, most = self._do.table, SAMPLES
        name = "s.name" if "name" in self._do.fields else "null"
        for key, query in (
            ("new", _SAMPLE_NEW.format(name=name, most=most)),
            ("changed", _SAMPLE_CHANGED.format(table=table, most=most)),
            ("gone", _SAMPLE_GONE.format(table=table, most=most)),
        ):
            report.samples[key] = [dict(row) for row in await self._connection.fetch(query)]
        await self._tell_values(report.samples["changed"])

    async def _tell_values(self, changed: list[dict[str, Any]]) -> None:
        """Put the old and the new value of each changed field to the samples; never a login's."""
        do = self._do
        told = {name: value for name, value in do.effective().items() if name not in _UNTOLD}
        hand = "left join import_hand h on h.id = c.id" if do.hand else ""
        pairs = ", ".join(
            f"{_as_text(f'c.{name}', name)} as old_{name}, {_as_text(value, name)} as new_{name}"
            for name, value in told.items()
        )
        rows = await self._connection.fetch(
            f"select s.row, {pairs} from import_stage s join import_match m on m.row = s.row"
            f" join {do.table} c on c.id = m.id {hand} where s.row = any($2::int[]) and $1::text is not null",
            self._source,
            [sample["row"] for sample in changed],
        )
        values = {row["row"]: row for row in rows}
        for sample in changed:
            row = values[sample["row"]]
            sample["values"] = {
                name: [row[f"old_{name}"], row[f"new_{name}"]] for name in sample["fields"] if name in told
            }

    async def _worth_rebuilding(self, new: int) -> bool:
        """Whether the indexes had better be built anew, and the table can be had alone."""
        if new < WORTH_IT:
            return False
        table = self._do.table
        there = await self._connection.fetchval(
            f"select count(*) from (select from {table} limit {new // BULK_SHARE + 1}) found"
        )
        return there * BULK_SHARE <= new and await lock_alone(self._connection, table)


_UNTOLD = frozenset({"credential_id", "contact_info"})
"""Changes of these are told without their values."""


def _as_text(value: str, name: str) -> str:
    """A value as people write it: an address without the length of its network."""
    return f"host({value})" if name == "ip_address" else f"({value})::text"


def _within(scope: Scope | None, kind: Kind) -> str:
    """The condition on a record c that it is the asker's."""
    if scope is None:
        return "true"
    parts = []
    if not scope.whole_city:
        parts.append(f"c.unit_tree between {scope.tree_left:d} and {scope.tree_right:d}")
    if kind is Kind.CAMERAS:
        parts.append(f"c.sensitivity <= {scope.max_sensitivity:d}")
    return " and ".join(parts) or "true"
