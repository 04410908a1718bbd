"""One import from the file to the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from base.errors import UnavailableError

if TYPE_CHECKING:
    from base.clock import Clock
    from base.database import Database
    from base.seal import Sealer
    from camera_registry.importing.report import ImportReport
    from camera_registry.importing.request import ImportRequest, Tell


async def import_file(
    database: Database,
    clock: Clock,
    request: ImportRequest,
    tell: Tell,
    *,
    sealer: Sealer | None = None,
) -> ImportReport:
    """Import a list in one transaction: all of its good rows or, whatever happens, nothing.

    The report is kept in ``import_batch.report`` as well; refused rows go to ``request.rejects``.

    Args:
        database: The store.
        clock: Time of the import.
        request: What is asked.
        tell: Told how far it is; called from the event loop's thread.
        sealer: Seals credentials that the list carries; without one, rows with credentials are refused.

    Raises:
        InvalidInputError: The file as a whole cannot be used, or the mapping names no such field.
        ForbiddenError: The asker may not import.
        ConflictError: Too much would be gone (``confirm_gone``), or another import of the list runs.
        UnavailableError: The database went away; nothing was changed.
    """
    raise UnavailableError("Imports are not ready yet.")
