"""What feeds tell: the newest published comments of articles that the publisher registered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.deps import Deps
from service.domain.rows import Row
from service.domain.sites import Site
from service.store import articles, feeds

ENTRIES = 50
AMONG = 2000  # a site's feed looks no further back than this many published comments


@dataclass(frozen=True, slots=True)
class Feed:
    """Comments, newest first, as of a log position. `article` is None for a site's feed, and where there is nothing
    to tell: nobody commented yet, the article is hidden, or only a reader has named it.
    """

    entries: Sequence[Row]
    position: int
    article: Row | None = None


async def read_article_feed(deps: Deps, site: Site, article_id: str) -> Feed:
    """An article's feed. Raises Unavailable."""
    article = await articles.find_article(deps.database, site.key, article_id)
    if article is None:
        return Feed((), 0)
    if not article["registered"] or article["visibility"] == "hidden":
        return Feed((), article["position"])
    entries = await feeds.feed_of_article(deps.database, article["key"], ENTRIES)
    return Feed(entries, article["position"], article)


async def read_site_feed(deps: Deps, site: Site) -> Feed:
    """A site's feed; it has no position of its own, so it is built anew while the log cannot be followed.

    Raises Unavailable.
    """
    return Feed(await feeds.feed_of_site(deps.database, site.key, ENTRIES, AMONG), -1)
