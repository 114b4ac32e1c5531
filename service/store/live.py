"""What live streams are begun, resumed and ended by."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from service.store.database import Executor, Rows
from service.store.queries import load_queries

QUERIES = load_queries("live")


async def stream_start(db: Executor, site_key: int, article_id: str, after: int | None) -> asyncpg.Record:
    """The log's end, the article's key if there is such an article, and whether events after a position are lost."""
    row = await db.fetchrow(QUERIES["stream_start"], site_key, article_id, after)
    assert row is not None
    return row


async def written_on(db: Executor, article_keys: Sequence[int], author_keys: Sequence[int]) -> Rows:
    """The published comments of authors, one for each article."""
    return await db.fetch(QUERIES["written_on"], list(article_keys), list(author_keys))


async def article_events(db: Executor, article_key: int, after: int, limit: int, before: int) -> Rows:
    """An article's events around a position, in order; each row has the log's end, and one may be without an event."""
    return await db.fetch(QUERIES["article_events"], article_key, after, limit, before)


async def site_decisions(db: Executor, site_key: int, after: int, limit: int) -> Rows:
    """The decisions of a site after a position, in order; rows like those of `article_events`."""
    return await db.fetch(QUERIES["site_decisions"], site_key, after, limit)


async def notifications_since(db: Executor, author_key: int, after: int, limit: int) -> Rows:
    """What an author was told after a position, in order; rows like those of `article_events`."""
    return await db.fetch(QUERIES["notifications_since"], author_key, after, limit)


async def read_bearers(db: Executor, author_keys: Sequence[int]) -> Rows:
    """People by key, with bans, revocations and granted roles."""
    return await db.fetch(QUERIES["read_bearers"], list(author_keys))


async def decisions_by_id(db: Executor, ids: Sequence[UUID]) -> Rows:
    """Decisions with their notes and who made them."""
    return await db.fetch(QUERIES["decisions_by_id"], list(ids))
