"""The session's real servers, a migrated template database, and the service as its clients meet it."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio

from service.app import described
from service.settings import Settings
from service.store.migrations import migrate
from tests.canaries import CanaryRecorder, follow_statuses
from tests.client import WATCHERS, Answer, Service, running_service
from tests.contracts.openapi_watch import OpenApiWatcher
from tests.servers import SessionServers

SECRET = "a secret for tests of thirty-two bytes or more"


def pytest_configure() -> None:
    """Look at every answer the suite receives: the OpenAPI document allows it, and no hidden words are in it."""
    hypothesis.settings.register_profile(  # how quick a machine is says nothing about the code
        "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("suite")
    WATCHERS.append(OpenApiWatcher(described()))
    WATCHERS.append(CANARIES)


def pytest_xdist_auto_num_workers() -> int:
    """Test files run side by side, each process on servers of its own; outside ones are shared, so there one by one."""
    outside = "DATABASE_URL" in os.environ or "REDIS_URL" in os.environ
    return 0 if outside else min(4, max(2, os.cpu_count() or 2))


CANARIES = CanaryRecorder()


@pytest.fixture(scope="session", autouse=True)
def _statuses_are_followed() -> Iterator[None]:
    """The recorder hears of everything that is hidden and shown."""
    yield from follow_statuses(CANARIES)


@pytest.fixture(scope="session")
def servers() -> Iterator[SessionServers]:
    """PostgreSQL and Valkey of this session."""
    with SessionServers() as started:
        yield started


@pytest.fixture(scope="session")
def template(servers: SessionServers) -> Iterator[str]:
    """The name of a migrated, empty database to clone."""
    name = f"discuss_template_{uuid.uuid4().hex[:8]}"
    servers.create_database(name)
    asyncio.run(migrate(servers.owner_url(name), servers.app_url(name)))
    yield name
    servers.drop_database(name)


@dataclass(frozen=True)
class Cluster:
    """A database of one test module, and settings to run the service on it."""

    servers: SessionServers
    name: str
    settings: Settings


@pytest.fixture(scope="module")
def cluster(servers: SessionServers, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A fresh clone of the template for this module."""
    name = f"discuss_{uuid.uuid4().hex[:12]}"
    servers.create_database(name, template)
    yield Cluster(
        servers,
        name,
        Settings(
            database_url=servers.app_url(name),
            owner_url=servers.owner_url(name),
            redis_url=servers.redis_url,
            secrets=(SECRET,),
            data=Path(tmp_path_factory.mktemp("data")),
            limits="off",
            allow_private_targets=True,
        ),
    )
    servers.drop_database(name)


@pytest_asyncio.fixture(scope="module")
async def service(cluster: Cluster) -> AsyncIterator[Service]:
    """The service on a loopback port, with very high limits. Tests make sites of their own."""
    async with running_service(cluster.settings) as started:
        yield started


@pytest.fixture
def settings(cluster: Cluster) -> Settings:
    """The module's settings, to run another process or another configuration with (dataclasses.replace)."""
    return replace(cluster.settings)


BACKGROUND = {  # what the followers run all the time
    "count_hours", "tell_times", "next_merge", "forget_hours",
    "advance_log", "read_events", "last_position", "counts_since", "forget_old_rows", "trim_events", "log_lag",
    "outbox_waits", "take_erasure", "advance_erasure", "finish_erasure", "left_to_delete", "forget_words",
    "forget_keys", "forget_texts", "forget_near_texts", "forget_addresses_of", "forget_notes", "forget_notifications",
    "forget_flags", "forget_notices", "forget_appeals",
    "next_erasure", "next_removal", "forget_addresses", "forget_deleted_words", "forget_network_bans",
    "tell_webhooks", "claim_deliveries", "read_deliveries", "save_attempt", "delivery_lag", "forget_deliveries",
    "tell_overdue",
    "read_bearers", "live_comments", "decisions_by_id", "notifications_after",
    "follow_notifications", "follow_words",
}  # fmt: skip


@dataclass(frozen=True)
class QueryCount:
    """How many queries requests cost, those of the followers not counted."""

    service: Service

    def total(self) -> int:
        """Queries so far; a transaction is none."""
        counted = self.service.deps.database.tally.count
        return sum(n for name, n in counted.items() if name not in BACKGROUND and ":" not in name)

    async def of(self, work: Awaitable[Answer]) -> tuple[Answer, int]:
        """The answer and what it cost. Nobody else may use the service meanwhile."""
        before = self.total()
        answer = await work
        return answer, self.total() - before


@pytest.fixture
def query_count(service: Service) -> QueryCount:
    """Counts the queries of the module's service."""
    return QueryCount(service)
