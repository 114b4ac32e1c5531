"""The schema: what the migrations build, how they are applied, and what the service's login may do with it."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain import ranking
from service.domain.errors import ConfigurationError
from service.store import migrations, queries
from service.store.migrations import ADVISORY_LOCK, Migration, load_migrations, migrate
from service.store.queries import load_queries
from tests.client import SiteClient, running_service, until
from tests.conftest import Cluster
from tests.servers import SessionServers
from tests.snapshot import SCHEMA, dump_schema, fixture, restore

QUERIES_FOLDER = Path(queries.__file__).parent
VOTES = st.integers(0, 2**30 - 1) | st.integers(0, 50)
AGAIN = "write it again with `python -m tests.snapshot`"


@pytest.fixture
def empty(servers: SessionServers) -> Iterator[str]:
    """The name of a database with nothing in it."""
    name = f"discuss_{uuid.uuid4().hex[:12]}"
    servers.create_database(name)
    yield name
    servers.drop_database(name)


@pytest.fixture
def fresh(servers: SessionServers, template: str) -> Iterator[str]:
    """The name of a migrated database of this test's own."""
    name = f"discuss_{uuid.uuid4().hex[:12]}"
    servers.create_database(name, template)
    yield name
    servers.drop_database(name)


def test_the_snapshot_is_what_the_migrations_build(cluster: Cluster) -> None:
    assert dump_schema(cluster.settings.owner_url) == SCHEMA.read_text(), AGAIN


KEPT = [m.version for m in load_migrations() if fixture(m.version).exists()]  # what was ever released, and the newest


def test_the_first_and_the_newest_schema_are_kept_to_upgrade_from() -> None:
    assert {load_migrations()[0].version, load_migrations()[-1].version} <= set(KEPT), AGAIN


@pytest.mark.parametrize("version", KEPT)
async def test_an_older_database_with_a_discussion_is_brought_up_to_date(
    version: int, servers: SessionServers, cluster: Cluster, empty: str
) -> None:
    owner, app = servers.owner_url(empty), servers.app_url(empty)
    restore(owner, fixture(version).read_text())
    assert [m.version for m in await migrate(owner, app)] == [
        m.version for m in load_migrations() if m.version > version
    ]
    assert dump_schema(owner) == SCHEMA.read_text()
    async with running_service(replace(cluster.settings, database_url=app, owner_url=owner)) as service:
        old = SiteClient(service, "old")
        shown = await old.walk("kept")
        assert [(c["status"], c["depth"], c["reply_count"], c["descendant_count"]) for c in shown] == [
            ("published", 0, 0, 1),
            ("removed", 1, 1, 1),
            ("published", 2, 0, 0),
        ]
        assert (await old.posted("kept", parent=shown[2]["id"]))["depth"] == 3


async def test_a_changed_migration_is_refused(
    fresh: str, servers: SessionServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, *rest) = load_migrations()
    monkeypatch.setattr(migrations, "load_migrations", lambda: [replace(first, sql=first.sql + "\n"), *rest])
    with pytest.raises(ConfigurationError, match="0001 was changed after it was applied"):
        await migrate(servers.owner_url(fresh), servers.app_url(fresh))


async def test_an_older_program_refuses_a_newer_database(
    fresh: str, servers: SessionServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "load_migrations", list)
    with pytest.raises(ConfigurationError, match="newer than this program"):
        await migrate(servers.owner_url(fresh), servers.app_url(fresh))


async def test_of_two_that_migrate_at_once_one_waits_and_finds_nothing_to_do(
    empty: str, servers: SessionServers
) -> None:
    owner, app = servers.owner_url(empty), servers.app_url(empty)
    done = await asyncio.gather(migrate(owner, app), migrate(owner, app))
    assert sorted(len(applied) for applied in done) == [0, len(load_migrations())]


