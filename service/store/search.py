"""The words comments are found by, kept by a lane after the log."""

from __future__ import annotations

from service.store.database import Executor
from service.store.queries import load_queries

QUERIES = load_queries("search")


async def follow_words(db: Executor, batch: int) -> int:
    """Read the words of the next comments; how many events and comments (0 while another process does it)."""
    row = await db.fetchrow(QUERIES["follow_words"], batch)
    assert row is not None
    return int(row["read"])
