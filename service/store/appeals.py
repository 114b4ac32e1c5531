"""Appeals against removals."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from service.store.database import Executor
from service.store.queries import load_queries

QUERIES = load_queries("appeals")


async def insert_appeal(
    db: Executor, article_key: int, comment_id: UUID, version: int, author_key: int, text: str
) -> asyncpg.Record | None:
    """When the appeal was made; nothing when this removal was appealed before."""
    return await db.fetchrow(QUERIES["insert_appeal"], article_key, comment_id, version, author_key, text)


async def close_appeal(db: Executor, article_key: int, comment_id: UUID, state: str, decision_id: UUID) -> None:
    """Answer the open appeal by a decision: granted, refused or withdrawn."""
    await db.execute(QUERIES["close_appeal"], article_key, comment_id, state, decision_id)
