"""Opens live streams, posts a comment a second, and measures when each stream has it.

    python -m bench.streams URL STREAMS SECONDS < one token

URL is an article's, without /comments or /events. Says "open" when all streams are, waits for a line, then posts.
Prints {"streams", "events", "missing", "p50", "p99", "most"} as JSON; milliseconds from sending the post.
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
    """One stream; every event's milliseconds go into a list shared by all."""

    def __init__(self, request: bytes, times: list[float], opened: asyncio.Semaphore) -> None:
        self.request = request
        self.times = times
        self.opened = opened
        self.began = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        transport.write(self.request)  # type: ignore[attr-defined]  # uvloop's transports are no asyncio.Transport

    def data_received(self, data: bytes) -> None:
        """The beginning, or an event."""
        if not self.began:
            if not data.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"a stream was refused: {data[:300]!r}")
            self.began = True
            self.opened.release()
        at = data.find(MARK)
        if at >= 0:
            posted = int(data[at + len(MARK) :].split(b".", 1)[0])
            self.times.append((time.monotonic_ns() - posted) / 1e6)


async def measure(url: str, streams: int, seconds: int, token: str) -> dict[str, object]:
    """Open, wait for the word, post once a second, wait until everybody has everything."""
    parts, times, opened = urlsplit(url), list[float](), asyncio.Semaphore(0)
    request = f"GET {parts.path}/events HTTP/1.1\r\nHost: {parts.netloc}\r\nOrigin: {ORIGIN}\r\n\r\n".encode()
    loop = asyncio.get_running_loop()
    transports = []
    for begin in range(0, streams, AT_ONCE):
        number = min(AT_ONCE, streams - begin)
        made = [
            loop.create_connection(lambda: Reader(request, times, opened), parts.hostname, parts.port)
            for _ in range(number)
        ]
        transports += [transport for transport, _ in await asyncio.gather(*made)]
        for _ in range(number):
            await opened.acquire()
    print("open", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    headers = {"Authorization": f"Bearer {token}", "Origin": ORIGIN}
    async with aiohttp.ClientSession(headers=headers) as session:
        for _ in range(seconds):
            text = {"text": f"{MARK.decode()}{time.monotonic_ns()}."}
            async with session.post(f"{url}/comments", json=text) as answer:
                if answer.status != 201:
                    raise SystemExit(f"a post was refused: {await answer.text()}")
            await asyncio.sleep(1)
    deadline = time.monotonic() + PATIENCE
    while len(times) < streams * seconds and time.monotonic() < deadline:  # noqa: ASYNC110 (readers set no event)
        await asyncio.sleep(0.05)
    found = statistics.quantiles(times, n=100)
    for transport in transports:
        transport.close()
    return {
        "streams": streams,
        "events": seconds,
        "missing": streams * seconds - len(times),
        "p50": found[49],
        "p99": found[98],
        "most": max(times),
    }


def main() -> None:
    """Measure and print."""
    raise_file_limit()
    url, streams, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    token = sys.stdin.readline().strip()
    print(json.dumps(uvloop.run(measure(url, streams, seconds, token))), flush=True)


if __name__ == "__main__":
    main()
