"""Articles, the ids they are known by, and their counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from service.store.database import Executor
from service.store.queries import load_queries

QUERIES = load_queries("articles")
CHANGEABLE = ("title", "url", "section", "locked", "locked_reason", "moderation", "visibility", "registered")


async def find_article(db: Executor, site_key: int, article_id: str) -> asyncpg.Record | None:
    """An article by any of its ids."""
    return await db.fetchrow(QUERIES["find_article"], site_key, article_id)


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


async def update_article(db: Executor, article_key: int, changes: Mapping[str, Any]) -> None:
    """Change the named columns (of CHANGEABLE)."""
    values = [changes.get(name) for name in CHANGEABLE]
    await db.execute(QUERIES["update_article"], article_key, *values, list(changes))


async def count_comments(db: Executor, site_key: int, article_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Count and log position by the ids asked for; unknown and hidden articles are missing."""
    rows = await db.fetch(QUERIES["count_comments"], site_key, list(article_ids))
    return {row["external_id"]: (row["comment_count"], row["position"]) for row in rows}


async def article_position(db: Executor, site_key: int, article_id: str) -> int:
    """The position of the article's last event; 0 when there is no such article."""
    row = await db.fetchrow(QUERIES["article_position"], site_key, article_id)
    return int(row["position"]) if row else 0
