"""The catalogue: lists, one record, editing."""

from typing import Annotated

from fastapi import APIRouter, Body, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from api.camera_edit import Edit, edit_camera
from api.context import CameraEditor, CameraReader, Ctx, Cursor, Limit
from api.cursor import MAX_ID
from api.errors import PreconditionRequiredError
from api.fields import Fields, fields_of
from api.filters import FilterQuery
from api.idempotency import Write, once
from api.queries.camera_rows import driver_of
from api.queries.camera_search import Wanted, listed, search_cameras
from api.queries.cameras import read_camera, tag_of
from api.schemas import CameraSummary, Page
from api.schemas_cameras import CameraEdit, CameraRecord
from api.sessions import Asker

router = APIRouter(prefix="/cameras", tags=["cameras"])

CameraId = Annotated[int, Path(ge=1, le=MAX_ID, examples=[17])]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=200, description="the ETag that was read", examples=['"3"']),
]
IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", max_length=1000, description="the ETag that is at hand")
]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,128}$",
        description="the sender's name for this write: sent again, it is answered again and done once",
        examples=["0198c0de-0000-7000-8000-000000000001"],
    ),
]


def required(if_match: str | None) -> str:
    """The precondition of an edit.

    Raises:
        PreconditionRequiredError: There is none.
    """
    if if_match is None:
        raise PreconditionRequiredError(
            "An edit says which version it is meant for.", remedy="Send the ETag you read as If-Match."
        )
    return if_match


async def write_of(request: Request, asker: Asker, key: str | None, if_match: str = "") -> Write:
    """A write as it was sent, so that it is known when it comes again."""
    return Write.of(
        asker.scope.account_id,
        key,
        request.method.encode(),
        request.url.path.encode(),
        if_match.encode(),
        await request.body(),
    )


@router.get("", summary="List and search cameras", response_model=Page[CameraSummary])
async def cameras(  # noqa: PLR0913, PLR0917 - a list has these parts
    context: Ctx,
    scope: CameraReader,
    wanted: FilterQuery,
    exact: Annotated[
        bool, Query(description="with `q`: neither pinyin nor typing errors", examples=[False])
    ] = False,
    fields: Fields = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Cameras within the asker's scope by id, or, with `q`, the closest answers first.

    Words are found in names, addresses, owners and device ids, in any order, and names by pinyin, whole or
    initials, and with one typing error. Cameras that are gone are left out unless `gone` is asked for.
    """
    async with context.database.begin() as connection:
        driver = await driver_of(connection)
        vocabulary = await context.search.vocabulary(driver)
        page = await search_cameras(driver, scope, vocabulary, Wanted(listed(wanted), cursor, limit, exact))
    return fields_of(page, fields)


@router.get(
    "/{camera_id}",
    summary="One camera's record",
    response_model=CameraRecord,
    responses={304: {"description": "The record that `If-None-Match` names is still right."}},
)
async def camera(
    context: Ctx, scope: CameraReader, camera_id: CameraId, if_none_match: IfNoneMatch = None
) -> Response:
    """Everything the catalogue holds of it. The `ETag` begins with the version, for editing."""
    async with context.database.begin() as connection:
        record = await read_camera(connection, scope, camera_id)
    tag = tag_of(record)
    if if_none_match and tag in (given.strip().removeprefix("W/") for given in if_none_match.split(",")):
        return Response(status_code=304, headers={"ETag": tag})
    return record_answer(record)


@router.patch("/{camera_id}", summary="Edit a camera's record", response_model=CameraRecord)
async def edit(  # noqa: PLR0913, PLR0917 - a conditional, repeatable write has these parts
    request: Request,
    context: Ctx,
    asker: CameraEditor,
    camera_id: CameraId,
    change: Annotated[CameraEdit, Body()],
    if_match: IfMatch = None,
    key: Key = None,
) -> Response:
    """Change what the body names; null empties a field. A new place assigns the unit whose ground it is.

    `If-Match` carries the `ETag` that was read: 412 tells who edited in between, 428 that it is missing.
    """
    version = required(if_match)
    write = await write_of(request, asker, key, version)
    async with context.database.begin() as connection:

        async def work() -> Response:
            await edit_camera(connection, context.clock, asker, Edit(camera_id, change, version))
            return record_answer(await read_camera(connection, asker.scope, camera_id))

        return await once(connection, context.clock, write, work)


def record_answer(record: CameraRecord, *, status: int = 200) -> JSONResponse:
    """A record as an answer, with its tag."""
    headers = {"ETag": tag_of(record)}
    if status == 201:
        headers["Location"] = f"/api/v1/cameras/{record.id}"
    return JSONResponse(record.model_dump(mode="json"), status_code=status, headers=headers)
