"""Articles: what operators see and change of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg

from service.deps import Deps
from service.domain.articles import check_article_id
from service.domain.errors import ArticleNotFound, Conflict
from service.domain.rows import Row
from service.domain.sites import Site
from service.store import articles, events
from service.store.events import Happening


async def find_article(deps: Deps, site: Site, article_id: str) -> Row:
    """An article with its count, by any of its ids. Raises InvalidArticleId, ArticleNotFound."""
    check_article_id(article_id)
    row = await articles.find_article(deps.database, site.key, article_id)
    if row is None:
        raise ArticleNotFound
    return row


async def change_article(
    deps: Deps, site: Site, article_id: str, changes: Mapping[str, Any], *, create: bool = False
) -> Row:
    """Change the named columns of an article (validated by the caller, of store.articles.CHANGEABLE); the article now.

    With `create` an unknown article is opened, registered by its publisher. Its pages and counts go everywhere, as
    `hidden` must leave nothing behind. Raises InvalidArticleId, ArticleNotFound, Conflict.
    """
    check_article_id(article_id)
    async with deps.database.transaction("change_article") as tx:
        row = await articles.find_article(tx, site.key, article_id)
        if row is None and not create:
            raise ArticleNotFound
        try:
            key = row["key"] if row else await articles.insert_article(tx, site.key, article_id, registered=True)
        except asyncpg.UniqueViolationError:
            raise Conflict("The article was opened meanwhile; try again.") from None
        await articles.update_article(tx, key, changes)
        await events.insert_outbox(tx, Happening("article.updated", site.key, article_key=key))
        changed = await articles.find_article(tx, site.key, article_id)
    assert changed is not None
    deps.withdrew(*{(site.name, known) for known in (article_id, changed["external_id"])})
    return changed
