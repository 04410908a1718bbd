"""``dengta serve``: the API and the console."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn
import uvloop

from api.app import create_app
from base.clock import SystemClock
from base.log import configure_logging
from base.runtime import require_port
from base.settings import Settings, get_settings
from dengta.console_files import console_dir
from dengta.store import open_store
from dispatch.evidence import FolderEvidence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from fastapi import FastAPI

POOL_SIZE = 10
"""Connections kept, as many again under load; one of them listens for the event streams."""

GRACE_S = 5
"""For answers under way when the service is asked to end."""

IDLE_S = 30
"""An idle connection is kept so long."""

MOST_CONNECTIONS = 2000
"""Beyond it askers get 503 at once instead of waiting in the dark."""


def serve() -> None:
    """Serve the API and the console until Ctrl-C."""
    settings = get_settings()
    configure_logging("api", level=settings.log_level, json=settings.log_json)
    require_port(
        settings.api_host, settings.api_port, purpose="the API and the console", setting="DENGTA_API_PORT"
    )
    uvloop.run(_serve(settings))


class _Server(uvicorn.Server):
    """A server that lets everybody who waits for news go when it is asked to end."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._context = app.state.context

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._context.bell.close()
        self._context.tile_watch.close()
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn's own would end the process with the signal, before the store is closed."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for each in signals:
            loop.add_signal_handler(each, self.handle_exit, each, None)
        try:
            yield
        finally:
            for each in signals:
                loop.remove_signal_handler(each)


async def _serve(settings: Settings) -> None:
    async with open_store(settings, pool_size=POOL_SIZE) as store:
        evidence = FolderEvidence(settings.evidence_dir)
        app = create_app(store.database, settings, evidence, SystemClock(), console_dir())
        config = uvicorn.Config(
            app,
            host=settings.api_host,
            port=settings.api_port,
            log_config=None,  # everything goes through our own, redacting log
            access_log=False,  # it would write queries down
            server_header=False,
            # No proxy is trusted to say who asks, so that nobody can pretend to be another address.
            proxy_headers=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=IDLE_S,
            timeout_graceful_shutdown=GRACE_S,
        )
        await _Server(config, app).serve()
