"""What happened lately, counted by the hour; and what time itself changes."""

from __future__ import annotations

from service.store.database import Executor, Rows
from service.store.queries import load_queries

QUERIES = load_queries("activity")


async def most_discussed(db: Executor, site_key: int, hours: int, limit: int) -> Rows:
    """Registered, shown articles by their `recent_count`: comments written in the last hours and published now."""
    return await db.fetch(QUERIES["most_discussed"], site_key, hours, limit)


async def count_hours(db: Executor, batch: int) -> int:
    """Count the next events by site and hour; how many (0 while another process does it)."""
    row = await db.fetchrow(QUERIES["count_hours"], batch)
    assert row is not None
    return int(row["counted"])


async def read_hours(db: Executor, site_key: int) -> Rows:
    """All that was counted of a site, oldest first; at least one row, whose hour may be None, with the time now."""
    return await db.fetch(QUERIES["read_hours"], site_key)


async def forget_hours(db: Executor) -> None:
    """Drop what was counted more than eight days ago."""
    await db.execute(QUERIES["forget_hours"])


async def tell_times(db: Executor, batch: int) -> int:
    """Tell the log of articles whose times have come; how many (0 while another process does it)."""
    row = await db.fetchrow(QUERIES["tell_times"], batch)
    assert row is not None
    return int(row["told"])
