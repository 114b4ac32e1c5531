"""What people are told of: written after the event log, read newest first by one, oldest first by whoever streams."""

from __future__ import annotations

from service.store.database import Executor, Rows
from service.store.queries import load_queries

QUERIES = load_queries("notifications")


async def follow_notifications(db: Executor, batch: int) -> int:
    """Tell people of the next events; how many events (0 while another process does it)."""
    row = await db.fetchrow(QUERIES["follow_notifications"], batch)
    assert row is not None
    return int(row["read"])


async def notifications_of(db: Executor, author_key: int, before: tuple[int, str], limit: int) -> Rows:
    """What an author was told before a place (position and type), newest first."""
    return await db.fetch(QUERIES["notifications_of"], author_key, *before, limit)


async def notifications_after(db: Executor, position: int, limit: int) -> Rows:
    """What anybody was told after a position, in order; all of a position or nothing, so at times more than `limit`."""
    return await db.fetch(QUERIES["notifications_after"], position, limit)


async def notifications_position(db: Executor) -> int:
    """The log position up to which everybody was told."""
    row = await db.fetchrow(QUERIES["notifications_position"])
    assert row is not None
    return int(row["position"])
