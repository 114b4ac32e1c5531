"""The lane that reads comments' words for the search, after the log."""

from __future__ import annotations

from service.deps import Deps
from service.store import search

BATCH = 200  # events or comments a statement


async def read_words(deps: Deps) -> bool:
    """One batch; whether there may be more. Raises Unavailable."""
    return await search.follow_words(deps.database, BATCH) == BATCH
