"""Looking up articles and people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from service.deps import Deps
from service.domain.rows import Row
from service.domain.sites import Site
from service.store import directory
from service.store.directory import LAST_KEY


@dataclass(frozen=True, slots=True)
class Entries:
    """A page of articles or of people."""

    rows: Sequence[Row]
    next_cursor: str | None


async def list_articles(
    deps: Deps, site: Site, *, words: str | None, section: str | None, limit: int, cursor: str | None
) -> Entries:
    """Articles, newest first: all, a section's, with these words in the title or this beginning of the id.

    Raises InvalidCursor.
    """
    scope = f"articles:{site.name}:{orjson.dumps([words, section]).decode()}"
    before = LAST_KEY if cursor is None else int(deps.cursors.open(scope, cursor)[0])
    rows = await directory.list_articles(deps.database, site.key, before, limit + 1, section=section, words=words)
    end = deps.cursors.seal(scope, [rows[limit - 1]["key"]]) if len(rows) > limit else None
    return Entries(rows[:limit], end)


async def list_authors(deps: Deps, site: Site, *, name: str, limit: int, cursor: str | None) -> Entries:
    """People by name: all, or those whose name begins so (accents and case don't count). Raises InvalidCursor."""
    scope = f"authors:{site.name}:{orjson.dumps(name).decode()}"
    after = ("", 0)
    if cursor is not None:
        folded, key = deps.cursors.open(scope, cursor)
        after = str(folded), int(key)
    rows = await directory.find_authors(deps.database, site.key, name, after, limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    end = None if last is None else deps.cursors.seal(scope, [last["folded"], last["key"]])
    return Entries(rows[:limit], end)
