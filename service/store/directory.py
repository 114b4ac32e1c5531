"""Articles and people as moderators look them up."""

from __future__ import annotations

from service.store.database import Executor, Rows
from service.store.queries import load_queries

QUERIES = load_queries("directory")
LAST_KEY = 2**63 - 1
AFTER_ASCII = "\x7f"  # article ids are printable ASCII: those that begin with a text end before it with this


async def list_articles(
    db: Executor, site_key: int, before: int, limit: int, *, section: str | None, words: str | None
) -> Rows:
    """Articles before one, newest first: all, a section's, or those with these words or this beginning of the id."""
    if words is not None:
        asked = (section, words, words + AFTER_ASCII, words)
        return await db.fetch(QUERIES["find_articles"], site_key, before, limit, *asked)
    if section is not None:
        return await db.fetch(QUERIES["articles_of_section"], site_key, before, limit, section)
    return await db.fetch(QUERIES["articles_of_site"], site_key, before, limit)


async def find_authors(db: Executor, site_key: int, name: str, after: tuple[str, int], limit: int) -> Rows:
    """People whose name begins so (accents and case don't count) after a folded name and key, by name."""
    return await db.fetch(QUERIES["find_authors"], site_key, name, *after, limit)
