"""The append-only log of decisions on comments and people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from service.domain.ids import LAST_ID
from service.store.database import Executor, Rows
from service.store.queries import load_queries

QUERIES = load_queries("decisions")
NEWEST = datetime(9999, 12, 31, tzinfo=UTC), LAST_ID  # before this place stands the whole log


@dataclass(frozen=True, slots=True)
class Decision:
    """A row of the log: who did what to which comment or author; ids, codes, statuses. Its note is elsewhere."""

    site_key: int
    action: str
    article_key: int | None = None
    comment_id: UUID | None = None
    author_key: int | None = None
    from_status: str | None = None
    to_status: str | None = None
    version: int | None = None
    check: str | None = None
    moderator_key: int | None = None
    reason: str | None = None
    note: str | None = None


async def insert_decision(db: Executor, decision: Decision) -> UUID:
    """Log a decision; its id."""
    row = await db.fetchrow(
        QUERIES["insert_decision"],
        decision.site_key,
        decision.article_key,
        decision.comment_id,
        decision.author_key,
        decision.action,
        decision.from_status,
        decision.to_status,
        decision.check,
        decision.moderator_key,
        decision.reason,
        decision.version,
        decision.note,
    )
    assert row is not None
    return UUID(bytes=row["id"].bytes)


async def find_removing_decision(db: Executor, comment_id: UUID) -> asyncpg.Record | None:
    """The decision that took a comment out of sight last; nothing for one that was imported so."""
    return await db.fetchrow(QUERIES["find_removing_decision"], comment_id)


async def read_decisions(
    db: Executor,
    site_key: int,
    before: tuple[datetime, UUID],
    limit: int,
    *,
    comment_id: UUID | None = None,
    author_key: int | None = None,
    moderator_key: int | None = None,
) -> Rows:
    """A site's log before a place, newest first, by the narrowest index for what it is asked for."""
    asked: tuple[object, ...] = (site_key, *before, limit)
    if comment_id is not None:
        return await db.fetch(QUERIES["decisions_of_comment"], *asked, comment_id, author_key, moderator_key)
    if author_key is not None:
        return await db.fetch(QUERIES["decisions_of_author"], *asked, author_key, moderator_key)
    if moderator_key is not None:
        return await db.fetch(QUERIES["decisions_of_moderator"], *asked, moderator_key)
    return await db.fetch(QUERIES["decisions_of_site"], *asked)
