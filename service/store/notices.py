"""Notices of illegal content, from people with and without an account."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from service.store.database import Executor
from service.store.queries import load_queries

QUERIES = load_queries("notices")


@dataclass(frozen=True, slots=True)
class NewNotice:
    """What is kept of a notice; without an `author_key` it is from somebody without an account."""

    site_key: int
    article_key: int
    comment_id: UUID
    explanation: str
    legal_ground: str
    author_key: int | None = None
    name: str | None = None
    contact: str | None = None


async def insert_notice(db: Executor, new: NewNotice) -> asyncpg.Record:
    """Keep a notice; its id and when it came."""
    row = await db.fetchrow(
        QUERIES["insert_notice"],
        new.site_key,
        new.article_key,
        new.comment_id,
        new.author_key,
        new.explanation,
        new.legal_ground,
        new.name,
        new.contact,
    )
    assert row is not None
    return row


async def answer_notices(db: Executor, article_key: int, comment_id: UUID, state: str, decision_id: UUID) -> None:
    """Answer a comment's open notices by a decision: upheld or dismissed."""
    await db.execute(QUERIES["answer_notices"], article_key, comment_id, state, decision_id)


async def find_notice(db: Executor, site_key: int, notice_id: UUID) -> asyncpg.Record | None:
    """How a notice stands, without its words."""
    return await db.fetchrow(QUERIES["find_notice"], site_key, notice_id)
