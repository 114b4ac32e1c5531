"""The pool of PostgreSQL connections: named queries, named transactions, and one meaning for every failure.

A server that is away (refuses, or does not answer at all) is tried in the background only: meanwhile every call fails
at once, so that what can be answered from memory is not held up. A server that is merely slow still answers, as it ends
statements itself before the client stops waiting for them.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import asyncpg
import orjson
import structlog
from asyncpg.pool import PoolConnectionProxy

from service.domain.errors import Unavailable
from service.store.queries import Query

log = structlog.get_logger()

CONNECT_SECONDS = 1.0
IDLE_IN_TRANSACTION_SECONDS = 2.0  # a client frozen between two statements delays nobody for longer
ANSWER_SECONDS = 2.8  # so that trouble is told within 3 s, connecting and waiting for the pool included
# How long before that the server ends a wait for a lock, then any statement, and then its silence means it is away.
LOCK_MARGIN, STATEMENT_MARGIN, SILENCE_MARGIN = 0.5, 0.4, 0.2
PROBE_INTERVAL = 0.1  # seconds between two tries to reach a server that is away

# Connecting failed, and not because there are too many of us.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,
)
UNAVAILABLE = (
    *AWAY,
    asyncpg.TooManyConnectionsError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,  # not restored yet
    asyncpg.InvalidCachedStatementError,  # in a transaction; outside of one asyncpg prepares it again by itself
)

Rows = list[asyncpg.Record]


class Executor(Protocol):
    """What runs a query: the database itself (each query its own transaction) or an open transaction."""

    async def fetch(self, query: Query, *args: Any) -> Rows: ...
    async def fetchrow(self, query: Query, *args: Any) -> asyncpg.Record | None: ...
    async def execute(self, query: Query, *args: Any) -> str: ...


class Tally:
    """How often each query ran, and for how long in all (seconds); read by /metrics and by the query_count fixture."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.seconds: Counter[str] = Counter()

    def add(self, name: str, seconds: float) -> None:
        self.count[name] += 1
        self.seconds[name] += seconds  # type: ignore[assignment]  # Counter holds any number


class Transaction:
    """Queries inside one transaction."""

    def __init__(
        self, connection: PoolConnectionProxy[asyncpg.Record], tally: Tally, timeout: float | None = None
    ) -> None:
        self.connection = connection
        self.tally = tally
        self.timeout = timeout  # seconds for one query; None: as the pool has it

    async def fetch(self, query: Query, *args: Any) -> Rows:
        started = time.perf_counter()
        rows: Rows = await self.connection.fetch(query.sql, *args, timeout=self.timeout)
        self.tally.add(query.name, time.perf_counter() - started)
        return rows

    async def fetchrow(self, query: Query, *args: Any) -> asyncpg.Record | None:
        rows = await self.fetch(query, *args)
        return rows[0] if rows else None

    async def execute(self, query: Query, *args: Any) -> str:
        started = time.perf_counter()
        done = await self.connection.execute(query.sql, *args, timeout=self.timeout)
        self.tally.add(query.name, time.perf_counter() - started)
        return done

    async def copy(self, table: str, columns: Sequence[str], records: Sequence[tuple[Any, ...]]) -> None:
        """Write many rows of one table with COPY."""
        await self.connection.copy_records_to_table(table, columns=columns, records=records)


