"""Looking up articles and people."""

from __future__ import annotations

import orjson

from service.deps import Deps
from service.domain.sites import Site
from service.operations.lists import Listed, listed
from service.store import directory
from service.store.directory import LAST_KEY


async def list_articles(
    deps: Deps, site: Site, *, words: str | None, section: str | None, limit: int, cursor: str | None
) -> Listed:
    """Articles, newest first: all, a section's, with these words in the title or this beginning of the id.

    Raises InvalidCursor.
    """
    scope = f"articles:{site.name}:{orjson.dumps([words, section]).decode()}"
    before = LAST_KEY if cursor is None else int(deps.cursors.open(scope, cursor)[0])
    rows = await directory.list_articles(deps.database, site.key, before, limit + 1, section=section, words=words)
    return listed(deps, scope, rows, limit, lambda last: [last["key"]])


async def list_authors(deps: Deps, site: Site, *, name: str, limit: int, cursor: str | None) -> Listed:
    """People by name: all, or those whose name begins so (accents and case don't count). Raises InvalidCursor."""
    scope = f"authors:{site.name}:{orjson.dumps(name).decode()}"
    after = ("", 0)
    if cursor is not None:
        folded, key = deps.cursors.open(scope, cursor)
        after = str(folded), int(key)
    rows = await directory.find_authors(deps.database, site.key, name, after, limit + 1)
    return listed(deps, scope, rows, limit, lambda last: [last["folded"], last["key"]])
