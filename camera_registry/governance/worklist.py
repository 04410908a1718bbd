"""Work lists: the faulty records as a list of the same form as any other, to be mended and imported again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import literal

from base.errors import InvalidInputError, UnavailableError
from camera_registry.exporting.columns import PRIVATE, ExportColumn, columns_of
from camera_registry.exporting.request import ExportRequest, Form, Language
from camera_registry.exporting.rows import snapshot
from camera_registry.exporting.text_files import CsvFile
from camera_registry.exporting.workbook import XlsxFile
from camera_registry.governance.faults import list_faults
from camera_registry.governance.meant import Cameras, meant
from camera_registry.importing import Kind
from camera_registry.importing.fields import FIELDS
from camera_registry.importing.headers import REASONS
from camera_registry.selection import CameraFilter
from models.scope import Permission
from models.tables import camera

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

    import asyncpg

    from base.database import Database
    from camera_registry.exporting.writers import Writer
    from camera_registry.governance.faults import Fault, FaultFilter
    from camera_registry.governance.rules import RuleBook
    from camera_registry.jobs import Tell
    from models.scope import Scope

MOST_CAMERAS = 50_000
"""Rows of one list: nobody mends more, and a spreadsheet that is larger is slow to scroll."""

_TELLING = ("code", "source_key", "name", "unit_path", "address", "longitude", "latitude", "declared_crs")
_ALWAYS = (*_TELLING, "civil_code", "owner", "heading_deg")
"""Fields that tell a camera, and those that are mended most."""

TITLES = {
    Language.CHINESE: (REASONS, "整改办法", "整改责任方", "发现日期"),
    Language.ENGLISH: (REASONS, "remedies", "to be mended by", "found on"),
}
"""Headers of what stands behind the record; an import leaves these columns out."""


@dataclass(frozen=True, slots=True)
class WorkListRequest:
    """A work list.

    Attributes:
        form: CSV or XLSX.
        scope: Who asks.
        cameras: Of which cameras.
        faults: Which faults.
        language: Of headers and reasons.
    """

    form: Form
    scope: Scope
    cameras: Cameras
    faults: FaultFilter
    language: Language = Language.CHINESE

    def __post_init__(self) -> None:
        if self.form not in {Form.CSV, Form.XLSX}:
            raise InvalidInputError("form: a work list is csv or xlsx.")


@dataclass(frozen=True, slots=True)
class WorkListReport:
    """What was written.

    Attributes:
        cameras: Rows.
        of: Cameras that have such faults; more than ``cameras`` where the list was cut.
        nameless: Of these, cameras that have neither an id nor a key of their source: an import could not
            tell which they are and would enter them anew, so they are left out, to be mended in the console.
    """

    cameras: int
    of: int
    nameless: int


async def write_work_list(  # noqa: PLR0913, PLR0917 - one of them only listens
    database: Database,
    book: RuleBook,
    request: WorkListRequest,
    path: Path,
    zone: ZoneInfo,
    tell: Tell = lambda _stage, _share: None,
) -> WorkListReport:
    """Write one row for each faulty camera, with all that is wrong with it in the last columns.

    Where there are more than :data:`MOST_CAMERAS`, the worst are chosen.

    Args:
        database: The store.
        book: The rules.
        request: What is asked for.
        path: The file, in a folder where other files may be made beside it for a while.
        zone: In which days are told.
        tell: Told how far it is.

    Raises:
        UnavailableError: The database went away, or the file cannot be written.
    """
    found = await _faulty(database, book, request)
    chosen = [row for row in found if row["told"]][:MOST_CAMERAS]
    export = ExportRequest(
        request.form,
        request.scope,
        cameras=replace(request.cameras.wanted, ids=tuple(row["camera_id"] for row in chosen)),
        fields=_fields(request.scope, {book.by_id[n].field for row in chosen for n in row["rules"]}),
        language=request.language,
    )
    columns = [_as_declared(column) for column in columns_of(export)]
    titles = (ExportColumn(title, title, "text", literal("")) for title in TITLES[request.language])
    form = CsvFile if request.form is Form.CSV else XlsxFile
    writer: Writer = await asyncio.to_thread(form, path, export, [*columns, *titles])
    identity = ExportColumn("record_id", "", "whole", camera.c.id)
    written = 0
    try:
        async with snapshot(database, export, [*columns, identity]) as rows:
            async for batch in rows:
                told = await _told(database, book, request, [row[len(columns)] for row in batch], zone)
                lines = [
                    [*row[: len(columns)], *told.get(row[len(columns)], ("",) * 4), *row[-2:]]
                    for row in batch
                ]
                await asyncio.to_thread(writer.write, lines)
                written += len(batch)
                tell("writing", written / max(rows.count, 1))
        await asyncio.to_thread(writer.finish)
    except OSError as err:
        raise UnavailableError(f"The work list cannot be written: {err.strerror}.") from err
    finally:
        await asyncio.to_thread(writer.abandon)
    return WorkListReport(written, len(found), sum(not row["told"] for row in found))


def _as_declared(column: ExportColumn) -> ExportColumn:
    """The reference system as it stands in the record: that none is declared may be what is to be mended."""
    return replace(column, sql=camera.c.declared_crs) if column.name == "declared_crs" else column


_FAULTY = """
select f.camera_id, array_agg(f.rule_id) as rules,
       bool_and(coalesce(camera.code, '') <> '' or camera.source_key is not null) as told
  from camera_fault f join camera on camera.id = f.camera_id
 where f.rule_id = any($1::smallint[]) and f.state = any($2::smallint[]) and {condition}
 group by f.camera_id
 order by (select score from camera_score s where s.camera_id = f.camera_id), f.camera_id
"""


async def _faulty(database: Database, book: RuleBook, request: WorkListRequest) -> list[asyncpg.Record]:
    condition, parameters = meant(request.scope, request.cameras, first=3)
    asked = (request.faults.rule_ids(book), request.faults.state_numbers)
    async with database.raw() as connection:
        return await connection.fetch(_FAULTY.format(condition=condition), *asked, *parameters)


def _fields(scope: Scope, faulty: set[str]) -> tuple[str, ...]:
    """What tells the camera, what is mended most, and what is to be mended here, as far as one may see it."""
    hidden = frozenset() if scope.may(Permission.EDIT_CAMERAS) else PRIVATE
    more = (name for name in FIELDS[Kind.CAMERAS] if name in faulty and name not in _ALWAYS)
    return (*_ALWAYS, *(name for name in more if name not in hidden))


async def _told(
    database: Database, book: RuleBook, request: WorkListRequest, ids: Sequence[int], zone: ZoneInfo
) -> dict[int, tuple[str, str, str, str]]:
    """The last cells of each camera's row: what is wrong, what to do, who does it, since when."""
    language = request.language
    faults: dict[int, list[Fault]] = {}
    async with database.raw() as connection:
        wanted = Cameras(CameraFilter(ids=tuple(ids)))
        most = len(ids) * len(book.rules)
        for fault in await list_faults(connection, book, request.scope, wanted, request.faults, limit=most):
            faults.setdefault(fault.camera_id, []).append(fault)
    stop = "；" if language is Language.CHINESE else "; "
    return {
        camera_id: (
            stop.join(fault.reason(language) for fault in those),
            stop.join(fault.rule.remedy_in(language) for fault in those),
            "、".join(dict.fromkeys(fault.responsible(language) for fault in those)),
            min(fault.since for fault in those).astimezone(zone).date().isoformat(),
        )
        for camera_id, those in faults.items()
    }
