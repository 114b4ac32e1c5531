"""Writing imports in batches, and reading a site whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from service.store.database import Executor, Rows, Transaction
from service.store.queries import load_queries

QUERIES = load_queries("transfer")
PREFETCH = 500  # rows

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a comment stands, as its replies need to know."""

    article_key: int
    id: UUID
    root_id: UUID
    depth: int
    path: bytes


async def settle_import(tx: Transaction) -> None:
    """Set what an import's transaction runs under."""
    await tx.fetchrow(QUERIES["settle_import"])


async def find_imported(tx: Transaction, site_key: int, keys: Collection[bytes]) -> dict[bytes, Place]:
    """What records became, by key: the 10 bytes after the time in the id, or all 16 of an id of our own."""
    tails = [key for key in keys if len(key) != 16]
    ids = [UUID(bytes=key) for key in keys if len(key) == 16]
    rows = await tx.fetch(QUERIES["find_imported"], site_key, tails, ids)
    return {row["key"]: place_from(row) for row in rows}


def place_from(row: asyncpg.Record) -> Place:
    """A row of find_imported; its ids as plain UUIDs, which can travel as JSON (asyncpg's own cannot)."""
    comment_id, root_id = UUID(bytes=row["id"].bytes), UUID(bytes=row["root_id"].bytes)
    return Place(row["article_key"], comment_id, root_id, row["depth"], row["path"])


async def open_articles(tx: Transaction, site_key: int, articles: Sequence[Values]) -> int:
    """Open those that are not there; how many."""
    return await _count(tx, "open_articles", site_key, list(articles))


async def article_keys(tx: Transaction, site_key: int, article_ids: Collection[str]) -> dict[str, int]:
    """The keys of articles by any of their ids."""
    rows = await tx.fetch(QUERIES["article_keys"], site_key, list(article_ids))
    return {row["external_id"]: row["article_key"] for row in rows}


async def insert_authors(tx: Transaction, site_key: int, authors: Sequence[Values]) -> int:
    """Store those who are not known; how many."""
    return await _count(tx, "insert_authors", site_key, list(authors))


async def author_keys(
    tx: Transaction, site_key: int, identities: Collection[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """The keys of authors by (issuer, subject)."""
    issuers, subjects = [issuer for issuer, _ in identities], [subject for _, subject in identities]
    rows = await tx.fetch(QUERIES["author_keys"], site_key, issuers, subjects)
    return {(row["issuer"], row["subject"]): row["key"] for row in rows}


async def insert_comments(tx: Transaction, site_key: int, comments: Sequence[Values]) -> int:
    """Write those that are not there; how many."""
    return await _count(tx, "insert_comments", site_key, list(comments))


async def keep_replies(tx: Transaction, import_id: UUID, replies: Sequence[Values]) -> int:
    """Put replies aside until their parents are there; how many were not put aside already."""
    return await _count(tx, "keep_replies", import_id, list(replies))


async def order_replies(tx: Transaction, import_id: UUID) -> None:
    """Order what was put aside, parents first; what is in a circle stays without an order."""
    await tx.execute(QUERIES["order_replies"], import_id)


async def open_circles(tx: Transaction, import_id: UUID) -> int:
    """Make roots of some replies without an order, so that each of the others has one; how many."""
    return await _count(tx, "open_circles", import_id)


async def next_replies(tx: Transaction, import_id: UUID, after: tuple[int, int], limit: int) -> Rows:
    """The next replies put aside after (level, number)."""
    return await tx.fetch(QUERIES["next_replies"], import_id, *after, limit)


async def forget_replies(db: Executor, import_id: UUID) -> None:
    """Drop what an import put aside."""
    await db.execute(QUERIES["forget_replies"], import_id)


async def begin_snapshot(tx: Transaction) -> None:
    """Let the transaction see one state of everything, for as long as its reader takes; call it first."""
    await tx.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    await tx.connection.execute("SET LOCAL statement_timeout = 0")
    await tx.connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")


async def each_article(tx: Transaction, site_key: int) -> AsyncIterator[asyncpg.Record]:
    """All articles, in the order they were opened."""
    async for row in tx.connection.cursor(QUERIES["each_article"].sql, site_key, prefetch=PREFETCH):
        yield row


async def each_comment(tx: Transaction, site_key: int) -> AsyncIterator[asyncpg.Record]:
    """All comments, article by article, in reading order."""
    async for row in tx.connection.cursor(QUERIES["each_comment"].sql, site_key, prefetch=PREFETCH):
        yield row


async def _count(tx: Transaction, name: str, *args: Any) -> int:
    row = await tx.fetchrow(QUERIES[name], *args)
    assert row is not None
    return int(row[0])
