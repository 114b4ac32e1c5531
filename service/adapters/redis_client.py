"""Redis or Valkey, a server or a cluster: commands of one moment share a round trip, and an outage costs nothing.

Redis holds only what may be lost, so nobody waits for it: a call ends within CALL_TIMEOUT, and once a server failed,
calls fail at once (`RedisDown`) until a probe in the background has written to it again. Killed, frozen, loading, full
(OOM) and read-only servers are all simply down.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import hiredis
import redis.asyncio
from redis.asyncio.client import PubSub
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import REDIS_CLUSTER_HASH_SLOTS
from redis.exceptions import NoScriptError, RedisClusterException, RedisError

log = logging.getLogger("discuss.redis")

CALL_TIMEOUT = 0.2  # seconds from the call to its answer or RedisDown
PROBE_INTERVAL = 0.5  # seconds between two tries to reach a server that is down
TOPOLOGY_TIMEOUT = 1.0  # seconds for asking a cluster who serves which slots

Command = Sequence[str | bytes | int]
FAILURES = (RedisError, RedisClusterException, OSError, TimeoutError)


class RedisDown(Exception):
    """Redis did not do it; whether it ever will is unknown."""


class Script:
    """A Lua script on one key; `Redis.run` sends only its hash while the server remembers the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class Counters:
    """What /metrics tells about Redis; all only grow."""

    commands: int = 0
    batches: int = 0
    failures: int = 0  # batches that failed, or in which a command did
    refused: int = 0  # commands not tried because their server was down


class Lane:
    """The way to one server: gathers commands while a batch is in flight, and is closed while the server is down.

    Only the lane's own task touches a connection, so a caller that is cancelled cannot leave its answer behind for the
    next one (CVE-2023-28858).
    """

    def __init__(
        self,
        name: str,
        execute: Callable[[list[Command]], Awaitable[list[Any]]],
        still_serves: Callable[[], Awaitable[bool]],
        counters: Counters,
    ) -> None:
        self.name = name
        self.answered = False
        self.down = False
        self._execute = execute
        self._still_serves = still_serves
        self._counters = counters
        self._waiting: list[tuple[Command, asyncio.Future[Any]]] = []
        self._deadline = 0.0  # of the command that has waited longest
        self._sender: asyncio.Task[None] | None = None
        self._prober: asyncio.Task[None] | None = None
        self._probe_key = "discuss:probe"

    def submit(self, command: Command) -> asyncio.Future[Any]:
        """Queue a command; the future gets its answer or a RedisDown as its value."""
        if self.down:
            self._counters.refused += 1
            return answered(RedisDown(self.name))
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        if not self._waiting:
            self._deadline = loop.time() + CALL_TIMEOUT
        self._waiting.append((command, future))
        if self._sender is None:
            # It starts in the next turn of the loop, when everybody in this turn has queued.
            self._sender = loop.create_task(self._send())
        return future

    async def probe(self) -> None:
        """Try once to write; raises one of FAILURES."""
        async with asyncio.timeout(CALL_TIMEOUT):
            (result,) = await self._execute([("SET", self._probe_key, 1, "PX", 1000)])
        if isinstance(result, Exception):
            raise result
        self.answered = True

    async def close(self) -> None:
        """End the tasks; whoever waits gets RedisDown."""
        self.down = True
        for task in (self._prober, self._sender):
            if task is not None:
                await cancel(task)
        self._refuse(self._waiting)

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        batch: list[tuple[Command, asyncio.Future[Any]]] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                # Even when the loop was busy until now, the server gets a moment.
                async with asyncio.timeout_at(max(self._deadline, loop.time() + CALL_TIMEOUT / 4)):
                    results = await self._execute([command for command, _ in batch])
                self._settle(batch, results)
        except Exception as error:
            self.fail(error)
        finally:
            self._sender = None
            self._refuse(batch)

    def _settle(self, batch: list[tuple[Command, asyncio.Future[Any]]], results: list[Any]) -> None:
        self._counters.batches += 1
        self._counters.commands += len(batch)
        self.answered = True
        self._probe_key = f"discuss:probe:{{{first_key(batch[0][0])}}}"  # a key this server has, also in a cluster
        failure = None
        for (_, future), result in zip(batch, results, strict=True):
            if isinstance(result, Exception) and not isinstance(result, NoScriptError):
                failure, result = result, RedisDown(self.name)
            if not future.done():  # the caller may have been cancelled
                future.set_result(result)
        if failure is not None:
            self.fail(failure)

    def _refuse(self, batch: list[tuple[Command, asyncio.Future[Any]]]) -> None:
        for _, future in batch:
            if not future.done():
                future.set_result(RedisDown(self.name))

    def fail(self, error: BaseException) -> None:
        """The server is down: everybody who waits is told so, and a probe begins."""
        self._counters.failures += 1
        waiting, self._waiting = self._waiting, []
        self._refuse(waiting)
        if not self.down:
            self.down = True
            log.warning("redis_down: %s: %s", self.name, error or type(error).__name__)
            self._prober = asyncio.get_running_loop().create_task(self._probe_until_up())

    async def _probe_until_up(self) -> None:
        while self.down:
            await asyncio.sleep(PROBE_INTERVAL)
            with contextlib.suppress(*FAILURES):
                if not await self._still_serves():
                    return
                await self.probe()
                self.down = False
        log.warning("redis_up: %s", self.name)


