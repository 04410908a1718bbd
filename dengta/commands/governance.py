"""``dengta governance``: the report, work lists, and the rules that records are judged by."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.console import Console
from rich.table import Table

from base.clock import SystemClock
from base.errors import InvalidInputError, NotFoundError
from base.settings import get_settings
from camera_registry.exporting.request import Form, Language
from dengta.store import open_store

if TYPE_CHECKING:
    from camera_registry.governance.meant import Cameras
    from camera_registry.governance.rules import RuleBook
    from camera_registry.governance.worklist import WorkListReport

app = typer.Typer(help="Work lists, reports and rules of governance.", no_args_is_help=True)

Units = Annotated[
    list[str] | None, typer.Option("--unit", help="Code of a unit, with all below it; may be repeated.")
]
Spoken = Annotated[Language, typer.Option(help="Of headers and words.")]


@app.command()
def report(
    out: Annotated[Path, typer.Option(help="Where the workbook goes, e.g. report.xlsx.")],
    unit: Units = None,
    language: Spoken = Language.CHINESE,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days of the trends.")] = 30,
) -> None:
    """Write the report: indicators, units, scenes, owners, trends, faults by rule, and a work list."""
    _require_ending(out, Form.XLSX)
    asyncio.run(_report(out, unit or [], language, days))
    Console(stderr=True).print(f"Wrote {out}.", highlight=False)


@app.command()
def worklist(
    out: Annotated[Path, typer.Option(help="Where the list goes; .csv or .xlsx.")],
    unit: Units = None,
    owner: Annotated[list[str] | None, typer.Option(help="A department; may be repeated.")] = None,
    rule: Annotated[list[str] | None, typer.Option(help="Code of a rule; may be repeated.")] = None,
    severity: Annotated[
        list[int] | None, typer.Option(min=1, max=4, help="1 highest to 4; may be repeated.")
    ] = None,
    language: Spoken = Language.CHINESE,
) -> None:
    """Write the faulty records with reasons and remedies; mended, the file can be imported as it is."""
    form = _require_ending(out, Form.CSV, Form.XLSX)
    written = asyncio.run(
        _work_list(out, form, (unit or [], owner or []), (rule or [], severity or []), language)
    )
    more = f" of {written.of:,}" if written.of > written.cameras else ""
    console = Console(stderr=True)
    console.print(f"Wrote {written.cameras:,}{more} cameras to {out}.", highlight=False)
    if written.nameless:
        console.print(
            f"{written.nameless:,} have neither an id nor a key of their source, so that no import could "
            "tell which they are: mend them in the console.",
            highlight=False,
        )


@app.command()
def rules(
    json: Annotated[bool, typer.Option("--json", help="One JSON object a rule.")] = False,
) -> None:
    """List the rules that records are judged by."""
    book = asyncio.run(_rules())
    if json:
        for rule in book.rules.values():
            typer.echo(orjson.dumps(asdict(rule)))
        return
    table = Table("code", "规则 rule", "等级", "扣分", "必备", "启用", "界限", box=None, pad_edge=False)
    for rule in book.rules.values():
        limit = "" if rule.threshold is None else f"{rule.threshold.value:g} {rule.threshold.unit}"
        flags = ("●" if rule.required else "", "●" if rule.enabled else "")
        name = f"{rule.title} {rule.title_en}"
        table.add_row(rule.code, name, str(rule.severity), f"{rule.weight:g}", *flags, limit)
    Console().print(table)


def _require_ending(out: Path, *forms: Form) -> Form:
    for form in forms:
        if out.suffix.lower() == f".{form.value}":
            break
    else:
        endings = " or ".join(f".{form.value}" for form in forms)
        raise InvalidInputError(f"--out: a file that ends in {endings} is needed, not {out.name}.")
    if not out.absolute().parent.is_dir():
        raise InvalidInputError(f"--out: there is no folder {out.parent}.")
    return form


async def _report(out: Path, units: list[str], language: Language, days: int) -> None:
    from camera_registry.governance.report import ReportRequest, write_report
    from camera_registry.jobs import scope_of

    settings = get_settings()
    async with open_store(settings) as store:
        async with store.database.raw() as connection:
            scope = await scope_of(connection, None)
            cameras = await _cameras(connection, units, [])
        request = ReportRequest(scope, cameras, language, days)
        await write_report(store.database, SystemClock(), request, out, ZoneInfo(settings.time_zone))


async def _work_list(
    out: Path,
    form: Form,
    cameras: tuple[list[str], list[str]],
    faults: tuple[list[str], list[int]],
    language: Language,
) -> WorkListReport:
    from camera_registry.governance.faults import FaultFilter
    from camera_registry.governance.rules import read_rules
    from camera_registry.governance.worklist import WorkListRequest, write_work_list
    from camera_registry.jobs import scope_of

    settings = get_settings()
    async with open_store(settings) as store:
        async with store.database.raw() as connection:
            scope = await scope_of(connection, None)
            book = await read_rules(connection)
            wanted = await _cameras(connection, *cameras)
        codes, severities = faults
        for code in codes:
            if code not in book.rules:
                raise InvalidInputError(f"--rule: there is no {code!r}.", remedy="dengta governance rules")
        which = FaultFilter(rules=tuple(codes), severities=tuple(severities))
        request = WorkListRequest(form, scope, wanted, which, language)
        return await write_work_list(store.database, book, request, out, ZoneInfo(settings.time_zone))


async def _cameras(connection: Any, units: list[str], owners: list[str]) -> Cameras:
    from camera_registry.governance.meant import Cameras
    from camera_registry.selection import CameraFilter

    known = await connection.fetch("select code from organisation where code = any($1::text[])", units)
    strange = sorted(set(units) - {row["code"] for row in known})
    if strange:
        raise NotFoundError(f"There is no unit {strange[0]!r}.")
    return Cameras(CameraFilter(units=tuple(units), owners=tuple(owners)))


async def _rules() -> RuleBook:
    from camera_registry.governance.rules import read_rules

    async with open_store(get_settings()) as store, store.database.raw() as connection:
        return await read_rules(connection)
