"""Counts, the organisation tree, and the reference lists."""

from fastapi import APIRouter, Response

from api.context import Authenticated, CameraReader, Ctx
from api.queries import overview
from api.schemas import Counts, Organisation, Scene

router = APIRouter()

COUNTS_KEPT_S = 3.0
"""Counting 230,000 cameras takes a while, and a wall of consoles asks for the same numbers."""


@router.get("/counts", summary="What there is", tags=["overview"], response_model=Counts)
async def counts(context: Ctx, scope: CameraReader) -> Response:
    """Cameras by state and scene, and open incidents by kind and severity, within the asker's scope."""

    async def count() -> bytes:
        async with context.database.begin() as connection:
            return (await overview.count(connection, scope)).model_dump_json().encode()

    # Without the account: who sees the same range in the same roles gets the same numbers.
    key = ("counts", scope.roles, scope.tree_left, scope.tree_right, scope.max_sensitivity)
    body = await context.cache.get(key, count, ttl_s=COUNTS_KEPT_S)
    return Response(body, media_type="application/json")


@router.get("/organisations", summary="The organisation tree", tags=["reference"])
async def organisations(context: Ctx, asker: Authenticated) -> Organisation:
    """The asker's unit and all units below it."""
    async with context.database.begin() as connection:
        return await overview.organisation_tree(connection, asker.scope)


@router.get("/scenes", summary="The application scenes", tags=["reference"])
async def scenes(context: Ctx, _asker: Authenticated) -> list[Scene]:
    """The table of scenes, which a city edits."""
    async with context.database.begin() as connection:
        return await overview.scenes(connection)
