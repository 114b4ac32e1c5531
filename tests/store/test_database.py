"""The pool: what is an outage and what is a bug, and that nobody waits for longer than promised."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from service.domain.errors import Unavailable
from service.embedded import free_port
from service.store.database import IDLE_IN_TRANSACTION_SECONDS, Database
from service.store.queries import Query
from tests.client import until
from tests.conftest import Cluster


def query(sql: str) -> Query:
    return Query("test", sql)


@pytest_asyncio.fixture
async def database(cluster: Cluster) -> AsyncIterator[Database]:
    """A small pool of the owner's, who may make tables."""
    database = Database(cluster.settings.owner_url, size=2)
    await database.connect()
    yield database
    await database.close()


async def test_a_value_postgresql_cannot_take_is_a_bug_and_not_an_outage(database: Database) -> None:
    with pytest.raises(asyncpg.DataError):
        await database.fetch(query("SELECT $1::integer"), "not a number")
    with pytest.raises(asyncpg.InterfaceError):
        await database.fetch(query("SELECT $1::integer"), 1, 2)
    with pytest.raises(asyncpg.InterfaceError):
        async with database.transaction("test") as tx:
            await tx.fetch(query("SELECT $1::integer"), 1, 2)
    assert database.outages == 0
    assert (await database.fetch(query("SELECT 1 AS one")))[0]["one"] == 1


async def test_a_closed_pool_is_unavailable(cluster: Cluster) -> None:
    database = Database(cluster.settings.owner_url)
    with pytest.raises(Unavailable):
        await database.fetch(query("SELECT 1"))
    await database.connect()
    await database.close()
    with pytest.raises(Unavailable):
        await database.fetch(query("SELECT 1"))


async def test_nobody_listening_is_unavailable_and_then_refused_at_once() -> None:
    database = Database(f"postgresql://nobody:x@127.0.0.1:{free_port()}/none")
    await database.connect()
    try:
        with pytest.raises(Unavailable):
            await database.fetch(query("SELECT 1"))
        assert not database.up
        assert database.outages == 1
        with pytest.raises(Unavailable):
            await database.fetch(query("SELECT 1"))
        assert database.refused == 1
    finally:
        await database.close()


async def test_a_wait_for_a_lock_is_the_lock_s_trouble_and_no_outage(database: Database, cluster: Cluster) -> None:
    await database.execute(query("CREATE TABLE locked (n integer)"))
    other = await asyncpg.connect(cluster.settings.owner_url)
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE locked")
            started = asyncio.get_running_loop().time()
            with pytest.raises(Unavailable) as raised:
                await database.fetch(query("SELECT * FROM locked"))
            assert isinstance(raised.value.__cause__, asyncpg.LockNotAvailableError)
            assert asyncio.get_running_loop().time() - started < 3
            assert database.outages == 0
    finally:
        await other.close()


async def test_a_slow_statement_is_ended_by_the_server_and_no_outage(database: Database) -> None:
    with pytest.raises(Unavailable) as raised:
        await database.fetch(query("SELECT pg_sleep(60)"))
    assert isinstance(raised.value.__cause__, asyncpg.QueryCanceledError)
    assert database.outages == 0


async def test_waiting_for_the_pool_ends_in_time_and_is_no_outage(database: Database) -> None:
    started = asyncio.get_running_loop().time()
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(database.size):
            await stack.enter_async_context(database.transaction("holds a connection"))
        database.patience = 0.3
        with pytest.raises(Unavailable):
            await database.fetch(query("SELECT 1"))
        database.patience = 2.8
    assert asyncio.get_running_loop().time() - started < 1.5
    assert database.outages == 0


async def test_a_connection_that_was_ended_is_replaced(database: Database) -> None:
    row = await database.fetchrow(query("SELECT pg_backend_pid() AS pid"))
    assert row is not None
    other = await asyncpg.connect(database.url)
    try:
        assert await other.fetchval("SELECT pg_terminate_backend($1)", row["pid"])

        async def gone() -> bool:
            return not await other.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", row["pid"])

        await until(gone)
    finally:
        await other.close()
    with contextlib.suppress(Unavailable):  # the first may meet the dead one
        await database.fetch(query("SELECT 1"))
    assert (await database.fetch(query("SELECT 2 AS two")))[0]["two"] == 2
    assert database.outages == 0


async def test_plans_that_a_migration_made_stale_are_made_anew(database: Database, cluster: Cluster) -> None:
    await database.execute(query("CREATE TABLE plans (n integer)"))
    await database.execute(query("INSERT INTO plans VALUES (1)"))
    read = query("SELECT * FROM plans")
    other = await asyncpg.connect(cluster.settings.owner_url)
    try:
        assert len((await database.fetch(read))[0]) == 1
        await other.execute("ALTER TABLE plans ADD COLUMN m text")
        assert len((await database.fetch(read))[0]) == 2
        await other.execute("ALTER TABLE plans ADD COLUMN o text")
        with pytest.raises(Unavailable):  # in a transaction it cannot be tried again, but the client can
            async with database.transaction("test") as tx:
                await tx.fetch(read)
        async with database.transaction("test") as tx:
            assert len((await tx.fetch(read))[0]) == 3
    finally:
        await other.close()


async def insert_and_fail(database: Database) -> None:
    async with database.transaction("fails") as tx:
        await tx.execute(query("INSERT INTO things VALUES (1)"))
        await tx.execute(query("SELECT 1 / 0"))


async def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    await database.execute(query("CREATE TABLE things (n integer)"))
    with pytest.raises(asyncpg.DivisionByZeroError):
        await insert_and_fail(database)
    async with database.transaction("works") as tx:
        await tx.execute(query("INSERT INTO things VALUES (2)"))
    assert [row["n"] for row in await database.fetch(query("SELECT n FROM things"))] == [2]
    assert database.tally.count["transaction:works"] == 1
    assert database.tally.count["transaction:fails"] == 0


async def test_a_transaction_that_is_cancelled_is_rolled_back(database: Database) -> None:
    await database.execute(query("CREATE TABLE cancelled (n integer)"))
    inside = asyncio.Event()

    async def work() -> None:
        async with database.transaction("cancelled") as tx:
            await tx.execute(query("INSERT INTO cancelled VALUES (1)"))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await database.execute(query("ALTER TABLE cancelled ADD m integer"))  # which waits for whoever still has it
    assert await database.fetch(query("SELECT n FROM cancelled")) == []
    assert database.outages == 0


async def test_a_client_frozen_in_a_transaction_delays_nobody_for_longer_than_two_seconds(database: Database) -> None:
    await database.execute(query("CREATE TABLE rows (n integer)"))
    await database.execute(query("INSERT INTO rows VALUES (1)"))
    locked, go_on = asyncio.Event(), asyncio.Event()

    async def freeze() -> None:
        async with database.transaction("frozen") as tx:
            await tx.fetch(query("SELECT * FROM rows FOR UPDATE"))
            locked.set()
            await go_on.wait()

    frozen = asyncio.create_task(freeze())
    await locked.wait()
    started = asyncio.get_running_loop().time()
    await database.fetch(query("SELECT * FROM rows FOR UPDATE"))  # waits, and is let through
    assert asyncio.get_running_loop().time() - started < IDLE_IN_TRANSACTION_SECONDS + 0.5
    go_on.set()
    with pytest.raises(Unavailable):
        await frozen
