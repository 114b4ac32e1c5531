"""Posts comments at a steady rate through HTTP, while something else is measured.

    python -m bench.poster URL SECONDS < tokens, one a line

Every second post is a reply to one of the newest roots, so that the first page has replies too.
Prints {"sent", "created", "wrong", "p50", "p99", "last_root"} as JSON; times in milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from collections import deque

import aiohttp
import uvloop

from bench.seed import ORIGIN
from bench.texts import POSTED

RATE = 50  # posts a second


async def post_steadily(url: str, tokens: list[str], seconds: float) -> dict[str, object]:
    """Start a post every 1/RATE seconds, whether or not the ones before were answered."""
    posts = int(seconds * RATE)
    answers: list[tuple[float, int, str]] = []
    roots: deque[str] = deque(maxlen=10)
    async with aiohttp.ClientSession(headers={"Origin": ORIGIN}) as session:
        started = time.monotonic()

        async def post(number: int) -> None:
            await asyncio.sleep(started + number / RATE - time.monotonic())
            word = f"steady-{os.getpid()}-{number}"
            headers = {"Authorization": f"Bearer {tokens[number % len(tokens)]}", "Idempotency-Key": word}
            parent = {"parent_id": roots[number // 2 % len(roots)]} if number % 2 and roots else {}
            sent = time.monotonic()
            async with session.post(url, json={"text": POSTED % word} | parent, headers=headers) as answer:
                body = await answer.json(content_type=None)
            answers.append(((time.monotonic() - sent) * 1000, answer.status, str(body)))
            if answer.status == 201 and not parent:
                roots.append(body["id"])

        await asyncio.gather(*map(post, range(posts)))
    times = statistics.quantiles([milliseconds for milliseconds, _, _ in answers], n=100)
    wrong = [f"{status}: {body}" for _, status, body in answers if status != 201]
    return {
        "sent": posts,
        "created": len(answers) - len(wrong),
        "wrong": wrong[:1],
        "p50": times[49],
        "p99": times[98],
        "last_root": max(roots, default=""),
    }


if __name__ == "__main__":
    arguments = sys.argv[1], sys.stdin.read().split(), float(sys.argv[2])
    print(json.dumps(uvloop.run(post_steadily(*arguments))))
