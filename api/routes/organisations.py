"""Units: one record, editing it, flaws of the boundaries, imports of boundaries and their undoing."""

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from api import cursor as cursors
from api.audit import record
from api.camera_edit import etag
from api.context import Authenticated, CameraReader, Ctx, Cursor, Limit, UnitEditor
from api.errors import PreconditionRequiredError
from api.idempotency import Write, once
from api.middleware import UPLOAD_TYPES
from api.queries.units import read_unit
from api.routes.cameras import IfMatch, Key
from api.routes.jobs import JobId
from api.schemas import Line, Page
from api.schemas_jobs import JobRecord
from api.schemas_units import Flaws, UnitChangeRecord, UnitEdit, UnitRecord, UnitsOptions
from api.sessions import Asker
from api.unit_edit import edit_unit
from api.uploads import received
from base.errors import ConflictError, NotFoundError
from camera_registry.import_job import drop_surplus
from camera_registry.jobs import ask, read_job, require_place
from camera_registry.units.check import draw, find_defects
from camera_registry.units.history import list_changes
from camera_registry.units.job import ASSIGN, IMPORT, UNDO
from camera_registry.units.store import read_tree
from camera_registry.units.work import require_editor

router = APIRouter(prefix="/organisations", tags=["organisations"])

CHECK_KEPT_S = 60.0
"""Weighing 170 boundaries against each other takes a second."""

KEPT_UPLOADS = 4
"""Of each account, uploads of the largest size are kept up to so many; older ones make room."""

UnitCode = Annotated[Line, Path(max_length=64, description="a unit's code", examples=["YT-ZF-01"])]
ChangeId = Annotated[int, Path(ge=1, le=2**31 - 1, description="its number", examples=[4])]
DryRun = Annotated[bool, Query(description="report everything and change nothing", examples=[True])]
_JOB: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "It was asked for; the job that `Location` names does it, its result is the report.",
        "headers": {"Location": {"schema": {"type": "string", "examples": ["/api/v1/jobs/42"]}}},
    }
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}


@router.get("/check", summary="Flaws of the boundaries", response_model=Flaws)
async def check(context: Ctx, scope: CameraReader) -> Response:
    """Ground that two units claim, that none of a unit's parts claims, or that lies beyond the unit above.

    Within the asker's unit, as GeoJSON to draw; the largest first.
    """

    async def find() -> bytes:
        async with context.database.raw() as connection:
            units = await read_tree(connection)
        mine = [unit for unit in units if scope.tree_left <= unit.tree_left <= scope.tree_right]
        defects, _ = await asyncio.to_thread(find_defects, mine)
        return orjson.dumps(draw(defects, {unit.code: unit.name for unit in units}))

    key = ("unit-check", scope.tree_left, scope.tree_right)
    body = await context.cache.get(key, find, ttl_s=CHECK_KEPT_S)
    return Response(body, media_type="application/geo+json")


@router.get("/changes", summary="List changes of the tree, newest first")
async def changes(
    context: Ctx, _asker: UnitEditor, cursor: Cursor = None, limit: Limit = 50
) -> Page[UnitChangeRecord]:
    """Imports of boundaries, and their undoing."""
    before = min(cursors.decode_id(cursor), 2**31 - 1) if cursor is not None else None
    async with context.database.raw() as connection:
        found = await list_changes(connection, before=before, limit=limit + 1)
    more = cursors.encode(found[limit - 1].id) if len(found) > limit else None
    items = [
        UnitChangeRecord(**{name: getattr(each, name) for name in UnitChangeRecord.model_fields})
        for each in found[:limit]
    ]
    return Page(items=items, next=more)


@router.post(
    "/changes/{change_id}/undo",
    summary="Undo a change of the tree",
    status_code=202,
    response_model=JobRecord,
    responses=_JOB,
)
async def undo(  # noqa: PLR0913, PLR0917 - a repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: UnitEditor,
    change_id: ChangeId,
    dry_run: DryRun = False,
    key: Key = None,
) -> Response:
    """The tree becomes what it was before that change. This is itself a change, and can be undone."""
    return await _asked(context, asker, request, key, UNDO, {"change": change_id, "dry_run": dry_run})


@router.post(
    "/assign",
    summary="Give every camera and point its unit anew",
    status_code=202,
    response_model=JobRecord,
    responses=_JOB,
)
async def assign(
    request: Request, context: Ctx, asker: UnitEditor, dry_run: DryRun = False, key: Key = None
) -> Response:
    """The unit on whose ground each stands. Imports of boundaries do so by themselves."""
    return await _asked(context, asker, request, key, ASSIGN, {"dry_run": dry_run})


