"""Votes: one row for each comment and author."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from service.store.database import Executor
from service.store.queries import load_queries

QUERIES = load_queries("votes")


async def upsert_vote(
    db: Executor, site_key: int, comment_id: UUID, author_key: int, value: int
) -> asyncpg.Record | None:
    """Vote on a published comment of somebody else; how the comment stands. Nothing when there is no such comment."""
    vote = (site_key, comment_id, author_key, value)
    try:
        return await db.fetchrow(QUERIES["upsert_vote"], *vote)
    except asyncpg.ForeignKeyViolationError:  # a merge moved the comment to another article meanwhile
        return await db.fetchrow(QUERIES["upsert_vote"], *vote)
