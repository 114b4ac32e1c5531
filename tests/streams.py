"""A reader of live streams: parses what comes, byte by byte as it is sent, and goes on by the last id."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.client import SiteClient


@dataclass(frozen=True)
class Event:
    """One event; `id` is None where it has none of its own."""

    type: str
    data: Any
    id: int | None


class Stream:
    """An open stream; a task reads it, so that nothing is lost when somebody stops waiting."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.comments = 0  # comment lines so far
        self.retry: int | None = None
        self.last_id: int | None = None
        self.seen: list[Event] = []
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()

    async def lines(self) -> list[str]:
        """The next block of lines, up to an empty one; nothing at the stream's end."""
        found: list[str] = []
        while line := (await self.response.content.readline()).decode():
            if line == "\n":
                return found
            found.append(line.rstrip("\n"))
        return []

    async def read(self) -> None:
        """Read everything."""
        with contextlib.suppress(aiohttp.ClientError):
            while lines := await self.lines():
                if lines[0].startswith(":"):
                    self.comments += 1
                    continue
                fields = dict(line.split(": ", 1) for line in lines)
                number = int(fields["id"]) if "id" in fields else None
                self._events.put_nowait(Event(fields["event"], json.loads(fields["data"]), number))
        self._events.put_nowait(None)

    async def next(self) -> Event | None:
        """The next event; None at the stream's end."""
        event = await self._events.get()
        if event is not None:
            self.last_id = event.id if event.id is not None else self.last_id
            self.seen.append(event)
        return event

    async def until(self, wanted: Callable[[Event], bool], seconds: float = 10.0) -> Event:
        """Read up to the event that is wanted."""
        async with asyncio.timeout(seconds):
            while event := await self.next():
                if wanted(event):
                    return event
        raise AssertionError(f"the stream ended before that; it had {self.seen}")

    async def event(self, type: str) -> Event:
        """Read up to the next event of this type."""
        return await self.until(lambda event: event.type == type)

    async def ended(self, seconds: float = 10.0) -> None:
        """Read up to the end."""
        async with asyncio.timeout(seconds):
            while await self.next() is not None:
                pass


@asynccontextmanager
async def streaming(
    site: SiteClient, path: str, *, headers: Mapping[str, str] | None = None, token: str | None = None
) -> AsyncIterator[Stream]:
    """A stream that has begun; `path` below the site. Fails unless it is answered with 200."""
    sent = {**(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})}
    timeout = aiohttp.ClientTimeout(total=None)
    async with site.service.session.get(site.service.url + site.path + path, headers=sent, timeout=timeout) as response:
        assert response.status == 200, await response.read()
        stream = Stream(response)
        lines = await stream.lines()
        assert len(lines) == 1, lines
        assert lines[0].startswith("retry: "), lines
        stream.retry = int(lines[0].removeprefix("retry: "))
        reading = asyncio.create_task(stream.read())
        try:
            yield stream
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
