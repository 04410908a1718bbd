"""The work of governance: one camera's faults, excuses, assessing all, work lists and the report."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Body, Query, Request, Response
from fastapi import Path as PathPart
from fastapi.responses import FileResponse, JSONResponse
from sqlalchemy import select
from starlette.background import BackgroundTask

from api.audit import record
from api.camera_edit import driver_of
from api.context import Authenticated, CameraEditor, CameraReader, Context, Ctx, RuleEditor
from api.file_names import attachment
from api.governance_answers import camera_governance
from api.governance_edit import excuse_fault, withdraw_excuse
from api.idempotency import Write, once
from api.routes.cameras import CameraId, Key
from api.routes.governance import CamerasQuery, FaultsQuery
from api.routes.governance_rules import Code
from api.schemas_governance import CameraGovernance, ExcuseNew
from api.schemas_jobs import JobRecord
from api.sessions import Asker
from camera_registry.exporting.request import MEDIA_TYPES, Form, Language
from camera_registry.governance.assess import KIND
from camera_registry.governance.examine import examine
from camera_registry.governance.report import ReportRequest, write_report
from camera_registry.governance.rules import read_rules
from camera_registry.governance.worklist import WorkListRequest, write_work_list
from camera_registry.jobs import ask, read_job
from models.scope import Permission
from models.tables import job

router = APIRouter(tags=["governance"])

Spoken = Annotated[Language, Query(description="of headers and words", examples=["zh"])]


def _file(*forms: Form) -> dict[int | str, dict[str, Any]]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    content = {MEDIA_TYPES[form]: binary for form in forms}
    return {200: {"description": "The file.", "content": content}}


@router.get("/cameras/{camera_id}/governance", summary="One camera under all rules")
async def camera(context: Ctx, scope: CameraReader, camera_id: CameraId) -> CameraGovernance:
    """Its score with each rule's answer, as the record is now, and how it does by each indicator."""
    async with context.database.raw() as connection:
        book = await read_rules(connection)
        found = await examine(connection, book, context.clock.now(), scope, camera_id)
    return camera_governance(book, found)


@router.put(
    "/cameras/{camera_id}/faults/{code}/excuse",
    summary="Excuse a fault",
    response_model=CameraGovernance,
)
async def excuse(  # noqa: PLR0913, PLR0917 - a repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: CameraEditor,
    camera_id: CameraId,
    code: Code,
    why: Annotated[ExcuseNew, Body()],
    key: Key = None,
) -> Response:
    """Until the end of that day it costs no points and keeps no record from passing, and is counted apart."""
    write = await _write_of(request, asker, key)
    async with context.database.begin() as connection:

        async def work() -> Response:
            zone = context.settings.time_zone
            await excuse_fault(connection, context.clock, asker, camera_id, code, why, zone)
            return await _examined(connection, context, asker, camera_id)

        return await once(connection, context.clock, write, work)


@router.delete(
    "/cameras/{camera_id}/faults/{code}/excuse",
    summary="Withdraw an excuse",
    response_model=CameraGovernance,
)
async def withdraw(  # noqa: PLR0913, PLR0917 - a repeatable write has these parts
    request: Request, context: Ctx, asker: CameraEditor, camera_id: CameraId, code: Code, key: Key = None
) -> Response:
    """The fault counts again at once."""
    write = await _write_of(request, asker, key)
    async with context.database.begin() as connection:

        async def work() -> Response:
            await withdraw_excuse(connection, context.clock, asker, camera_id, code)
            return await _examined(connection, context, asker, camera_id)

        return await once(connection, context.clock, write, work)


async def _examined(connection: Any, context: Context, asker: Asker, camera_id: int) -> Response:
    driver = await driver_of(connection)
    book = await read_rules(driver)
    found = await examine(driver, book, context.clock.now(), asker.scope, camera_id)
    return JSONResponse(camera_governance(book, found).model_dump(mode="json"))


