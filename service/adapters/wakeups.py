"""Wake-ups: after a commit, followers in all processes look at once instead of at their next poll.

Nothing depends on them: a message may be lost, doubled or late, and without Redis they stay within the process.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterator

from service.adapters.redis_client import FAILURES, Redis, cancel

CHANNEL = "discuss:wake"
COALESCING = 0.01  # seconds within which wake-ups of a topic are one message
RECONNECT_INTERVALS = (0.5, 1.0, 2.0, 5.0)  # seconds before the next try to listen; the last one repeats
PATIENCE = 5.0  # seconds without a message after which the connection is asked whether it lives


class Wake:
    """One follower's end: `wait` returns early when its topic is published."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """End the wait, or the next one."""
        self._event.set()

    async def wait(self, timeout: float) -> bool:
        """Wait `timeout` seconds or until a wake-up, also one since the last wait; whether there was one."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._event.wait()
        woken = self._event.is_set()
        self._event.clear()
        return woken


class Wakeups:
    """Publishes and hears the wake-ups of one process; `start` in the event loop, and `close` there."""

    def __init__(self, redis: Redis) -> None:
        self.listening = False
        self._redis = redis
        self._wakes: defaultdict[str, set[Wake]] = defaultdict(set)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._listener: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._listener = asyncio.get_running_loop().create_task(self._listen())

    async def close(self) -> None:
        """Stop listening and publishing."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._listener is not None:
            await cancel(self._listener)
        self.listening = False

    @contextlib.contextmanager
    def follow(self, topic: str) -> Iterator[Wake]:
        """A follower's wake-ups of a topic, for as long as the context is open."""
        wake = Wake()
        self._wakes[topic].add(wake)
        try:
            yield wake
        finally:
            self._wakes[topic].discard(wake)

    def publish(self, topic: str) -> None:
        """Wake the topic's followers everywhere, soon. Does not wait and never fails."""
        if topic not in self._timers:
            self._timers[topic] = asyncio.get_running_loop().call_later(COALESCING, self._send, topic)

    def _send(self, topic: str) -> None:
        del self._timers[topic]
        self.wake(topic)
        self._redis.submit(("PUBLISH", CHANNEL, topic))

    def wake(self, topic: str) -> None:
        """Wake the topic's followers in this process, at once."""
        for wake in self._wakes.get(topic, ()):
            wake.set()

    async def _listen(self) -> None:
        failures = 0
        while True:
            with contextlib.suppress(*FAILURES):
                await self._hear()
            failures = 0 if self.listening else failures + 1
            self.listening = False
            await asyncio.sleep(RECONNECT_INTERVALS[min(failures, len(RECONNECT_INTERVALS) - 1)])

    async def _hear(self) -> None:
        """Hear messages until the connection fails, which raises one of FAILURES."""
        subscription = self._redis.pubsub()
        try:
            async with asyncio.timeout(PATIENCE):
                await subscription.subscribe(CHANNEL)
            asked = False
            while True:
                message = await subscription.get_message(timeout=PATIENCE)
                if message is None:
                    if asked:
                        raise TimeoutError("the server does not answer")
                    async with asyncio.timeout(PATIENCE):
                        await subscription.ping()
                    asked = True
                    continue
                asked = False
                self.listening = True
                if message["type"] == "message":
                    self.wake(message["data"].decode())
        finally:
            with contextlib.suppress(*FAILURES):
                await subscription.aclose()  # type: ignore[no-untyped-call]