async def test_a_migration_waits_for_the_one_under_way(fresh: str, servers: SessionServers) -> None:
    owner = servers.owner_url(fresh)
    other = await asyncpg.connect(owner)
    try:
        await other.execute(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
        waiting = asyncio.create_task(migrate(owner, servers.app_url(fresh)))

        async def blocked() -> bool:
            count = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted"
            return bool(await other.fetchval(count, ADVISORY_LOCK))

        await until(blocked)
        assert not waiting.done()
        await other.execute(f"SELECT pg_advisory_unlock({ADVISORY_LOCK})")
        assert await waiting == []
    finally:
        await other.close()


async def test_a_held_lock_stops_a_migration_in_one_line_and_nothing_of_it_stays(
    fresh: str, servers: SessionServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = servers.owner_url(fresh)
    known = load_migrations()
    sql = "CREATE TABLE half_applied ();\nALTER TABLE comments ADD COLUMN half_applied integer;"
    monkeypatch.setattr(migrations, "load_migrations", lambda: [*known, Migration(len(known) + 1, "blocked", sql)])
    reader = await asyncpg.connect(owner)
    try:
        async with reader.transaction():
            await reader.execute("LOCK TABLE comments IN ACCESS SHARE MODE")
            with pytest.raises(ConfigurationError) as refused:
                await migrate(owner, servers.app_url(fresh))
        assert "lock timeout" in str(refused.value)
        assert "\n" not in str(refused.value)
        assert await reader.fetchval("SELECT to_regclass('half_applied')") is None
        assert await reader.fetchval("SELECT max(version) FROM schema_migrations") == len(known)
    finally:
        await reader.close()


async def test_the_services_login_may_not_rewrite_the_logs(cluster: Cluster) -> None:
    if cluster.servers.postgres is None:
        pytest.skip("an outside server has one login for everything")
    app = await asyncpg.connect(cluster.settings.database_url)
    try:
        for table in ("events", "decisions"):
            for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET site_key = 0", f"TRUNCATE {table}"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await app.execute(statement)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute("CREATE TABLE mine ()")
        with pytest.raises(asyncpg.CheckViolationError, match="younger than 7 days"):
            await app.execute("SELECT trim_events('6 days')")
    finally:
        await app.close()


async def test_old_events_are_trimmed_and_young_ones_stay(fresh: str, servers: SessionServers) -> None:
    owner = await asyncpg.connect(servers.owner_url(fresh))
    try:
        await owner.execute("INSERT INTO sites (name) VALUES ('s')")
        await owner.execute(
            "INSERT INTO events (kind, site_key, written_at, logged_at)"
            " SELECT 'x', 1, now(), now() - days * interval '1 day' FROM unnest(ARRAY[40, 31, 29, 0]) AS days"
        )
        assert await owner.fetchval("SELECT trim_events('30 days')") == 2
        assert await owner.fetchval("SELECT array_agg(position ORDER BY position) FROM events") == [3, 4]
    finally:
        await owner.close()


def test_every_index_says_above_it_which_queries_it_serves() -> None:
    names = {name for path in QUERIES_FOLDER.glob("*.sql") for name in load_queries(path.stem)}
    for migration in load_migrations():
        lines = migration.sql.splitlines()
        for number, line in enumerate(lines):
            if line.startswith("CREATE INDEX"):
                above = number
                while lines[above - 1].startswith("--"):
                    above -= 1
                comment = " ".join(lines[above:number])
                assert comment.startswith("-- serves: "), line
                assert names.intersection(re.findall(r"[a-z_]+", comment)), line


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(VOTES, VOTES), min_size=100, max_size=400))
def test_ranks_in_sql_are_those_of_the_domain_bit_for_bit(cluster: Cluster, votes: list[tuple[int, int]]) -> None:
    async def ranks() -> list[tuple[float, float]]:
        connection = await asyncpg.connect(cluster.settings.owner_url)
        try:
            ups, downs = zip(*votes, strict=True)
            rows = await connection.fetch(
                "SELECT wilson_lower_bound(up, down) AS top, controversy(up, down) AS controversy"
                " FROM unnest($1::int[], $2::int[]) WITH ORDINALITY AS v (up, down, n) ORDER BY n",
                list(ups),
                list(downs),
            )
        finally:
            await connection.close()
        return [(row["top"], row["controversy"]) for row in rows]

    assert asyncio.run(ranks()) == [(ranking.wilson_lower_bound(*v), ranking.controversy(*v)) for v in votes]
