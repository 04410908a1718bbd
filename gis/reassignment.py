"""Who owns what after boundaries have changed: the moves counted, then made, in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from gis.jurisdiction import UNITS_OF, Placed
from models.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    import asyncpg

PLACED: tuple[Placed, ...] = get_args(Placed)
"""Tables whose rows belong to the unit on whose ground they stand."""

FOLLOWING = frozenset({"camera_tile", "camera_cell"})
"""Tables that triggers keep in step with the cameras."""

POSITIONED = tuple(
    sorted(
        name
        for name, table in metadata.tables.items()
        if "unit_tree" in table.columns and name not in FOLLOWING
    )
)
"""All tables that hold a position of the tree of their own, so that a scope is one range."""

_FOUND = f"""
create temp table found_{{table}} on commit drop as {UNITS_OF};
analyze found_{{table}};
"""

_MOVES = """
select p.unit_id as "from", f.unit_id as "to", count(*) as count
  from {table} p join found_{table} f using (id)
 where p.unit_id is distinct from f.unit_id
 group by 1, 2 order by 3 desc, 1, 2
"""

_COUNTS = "select unit_id, count(*) as count from {table} where unit_id is not null group by 1"

_MOVE = """
update {table} p set unit_id = f.unit_id, unit_tree = f.unit_tree
  from found_{table} f
 where f.id = p.id and (p.unit_id, p.unit_tree) is distinct from (f.unit_id, f.unit_tree)
"""

_RENUMBER = """
update {table} t set unit_tree = moved.position
  from unnest($1::int[], $2::int[]) as moved (was, position)
 where t.unit_tree = moved.was and moved.was <> moved.position
"""

_STALE = """
update {table} t set unit_tree = o.tree_left from organisation o
 where o.id = t.unit_id and t.unit_tree <> o.tree_left
"""


@dataclass(frozen=True, slots=True)
class Move:
    """So many rows that go from one unit to another.

    Attributes:
        before: The unit that they belonged to; None was nobody's.
        after: The unit that they belong to; None is nobody's.
        count: How many.
    """

    before: int | None
    after: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Reassignment:
    """What becomes of the rows of one table.

    Attributes:
        moves: The largest first.
        counts: Rows of each unit before.
    """

    moves: tuple[Move, ...]
    counts: Mapping[int, int]

    @property
    def total(self) -> int:
        """How many change their unit."""
        return sum(move.count for move in self.moves)

    def counts_after(self) -> dict[int, int]:
        """Rows of each unit afterwards."""
        after = dict(self.counts)
        for move in self.moves:
            if move.before is not None:
                after[move.before] = after.get(move.before, 0) - move.count
            if move.after is not None:
                after[move.after] = after.get(move.after, 0) + move.count
        return {unit: count for unit, count in after.items() if count}


async def weigh(connection: asyncpg.Connection[Any], table: Placed) -> Reassignment:
    """Find the unit of every row by the boundaries as they are in this transaction, and change nothing.

    Raises:
        asyncpg.DuplicateTableError: It was weighed before in the same transaction.
    """
    await connection.execute(_FOUND.format(table=table))
    moves = await connection.fetch(_MOVES.format(table=table))
    counts = await connection.fetch(_COUNTS.format(table=table))
    return Reassignment(
        tuple(Move(row["from"], row["to"], row["count"]) for row in moves),
        {row["unit_id"]: row["count"] for row in counts},
    )


async def move(connection: asyncpg.Connection[Any], table: Placed) -> int:
    """Make the moves that :func:`weigh` found earlier in this transaction; how many rows were written.

    Rows that keep their unit are written too where its position has changed.
    """
    return _rows(await connection.execute(_MOVE.format(table=table)))


async def renumber(connection: asyncpg.Connection[Any], positions: Mapping[int, int]) -> dict[str, int]:
    """Let every stored position follow the tree; how many rows of each table were written.

    Args:
        connection: The transaction that numbered the tree anew.
        positions: Old position → new one, of every unit that there was.
    """
    was, now = list(positions), list(positions.values())
    written = {}
    for table in POSITIONED:
        # Placed rows get theirs from move(): writing each of 230,000 wide rows twice would be a waste.
        only = " and t.geom is null" if table in PLACED else ""
        written[table] = _rows(await connection.execute(_RENUMBER.format(table=table) + only, was, now))
    return written


async def mend_positions(connection: asyncpg.Connection[Any]) -> int:
    """Set right what was written by transactions that had read the tree before it changed; how many rows."""
    owned = [name for name in POSITIONED if "unit_id" in metadata.tables[name].columns]
    return sum([_rows(await connection.execute(_STALE.format(table=table))) for table in owned])


def _rows(status: str) -> int:
    return int(status.rpartition(" ")[2])
