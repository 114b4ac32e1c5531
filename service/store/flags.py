"""Flags: readers' reports of comments."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from service.store.database import Executor
from service.store.queries import load_queries

QUERIES = load_queries("flags")


async def insert_flag(
    db: Executor, article_key: int, comment_id: UUID, author_key: int, reason: str, note: str | None
) -> asyncpg.Record | None:
    """When the flag was made; nothing when this author flagged the comment before."""
    return await db.fetchrow(QUERIES["insert_flag"], article_key, comment_id, author_key, reason, note)


async def find_flag(db: Executor, article_key: int, comment_id: UUID, author_key: int) -> asyncpg.Record | None:
    """The flag an author put on a comment."""
    return await db.fetchrow(QUERIES["find_flag"], article_key, comment_id, author_key)


async def open_flags(db: Executor, article_key: int, comment_id: UUID) -> tuple[float, list[str]]:
    """What the open flags weigh in all, and their reasons."""
    row = await db.fetchrow(QUERIES["open_flags"], article_key, comment_id)
    assert row is not None
    return row["weight"], row["reasons"]


async def answer_flags(db: Executor, article_key: int, comment_id: UUID, state: str, decision_id: UUID) -> None:
    """Answer the open flags by a decision: upheld or dismissed."""
    await db.execute(QUERIES["answer_flags"], article_key, comment_id, state, decision_id)
