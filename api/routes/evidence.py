"""Evidence pictures: each viewing is on record."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.audit import record
from api.context import Ctx, PictureViewer
from api.queries.incidents import incident_of_evidence

router = APIRouter(prefix="/evidence", tags=["evidence"])

CACHE = "private, max-age=3600, immutable"
"""The name is the content's digest, so what it names never changes; a browser may keep a copy a while."""

Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", examples=["0a" * 32])]


@router.get(
    "/{sha256}.jpg",
    summary="An evidence picture",
    response_class=Response,
    responses={
        200: {
            "description": "The picture.",
            "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def evidence(context: Ctx, asker: PictureViewer, sha256: Digest) -> Response:
    """The picture that decided an incident within the asker's scope."""
    async with context.database.begin() as connection:
        incident_id = await incident_of_evidence(connection, asker.scope, sha256)
    picture = await asyncio.to_thread(context.evidence.get, sha256)
    # On record before it is sent: no record, no picture.
    async with context.database.begin() as connection:
        await record(connection, asker.deed("evidence.view", f"incident/{incident_id}", {"sha256": sha256}))
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": CACHE})
