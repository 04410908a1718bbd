"""The database engine: one pool, with the session settings that the product relies on."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import create_async_engine

from base.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

SESSION_SETTINGS = {
    # After five executions a prepared spatial query would fall to a generic plan that ignores the shape's
    # size: measured 35 ms -> 1,700 ms for a lasso.
    "plan_cache_mode": "force_custom_plan",
    # Compiling costs more than these short queries take.
    "jit": "off",
    # Many small queries run side by side already; parallel workers per query only hurt each other.
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "application_name": "dengta",
}

_GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    # Nothing was done, and doing it again is right: the same as being away for a moment.
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    ConnectionError,
    PoolTimeoutError,
)

_UNREACHABLE = (*_GONE, OSError)
"""While connecting, a missing socket or a time-out says the same; later, an OSError is somebody else's."""


class Database:
    """A pool of connections.

    Args:
        url: ``postgresql://…``; may name a socket folder with ``?host=``.
        pool_size: Connections kept; as many again may be opened under load.
    """

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        self._engine: AsyncEngine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=10,
            pool_pre_ping=True,
            connect_args={"server_settings": SESSION_SETTINGS, "timeout": 10},
        )

    @property
    def engine(self) -> AsyncEngine:
        """The SQLAlchemy engine, for migrations."""
        return self._engine

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end, rolled back on an exception.

        Raises:
            UnavailableError: The server went away or takes no connection; nothing was committed, or, when it
                went away during the commit itself, it is not known.
        """
        async with self._connect() as connection:
            with _server_errors(_GONE):
                async with connection.begin():
                    yield connection

    @asynccontextmanager
    async def raw(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        """A bare asyncpg connection from the pool, for COPY and for hot statements.

        Raises:
            UnavailableError: The server went away or takes no connection.
        """
        async with self._connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            with _server_errors(_GONE):
                yield driver

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[AsyncConnection]:
        connection = self._engine.connect()
        with _server_errors(_UNREACHABLE):
            await connection.start()
        try:
            yield connection
        finally:
            with _server_errors(_GONE):
                await connection.close()

    async def wait_ready(self, *, timeout_s: float) -> None:
        """Wait until the server takes connections.

        Raises:
            UnavailableError: It did not within ``timeout_s``.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    try:
                        async with self.raw() as connection:
                            await connection.fetchval("select 1")
                    except UnavailableError:
                        await asyncio.sleep(0.1)
                    else:
                        return
        except TimeoutError as err:
            raise UnavailableError(f"The database did not answer within {timeout_s:.0f} s.") from err

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


class _server_errors:  # noqa: N801 - used as a statement, like contextlib's own
    """Turn the driver's ways of saying "the server is gone" into one."""

    def __init__(self, meaning_gone: tuple[type[BaseException], ...]) -> None:
        self._meaning_gone = meaning_gone

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, err: BaseException | None, _traceback: object) -> None:
        cause: BaseException | None = err.__cause__ if isinstance(err, DBAPIError) else err
        chain: list[BaseException] = []
        while cause is not None and len(chain) < 6:
            chain.append(cause)
            cause = cause.__cause__
        lost = isinstance(err, DBAPIError) and err.connection_invalidated
        if err is not None and (lost or any(isinstance(link, self._meaning_gone) for link in chain)):
            raise UnavailableError("The database does not answer now.") from err
