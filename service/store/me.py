"""What is a reader's own on an article."""

from __future__ import annotations

from uuid import UUID

from service.store.database import Executor, Rows
from service.store.queries import load_queries

QUERIES = load_queries("me")


async def own_votes(db: Executor, author_key: int, article_key: int) -> dict[UUID, int]:
    """Their votes by comment."""
    return {row["comment_id"]: row["value"] for row in await db.fetch(QUERIES["own_votes"], author_key, article_key)}


async def own_flags(db: Executor, author_key: int, article_key: int) -> list[UUID]:
    """The comments they flagged."""
    return [row["comment_id"] for row in await db.fetch(QUERIES["own_flags"], author_key, article_key)]


async def own_unpublished(db: Executor, author_key: int, article_key: int) -> Rows:
    """Their held and removed comments, newest first."""
    return await db.fetch(QUERIES["own_unpublished"], author_key, article_key)


async def own_editable(db: Executor, author_key: int, article_key: int, first: UUID) -> Rows:
    """What they wrote since and may still edit."""
    return await db.fetch(QUERIES["own_editable"], author_key, article_key, first)