class Redis:
    """The one client of a process. Made in the event loop it is used in; `start` it, and `close` it there.

    `url` is redis://, rediss://, unix://, redis+cluster:// or rediss+cluster://.
    """

    def __init__(self, url: str) -> None:
        self.counters = Counters()
        self._servers: _Server | _Cluster
        if urlsplit(url).scheme.endswith("+cluster"):
            self._servers = _Cluster(url.replace("+cluster://", "://", 1), self.counters)
        else:
            self._servers = _Server(url, self.counters)

    @property
    def clustered(self) -> bool:
        """Whether keys live on several servers, so that a command may name only one."""
        return isinstance(self._servers, _Cluster)

    @property
    def up(self) -> bool:
        """Whether every server answered when last asked; False before the first answer."""
        return self._servers.up

    async def start(self) -> None:
        """Try to reach the servers, so that `up` says something. Never raises; who is away is probed on."""
        await self._servers.start()

    async def close(self) -> None:
        """Stop the background work and close the connections; calls that wait get RedisDown."""
        await self._servers.close()

    async def call(self, *command: str | bytes | int) -> Any:
        """Run one command (its key decides the server) and return the answer; raises RedisDown."""
        result = await self.submit(command)
        if isinstance(result, RedisDown):
            raise result
        return result

    async def calls(self, commands: Sequence[Command]) -> list[Any]:
        """Run commands in one round trip for each server; each result is an answer or RedisDown. Never raises.

        Commands for the same server run in the given order, among those of other callers.
        """
        pending = [self.submit(command) for command in commands]
        return [await future for future in pending]

    def submit(self, command: Command) -> asyncio.Future[Any]:
        """Queue one command; the future holds its answer, or RedisDown as a value, so nobody has to fetch it."""
        return self._servers.submit(command)

    async def run(self, script: Script, runs: Sequence[tuple[str, Sequence[str | bytes | int]]]) -> list[Any]:
        """Run a script for each (key, arguments); each result is its answer or RedisDown. Never raises.

        One round trip; a second for those whose server had forgotten the script (restart, SCRIPT FLUSH).
        """
        results = await self.calls([("EVALSHA", script.sha, 1, key, *arguments) for key, arguments in runs])
        forgotten = [index for index, result in enumerate(results) if isinstance(result, NoScriptError)]
        again = [("EVAL", script.text, 1, runs[index][0], *runs[index][1]) for index in forgotten]
        for index, result in zip(forgotten, await self.calls(again), strict=True):
            results[index] = result
        return results

    async def get_many(self, keys: Sequence[str]) -> list[Any]:
        """The values (bytes) of string keys, each None if it is missing, or RedisDown. Never raises."""
        if self.clustered or not keys:
            return await self.calls([("GET", key) for key in keys])
        (values,) = await self.calls([("MGET", *keys)])
        return [values] * len(keys) if isinstance(values, RedisDown) else list(values)

    def pubsub(self) -> PubSub:
        """A subscription with its own connection, outside of time-outs and probes; `aclose` it."""
        return self._servers.client.pubsub()


def _options() -> dict[str, Any]:
    # redis-py by itself retries for seconds.
    return {"socket_connect_timeout": CALL_TIMEOUT, "retry": Retry(NoBackoff(), 0), "protocol": 2}


class _HiredisPacking:
    """Lets hiredis write commands too; redis-py's asyncio side only reads with it and is nine times slower."""

    def pack_commands(self, commands: Iterable[Command]) -> list[bytes]:
        return [b"".join([hiredis.pack_command(tuple(command)) for command in commands])]  # type: ignore[arg-type]


