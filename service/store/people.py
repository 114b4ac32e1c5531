"""What moderators know of people, and how long it is kept."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from service.store.database import Executor, Rows
from service.store.queries import load_queries

QUERIES = load_queries("people")


async def author_record(db: Executor, author_key: int) -> asyncpg.Record:
    """What became of what an author wrote."""
    row = await db.fetchrow(QUERIES["author_record"], author_key)
    assert row is not None
    return row


async def read_notes(db: Executor, author_key: int) -> Rows:
    """The newest notes on an author, newest first."""
    return await db.fetch(QUERIES["read_notes"], author_key)


async def insert_note(
    db: Executor, note_id: UUID, site_key: int, author_key: int, moderator_key: int, text: str
) -> asyncpg.Record:
    """A note on an author."""
    row = await db.fetchrow(QUERIES["insert_note"], note_id, site_key, author_key, moderator_key, text)
    assert row is not None
    return row


async def same_network(db: Executor, author_key: int) -> Rows:
    """Who else posted from where an author did lately."""
    return await db.fetch(QUERIES["same_network"], author_key)


async def forget_addresses(db: Executor) -> None:
    """Drop hashes of addresses that a site does not keep any longer, at most 5,000."""
    await db.execute(QUERIES["forget_addresses"])


async def forget_deleted_words(db: Executor) -> None:
    """Clear the words of comments that were deleted longer ago than a site keeps them, at most 1,000."""
    await db.execute(QUERIES["forget_deleted_words"])
