"""Articles, the ids they are known by, and their counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from service.domain.errors import Conflict
from service.store.database import Executor
from service.store.queries import load_queries

QUERIES = load_queries("articles")
CHANGEABLE = (
    "title", "url", "section", "locked", "locked_reason", "moderation", "visibility", "registered", "opens_at",
    "closes_at", "slow_mode_seconds",
)  # fmt: skip


async def find_article(db: Executor, site_key: int, article_id: str) -> asyncpg.Record | None:
    """An article by any of its ids; locked tells how it is now, whatever locks it."""
    return await db.fetchrow(QUERIES["find_article"], site_key, article_id)


async def lock_article(db: Executor, site_key: int, article_id: str) -> asyncpg.Record | None:
    """An article as it is stored, by any of its ids; nobody else changes it until the transaction ends."""
    return await db.fetchrow(QUERIES["lock_article"], site_key, article_id)


async def insert_article(
    db: Executor,
    site_key: int,
    article_id: str,
    *,
    title: str | None = None,
    url: str | None = None,
    registered: bool = False,
) -> int:
    """Open an article; its key. Raises UniqueViolationError when the id was taken meanwhile."""
    row = await db.fetchrow(QUERIES["insert_article"], site_key, article_id, title, url, registered)
    assert row is not None
    return int(row["key"])


async def update_article(
    db: Executor, article_key: int, changes: Mapping[str, Any], *, begins_anew: bool = False
) -> None:
    """Change the named columns (of CHANGEABLE); `begins_anew`: auto_lock_days count from now."""
    values = [changes.get(name) for name in CHANGEABLE]
    await db.execute(QUERIES["update_article"], article_key, list(changes), *values, begins_anew)


async def insert_alias(db: Executor, site_key: int, article_id: str, article_key: int) -> bool:
    """Give an article another id; whether nobody had it."""
    return await db.fetchrow(QUERIES["insert_alias"], site_key, article_id, article_key) is not None


async def has_comments(db: Executor, article_key: int) -> bool:
    """Whether anybody ever commented on it, published or not."""
    return await db.fetchrow(QUERIES["any_comment"], article_key) is not None


async def replace_article(db: Executor, site_key: int, article_key: int, other_key: int) -> None:
    """An article without comments goes, and all its ids name the other. Raises Conflict when it has comments."""
    await db.execute(QUERIES["move_ids"], article_key, other_key)
    await db.execute(QUERIES["drop_hours"], site_key, article_key)
    try:
        await db.execute(QUERIES["delete_article"], article_key)
    except asyncpg.ForeignKeyViolationError:
        raise Conflict("The article has comments: merge it instead.") from None


async def count_comments(db: Executor, site_key: int, article_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Count and log position by the ids asked for; unknown and hidden articles are missing."""
    rows = await db.fetch(QUERIES["count_comments"], site_key, list(article_ids))
    return {row["external_id"]: (row["comment_count"], row["position"]) for row in rows}


async def article_position(db: Executor, site_key: int, article_id: str) -> int:
    """The position of the article's last event; 0 when there is no such article."""
    row = await db.fetchrow(QUERIES["article_position"], site_key, article_id)
    return int(row["position"]) if row else 0
