"""The newest published comments, for feeds."""

from __future__ import annotations

from service.store.database import Executor, Rows
from service.store.queries import load_queries

QUERIES = load_queries("feeds")


async def feed_of_article(db: Executor, article_key: int, limit: int) -> Rows:
    """The newest published comments of an article."""
    return await db.fetch(QUERIES["feed_of_article"], article_key, limit)


async def feed_of_site(db: Executor, site_key: int, limit: int, among: int) -> Rows:
    """Those of a site's registered and shown articles, among its newest so many."""
    return await db.fetch(QUERIES["feed_of_site"], site_key, limit, among)
