"""CSV and GeoJSON, which can be sent while they grow."""

from __future__ import annotations

import csv
import io
from typing import IO, TYPE_CHECKING, Any

import orjson

from camera_registry.exporting.guard import guarded
from camera_registry.exporting.writers import as_text, headers_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from camera_registry.exporting.columns import ExportColumn
    from camera_registry.exporting.request import ExportRequest
    from camera_registry.exporting.rows import Row


class CsvFile:
    """CSV as RFC 4180 has it: comma, CRLF, a header."""

    def __init__(self, path: Path, request: ExportRequest, columns: Sequence[ExportColumn]) -> None:
        encoding = request.encoding.value
        # Its letters are those of the encoding, or the row would not come back as it went.
        self._file: IO[str] = path.open("w", encoding=encoding, newline="", buffering=1 << 16)
        self._writer = csv.writer(self._file, lineterminator="\r\n")
        self._texts = [i for i, column in enumerate(columns) if column.type == "text"]
        self._moments = [i for i, column in enumerate(columns) if column.type in {"day", "moment"}]
        self._width = len(columns)
        self._writer.writerow(headers_of(columns, request.language))

    def write(self, rows: list[Row]) -> None:
        """See :class:`Writer`."""
        for row in rows:
            for i in self._texts:
                if row[i]:
                    row[i] = guarded(row[i])
            for i in self._moments:
                row[i] = as_text(row[i])
            del row[self._width :]
        self._writer.writerows(rows)
        self._file.flush()

    def finish(self) -> None:
        """See :class:`Writer`."""
        self._file.close()

    def abandon(self) -> None:
        """See :class:`Writer`."""
        self._file.close()


class GeoJsonFile:
    """GeoJSON as RFC 7946 has it: WGS-84, a feature a line; what is not known is left out."""

    def __init__(self, path: Path, request: ExportRequest, columns: Sequence[ExportColumn]) -> None:
        self._file = path.open("wb")
        self._names = headers_of(columns, request.language)
        self._id = next((i for i, column in enumerate(columns) if column.name == "record_id"), None)
        self._first = True
        self._file.write(b'{"type":"FeatureCollection","features":[\n')

    def write(self, rows: list[Row]) -> None:
        """See :class:`Writer`."""
        block = io.BytesIO()
        for row in rows:
            block.write(b"" if self._first else b",\n")
            block.write(orjson.dumps(self._feature(row)))
            self._first = False
        self._file.write(block.getbuffer())
        self._file.flush()

    def finish(self) -> None:
        """See :class:`Writer`."""
        self._file.write(b"\n]}\n")
        self._file.close()

    def abandon(self) -> None:
        """See :class:`Writer`."""
        self._file.close()

    def _feature(self, row: Row) -> dict[str, Any]:
        values = zip(self._names, row[:-2], strict=True)
        properties = {name: as_text(value) for name, value in values if value is not None}
        place = None if row[-1] is None else {"type": "Point", "coordinates": row[-2:]}
        named = {} if self._id is None else {"id": row[self._id]}
        return {"type": "Feature", **named, "geometry": place, "properties": properties}
