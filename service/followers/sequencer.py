"""Gives waiting changes their place in the log, and keeps Redis's copies of counts.

Every process runs this; whoever takes the lane's row lock does the next batch, so nobody leads and nobody is missed.
"""

from __future__ import annotations

import contextlib

from service.adapters.redis_client import RedisDown
from service.deps import Deps
from service.store import events

BATCH = 2000


async def advance(deps: Deps) -> int:
    """Move everything that waits; how many changes. Raises Unavailable."""
    moved = 0
    while await events.outbox_waits(deps.database):
        batch = await events.advance_log(deps.database, BATCH)
        moved += batch
        if batch < BATCH:
            break
    return moved


async def copy_counts(deps: Deps) -> None:
    """Bring Redis's copies up to the log's end: what changed since the position that Redis itself holds.

    A flushed Redis holds none and has nothing to bring up to date; one restored from an old copy holds an old one.
    """
    if deps.count_copies.epoch is None:
        return  # the tail has not met the log yet
    with contextlib.suppress(RedisDown):  # copies are a convenience: readers ask PostgreSQL meanwhile
        marker = await deps.count_copies.pushed_position()
        if marker is None:
            position, _ = await events.last_position(deps.database)
            await deps.count_copies.set_pushed_position(position)
            return
        rows = await events.counts_since(deps.database, marker)
        copies = [(row["site"], row["article_id"], row["comment_count"], row["position"]) for row in rows]
        if rows and await deps.count_copies.set_many(copies):
            await deps.count_copies.set_pushed_position(rows[0]["log_position"])
