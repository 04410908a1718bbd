"""Asking records the rules: each is seen once, and those that may clash are compared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from camera_registry.governance.checks import CHECKS
from camera_registry.governance.duplicates import duplicates
from camera_registry.governance.records import COMPARED, RECORDS, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    import asyncpg

    from camera_registry.governance.rules import Rule, RuleBook

MAX_VALUE = 200
"""Characters of a value that are kept."""

BULK_SETTINGS = """
set local work_mem = '128MB';
set local enable_nestloop = off;
set local max_parallel_workers_per_gather = 2;
"""
"""For the sorts and hashes of a whole city, which are few at a time. That x, y and the like of a place go
together is more than the planner knows: it expects one row of such a join, and would loop over all."""

_NOTHING = "select null::bigint, null::smallint, null::text, null::bigint where false"


async def find_all(
    connection: asyncpg.Connection[Any],
    book: RuleBook,
    now: datetime,
    tell: Callable[[str, float], None] = lambda _stage, _share: None,
) -> None:
    """Put into the temporary table ``found`` all that is wrong with any record.

    Call it inside a transaction. Each stage is a table of its own with statistics: without them the planner
    takes what compares places for small, and is at it for hours. Records are asked one by one where they
    stand, and only what is compared is put beside.
    """
    await connection.execute(BULK_SETTINGS)
    parts = list(duplicates(book))
    stages = [
        Stage("single", _found([_one_by_one(book, f"({RECORDS})")])),
        Stage("record", f"select {', '.join(COMPARED)} from ({RECORDS}) r"),  # noqa: S608 - our own words
        *(stage for more, _ in parts for stage in more),
        Stage("found", f"select * from single union all {_found([query for _, query in parts])}"),  # noqa: S608
    ]
    for number, stage in enumerate(stages):
        tell(_TITLES.get(stage.name, "duplicates"), number / len(stages))
        # A statement that makes a table takes no parameters.
        query = stage.query.replace("$1", f"'{now.isoformat()}'").replace("$2", "null")
        await connection.execute(f"create temp table {stage.name} on commit drop as {query}")
        await connection.execute(f"analyze {stage.name}")


_TITLES = {"single": "records", "found": "together"}


async def find_some(
    connection: asyncpg.Connection[Any], book: RuleBook, now: datetime, cameras: Sequence[int]
) -> list[Found]:
    """What is wrong with these, as far as they clash with each other."""
    parts = list(duplicates(book))
    stages = [Stage("record", RECORDS), *(stage for more, _ in parts for stage in more)]
    tables = ",\n".join(f"{stage.name} as materialized ({stage.query})" for stage in stages)
    found = _found([_one_by_one(book, "record"), *(query for _, query in parts)])
    rows = await connection.fetch(f"with {tables}\n{found}", now, list(cameras))
    return [Found(row["camera_id"], row["rule_id"], row["value"], row["other_id"]) for row in rows]


def _found(queries: Sequence[str]) -> str:
    """All that these queries find, in one form."""
    union = " union all ".join((_NOTHING, *queries))
    return (
        f"select camera_id, rule_id::smallint as rule_id, left(value, {MAX_VALUE}) as value,"  # noqa: S608
        f" other_id::bigint as other_id from ({union}) as found(camera_id, rule_id, value, other_id)"
    )


@dataclass(frozen=True, slots=True)
class Found:
    """A fault that is there now.

    Attributes:
        camera_id: Whose.
        rule_id: By which rule.
        value: What stands there.
        other_id: A camera that it clashes with.
    """

    camera_id: int
    rule_id: int
    value: str | None
    other_id: int | None


def _one_by_one(book: RuleBook, records: str) -> str:
    """The rules that look at one record, asked of each in one pass."""
    rules = [rule for rule in book.enabled if rule.code in CHECKS]
    if not rules:
        return _NOTHING
    asked = ",\n               ".join(
        f"case when {_worded(CHECKS[rule.code].fails, rule)} then {rule.id}::smallint end" for rule in rules
    )
    shown = "\n            ".join(
        f"when {rule.id} then {_worded(value, rule)}"
        for rule in rules
        if (value := CHECKS[rule.code].value) is not None
    )
    value = f"case rule_id {shown} end" if shown else "null"
    return f"""
select c.id, rule_id, {value}, null
  from (select c.*, unnest(array_remove(array[
               {asked}], null)) as rule_id
          from {records} c) c
"""  # noqa: S608 - put together from this program's own words and numbers


def _worded(sql: str, rule: Rule) -> str:
    """The check's SQL with the rule's number and the moment in it."""
    if rule.threshold is not None:
        sql = sql.replace(":threshold", repr(float(rule.threshold.value)))
    return re.sub(r"(?<!:):now\b", "$1::timestamptz", sql)
