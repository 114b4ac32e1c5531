"""Readers and posters who go on whatever happens, and remember every answer."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

ANSWER_SECONDS = 3.2  # within which everybody is answered, whatever is away


@dataclass
class Seen:
    """What clients were answered."""

    statuses: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    acknowledged: dict[str, str] = field(default_factory=dict)  # key → id
    last_success: float = 0.0
    bodies: list[bytes] = field(default_factory=list)

    def slowest(self, share: float = 1.0) -> float:
        """The quantile of the answers' times (seconds)."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def post_steadily(session: aiohttp.ClientSession, url: str, token: str, seen: Seen) -> None:
    """Post one comment after the other, each under a key and again with it until it was taken."""
    while True:
        key = uuid.uuid4().hex
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        while key not in seen.acknowledged:
            started = time.monotonic()
            try:
                async with session.post(url, json={"text": f"Comment {key}."}, headers=headers) as response:
                    answer = await response.json()
                    seen.statuses.append(response.status)
                    if response.status == 201:
                        seen.acknowledged[key] = answer["id"]
                        seen.last_success = time.monotonic()
                    elif response.status == 503:
                        assert int(response.headers["Retry-After"]) >= 1
                        await asyncio.sleep(0.05)
                    else:
                        assert response.status == 409, answer
            except (aiohttp.ClientConnectionError, ConnectionError):
                await asyncio.sleep(0.02)  # a killed worker
                continue
            seen.seconds.append(time.monotonic() - started)


async def read_steadily(session: aiohttp.ClientSession, url: str, seen: Seen) -> None:
    """Read the same address again and again."""
    while True:
        started = time.monotonic()
        async with session.get(url) as response:
            seen.bodies[:] = [await response.read()]
            seen.statuses.append(response.status)
        seen.seconds.append(time.monotonic() - started)
        await asyncio.sleep(0.01)


@asynccontextmanager
async def going_on(*works: Awaitable[None]) -> AsyncIterator[None]:
    """Do these while the context is open; what fails there fails the test."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            failed = task.done()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            assert not failed


async def until_true(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for a condition; fails when it does not come true in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (what is waited for is another task's number)
            await asyncio.sleep(0.005)
