"""Servers on disk with safe settings, to be killed and frozen, and the service beside them."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from service.embedded import APP, OWNER, FolderLock, PostgresServer, Server, ValkeyServer, free_port, new_passwords
from service.settings import Settings
from service.store.migrations import migrate
from tests.client import Service, running_service
from tests.conftest import SECRET


@dataclass
class Lab:
    """Both servers, and settings to run the service on them."""

    postgres: PostgresServer
    valkey: ValkeyServer
    settings: Settings

    def heal(self) -> None:
        """Everything runs again."""
        for server in (self.postgres, self.valkey):
            thaw(server)
            server.start()


def family(server: Server) -> list[psutil.Process]:
    """A server's processes; PostgreSQL has one for each connection."""
    process = psutil.Process(server.process.pid)
    return [process, *process.children(recursive=True)]


def freeze(server: Server) -> None:
    """Stop it, as a paused virtual machine or a dead disk does: it takes connections and never answers."""
    for process in family(server):
        with suppress(psutil.NoSuchProcess):  # PostgreSQL's children come and go
            process.suspend()


def thaw(server: Server) -> None:
    """Let it go on."""
    if server.running:
        for process in family(server):
            with suppress(psutil.NoSuchProcess):
                process.resume()


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The servers, once for all fault tests."""
    folder = Path(tempfile.mkdtemp(prefix="discuss-faults-"))
    folder.chmod(0o711)
    lock = FolderLock(folder)
    lock.take()
    passwords = new_passwords()
    postgres = PostgresServer(folder / "postgres", free_port(), passwords)
    valkey = ValkeyServer(folder / "valkey", free_port(), passwords["valkey"])
    try:
        for server in (postgres, valkey):
            server.create()
            server.start()
        asyncio.run(migrate(postgres.url(OWNER), postgres.url(APP)))
        settings = Settings(
            database_url=postgres.url(APP),
            owner_url=postgres.url(OWNER),
            redis_url=valkey.url(),
            secrets=(SECRET,),
            data=folder,
            limits="off",
            allow_private_targets=True,
        )
        yield Lab(postgres, valkey, settings)
    finally:
        for server in (valkey, postgres):
            server.stop()
        lock.release()
        shutil.rmtree(folder)


@pytest.fixture
def whole(lab: Lab) -> Iterator[Lab]:
    """The servers, running before and after the test."""
    lab.heal()
    yield lab
    lab.heal()


@pytest_asyncio.fixture
async def here(whole: Lab) -> AsyncIterator[Service]:
    """The service in this process."""
    async with running_service(replace(whole.settings)) as service:
        yield service
