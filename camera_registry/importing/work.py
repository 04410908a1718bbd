"""One import from the file to the commit."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

import asyncpg

from base.errors import ConflictError, InvalidInputError
from camera_registry.importing import ledger
from camera_registry.importing.check import Checker
from camera_registry.importing.credentials import Credentials
from camera_registry.importing.direct import DirectLoad, may_go_straight
from camera_registry.importing.doubts import Doubts
from camera_registry.importing.faultbook import FaultBook
from camera_registry.importing.headers import REASONS, map_columns
from camera_registry.importing.merge import Merge
from camera_registry.importing.pace import quick_handover
from camera_registry.importing.readers import open_list
from camera_registry.importing.rebuild import WORTH_IT, rebuilding
from camera_registry.importing.rejects import write_rejects
from camera_registry.importing.report import ImportReport
from camera_registry.importing.request import Kind
from camera_registry.importing.staging import Staging
from camera_registry.importing.surroundings import survey
from camera_registry.importing.values import clean
from models.scope import Permission

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from base.clock import Clock
    from base.database import Database
    from base.seal import Sealer
    from camera_registry.importing.check import Checked
    from camera_registry.importing.headers import Columns
    from camera_registry.importing.readers.reader import Chunk
    from camera_registry.importing.request import ImportRequest, Tell

MOST_SOURCE = 100
"""Letters of a source's name."""

_ASKED_FOR = ("id", "code", "name", "geom", "unit_id", "unit_tree", "source", "source_key")
"""Columns that most questions are asked by: the server itself looks at the others within a minute."""

_SAMPLE = 400  # rows by which ambiguous columns are told
_AHEAD = 2
"""Chunks that are read and checked before the store wants them: then neither waits for the other."""

_LOCK_WAIT = "600s"
_READING, _MERGING, _WRITING = 0.1, 0.6, 0.7
"""Shares of the whole at which each begins."""


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
    if request.scope:
        request.scope.require(Permission.IMPORT_CATALOGUE)
    work = _Import(database, clock, request, tell, sealer)
    await work.open()
    async with database.raw() as connection, _transaction(connection) as transaction:
        await work.run(connection)
        if request.dry_run:
            await transaction.rollback()
    work.begin("", 1.0)
    return work.report


async def tidy_up(database: Database, report: ImportReport) -> None:
    """Tell the planner of what came, after an import of many rows; the server itself does so within minutes.

    Raises:
        UnavailableError: The database went away.
    """
    if report.dry_run or report.new < WORTH_IT:
        return
    table = "camera" if report.kind == Kind.CAMERAS else "point"
    async with database.raw() as connection:
        # Not merely statistics: index-only scans need the visibility map.
        await connection.execute(f"vacuum (analyze) {table} ({', '.join(_ASKED_FOR)})")


@asynccontextmanager
async def _transaction(connection: asyncpg.Connection[Any]) -> AsyncIterator[_Transaction]:
    """The import's transaction: committed at the end unless it was rolled back."""
    transaction = connection.transaction()
    await transaction.start()
    held = _Transaction(transaction)
    try:
        yield held
    except BaseException:
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.shield(transaction.rollback())
        raise
    if not held.ended:
        await transaction.commit()


class _Transaction:
    """A transaction that its body may end itself."""

    def __init__(self, transaction: Any) -> None:
        self._transaction = transaction
        self.ended = False

    async def rollback(self) -> None:
        """Undo it."""
        self.ended = True
        await self._transaction.rollback()


class Loader(Protocol):
    """Where checked rows go."""

    async def add(self, checked: Checked) -> None:
        """Take in the good rows of a chunk."""
        ...


