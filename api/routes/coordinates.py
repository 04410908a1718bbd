"""Coordinates that look misdeclared: the survey, its findings, their repair and its undoing."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from api.audit import record
from api.context import CameraEditor, CameraReader, Ctx, Cursor, Limit
from api.idempotency import Write, once
from api.queries.coordinates import list_findings, list_repairs, list_suspects
from api.routes.cameras import Key
from api.schemas import Page
from api.schemas_coordinates import (
    CrsFindings,
    CrsSuspect,
    GroupingName,
    RepairNew,
    RepairRecord,
    RepairResult,
    SurveyOptions,
    UnitMove,
)
from api.schemas_jobs import JobRecord
from camera_registry.coordinates.job import KIND
from camera_registry.coordinates.repair import cameras_of_finding, repair, undo_repair
from camera_registry.coordinates.staging import Repaired
from camera_registry.governance.assess import KIND as ASSESS
from camera_registry.jobs import ask, ask_once, read_job
from gis.crs_check import Reading

router = APIRouter(prefix="/catalogue", tags=["coordinates"])

RowId = Annotated[int, Path(ge=1, le=2**31 - 1, description="its number", examples=[7])]


@router.get("/crs-findings", summary="Coordinates that look misdeclared")
async def findings(
    context: Ctx,
    scope: CameraReader,
    grouping: Annotated[
        GroupingName, Query(description="what the cameras of a group share", examples=["owner"])
    ] = "source",
) -> CrsFindings:
    """What the last survey by this grouping found among the cameras within the asker's scope."""
    async with context.database.begin() as connection:
        return await list_findings(connection, scope, grouping)


@router.get("/crs-findings/{finding_id}/cameras", summary="The cameras of a finding")
async def suspects(
    context: Ctx, scope: CameraReader, finding_id: RowId, cursor: Cursor = None, limit: Limit = 50
) -> Page[CrsSuspect]:
    """Each with how likely it is rightly named, and where it would be."""
    async with context.database.begin() as connection:
        return await list_suspects(connection, scope, finding_id, after=cursor, limit=limit)


@router.post(
    "/crs-surveys",
    summary="Survey all declared coordinates",
    status_code=202,
    response_model=JobRecord,
    responses={
        202: {
            "description": "It was asked for; the job that `Location` names does it.",
            "headers": {"Location": {"schema": {"type": "string", "examples": ["/api/v1/jobs/42"]}}},
        }
    },
)
async def survey(
    request: Request,
    context: Ctx,
    asker: CameraEditor,
    wanted: Annotated[SurveyOptions, Body()],
    key: Key = None,
) -> Response:
    """Weigh where cameras fall against roads, points and boundaries, under each reading of their numbers."""
    account_id = asker.scope.account_id
    write = Write.of(account_id, key, b"POST", request.url.path.encode(), await request.body())
    async with context.database.begin() as connection:

        async def work() -> Response:
            parameters = {"grouping": wanted.grouping}
            job_id = await ask(connection, KIND, account_id=account_id, parameters=parameters)
            await record(connection, asker.deed("coordinates.survey", f"job/{job_id}", parameters))
            status = await read_job(connection, asker.scope, job_id)
            return JSONResponse(
                JobRecord.of(status).model_dump(mode="json"),
                status_code=202,
                headers={"Location": f"/api/v1/jobs/{job_id}"},
            )

        return await once(connection, context.clock, write, work)


@router.get("/crs-repairs", summary="List repairs of coordinates, newest first")
async def repairs(
    context: Ctx, _asker: CameraEditor, cursor: Cursor = None, limit: Limit = 50
) -> Page[RepairRecord]:
    """What was declared anew, by whom, and whether it was undone."""
    async with context.database.begin() as connection:
        return await list_repairs(connection, after=cursor, limit=limit)


@router.post("/crs-repairs", summary="Declare coordinates anew", response_model=RepairResult)
async def declare_anew(
    request: Request,
    context: Ctx,
    asker: CameraEditor,
    wanted: Annotated[RepairNew, Body()],
    key: Key = None,
) -> Response:
    """Cameras become declared in the system that their numbers are in, and go to where they then are.

    Their unit follows. With `dry_run` it is counted and nothing changes. It is on record and can be undone.
    """

    async def do(connection: Any) -> Repaired:
        facts: dict[str, object] = {}
        if wanted.finding is not None:
            reading, cameras = await cameras_of_finding(connection, wanted.finding, least=wanted.least)
            facts = {"finding": wanted.finding, "least": wanted.least}
        else:
            assert wanted.cameras is not None
            assert wanted.reading is not None
            reading, cameras = Reading[wanted.reading], sorted(set(wanted.cameras))
        return await repair(
            *(connection, context.clock, reading, cameras),
            scope=asker.scope,
            dry_run=wanted.dry_run,
            facts=facts,
        )

    return await _once(request, context, asker.scope.account_id, key, do)


@router.post("/crs-repairs/{repair_id}/undo", summary="Undo a repair", response_model=RepairResult)
async def undo(  # noqa: PLR0913, PLR0917 - a repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: CameraEditor,
    repair_id: RowId,
    dry_run: Annotated[bool, Query(description="count and change nothing", examples=[True])] = False,
    key: Key = None,
) -> Response:
    """Cameras become declared as before. Those that were edited since are left; the answer names them."""

    async def do(connection: Any) -> Repaired:
        return await undo_repair(connection, context.clock, repair_id, scope=asker.scope, dry_run=dry_run)

    return await _once(request, context, asker.scope.account_id, key, do)


async def _once(
    request: Request,
    context: Ctx,
    account_id: int,
    key: str | None,
    do: Callable[[Any], Awaitable[Repaired]],
) -> Response:
    target = f"{request.url.path}?{request.url.query}".encode()
    write = Write.of(account_id, key, b"POST", target, await request.body())
    async with context.database.begin() as connection:

        async def work() -> Response:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            done = await do(driver)
            if done.cameras and not done.dry_run:
                await ask_once(connection, ASSESS)
            return JSONResponse(_result(done).model_dump(mode="json"))

        return await once(connection, context.clock, write, work)


def _result(done: Repaired) -> RepairResult:
    return RepairResult(
        id=done.repair_id,
        dry_run=done.dry_run,
        cameras=done.cameras,
        moved_m=done.moved_m,
        skipped=done.skipped_count,
        skipped_cameras=done.skipped,
        moves=[UnitMove(before=move["from"], after=move["to"], count=move["count"]) for move in done.moves],
    )
