"""Every process that follows reads the log's end and forgets what it remembered of changed articles."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from service.deps import Deps
from service.domain.articles import SITE_WIDE
from service.store import events

BATCH = 1000


async def start_tail(deps: Deps) -> None:
    """Begin at the log's end; after an outage go on where the tail was, so that nothing is missed. Raises Unavailable.

    Pages built before the first start may be older than the log's end, so they go.
    """
    if deps.tail.position is None:
        deps.tail.position, deps.count_copies.epoch = await events.last_position(deps.database)
        deps.pages.drop_all()


async def read_tail(deps: Deps) -> int:
    """Read what is new and drop what it touches; how many events. Raises Unavailable."""
    read = 0
    while True:
        asked_at = deps.monotonic()
        rows = await events.read_events(deps.database, deps.tail.position or 0, BATCH)
        if rows:
            forget_changed(deps, rows)
            deps.streams.hear(rows)
            deps.tail.position = rows[-1]["position"]
        read += len(rows)
        if len(rows) < BATCH:
            deps.tail.heard_at = asked_at
            break
    return read


def forget_changed(deps: Deps, rows: Sequence[asyncpg.Record]) -> None:
    """Drop pages and counts of the articles these events are about."""
    for row in rows:
        if row["kind"] == "site.updated":
            deps.forget_site(row["site"])
        deps.pages.drop((row["site"], SITE_WIDE), withdrawn=withdraws(row))
        for article_id in row["article_ids"]:
            tag = (row["site"], article_id)
            deps.pages.drop(tag, withdrawn=withdraws(row))
            deps.counts.drop(tag, row["position"])


def withdraws(row: asyncpg.Record) -> bool:
    """Whether an event may have made something invisible."""
    return row["from_status"] == "published" or not str(row["kind"]).startswith("comment.")
