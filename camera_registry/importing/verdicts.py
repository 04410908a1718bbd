"""What only the store can tell of staged rows: whose they are, what they contradict, what they lack."""

# ruff: noqa: S608 - statements are put together from this program's own words; values are parameters

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from camera_registry.importing.merge_sql import STAGED, UNIT_TREE
from camera_registry.importing.report import Severity
from camera_registry.importing.request import Kind
from camera_registry.importing.values import Problem
from camera_registry.importing.workpiece import fault

if TYPE_CHECKING:
    import asyncpg

    from camera_registry.importing.faultbook import FaultBook
    from camera_registry.importing.headers import Columns
    from models.scope import Scope

KEY_CONFLICT = Problem(
    "key-conflict",
    "Its code (编码) and its key belong to two different records, or its key to another row's record.",
    "Correct the code or the key.",
)
NOT_YOURS = Problem(
    "not-yours",
    "Its code or key belongs to a record outside your unit, or more sensitive than you may see.",
    "Ask a colleague of that unit or of the city to import it.",
)
OUTSIDE_UNIT = Problem(
    "outside-your-unit",
    "The place lies outside your unit.",
    "Correct the coordinates, or ask a colleague of that unit or of the city to import it.",
)
NO_PLACE_IN_UNIT = Problem(
    "not-in-your-unit",
    "It has no place, and names no unit of yours: nothing shows that it is yours.",
    "Give coordinates, or your unit's name in a column 所属辖区.",
)
STILL_DOUBLED = Problem(
    "duplicate",
    "It was refused as the double of another row, and still has the identity of that record.",
    "Give it its own code or key, or leave it out; if it is the right one of the two, empty its reasons.",
)
NO_NAME = Problem("no-name", "It is new and has no name.", "Give it a name.")
NO_PLACE = Problem(
    "no-place", "It is new and has no place, which a point needs.", "Give longitude and latitude."
)
NOBODYS = Problem(
    "outside-units",
    "The place lies in no unit's boundary: nobody is responsible for it.",
    "Check the coordinates; at sea or beyond the city's border it may be right.",
    Severity.WARNING,
)
UNIT_DIFFERS = Problem(
    "unit-differs",
    "The place lies outside the unit that the list names; the place decides.",
    "Correct the coordinates or the unit.",
    Severity.WARNING,
)

_CONFLICTS = """
select s.row from import_stage s
  join {table} c on c.source = $1 and c.source_key = s.source_key
  left join import_match m on m.row = s.row
 where c.id is distinct from m.id
   and (m.id is not null or exists (select from import_match x where x.id = c.id))
"""


class Verdicts:
    """Judges staged rows in the store.

    Args:
        connection: The import's transaction.
        kind: What the list lists.
        columns: How it is read, for the headers that faults name.
        book: Where faults are written down.
    """

    def __init__(
        self, connection: asyncpg.Connection[Any], kind: Kind, columns: Columns, book: FaultBook
    ) -> None:
        self._connection = connection
        self._kind = kind
        self._columns = columns.columns
        self._book = book
        self._table = "camera" if kind is Kind.CAMERAS else "point"

    async def judge(self, source: str, scope: Scope | None, *, matched: bool, units: bool) -> None:
        """Write down what is wrong with staged rows, and take those with an error off the stage.

        Args:
            source: The list's name.
            scope: The asker's; None is the system itself.
            matched: Whether any row is a record already.
            units: Whether boundaries are loaded, so that a place in none of them means something.
        """
        new = f"{STAGED} where m.row is null" if matched else "from import_stage s where true"
        if matched:
            await self._note(KEY_CONFLICT, "source_key", _CONFLICTS.format(table=self._table), source)
            await self._note(
                STILL_DOUBLED, "code", f"select s.row {STAGED} where s.doubled and m.row is not null"
            )
        await self._note(NO_NAME, "name", f"select s.row {new} and {self._absent('name')}")
        if self._kind is Kind.POINTS:
            await self._note(NO_PLACE, "longitude", f"select s.row {new} and s.wgs84_longitude is null")
        if scope:
            await self._hold_to(scope)
        if units:
            await self._note(NOBODYS, "longitude", "select row from import_place where unit_id is null")
            if "unit" in self._columns:
                elsewhere = "not p.unit_tree between o.tree_left and o.tree_right"
                await self._note(UNIT_DIFFERS, "unit", f"select s.row {STAGED} where {elsewhere}")
        await self._connection.execute("delete from import_stage s using import_out x where x.row = s.row")

    def _absent(self, name: str) -> str:
        return f"s.{name} is null" if name in self._columns else "true"

    async def _hold_to(self, scope: Scope) -> None:
        """Refuse rows beyond the asker's unit and sensitivity: what is there, and where it is to stand."""
        within = f"between {scope.tree_left:d} and {scope.tree_right:d}"
        sensitive = f" or c.sensitivity > {scope.max_sensitivity:d}" if self._kind is Kind.CAMERAS else ""
        foreign = f"(c.unit_tree is null or not c.unit_tree {within})"
        if scope.whole_city:
            foreign = "false"
        await self._note(
            NOT_YOURS,
            "code",
            f"select s.row {STAGED} join {self._table} c on c.id = m.id where {foreign}{sensitive}",
        )
        if scope.whole_city:
            return
        outside = f"({UNIT_TREE} is null or not {UNIT_TREE} {within})"
        await self._note(
            OUTSIDE_UNIT,
            "longitude",
            f"select s.row {STAGED} where s.wgs84_longitude is not null and {outside}",
        )
        nowhere = f"s.wgs84_longitude is null and {outside} and (m.row is null or s.unit is not null)"
        await self._note(NO_PLACE_IN_UNIT, "unit", f"select s.row {STAGED} where {nowhere}")

    async def _note(self, problem: Problem, field: str, query: str, *parameters: object) -> None:
        rows = [record["row"] for record in await self._connection.fetch(query, *parameters)]
        if not rows:
            return
        column = self._columns.get(field)
        header = column.header if column else ""
        shown = await self._shown(field, rows) if column else {}
        refused = rows if problem.severity is Severity.ERROR else []
        self._book.add((fault(row, header, shown.get(row, ""), problem) for row in sorted(rows)), refused)
        if refused:
            await self._connection.copy_records_to_table("import_out", records=[(row,) for row in rows])

    async def _shown(self, field: str, rows: list[int]) -> dict[int, str]:
        """What stands in a field of some rows, for the first faults of a kind."""
        text = {
            "longitude": "concat_ws(', ', longitude, latitude)",
            "unit": "(select name from organisation o where o.id = unit)",
        }
        shown = text.get(field, field)
        query = f"select row, {shown}::text as shown from import_stage where row = any($1::int[])"
        found = await self._connection.fetch(query, rows[:1000])
        return {record["row"]: record["shown"] or "" for record in found}


OUT_TABLE = "create temp table import_out (row integer) on commit drop"