@router.post(
    "/imports",
    summary="Upload boundaries",
    status_code=202,
    response_model=JobRecord,
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The file itself; what it is, its content tells.",
            "content": dict.fromkeys(sorted(UPLOAD_TYPES), _BINARY),
        }
    },
    responses=_JOB,
)
async def upload(
    request: Request,
    context: Ctx,
    asker: UnitEditor,
    wanted: Annotated[UnitsOptions, Query()],
    key: Key = None,
) -> Response:
    """Send GeoJSON, a GeoPackage, or a .zip with Shapefiles as the request's body.

    The tree, the boundaries, and the unit of every camera and point change together or not at all. With
    `dry_run` nothing changes; `commit` then imports the same file without another upload.
    """
    require_editor(asker.scope)
    account_id, folder = asker.scope.account_id, context.job_folder
    async with context.database.begin() as connection:
        await require_place(connection, account_id)  # before much is sent in vain
    with context.uploads.place(account_id):
        async with received(request, folder) as incoming:
            digest = incoming.digest.hexdigest()
            write = Write.of(account_id, key, b"POST", _target(request), digest.encode())
            async with context.database.begin() as connection:

                async def work() -> Response:
                    parameters = {**wanted.parameters(), "bytes": incoming.size, "sha256": digest}
                    most = KEPT_UPLOADS * context.settings.upload_mib << 20
                    surplus = await drop_surplus(connection, account_id, most)
                    answer = await _ask(connection, asker, IMPORT, parameters, incoming.name)
                    await asyncio.to_thread(folder.keep, incoming)
                    await asyncio.to_thread(folder.remove, surplus)
                    return answer

                return await once(connection, context.clock, write, work)


@router.post(
    "/imports/{job_id}/commit",
    summary="Import the boundaries that a dry run checked",
    status_code=202,
    response_model=JobRecord,
    responses=_JOB,
)
async def commit(
    request: Request, context: Ctx, asker: UnitEditor, job_id: JobId, key: Key = None
) -> Response:
    """The same file and the same decisions, against the tree as it is then."""
    require_editor(asker.scope)
    write = Write.of(asker.scope.account_id, key, b"POST", _target(request))
    async with context.database.begin() as connection:
        status = await read_job(connection, asker.scope, job_id)
        if status.kind != IMPORT:
            raise NotFoundError("There is no such import of boundaries.")

        async def work() -> Response:
            if not (status.state == "done" and status.parameters["dry_run"]):
                raise ConflictError("This is no dry run that was done; only such a one can be committed.")
            context.job_folder.existing(status.file)
            parameters = {**status.parameters, "dry_run": False, "checked_by": status.id}
            return await _ask(connection, asker, IMPORT, parameters, status.file)

        return await once(connection, context.clock, write, work)


@router.get("/{code}", summary="One unit's record")
async def unit(
    context: Ctx,
    asker: Authenticated,
    code: UnitCode,
    response: Response,
    boundary: Annotated[bool, Query(description="with its boundary", examples=[True])] = True,
) -> UnitRecord:
    """Everything that is held of it. The `ETag` names the version, for editing."""
    async with context.database.begin() as connection:
        found = await read_unit(connection, asker.scope, code, boundary=boundary)
    response.headers["ETag"] = etag(found.version)
    return found


@router.patch("/{code}", summary="Edit a unit's names and administrative code", response_model=UnitRecord)
async def edit(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: UnitEditor,
    code: UnitCode,
    change: Annotated[UnitEdit, Body()],
    if_match: IfMatch = None,
    key: Key = None,
) -> Response:
    """Change what the body names; boundaries come by import.

    `If-Match` carries the `ETag` that was read: 412 tells who edited in between, 428 that it is missing.
    """
    if if_match is None:
        raise PreconditionRequiredError(
            "An edit says which version it is meant for.", remedy="Send the ETag you read as If-Match."
        )
    write = Write.of(
        *(asker.scope.account_id, key, b"PATCH", request.url.path.encode(), if_match.encode()),
        await request.body(),
    )
    async with context.database.begin() as connection:

        async def work() -> Response:
            await edit_unit(connection, context.clock, asker, code, change, if_match)
            found = await read_unit(connection, asker.scope, code, boundary=False)
            return JSONResponse(found.model_dump(mode="json"), headers={"ETag": etag(found.version)})

        return await once(connection, context.clock, write, work)


async def _asked(  # noqa: PLR0913, PLR0917 - only used above
    context: Ctx, asker: Asker, request: Request, key: str | None, kind: str, parameters: dict[str, Any]
) -> Response:
    require_editor(asker.scope)
    write = Write.of(asker.scope.account_id, key, b"POST", _target(request))
    async with context.database.begin() as connection:
        return await once(
            connection, context.clock, write, lambda: _ask(connection, asker, kind, parameters, None)
        )


async def _ask(
    connection: Any, asker: Asker, kind: str, parameters: dict[str, Any], file: str | None
) -> Response:
    job_id = await ask(connection, kind, account_id=asker.scope.account_id, parameters=parameters, file=file)
    told = ("filename", "bytes", "sha256", "change", "dry_run")
    detail = {name: parameters[name] for name in told if name in parameters}
    await record(connection, asker.deed(f"{kind}.ask", f"job/{job_id}", detail))
    status = await read_job(connection, asker.scope, job_id)
    return JSONResponse(
        JobRecord.of(status).model_dump(mode="json"),
        status_code=202,
        headers={"Location": f"/api/v1/jobs/{job_id}"},
    )


def _target(request: Request) -> bytes:
    return f"{request.url.path}?{request.url.query}".encode()
