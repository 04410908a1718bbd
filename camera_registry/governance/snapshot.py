"""What each day's assessment counted, kept as fine as any scope may ask for it later."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson

from camera_registry.governance.rollup import OF_SCENES, Grouping, tallies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    import asyncpg

    from camera_registry.governance.rollup import Key
    from camera_registry.governance.rules import RuleBook
    from camera_registry.governance.tally import Tally

# Unit and sensitivity are in each, because they are what a scope is made of.
_WHERE = ("camera.unit_id", "camera.sensitivity")

_KEPT = {
    "scene": Grouping(("scene.code", *_WHERE), OF_SCENES),
    "owner": Grouping(("coalesce(camera.owner, '') collate \"C\"", *_WHERE)),
}

_FORGET = "delete from governance_run where day = $1 or day < $2"  # and with it what that day counted

_RUN = """
insert into governance_run (day, began_at, ended_at, cameras, found, mended, rules_version)
values ($1, $2, $3, $4, $5, $6, $7)
"""

_COLUMNS = ("day", "by", "key", "unit_id", "sensitivity", "cameras", "score", "excused", "checks", "faults")


async def write_day(
    connection: asyncpg.Connection[Any], book: RuleBook, now: datetime, run: tuple[Any, ...]
) -> None:
    """Keep what there is to count now as the count of ``run``'s day, and forget what is too old.

    Args:
        connection: The assessment's transaction.
        book: The rules.
        now: The moment it is for.
        run: The columns of ``governance_run``.
    """
    day = run[0]
    await connection.execute(_FORGET, day, day - timedelta(days=int(book.setting("keep-days"))))
    await connection.execute(_RUN, *run)
    codes = {rule.id: rule.code for rule in book.rules.values()}
    for by, grouping in _KEPT.items():
        counted = await tallies(connection, book, now, grouping)
        await _keep(connection, day, by, counted, codes)
        if by == "owner":  # every camera has one owner or none, so that the owners make up the unit
            await _keep(connection, day, "unit", _of_units(counted), codes)


def _of_units(of_owners: dict[Key, Tally]) -> dict[Key, Tally]:
    units: dict[Key, Tally] = {}
    for (_, *where), tally in of_owners.items():
        key = ("", *where)
        units[key] = units[key] + tally if key in units else tally
    return units


async def _keep(
    connection: asyncpg.Connection[Any], day: date, by: str, counted: dict[Key, Tally], codes: dict[int, str]
) -> None:
    records = [(day, by, *row) for row in _rows(counted, codes)]
    await connection.copy_records_to_table("governance_day", records=records, columns=_COLUMNS)


def _rows(counted: dict[Key, Tally], codes: dict[int, str]) -> Iterator[tuple[Any, ...]]:
    for (key, unit_id, sensitivity), tally in counted.items():
        checks = {code: [c.checked, c.passed, round(c.total, 6)] for code, c in tally.checks.items()}
        faults = {codes[rule_id]: count for rule_id, count in tally.faults.items()}
        texts = (orjson.dumps(checks).decode(), orjson.dumps(faults).decode())
        yield (key, unit_id, sensitivity, tally.cameras, tally.score, tally.excused, *texts)
