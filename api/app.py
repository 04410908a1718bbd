"""The application: its parts put together, its routes, and what stands before them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import JSONResponse
from starlette.middleware import Middleware

from api import errors
from api.bell import Bell
from api.cache import Cache
from api.console import ConsoleMount
from api.context import Context, asker_of
from api.middleware import Limits, Net, SecurityHeaders, hosts_for
from api.ogc.basic import BasicLogins
from api.passwords import Passwords
from api.routes import (
    audit,
    camera_life,
    camera_search,
    cameras,
    classifications,
    coordinates,
    events,
    evidence,
    exports,
    governance,
    governance_rules,
    governance_work,
    health,
    imports,
    jobs,
    ogc,
    ogc_tiles,
    organisations,
    overview,
    point_tiles,
    points,
    session,
    suggestion_rules,
    suggestions,
    tiles,
)
from api.schemas import Problem
from api.search_keeper import SearchKeeper
from api.sessions import Sessions
from api.stream import EventStream, Streams
from api.throttle import Throttle
from api.tile_drawing import TileDrawing
from api.tile_lane import CameraTileLane
from api.tile_watch import TileWatch
from api.uploads import Places
from camera_registry.job_files import JobFolder
from dispatch.announce import NOTIFY_CHANNEL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from base.clock import Clock
    from base.database import Database
    from base.settings import Settings
    from dispatch.evidence import EvidenceStore

VERSION = "1"
PREFIX = "/api/v1"
CACHE_BYTES = 8 << 20
EXPORTS_AT_ONCE = 4
"""Each holds a connection to the database while it is made."""

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "What is wrong with the request (RFC 9457)."},
    "5XX": {"model": Problem, "description": "What is wrong with the service (RFC 9457)."},
}


def create_app(
    database: Database,
    settings: Settings,
    evidence_store: EvidenceStore,
    clock: Clock,
    static_dir: Path | None = None,
) -> FastAPI:
    """The HTTP service.

    Args:
        database: The store, migrated.
        settings: Cookie, session and host settings are read here.
        evidence_store: Where evidence pictures are.
        clock: Time of sessions and edits.
        static_dir: The built console, or None.
    """
    context = _context(database, settings, evidence_store, clock)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        context.bell.start()
        context.search.start()
        context.tile_watch.start()
        yield
        await context.tile_watch.stop()
        await context.search.stop()
        await context.bell.stop()

    app = FastAPI(
        title="Dengta 灯塔",
        version=VERSION,
        summary="A city's video resource governance and recognition service.",
        # Closed by default: the document is a route like any other, see below.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        middleware=[
            Middleware(SecurityHeaders, https=settings.cookie_secure),
            Middleware(Net),
            Middleware(
                Limits,
                hosts=hosts_for(settings.api_host, settings.public_hosts),
                uploads=dict.fromkeys(
                    (f"{PREFIX}/imports", f"{PREFIX}/organisations/imports"), settings.upload_mib << 20
                ),
            ),
        ],
        separate_input_output_schemas=False,
    )
    app.state.context = context
    errors.register(app)
    app.include_router(health.router)
    app.include_router(_versioned(app), prefix=PREFIX, responses=_PROBLEMS)
    app.router.routes.insert(0, CameraTileLane(PREFIX, context))
    app.router.routes.append(ConsoleMount(static_dir))
    return app


def _context(database: Database, settings: Settings, evidence: EvidenceStore, clock: Clock) -> Context:
    lifetime = timedelta(hours=settings.session_hours)
    sessions = Sessions(database, Passwords(), Throttle(clock), clock, lifetime=lifetime)
    bell = Bell(database, NOTIFY_CHANNEL)
    tile_watch = TileWatch(database)
    return Context(
        database=database,
        settings=settings,
        evidence=evidence,
        clock=clock,
        sessions=sessions,
        basic_logins=BasicLogins(sessions, clock),
        cache=Cache(clock, max_bytes=CACHE_BYTES),
        bell=bell,
        search=SearchKeeper(database, clock),
        streams=Streams(),
        events=EventStream(database, sessions, bell, clock),
        tile_watch=tile_watch,
        tile_waits=Streams(),
        drawing=TileDrawing(database, Cache(clock, max_bytes=settings.tile_cache_mib << 20), tile_watch),
        job_folder=JobFolder(settings.jobs_dir, clock, minimum_free_mib=settings.minimum_free_mib),
        uploads=Places("uploads"),
        exports=Places("exports", in_all=EXPORTS_AT_ONCE),
    )


def _versioned(app: FastAPI) -> APIRouter:
    router = APIRouter()
    for part in (
        session,
        camera_life,
        camera_search,  # before the cameras: its words stand where they have a number
        cameras,
        classifications,
        events,
        evidence,
        overview,
        tiles,
        audit,
        ogc,
        ogc_tiles,
        jobs,
        imports,
        exports,
        organisations,
        points,
        point_tiles,
        coordinates,
        governance,
        governance_rules,
        governance_work,
        suggestion_rules,
        suggestions,
    ):
        router.include_router(part.router)

    @router.get(
        "/openapi.json", summary="This document", tags=["reference"], dependencies=[Depends(asker_of)]
    )
    async def openapi() -> JSONResponse:
        """The OpenAPI 3.1 description of the service."""
        return JSONResponse(app.openapi())

    return router
