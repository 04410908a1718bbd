"""What the writers of the four forms share: each takes batches of rows and holds none of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from camera_registry.exporting.request import Language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from camera_registry.exporting.columns import ExportColumn
    from camera_registry.exporting.rows import Row


class Writer(Protocol):
    """Writes one file; called from one thread at a time, never two at once."""

    def write(self, rows: list[Row]) -> None:
        """Append a batch."""
        ...

    def finish(self) -> None:
        """Write the end; the file is whole after it."""
        ...

    def abandon(self) -> None:
        """Let go of the file, whole or not."""
        ...


def headers_of(columns: Sequence[ExportColumn], language: Language) -> list[str]:
    """The headers of the columns."""
    return [column.title if language is Language.CHINESE else column.name for column in columns]


def as_text(value: Any) -> Any:
    """A day or a moment as ISO 8601 has it; everything else as it is."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value
