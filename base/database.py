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

from base.errors import SetupError, UnavailableError
from base.server_url import check_database_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from asyncpg.pool import PoolConnectionProxy
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

SETTING = "DENGTA_DATABASE_URL"
CHECK = f"Check {SETTING}; unset, run as the user who made the data folder."

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

HOT_CONNECTIONS = 8
"""Most bare connections for hot statements: more than the cores of a database server can use at once."""

HOT_TIMEOUT = "30s"
"""A statement that takes longer is no hot one, and is ended by the server."""

_GONE_CLASSES = frozenset(
    {
        "08",  # connection exception
        "40",  # transaction rollback: nothing was done, and doing it again is right
        "53",  # insufficient resources: a full disk, no memory, too many connections
        "57",  # operator intervention: shutdown, crash, a statement that was cancelled or took too long
        "58",  # system error: the disk cannot be read or written
    }
)
_GONE_STATES = frozenset({"25006"})
"""Read-only transaction: the server has become a standby."""

MISSING_FILE = "58P01"
"""Part of the server's software is absent: trying again does not bring it."""

_SETUP_STATES = {
    "28000": "the server refuses the role",
    "28P01": "the server refuses the role or its password",
    "3D000": "the server has no database of that name",
    "42501": "the role may not connect to the database",
}
"""What the server says to a connection that no repetition will make better."""

_GONE = (asyncpg.InterfaceError, ConnectionError, PoolTimeoutError)

_UNREACHABLE = (*_GONE, OSError)
"""While connecting, a missing socket or a time-out says the same; later, an OSError is somebody else's."""


def sqlstate(err: BaseException) -> str:
    """The server's five letters for ``err`` or for what caused it (SQL standard, PostgreSQL's Appendix A)."""
    return next((link.sqlstate or "" for link in _chain(err) if isinstance(link, asyncpg.PostgresError)), "")


class Database:
    """A pool of connections.

    Args:
        url: ``postgresql://…``; may name a socket folder with ``?host=``, and ``sslmode`` as libpq does.
        pool_size: Connections kept; as many again may be opened under load.

    Raises:
        SetupError: The address cannot be one.
    """

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        try:
            check_database_url(url)
        except ValueError as err:
            raise SetupError(f"{SETTING} cannot be used: {err}.") from None
        self._address = make_url(url)
        address = self._address.set(drivername="postgresql+asyncpg")
        mode = address.query.get("sslmode")
        security = {"ssl": mode} if mode else {}
        self._engine: AsyncEngine = create_async_engine(
            address.difference_update_query(["sslmode"]),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=10,
            pool_pre_ping=True,
            connect_args={"server_settings": SESSION_SETTINGS, "timeout": 10, **security},
        )
        self._hot_size = min(pool_size, HOT_CONNECTIONS)
        self._hot: asyncpg.Pool[Any] | None = None
        self._opening = asyncio.Lock()

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
    async def hot(self) -> AsyncIterator[PoolConnectionProxy[Any]]:
        """A bare asyncpg connection for one short reading statement that is asked hundreds of times a second.

        It comes from a pool of its own, which asks the server nothing before and after: no ping, no reset. So
        it must be left as it was found: no transaction, no setting, no temporary table.

        Raises:
            UnavailableError: The server went away or takes no connection.
        """
        pool = self._hot or await self._open_hot()
        with _server_errors(_UNREACHABLE, connecting=True):
            connection = await pool.acquire(timeout=10)
        try:
            with _server_errors(_GONE):
                yield connection
        finally:
            await pool.release(connection)

    async def _open_hot(self) -> asyncpg.Pool[Any]:
        async with self._opening:
            if self._hot is None:
                # asyncpg itself reads the server's folder and sslmode out of the address.
                address = self._address.set(drivername="postgresql")
                with _server_errors(_UNREACHABLE, connecting=True):
                    self._hot = await asyncpg.create_pool(
                        address.render_as_string(hide_password=False),
                        min_size=0,
                        max_size=self._hot_size,
                        reset=_as_it_is,
                        server_settings=SESSION_SETTINGS | {"statement_timeout": HOT_TIMEOUT},
                        timeout=10,
                    )
            return self._hot

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[AsyncConnection]:
        connection = self._engine.connect()
        with _server_errors(_UNREACHABLE, connecting=True):
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
            SetupError: It refuses this role, or there is no such database.
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
            host = self._engine.url.host
            remedy = f"Check {SETTING}: does its server run, and can this machine reach it?" if host else ""
            raise UnavailableError(
                f"The database did not answer within {timeout_s:.0f} s.", remedy=remedy
            ) from err

    async def close(self) -> None:
        """Close every connection."""
        if self._hot is not None:
            self._hot.terminate()
            self._hot = None
        await self._engine.dispose()


async def _as_it_is(_connection: asyncpg.Connection[Any]) -> None:
    """In place of asyncpg's own reset, which would ask the server once more after each statement."""


async def driver_of(connection: AsyncConnection) -> asyncpg.Connection[Any]:
    """The bare asyncpg connection under ``connection``, in its transaction, for hand-written statements."""
    driver: asyncpg.Connection[Any] | None = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    if not driver.is_in_transaction():  # it begins with the first statement, and that may be ours
        await connection.exec_driver_sql("select 1")
    return driver


class _server_errors:  # noqa: N801 - used as a statement, like contextlib's own
    """Turn the driver's ways of saying "not now" into one, and "never with this address" into another."""

    def __init__(self, meaning_gone: tuple[type[BaseException], ...], *, connecting: bool = False) -> None:
        self._meaning_gone = meaning_gone
        self._connecting = connecting

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, err: BaseException | None, _traceback: object) -> None:
        if err is None:
            return
        state = sqlstate(err)
        chain = _chain(err)
        if self._connecting and state in _SETUP_STATES:
            raise SetupError(f"The database cannot be used: {_SETUP_STATES[state]}.", remedy=CHECK) from err
        if self._connecting and any(isinstance(link, asyncpg.ClientConfigurationError) for link in chain):
            raise SetupError("The database's address cannot be used.", remedy=CHECK) from err
        if state == asyncpg.DiskFullError.sqlstate:
            raise UnavailableError("The database's disk is full.", remedy="Make room on it.") from err
        gone = state in _GONE_STATES or (state[:2] in _GONE_CLASSES and state != MISSING_FILE)
        lost = isinstance(err, DBAPIError) and err.connection_invalidated
        if gone or lost or any(isinstance(link, self._meaning_gone) for link in chain):
            raise UnavailableError("The database does not answer now.") from err


def _chain(err: BaseException) -> list[BaseException]:
    """``err`` and what caused it; SQLAlchemy's wrapper itself says nothing of its own."""
    cause: BaseException | None = err.__cause__ if isinstance(err, DBAPIError) else err
    chain: list[BaseException] = []
    while cause is not None and len(chain) < 6:
        chain.append(cause)
        cause = cause.__cause__
    return chain