class _Server:
    """One server."""

    def __init__(self, url: str, counters: Counters) -> None:
        # No time limit for each answer, as that costs as much as the answer: the lane limits the whole batch.
        self.client = redis.asyncio.Redis.from_url(url, socket_timeout=None, **_options())
        pool = self.client.connection_pool
        pool.connection_class = type("Connection", (_HiredisPacking, pool.connection_class), {})
        self.lane = Lane(urlsplit(url).hostname or "unix socket", self._execute, _always, counters)
        self.submit = self.lane.submit

    @property
    def up(self) -> bool:
        return self.lane.answered and not self.lane.down

    async def start(self) -> None:
        try:
            await self.lane.probe()
        except FAILURES as error:
            self.lane.fail(error)

    async def close(self) -> None:
        await self.lane.close()
        with contextlib.suppress(*FAILURES):
            await self.client.aclose()

    async def _execute(self, commands: list[Command]) -> list[Any]:
        pipeline = self.client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        return list(await pipeline.execute(raise_on_error=False))


class _Cluster:
    """A cluster: a lane for each primary, so that one that fails does not stop the others."""

    def __init__(self, url: str, counters: Counters) -> None:
        self.client = RedisCluster.from_url(
            url,
            require_full_coverage=False,  # without one primary the others go on
            socket_timeout=CALL_TIMEOUT,  # a frozen node must not keep the others from telling who serves what
            reinitialize_steps=0,  # redis-py would close everybody's connections after some redirections
            **_options(),
        )
        self._counters = counters
        self._lanes: dict[str, Lane] = {}
        self._known = False  # whether the cluster has ever told who serves what
        self._finding: asyncio.Task[None] | None = None

    @property
    def up(self) -> bool:
        return self._covered() and not any(lane.down for lane in self._lanes.values())

    async def start(self) -> None:
        try:
            await self._refresh()
        except FAILURES:
            self._find()

    async def close(self) -> None:
        if self._finding is not None:
            await cancel(self._finding)
        for lane in self._lanes.values():
            await lane.close()
        with contextlib.suppress(*FAILURES):
            await self.client.aclose()

    def submit(self, command: Command) -> asyncio.Future[Any]:
        try:
            node = self.client.get_node_from_key(first_key(command))
        except RedisClusterException:
            node = None
        if node is None:
            self._find()
            self._counters.refused += 1
            return answered(RedisDown("no known server has this key"))
        lane = self._lanes.get(node.name)
        if lane is None:
            lane = self._lanes[node.name] = self._new_lane(node)
        return lane.submit(command)

    def _new_lane(self, node: ClusterNode) -> Lane:
        async def execute(commands: list[Command]) -> list[Any]:
            pipeline = self.client.pipeline()
            for command in commands:
                pipeline.execute_command(*command, target_nodes=node)
            return list(await pipeline.execute(raise_on_error=False))

        async def still_serves() -> bool:
            await self._refresh(failed=node.name)
            if node in self.client.get_primaries():
                return True
            del self._lanes[node.name]  # after a failover another has its keys
            return False

        return Lane(node.name, execute, still_serves, self._counters)

    def _covered(self) -> bool:
        return len(self.client.nodes_manager.slots_cache) == REDIS_CLUSTER_HASH_SLOTS

    def _find(self) -> None:
        """Ask in the background, until every key has a server."""
        if self._finding is None or self._finding.done():
            self._finding = asyncio.get_running_loop().create_task(self._refresh_until_covered())

    async def _refresh_until_covered(self) -> None:
        while True:
            with contextlib.suppress(*FAILURES):
                await self._refresh()
            if self._covered():
                return
            await asyncio.sleep(PROBE_INTERVAL)

    async def _refresh(self, failed: str | None = None) -> None:
        """Ask who serves what, the failed node last; raises one of FAILURES."""
        async with asyncio.timeout(TOPOLOGY_TIMEOUT):
            if self._known:
                await self.client.nodes_manager.initialize(last_failed_node_name=failed)
            else:
                await self.client.initialize()
                self._known = True


def first_key(command: Command) -> str:
    """The key (or channel) that decides which server of a cluster runs the command."""
    return str(command[3] if command[0] in ("EVAL", "EVALSHA") else command[1])


def answered(value: object) -> asyncio.Future[Any]:
    """A future that is done."""
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future


async def cancel(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _always() -> bool:
    """Whether a single server still serves its keys."""
    return True