@router.post(
    "/governance/assess",
    summary="Assess all cameras",
    status_code=202,
    response_model=JobRecord,
    responses={
        202: {
            "description": "The job that `Location` names does it; one that waits already is answered again.",
            "headers": {"Location": {"schema": {"type": "string", "examples": ["/api/v1/jobs/42"]}}},
        }
    },
)
async def assess(request: Request, context: Ctx, asker: RuleEditor, key: Key = None) -> Response:
    """Asks every record every rule, opens and closes faults, and counts the day anew."""
    write = await _write_of(request, asker, key)
    async with context.database.begin() as connection:

        async def work() -> Response:
            waiting = select(job.c.id).where(
                job.c.kind == KIND, job.c.state == "queued", job.c.account_id == asker.scope.account_id
            )
            job_id = (await connection.execute(waiting.limit(1))).scalar_one_or_none()
            if job_id is None:
                job_id = await ask(connection, KIND, account_id=asker.scope.account_id)
                await record(connection, asker.deed("governance.assess", f"job/{job_id}"))
            status = JobRecord.of(await read_job(connection, asker.scope, job_id))
            headers = {"Location": f"/api/v1/jobs/{job_id}"}
            return JSONResponse(status.model_dump(mode="json"), 202, headers=headers)

        return await once(connection, context.clock, write, work)


@router.get(
    "/governance/worklist.{form}",
    summary="A work list",
    response_class=Response,
    responses=_file(Form.CSV, Form.XLSX),
)
async def work_list(  # noqa: PLR0913, PLR0917 - each is one part of the question
    context: Ctx,
    asker: Authenticated,
    form: Annotated[Form, PathPart(description="csv or xlsx", examples=["xlsx"])],
    wanted: CamerasQuery,
    which: FaultsQuery,
    language: Spoken = Language.CHINESE,
) -> Response:
    """The faulty records, one a row, with reasons and remedies. Mended, the file can be imported as it is.

    It has the headers that an import knows, and comes back as a supplement; what it says last an import
    leaves out. `Dengta-Rows` says how many rows it has, `Dengta-Rows-Of` how many cameras have such faults,
    and `Dengta-Rows-Nameless` how many of these are left out because no id tells an import which they are.
    """
    asker.scope.require(Permission.READ_CAMERAS)
    wish = WorkListRequest(form, asker.scope, wanted, which, language)
    zone = ZoneInfo(context.settings.time_zone)
    async with _made(context, asker, form) as path:
        async with context.database.raw() as connection:
            book = await read_rules(connection)
        report = await write_work_list(context.database, book, wish, path, zone)
    detail = {"form": form.value, "rows": report.cameras, "of": report.of}
    headers = {
        "Dengta-Rows": str(report.cameras),
        "Dengta-Rows-Of": str(report.of),
        "Dengta-Rows-Nameless": str(report.nameless),
    }
    return await _sent(context, asker, path, "worklist", form, detail, headers)


@router.get(
    "/governance/report.xlsx",
    summary="The report",
    response_class=Response,
    responses=_file(Form.XLSX),
)
async def report(
    context: Ctx,
    asker: Authenticated,
    wanted: CamerasQuery,
    language: Spoken = Language.CHINESE,
    days: Annotated[int, Query(ge=1, le=366, description="of the trends", examples=[30])] = 30,
) -> Response:
    """A workbook: indicators, by unit, scene and owner, trends, faults by rule, a work list; with charts."""
    asker.scope.require(Permission.READ_CAMERAS)
    zone = ZoneInfo(context.settings.time_zone)
    wish = ReportRequest(asker.scope, wanted, language, days)
    async with _made(context, asker, Form.XLSX) as path:
        await write_report(context.database, context.clock, wish, path, zone)
    return await _sent(context, asker, path, "report", Form.XLSX, {}, {})


@asynccontextmanager
async def _made(context: Context, asker: Asker, form: Form) -> AsyncIterator[Path]:
    """A file in the jobs folder for the body to write, within the account's places; gone if that fails."""
    with context.exports.place(asker.scope.account_id):
        path = context.job_folder.spool(form.value)
        try:
            yield path
        except BaseException:
            await asyncio.to_thread(path.unlink, missing_ok=True)
            raise


async def _sent(  # noqa: PLR0913, PLR0917 - a file with its record
    context: Context,
    asker: Asker,
    path: Path,
    name: str,
    form: Form,
    detail: dict[str, Any],
    headers: dict[str, str],
) -> Response:
    async with context.database.begin() as connection:
        await record(connection, asker.deed(f"governance.{name}", "catalogue", detail))
    moment = context.clock.now().strftime("%Y%m%d-%H%M%S")
    return FileResponse(
        path,
        media_type=MEDIA_TYPES[form],
        headers={**headers, "Content-Disposition": attachment(f"{name}-{moment}.{form.value}")},
        background=BackgroundTask(path.unlink, missing_ok=True),
    )


async def _write_of(request: Request, asker: Asker, key: str | None) -> Write:
    parts = (request.method.encode(), request.url.path.encode(), await request.body())
    return Write.of(asker.scope.account_id, key, *parts)