class _Import:
    """The parts of one import, in order."""

    def __init__(
        self, database: Database, clock: Clock, request: ImportRequest, tell: Tell, sealer: Sealer | None
    ) -> None:
        self._database, self._clock, self._request = database, clock, request
        self._tell, self._sealer = tell, sealer
        self._book = FaultBook()
        self._doubts = Doubts()
        self._logins = 0
        self._stage = ""
        self._since = clock.monotonic()
        self._begun = clock.now()
        self.table = "camera" if request.kind == "cameras" else "point"
        self.report = ImportReport(kind=request.kind.value, file=request.name, dry_run=request.dry_run)

    def begin(self, stage: str, share: float) -> None:
        """End the stage before, and begin another."""
        now = self._clock.monotonic()
        if self._stage:
            seconds = self.report.seconds
            seconds[self._stage] = round(seconds.get(self._stage, 0.0) + now - self._since, 3)
        self._stage, self._since = stage, now
        self._tell(stage, share)

    async def open(self) -> None:
        """Tell what the file is, before anything of the store is touched."""
        self.begin("opening", 0.0)
        request, report = self._request, self.report
        report.source = source_name(request)
        self._reader = await asyncio.to_thread(open_list, request.path, request.kind)
        self._digest = asyncio.ensure_future(asyncio.to_thread(_digest, request))
        report.form, report.notes = dict(self._reader.form), list(self._reader.notes)
        self._chunks = self._reader.chunks()
        self._first = await asyncio.to_thread(next, self._chunks)
        report.partial = request.partial or REASONS in self._reader.header
        if report.partial and not request.partial:
            report.notes.append("It is a file of refused rows that comes back: taken as a supplement.")

    async def run(self, connection: asyncpg.Connection[Any]) -> None:
        """All that the store does, in the caller's transaction."""
        request, report = self._request, self.report
        self.begin("waiting for its turn", 0.05)
        await self._take_turn(connection, f"{request.kind}/{report.source}")
        known = await ledger.remembered(connection, request.kind, report.source)
        told = {**known.mapping_for(self._reader.header), **request.mapping}
        columns = map_columns(request.kind, self._reader.header, self._first.head(_SAMPLE), told)
        crs = request.crs or self._reader.form.get("crs", "") or (known.crs or "")
        self._describe(columns, crs)
        merge = await self._load(connection, columns, crs)
        if request.kind is Kind.CAMERAS and "longitude" in columns.columns:
            self.begin("weighing coordinates", _MERGING)
            header = columns.columns["longitude"].header
            await self._doubts.weigh(connection, header, self._book, report)
        report.sha256 = await self._digest
        self._sum_up()
        await self._write_rejects()
        self._stop_if_too_much_is_gone()
        if not request.dry_run:
            now = self._clock.now()
            if merge:
                self.begin("writing", _WRITING)
                await merge.write(report, now)
            told_anew = {header: field for header, field in told.items() if header in columns.header}
            source_id = await ledger.remember(connection, request, report, now, told_anew)
            report.batch_id = await ledger.enter(connection, request, report, (self._begun, now), source_id)
            self.begin("committing", 0.9)

    async def _load(self, connection: asyncpg.Connection[Any], columns: Columns, crs: str) -> Merge | None:
        """Read, check and hand over all rows, and compare them: None if there was nothing to compare with."""
        request, report = self._request, self.report
        sealer = self._sealer
        around = await survey(connection, request, report.source, crs, sealer=sealer is not None)
        if around.extent is None:
            report.notes.append(
                "No boundaries are loaded: nothing is placed in a unit, nor held against the city."
            )
        checker = Checker(request.kind, columns, around)
        credentials = Credentials(connection, sealer, report.source) if sealer else None
        if may_go_straight(request, report.form["form"]):
            direct = DirectLoad(connection, request.kind, columns, credentials, self._book)
            if await direct.open(report.source, self._clock.now()):
                async with rebuilding(connection, self.table), aclosing(direct):
                    await self._read(checker, direct)
                    direct.finish(report)
                    self.begin("indexing", _MERGING)
                self._logins = credentials.rows if credentials else 0
                return None
        staging = Staging(connection, request.kind, columns, credentials)
        await staging.create()
        await self._read(checker, staging)
        self._logins = credentials.rows if credentials else 0
        self.begin("comparing", _MERGING)
        await self._take_turn(connection, request.kind.value)
        merge = Merge(connection, request, report.source, staging, partial=report.partial)
        await merge.compare(columns, self._book)
        await merge.weigh(report)
        return merge

    async def _read(self, checker: Checker, loader: Loader) -> None:
        """Read and check in a thread of its own, a little ahead of the store, which takes in the chunks."""
        self.begin("reading and checking", _READING)
        rest = self._rest()
        loop, thread = asyncio.get_running_loop(), ThreadPoolExecutor(1)

        def upcoming() -> asyncio.Future[tuple[Checked, float] | None]:
            return loop.run_in_executor(thread, _next_checked, rest, checker)

        ahead = deque(upcoming() for _ in range(_AHEAD))
        try:
            with quick_handover():
                while (found := await ahead.popleft()) is not None:
                    ahead.append(upcoming())
                    checked, share = found
                    self._book.add(checked.faults, checked.refused)
                    self._doubts.take(checked)
                    self.report.rows += checked.rows
                    await loader.add(checked)
                    self._tell(self._stage, _READING + (_MERGING - _READING) * share)
        finally:
            thread.shutdown(wait=False, cancel_futures=True)
        if not self.report.rows:
            raise InvalidInputError("The list has a header and no rows.", remedy="Export it again.")

    def _rest(self) -> Iterator[Chunk]:
        yield self._first
        yield from self._chunks

    async def _take_turn(self, connection: asyncpg.Connection[Any], what: str) -> None:
        """Wait until no other import works on the same."""
        key = f"dengta import {what}"
        if await connection.fetchval("select pg_try_advisory_xact_lock(hashtextextended($1, 0))", key):
            return
        self._tell("waiting for another import to end", 0.05)
        try:
            async with connection.transaction():
                await connection.execute(f"set local lock_timeout = '{_LOCK_WAIT}'")
                await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", key)
        except asyncpg.LockNotAvailableError as err:
            raise ConflictError(
                f"Another import of {self.report.source!r} has been running for {_LOCK_WAIT}.",
                remedy="Try again when it has ended.",
            ) from err
        await connection.execute("set local lock_timeout = 0")

    def _describe(self, columns: Columns, crs: str) -> None:
        report = self.report
        taken = {column.header: name for name, column in columns.columns.items()}
        report.columns = {header: taken.get(header) for header in columns.header if header.strip()}
        report.notes += columns.notes
        unknown = [header for header in columns.left_out if header != REASONS]
        if unknown:
            report.notes.append(
                f"Columns that nothing was taken from: {', '.join(map(repr, unknown))}. Map one with --map."
            )
        if "longitude" in columns.columns and not (columns.crs or crs or "declared_crs" in columns.columns):
            report.notes.append(
                "No reference system is declared: coordinates are taken as WGS-84 (GB/T 28181)."
            )

    def _sum_up(self) -> None:
        report, book = self.report, self._book
        report.refused = len(book.refused)
        report.accepted = report.rows - report.refused
        report.fault_counts, report.faults = book.counts(), book.first()
        if self._logins:
            report.notes.append(
                f"User names and passwords are sealed apart, of {self._logins:,} rows; no URL holds one."
            )

    async def _write_rejects(self) -> None:
        path = self._request.rejects
        if path and self._book.refused:
            self.begin("writing refused rows", _WRITING)
            await asyncio.to_thread(write_rejects, self._reader, path, self._book.refused)
            self.report.rejects = str(path)

    def _stop_if_too_much_is_gone(self) -> None:
        report, request = self.report, self._request
        if report.gone_stops and not (request.confirm_gone or request.dry_run):
            raise ConflictError(
                f"{report.gone:,} records of {report.source!r}, more than half, are not in this file. "
                "Nothing was changed.",
                remedy="If they are gone, say so with --yes (confirm_gone). If the file is a supplement, say "
                "--partial; if it is another list, name its source.",
            )


def _digest(request: ImportRequest) -> str:
    with request.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _next_checked(chunks: Iterator[Chunk], checker: Checker) -> tuple[Checked, float] | None:
    chunk = next(chunks, None)
    return None if chunk is None else (checker.check(chunk), chunk.share)


def source_name(request: ImportRequest) -> str:
    """The list's name: as told, or the file's without its ending and the mark of refused rows.

    Raises:
        InvalidInputError: It is empty or too long.
    """
    named = request.source or request.name.rpartition("/")[2].rpartition(".")[0] or request.name
    bare = clean(named)[0].strip().removesuffix(".rejects")
    if not 0 < len(bare) <= MOST_SOURCE:
        raise InvalidInputError(
            f"A source's name has 1 to {MOST_SOURCE} letters.", remedy="Name it with --source."
        )
    return bare
