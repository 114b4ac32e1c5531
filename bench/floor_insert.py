"""Floor (b): one process of a bare asyncpg loop that writes the rows of a post, each post one transaction.

    python -m bench.floor_insert DATABASE_URL SECONDS

The rows are those of `insert_comment` in service/store/comments.sql: idempotency key, remembered text, comment, words,
outbox. Everything a post needs besides is ready before the clock starts. Prints {"posts", "seconds"} as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
import time
import uuid
from dataclasses import dataclass

import asyncpg
import uvloop

from bench.texts import POSTED
from service.domain.ids import uuid7
from service.domain.markup import RENDERER, render_markdown

CONNECTIONS = 16
ARTICLE = "floor"

KEY = """INSERT INTO idempotency_keys (author_key, key, request_hash, article_key, comment_id, status)
    VALUES ($1, $2, $3, $4, $5, 201)"""
REMEMBERED = "INSERT INTO recent_texts (author_key, fingerprint, comment_id, said_at) VALUES ($1, $2, $3, now())"
COMMENT = """INSERT INTO comments (site_key, article_key, id, parent_id, root_id, depth, path, author_key, status)
    VALUES (1, $1, $2, $3, $4, $5, $6, $7, 'published')"""
WORDS = """INSERT INTO revisions (article_key, comment_id, number, text, html, renderer, status, created_at)
    VALUES ($1, $2, 1, $3, $4, $5, 'published', now())"""
OUTBOX = """INSERT INTO outbox (kind, site_key, article_key, comment_id, author_key, to_status)
    VALUES ('comment.created', $1, $2, $3, $4, 'published')"""


@dataclass(frozen=True)
class Target:
    """Where the rows go; half of the comments are replies to `roots`."""

    site: int
    article: int
    authors: list[int]
    roots: list[uuid.UUID]
    html: str


async def find_target(connection: asyncpg.Connection) -> Target:
    """The article of the floor, its newest roots and the seeded people."""
    article = await connection.fetchrow("SELECT key, site_key FROM articles WHERE external_id = $1", ARTICLE)
    assert article
    roots = await connection.fetch(
        "SELECT id FROM comments WHERE article_key = $1 AND parent_id IS NULL ORDER BY id DESC LIMIT 200",
        article["key"],
    )
    authors = await connection.fetch("SELECT key FROM authors WHERE subject LIKE 'seeded-%' ORDER BY key LIMIT 200")
    return Target(
        article["site_key"],
        article["key"],
        [row["key"] for row in authors],
        [row["id"] for row in roots],
        render_markdown(POSTED),
    )


async def write_one(connection: asyncpg.Connection, target: Target, number: int) -> None:
    """One post; every second one is a reply."""
    id = uuid7(time.time_ns() // 1_000_000)
    root = target.roots[number // 2 % len(target.roots)] if number % 2 else None
    path = id.bytes if root is None else root.bytes + id.bytes
    author = target.authors[number % len(target.authors)]
    word = f"floor-{os.getpid()}-{number}"
    async with connection.transaction():
        await connection.execute(KEY, author, word, id.bytes * 2, target.article, id)
        await connection.execute(REMEMBERED, author, id.bytes * 2, id)
        await connection.execute(COMMENT, target.article, id, root, root or id, 0 if root is None else 1, path, author)
        await connection.execute(WORDS, target.article, id, POSTED % word, target.html, RENDERER)
        await connection.execute(OUTBOX, target.site, target.article, id, author)


async def write_for(url: str, seconds: float) -> dict[str, float]:
    """Write on all connections until the time is over; waits for a line on standard input before it starts."""
    async with contextlib.AsyncExitStack() as stack:
        connections = [await asyncpg.connect(url) for _ in range(CONNECTIONS)]
        for connection in connections:
            stack.push_async_callback(connection.close)
        target = await find_target(connections[0])
        numbers = itertools.count()
        for connection in connections:
            await write_one(connection, target, next(numbers))  # prepares the statements
        print("ready", flush=True)
        sys.stdin.readline()
        started = time.monotonic()
        first = next(numbers)

        async def write(connection: asyncpg.Connection) -> None:
            while time.monotonic() - started < seconds:
                await write_one(connection, target, next(numbers))

        await asyncio.gather(*map(write, connections))
        return {"posts": next(numbers) - first - 1, "seconds": time.monotonic() - started}


if __name__ == "__main__":
    print(json.dumps(uvloop.run(write_for(sys.argv[1], float(sys.argv[2])))))
