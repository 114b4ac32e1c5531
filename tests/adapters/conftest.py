"""Valkey servers of their own for what talks to Redis: these tests kill, freeze and fill them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
import redis as redis_py
from redis.crc import REDIS_CLUSTER_HASH_SLOTS

from service.adapters.redis_client import Redis
from service.embedded import ValkeyServer, free_port, is_free

PASSWORD = "not-a-secret"
MASTERS = 3


async def until(condition: Callable[[], bool | Awaitable[bool]], timeout: float = 10.0) -> None:
    """Wait until the condition holds; raises AssertionError when it does not within `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        held = condition()
        if held if isinstance(held, bool) else await held:
            return
        assert time.monotonic() < end, "the condition never held"
        await asyncio.sleep(0.01)


def port_with_bus() -> int:
    """A free port whose cluster bus port (10,000 above) is free too, below those of outgoing connections."""
    while True:
        port = free_port()
        if port < 22_700 and is_free(port + 10_000):
            return port


class Valkey(ValkeyServer):
    """A server that can be frozen, with lines of its own in the configuration."""

    def __init__(self, folder: Path, *lines: str) -> None:
        super().__init__(folder, port_with_bus(), PASSWORD)
        self.lines = lines
        self._connection: redis_py.Redis | None = None

    def configuration(self) -> str:
        return super().configuration() + "".join(f"{line}\n" for line in self.lines)

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def command_line(self, *command: str | int) -> object:
        """Run one command over a connection of the test's own."""
        if self._connection is None:
            self._connection = redis_py.Redis(port=self.port, password=PASSWORD, protocol=2)
        return self._connection.execute_command(*command)

    def stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        super().stop()


@contextlib.contextmanager
def serving(*lines: str, count: int = 1) -> Iterator[list[Valkey]]:
    with tempfile.TemporaryDirectory(prefix="discuss-valkey-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # root runs the servers as another account
        servers: list[Valkey] = []
        try:
            for number in range(count):
                server = Valkey(folder / str(number), *lines)
                server.create()
                servers.append(server)
                server.start()
            yield servers
        finally:
            for server in servers:
                server.thaw()
                server.stop()


@pytest.fixture(scope="session")
def _shared_valkey() -> Iterator[Valkey]:
    with serving() as servers:
        yield servers[0]


@pytest.fixture
def valkey(_shared_valkey: Valkey) -> Valkey:
    """An empty server that the test leaves running."""
    _shared_valkey.command_line("FLUSHALL")
    return _shared_valkey


@pytest.fixture
def doomed() -> Iterator[Valkey]:
    """A server of the test's own, to do harm to."""
    with serving() as servers:
        yield servers[0]


@contextlib.contextmanager
def clustered(replicas: int = 0) -> Iterator[list[Valkey]]:
    """Three masters, each with a third of the keys, and then replicas of the first."""
    lines = ("cluster-enabled yes", "cluster-node-timeout 1000", "cluster-require-full-coverage no")
    lines += (f"masterauth {PASSWORD}", "repl-diskless-sync-delay 0")
    with serving(*lines, count=MASTERS + replicas) as servers:
        share = REDIS_CLUSTER_HASH_SLOTS // MASTERS
        for number, server in enumerate(servers):
            if number < MASTERS:
                last = REDIS_CLUSTER_HASH_SLOTS - 1 if number == MASTERS - 1 else (number + 1) * share - 1
                server.command_line("CLUSTER", "ADDSLOTSRANGE", number * share, last)
            server.command_line("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            server.command_line("CLUSTER", "MEET", "127.0.0.1", servers[0].port)
        _wait(lambda: all(_knows(server, MASTERS + replicas) for server in servers))
        for replica in servers[MASTERS:]:
            first = servers[0].command_line("CLUSTER", "MYID")
            assert isinstance(first, bytes)
            replica.command_line("CLUSTER", "REPLICATE", first.decode())
            _wait(partial(_follows, replica))
        yield servers


def _knows(server: Valkey, nodes: int) -> bool:
    info = server.command_line("CLUSTER", "INFO")
    assert isinstance(info, bytes)
    return b"cluster_state:ok" in info and f"cluster_known_nodes:{nodes}\r".encode() in info


def _follows(replica: Valkey) -> bool:
    replication = replica.command_line("INFO", "replication")
    assert isinstance(replication, dict)
    return replication.get("master_link_status") == "up"


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "the cluster did not form"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def cluster() -> Iterator[list[Valkey]]:
    """Three masters that the test leaves running."""
    with clustered() as servers:
        yield servers


@pytest.fixture
def doomed_cluster() -> Iterator[list[Valkey]]:
    """Three masters and a replica of the first, to do harm to."""
    with clustered(replicas=1) as servers:
        yield servers


Connect = Callable[[str], Awaitable[Redis]]


@pytest_asyncio.fixture
async def connect() -> AsyncIterator[Connect]:
    """Makes clients that are closed after the test."""
    clients: list[Redis] = []

    async def new_client(url: str) -> Redis:
        client = Redis(url)
        clients.append(client)
        await client.start()
        return client

    yield new_client
    for client in clients:
        await client.close()


def cluster_address(server: Valkey) -> str:
    return server.url().replace("redis://", "redis+cluster://")


@pytest.fixture
def cluster_url(cluster: list[Valkey]) -> str:
    return cluster_address(cluster[0])


__all__ = ["Connect", "Valkey", "cluster_address", "until"]
