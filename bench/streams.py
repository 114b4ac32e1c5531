"""Opens live streams, posts a comment a second, and measures when each stream has it.

    python -m bench.streams URL STREAMS SECONDS < one token

URL is an article's, without /comments or /events. Says "open" when all streams are and "told" when all have everything,
and waits for a line each time. Then prints {"p50", "p99", "most", "wrong"} as JSON: milliseconds from sending the post,
and how many streams did not get each comment exactly once and in order.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from urllib.parse import urlsplit

import aiohttp
import uvloop

from bench.seed import ORIGIN
from service.adapters.streams import raise_file_limit

AT_ONCE = 200  # connections being opened
MARK = b"posted-at-"
PATIENCE = 10.0  # seconds to wait for the last event


class Reader(asyncio.Protocol):
    """One stream; `got` has when each comment was posted, `times` how many milliseconds it took to come."""

    def __init__(self, request: bytes, opened: asyncio.Semaphore) -> None:
        self.request = request
        self.opened = opened
        self.began = False
        self.rest = b""
        self.got: list[int] = []
        self.times: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self.transport = transport
        transport.write(self.request)  # type: ignore[attr-defined]  # uvloop's transports are no asyncio.Transport

    def data_received(self, data: bytes) -> None:
        """The beginning, or events."""
        if not self.began:
            if not data.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"a stream was refused: {data[:300]!r}")
            self.began = True
            self.opened.release()
        now = time.monotonic_ns()
        *events, self.rest = (self.rest + data).split(b"\n\n")
        for event in events:
            _, marked, after = event.partition(MARK)
            if marked:
                self.got.append(int(after.split(b".", 1)[0]))
                self.times.append((now - self.got[-1]) / 1e6)


async def open_streams(url: str, streams: int) -> list[Reader]:
    """Returns when each has begun."""
    parts, opened, loop = urlsplit(url), asyncio.Semaphore(0), asyncio.get_running_loop()
    request = f"GET {parts.path}/events HTTP/1.1\r\nHost: {parts.netloc}\r\nOrigin: {ORIGIN}\r\n\r\n".encode()
    readers: list[Reader] = []
    while len(readers) < streams:
        number = min(AT_ONCE, streams - len(readers))
        made = [
            loop.create_connection(lambda: Reader(request, opened), parts.hostname, parts.port) for _ in range(number)
        ]
        readers += [reader for _, reader in await asyncio.gather(*made)]
        for _ in range(number):
            await opened.acquire()
    return readers


async def post(url: str, seconds: int, token: str) -> list[int]:
    """Post a comment a second; when each was sent (nanoseconds)."""
    posted = []
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}", "Origin": ORIGIN}) as session:
        for _ in range(seconds):
            posted.append(time.monotonic_ns())
            async with session.post(f"{url}/comments", json={"text": f"{MARK.decode()}{posted[-1]}."}) as answer:
                if answer.status != 201:
                    raise SystemExit(f"a post was refused: {await answer.text()}")
            await asyncio.sleep(1)
    return posted


async def measure(url: str, streams: int, seconds: int, token: str) -> dict[str, float]:
    """Open, wait for the word, post once a second, wait until everybody has everything."""
    readers = await open_streams(url, streams)
    await say("open")
    posted = await post(url, seconds, token)
    deadline = time.monotonic() + PATIENCE
    while any(len(reader.got) < seconds for reader in readers) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.1)  # readers set no event
    await say("told")
    times = [milliseconds for reader in readers for milliseconds in reader.times]
    found = statistics.quantiles(times, n=100)
    for reader in readers:
        reader.transport.close()
    wrong = sum(reader.got != posted for reader in readers)
    return {"p50": found[49], "p99": found[98], "most": max(times), "wrong": wrong}


async def say(word: str) -> None:
    """Tell the benchmark, and go on when it answers."""
    print(word, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


def main() -> None:
    """Measure and print."""
    raise_file_limit()
    url, streams, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    token = sys.stdin.readline().strip()
    print(json.dumps(uvloop.run(measure(url, streams, seconds, token))), flush=True)


if __name__ == "__main__":
    main()
