"""Removing everything an author wrote, and undoing it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from service.store.database import Executor, Rows
from service.store.queries import load_queries

QUERIES = load_queries("removals")

State = Literal["running", "done", "undoing", "undone"]


async def insert_removal(
    db: Executor, removal_id: UUID, site_key: int, author_key: int, moderator_key: int | None, *, again: bool
) -> asyncpg.Record | None:
    """Begin to remove everything an author wrote; nothing when this is done `again` and nothing is left to remove.

    Raises asyncpg.UniqueViolationError while another one has work.
    """
    return await db.fetchrow(QUERIES["insert_removal"], removal_id, site_key, author_key, moderator_key, again)


async def show_author(db: Executor, author_key: int, *, hidden: bool, kind: str) -> list[str]:
    """Hide an author's comments as a whole, or show them again; the ids of the articles they stand on."""
    return [row["article_id"] for row in await db.fetch(QUERIES["show_author"], author_key, hidden, kind)]


async def reveal_author(db: Executor, author_key: int) -> None:
    """Nothing of theirs is left to hide."""
    await db.execute(QUERIES["reveal_author"], author_key)


async def find_removal(db: Executor, author_key: int) -> asyncpg.Record | None:
    """An author's last removal."""
    return await db.fetchrow(QUERIES["find_removal"], author_key)


async def removed_author(db: Executor, site_key: int, removal_id: UUID) -> UUID | None:
    """Whom a removal is about; nothing when the site has no such removal."""
    row = await db.fetchrow(QUERIES["removed_author"], site_key, removal_id)
    return None if row is None else UUID(bytes=row["author_id"].bytes)


async def lock_removal(db: Executor, removal_id: UUID) -> asyncpg.Record:
    """A removal about to change state; waits for the step that is being done."""
    row = await db.fetchrow(QUERIES["lock_removal"], removal_id)
    assert row is not None
    return row


async def undo_removal(db: Executor, removal_id: UUID) -> asyncpg.Record:
    """From now on what it removed is restored. Raises asyncpg.UniqueViolationError while another one has work."""
    row = await db.fetchrow(QUERIES["undo_removal"], removal_id)
    assert row is not None
    return row


async def next_removal(db: Executor) -> asyncpg.Record | None:
    """A removal with work left, of those that nobody works on just now."""
    return await db.fetchrow(QUERIES["next_removal"])


async def written_after(db: Executor, author_key: int, after: UUID, limit: int, began_at: datetime) -> Rows:
    """The next comments that an author had written when the removal began."""
    return await db.fetch(QUERIES["written_after"], author_key, after, limit, began_at)


async def removed_after(db: Executor, removal_id: UUID, after: UUID, limit: int) -> Rows:
    """The next comments that a removal removed."""
    return await db.fetch(QUERIES["removed_after"], removal_id, after, limit)


async def take_removal(db: Executor, removal_id: UUID, state: State) -> UUID | None:
    """The right to do the next step, as the last comment that was looked at; nothing when another process has it."""
    row = await db.fetchrow(QUERIES["take_removal"], removal_id, state)
    return None if row is None else UUID(bytes=row["at"].bytes)


async def advance_removal(db: Executor, removal_id: UUID, comment_id: UUID, done: int) -> None:
    """A comment was looked at, and `done` more were removed or restored."""
    await db.execute(QUERIES["advance_removal"], removal_id, comment_id, done)


async def insert_removed(db: Executor, removal_id: UUID, comment_id: UUID, version: int) -> None:
    """Remember what is to be restored when the removal is undone."""
    await db.execute(QUERIES["insert_removed"], removal_id, comment_id, version)


async def finish_removal(db: Executor, removal_id: UUID, state: State) -> None:
    """Nothing is left of it to do."""
    await db.execute(QUERIES["finish_removal"], removal_id, state)
