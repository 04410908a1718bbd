"""Small lists for the imports' tests, and how they are imported."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from base.clock import ManualClock
from base.database import Database
from base.seal import Sealer
from camera_registry.importing import ImportReport, ImportRequest, import_file

HEADER = ("设备编码", "设备名称", "安装地址", "经度", "纬度", "安装高度(米)")
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)


def code(number: int) -> str:
    return f"37060200081326{number:06d}"


def row(number: int, **change: str) -> list[str]:
    """A good row in the small city's township west-1; ``change`` by English field."""
    cells = {
        "code": code(number),
        "name": f"牟平大街{number}号路口",
        "address": f"牟平大街{number}号",
        "longitude": f"{121.0101 + number % 80 / 1000:.4f}",
        "latitude": f"{37.0501 + number // 80 / 1000:.4f}",
        "height": "6.5",
    }
    return list((cells | change).values())


def as_csv(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER, delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def write(path: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> Path:
    path.write_text(as_csv(rows, header), encoding="utf-8")
    return path


async def take(database: Database, path: Path, sealer: Sealer | None = None, **asked: Any) -> ImportReport:
    """Import a list."""
    request = ImportRequest(path, asked.pop("name", path.name), **asked)
    return await import_file(database, ManualClock(NOW), request, lambda _stage, _share: None, sealer=sealer)


async def cameras(database: Database) -> dict[str, dict[str, Any]]:
    """The catalogue by code, or by key of the source where there is no code."""
    async with database.raw() as connection:
        rows = await connection.fetch(
            "select *, ST_X(geom) as x, ST_Y(geom) as y, o.code as unit from camera c"
            " left join (select id as uid, code from organisation) o on o.uid = c.unit_id"
        )
    found = {}
    for record in rows:
        values = dict(record)
        # The join's column of the same name comes last.
        columns = list(record.keys())
        values["code"] = record[columns.index("code")]
        found[values["code"] or values["source_key"]] = values
    return found


def kinds(report: ImportReport) -> Mapping[str, str]:
    """Fault kinds of a report, each with its severity."""
    return {count["code"]: count["severity"] for count in report.fault_counts}
