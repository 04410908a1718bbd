"""One export: a snapshot of the catalogue into a file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from base.errors import UnavailableError
from camera_registry.exporting.columns import columns_of
from camera_registry.exporting.geopackage import GeoPackageFile
from camera_registry.exporting.request import ExportReport, Form
from camera_registry.exporting.rows import snapshot
from camera_registry.exporting.text_files import CsvFile, GeoJsonFile
from camera_registry.exporting.workbook import XlsxFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from base.clock import Clock
    from base.database import Database
    from camera_registry.exporting.columns import ExportColumn
    from camera_registry.exporting.request import ExportRequest
    from camera_registry.exporting.writers import Writer
    from camera_registry.jobs import Tell

_WRITERS: dict[Form, Callable[[Path, ExportRequest, Sequence[ExportColumn]], Writer]] = {
    Form.CSV: CsvFile,
    Form.XLSX: XlsxFile,
    Form.GEOJSON: GeoJsonFile,
    Form.GEOPACKAGE: GeoPackageFile,
}

MOST_S = 900.0
"""A transaction stays open for an export no longer than this: it holds up the database's tidying."""


async def export(  # noqa: PLR0913 - two of them only listen
    database: Database,
    clock: Clock,
    request: ExportRequest,
    path: Path,
    tell: Tell,
    *,
    counted: Callable[[int], None] | None = None,
) -> ExportReport:
    """Write what is asked for to ``path``; memory does not grow with the number of rows.

    The transaction lasts as long as writing does, whoever reads the file and however slowly.

    Args:
        database: The store.
        clock: Measures.
        request: What is asked for.
        path: The file, in a folder where other files may be made beside it for a while.
        tell: Told how far it is, after each batch that stands in the file.
        counted: Told how many records it will be, before the first.

    Raises:
        InvalidInputError: There is no such field.
        ForbiddenError: The asker may not see a field that is named.
        UnavailableError: The database went away, or the file cannot be written.
    """
    began = clock.monotonic()
    columns = columns_of(request)
    written = 0
    try:
        async with asyncio.timeout(MOST_S), snapshot(database, request, columns) as rows:
            if counted:
                counted(rows.count)
            writer = await asyncio.to_thread(_WRITERS[request.form], path, request, columns)
            try:
                async for batch in rows:
                    written += len(batch)
                    await asyncio.to_thread(writer.write, batch)
                    tell("writing", written / max(rows.count, 1))
                await asyncio.to_thread(writer.finish)
            finally:
                await asyncio.to_thread(writer.abandon)
    except TimeoutError as err:
        raise UnavailableError(
            f"The export took longer than {MOST_S / 60:.0f} minutes.", remedy="Export fewer records at once."
        ) from err
    except OSError as err:
        raise UnavailableError(f"The export cannot be written: {err.strerror}.") from err
    return ExportReport(written, tuple(column.name for column in columns), clock.monotonic() - began)