class Database:
    """The service's pool. Every failure to reach or use the server is raised as Unavailable within `patience` seconds.

    `patience` is for everything done with one connection; programs that nobody waits for take more.
    """

    def __init__(self, url: str, *, size: int = 10, patience: float = ANSWER_SECONDS) -> None:
        self.url = url
        self.size = size
        self.patience = patience
        self.tally = Tally()
        self.up = False  # whether it answered when last asked
        self.outages = 0  # for /metrics, like the next
        self.refused = 0  # calls not tried because the server was away
        self._away = False
        self._leased: set[PoolConnectionProxy[asyncpg.Record]] = set()
        self._prober: asyncio.Task[None] | None = None
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def connect(self) -> None:
        """Open the pool lazily: connections are made on first use, so a server that is away delays nothing here."""
        if self._pool is None:
            self._pool = await asyncpg.create_pool(
                self.url,
                min_size=0,
                max_size=self.size,
                timeout=CONNECT_SECONDS,
                command_timeout=self.patience - SILENCE_MARGIN,
                max_inactive_connection_lifetime=300,
                init=prepare_connection,
                reset=keep_session,
                server_settings={
                    "application_name": "discuss",
                    "lock_timeout": milliseconds(self.patience - LOCK_MARGIN),
                    "statement_timeout": milliseconds(self.patience - STATEMENT_MARGIN),
                    "idle_in_transaction_session_timeout": milliseconds(IDLE_IN_TRANSACTION_SECONDS),
                    "TimeZone": "UTC",
                    "jit": "off",
                },
            )

    async def close(self) -> None:
        """Close every connection, by force after a second."""
        if self._prober is not None:
            self._prober.cancel()
            await asyncio.gather(self._prober, return_exceptions=True)
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), 1)
            except (asyncpg.InterfaceError, *UNAVAILABLE):
                self._pool.terminate()
            self._pool = None

    @asynccontextmanager
    async def _connection(self, patience: float | None = None) -> AsyncIterator[PoolConnectionProxy[asyncpg.Record]]:
        """One of the pool's connections. Raises Unavailable, at once while the server is away."""
        if self._away:
            self.refused += 1
            raise Unavailable
        async with self._lease(patience or self.patience) as connection:
            yield connection

    @asynccontextmanager
    async def _lease(self, seconds: float) -> AsyncIterator[PoolConnectionProxy[asyncpg.Record]]:
        if self._pool is None:
            raise Unavailable
        connection = None
        try:
            async with asyncio.timeout(seconds) as limit, self._pool.acquire() as connection:
                self._leased.add(connection)
                try:
                    yield connection
                except (TimeoutError, asyncio.CancelledError) as error:
                    if isinstance(error, TimeoutError) or limit.expired():
                        cut(connection)  # asyncpg would wait for a frozen server to confirm that it cancels
                    raise
                except asyncpg.InterfaceError as error:
                    if is_open(connection):
                        raise  # we used it wrongly: a bug, not an outage
                    raise Unavailable from error
                finally:
                    self._leased.discard(connection)
                self.up = True
        except UNAVAILABLE as error:
            if isinstance(error, AWAY if connection is None else TimeoutError) and not limit.expired():
                self._is_away(error)
            raise Unavailable from error
        except asyncpg.InterfaceError as error:
            if connection is not None or isinstance(error, ValueError):
                raise
            raise Unavailable from error  # the pool is closing

    def _is_away(self, error: BaseException) -> None:
        """From now on nobody waits for the server, until it has answered a probe."""
        self.up = False
        if not self._away:
            self._away = True
            self.outages += 1
            log.warning("postgres_down", reason=str(error) or type(error).__name__)
            for connection in list(self._leased):  # nobody waits on for a server that is known not to answer
                cut(connection)
            self._prober = asyncio.create_task(self._probe_until_back())

    async def _probe_until_back(self) -> None:
        while self._away:
            try:
                async with self._lease(CONNECT_SECONDS) as connection:
                    await connection.fetchval("SELECT 1")
                self._away = False
            except Unavailable:
                await asyncio.sleep(PROBE_INTERVAL)
            except Exception:  # it answers again, if only to refuse: callers are to hear of it
                self._away = False
        log.warning("postgres_up")

    @asynccontextmanager
    async def transaction(self, name: str, *, patience: float | None = None) -> AsyncIterator[Transaction]:
        """One transaction under its name (which goes to the metrics as `transaction:NAME`).

        `patience` (seconds) for one that nobody waits for and whose statements may take longer.
        """
        started = time.perf_counter()
        async with self._connection(patience) as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                if patience is not None:
                    await connection.execute(f"SET LOCAL statement_timeout = '{milliseconds(patience)}'")
                yield Transaction(connection, self.tally, patience)
            except (TimeoutError, asyncio.CancelledError):
                cut(connection)  # which rolls back; asking a frozen server to would take as long again
                raise
            except BaseException:
                if is_open(connection):
                    await transaction.rollback()
                raise
            await transaction.commit()
        self.tally.add(f"transaction:{name}", time.perf_counter() - started)

    async def fetch(self, query: Query, *args: Any, patience: float | None = None) -> Rows:
        """Run one query as its own transaction; `patience` (seconds) only to give up sooner."""
        async with self._connection(patience) as connection:
            return await Transaction(connection, self.tally).fetch(query, *args)

    async def fetchrow(self, query: Query, *args: Any) -> asyncpg.Record | None:
        """The first row of `fetch`."""
        rows = await self.fetch(query, *args)
        return rows[0] if rows else None

    async def execute(self, query: Query, *args: Any) -> str:
        """Run one query as its own transaction; PostgreSQL's word for what it did."""
        async with self._connection() as connection:
            return await Transaction(connection, self.tally).execute(query, *args)


def milliseconds(seconds: float) -> str:
    """A duration as PostgreSQL's settings take it."""
    return str(int(seconds * 1000))


def cut(connection: PoolConnectionProxy[asyncpg.Record]) -> None:
    """Close a connection without asking the server; one that was cut already is left alone."""
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


def is_open(connection: PoolConnectionProxy[asyncpg.Record]) -> bool:
    """Whether a leased connection can still be used."""
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:  # it was terminated, and so went back to the pool
        return False


async def prepare_connection(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """jsonb travels as Python values."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await connection.set_type_codec(
                "jsonb", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads, schema="pg_catalog"
            )
    except BaseException:
        connection.terminate()  # asyncpg would say goodbye to it, and a frozen server does not answer that
        raise


async def keep_session(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """No code here changes session state, so the round trip that would reset it is saved on every release."""
