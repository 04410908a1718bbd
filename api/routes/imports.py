"""Imports: a list is uploaded, checked and taken in as a job; its report, its refused rows, its history."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from api import cursor as cursors
from api.audit import record
from api.context import CatalogueImporter, Context, Ctx, Cursor, Limit
from api.file_names import attachment
from api.idempotency import Write, once
from api.middleware import UPLOAD_TYPES
from api.routes.cameras import Key
from api.routes.jobs import JobId
from api.schemas import Page
from api.schemas_jobs import ImportOptions, ImportRecord, JobRecord
from api.sessions import Asker
from api.uploads import received
from base.errors import ConflictError, NotFoundError
from camera_registry.import_job import KIND, drop_surplus
from camera_registry.jobs import JobFilter, JobStatus, ask, list_jobs, read_job, require_place

router = APIRouter(prefix="/imports", tags=["imports"])

KEPT_UPLOADS = 4
"""Of each account, uploads of the largest size are kept up to so many; older ones make room."""

_FORMS = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}


@router.post(
    "",
    summary="Upload a list",
    status_code=202,
    response_model=JobRecord,
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The file itself; what it is, its content tells.",
            "content": dict.fromkeys(sorted(UPLOAD_TYPES), _BINARY),
        }
    },
    responses={
        202: {
            "description": "It was received; the job that `Location` names checks and imports it.",
            "headers": {"Location": {"schema": {"type": "string", "examples": ["/api/v1/imports/42"]}}},
        }
    },
)
async def upload(
    request: Request,
    context: Ctx,
    asker: CatalogueImporter,
    wanted: Annotated[ImportOptions, Query()],
    key: Key = None,
) -> Response:
    """Send a CSV (UTF-8 or GB18030), XLSX, GeoJSON or GeoPackage file as the request's body.

    The answer names the job; its result is the report. An import is one transaction: all good rows or
    nothing.
    """
    folder = context.job_folder
    async with context.database.begin() as connection:
        # Before much is sent in vain.
        await require_place(connection, asker.scope.account_id)
    with context.uploads.place(asker.scope.account_id):
        async with received(request, folder) as incoming:
            digest = incoming.digest.hexdigest()
            write = Write.of(asker.scope.account_id, key, b"POST", _target(request), digest.encode())
            async with context.database.begin() as connection:

                async def work() -> Response:
                    parameters = {**wanted.parameters(), "bytes": incoming.size, "sha256": digest}
                    most = KEPT_UPLOADS * context.settings.upload_mib << 20
                    surplus = await drop_surplus(connection, asker.scope.account_id, most)
                    answer = await _asked(connection, asker, parameters, incoming.name, "import.upload")
                    await asyncio.to_thread(folder.keep, incoming)
                    await asyncio.to_thread(folder.remove, surplus)
                    return answer

                return await once(connection, context.clock, write, work)


@router.get("", summary="List imports, newest first")
async def imports(
    context: Ctx, asker: CatalogueImporter, cursor: Cursor = None, limit: Limit = 50
) -> Page[ImportRecord]:
    """The asker's own; engineers see everybody's."""
    before = cursors.decode_id(cursor) if cursor is not None else None
    wanted = JobFilter(kinds=(KIND,), before=before)
    async with context.database.begin() as connection:
        found = await list_jobs(connection, asker.scope, wanted, limit=limit + 1)
    more = cursors.encode(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[_record(context, each) for each in found[:limit]], next=more)


@router.get("/{job_id}", summary="One import and its report")
async def import_(context: Ctx, asker: CatalogueImporter, job_id: JobId) -> ImportRecord:
    """How far it is; when it is done, what is new, changed, gone and refused."""
    return _record(context, await _import(context, asker, job_id))


@router.get(
    "/{job_id}/rejects",
    summary="The refused rows",
    response_class=Response,
    responses={
        200: {
            "description": "A file of the same form as the upload, with a column of reasons.",
            "content": dict.fromkeys(_FORMS.values(), _BINARY),
        }
    },
)
async def rejects(context: Ctx, asker: CatalogueImporter, job_id: JobId) -> Response:
    """Mend them in this file and upload it as a supplement (`partial=true`)."""
    status = await _import(context, asker, job_id)
    result = status.result or {}
    if not result.get("rejects"):
        raise NotFoundError("This import refused no row, or is not done.")
    path = context.job_folder.existing(result["rejects"])
    form = form_of(result)
    stem = status.parameters["filename"].rsplit(".", 1)[0]
    return FileResponse(
        path,
        media_type=_FORMS.get(form, "application/octet-stream"),
        headers={"Content-Disposition": attachment(f"{stem}-rejects.{form}")},
    )


@router.post(
    "/{job_id}/commit",
    summary="Import what a dry run checked",
    status_code=202,
    response_model=JobRecord,
    responses={
        202: {
            "description": "The job that `Location` names imports it.",
            "headers": {"Location": {"schema": {"type": "string", "examples": ["/api/v1/imports/43"]}}},
        }
    },
)
async def commit(  # noqa: PLR0913, PLR0917 - a repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: CatalogueImporter,
    job_id: JobId,
    confirm_gone: Annotated[
        bool, Query(description="even if more than half of the source is gone", examples=[False])
    ] = False,
    key: Key = None,
) -> Response:
    """The same file and the same decisions, without another upload.

    It is checked against the catalogue as it is then: where somebody else was faster, its report differs from
    the dry run's.
    """
    write = Write.of(asker.scope.account_id, key, b"POST", _target(request))
    status = await _import(context, asker, job_id)
    async with context.database.begin() as connection:

        async def work() -> Response:
            if not (status.state == "done" and status.parameters["dry_run"]):
                raise ConflictError("This is no dry run that was done; only such a one can be committed.")
            context.job_folder.existing(status.file)
            parameters = {
                **status.parameters,
                "dry_run": False,
                "confirm_gone": confirm_gone or status.parameters["confirm_gone"],
                "checked_by": status.id,
            }
            return await _asked(connection, asker, parameters, status.file, "import.commit")

        return await once(connection, context.clock, write, work)


def form_of(report: dict[str, Any]) -> str:
    """The ending of files of the form that an import found."""
    form = str(report.get("form", {}).get("form", ""))
    return form if form in _FORMS else "bin"


def _target(request: Request) -> bytes:
    return f"{request.url.path}?{request.url.query}".encode()


async def _import(context: Context, asker: Asker, job_id: int) -> JobStatus:
    async with context.database.begin() as connection:
        status = await read_job(connection, asker.scope, job_id)
    if status.kind != KIND:
        raise NotFoundError("There is no such import.")
    return status


async def _asked(
    connection: Any, asker: Asker, parameters: dict[str, Any], file: str | None, action: str
) -> Response:
    account_id = asker.scope.account_id
    job_id = await ask(connection, KIND, account_id=account_id, parameters=parameters, file=file)
    told = ("kind", "source", "filename", "bytes", "sha256", "dry_run")
    detail = {name: parameters[name] for name in told}
    await record(connection, asker.deed(action, f"job/{job_id}", detail))
    status = await read_job(connection, asker.scope, job_id)
    return JSONResponse(
        JobRecord.of(status).model_dump(mode="json"),
        status_code=202,
        headers={"Location": f"/api/v1/imports/{job_id}"},
    )


def _record(context: Context, status: JobStatus) -> ImportRecord:
    folder = context.job_folder
    refused = (status.result or {}).get("rejects")
    checked = status.state == "done" and status.parameters["dry_run"] and status.file
    return ImportRecord.of(
        status,
        rejects=bool(refused) and folder.path(str(refused)).is_file(),
        committable=bool(checked) and folder.path(str(status.file)).is_file(),
    )
