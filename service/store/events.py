"""The event log: an outbox that writers fill, and the log that everything else follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg

from service.store.database import Executor, Rows
from service.store.queries import load_queries

QUERIES = load_queries("events")


@dataclass(frozen=True, slots=True)
class Happening:
    """One change, as ids and statuses only."""

    kind: str
    site_key: int
    article_key: int | None = None
    comment_id: UUID | None = None
    author_key: int | None = None
    from_status: str | None = None
    to_status: str | None = None
    decision_id: UUID | None = None
    reason: str | None = None


async def insert_outbox(db: Executor, happening: Happening) -> None:
    """Tell the log of a change; call it inside the change's transaction."""
    await db.execute(
        QUERIES["insert_outbox"],
        happening.kind,
        happening.site_key,
        happening.article_key,
        happening.comment_id,
        happening.author_key,
        happening.from_status,
        happening.to_status,
        happening.decision_id,
        happening.reason,
    )


async def advance_log(db: Executor, batch: int) -> int:
    """Give waiting changes their place and apply them to the counters; how many (0 while another does it)."""
    row = await db.fetchrow(QUERIES["advance_log"], batch)
    assert row is not None
    return int(row["moved"])


async def outbox_waits(db: Executor) -> bool:
    """Whether some change waits for its place in the log."""
    row = await db.fetchrow(QUERIES["outbox_waits"])
    assert row is not None
    return bool(row["waits"])


async def read_events(db: Executor, after: int, limit: int) -> Rows:
    """Events after a position, in order."""
    return await db.fetch(QUERIES["read_events"], after, limit)


async def last_position(db: Executor) -> tuple[int, str]:
    """Where the log stands, and the name that tells it from other databases' logs."""
    row = await db.fetchrow(QUERIES["last_position"])
    assert row is not None
    return int(row["position"]), str(row["epoch"])


async def log_lag(db: Executor) -> asyncpg.Record:
    """Position, changes waiting, and the age of the oldest of them (seconds)."""
    row = await db.fetchrow(QUERIES["log_lag"])
    assert row is not None
    return row


async def counts_since(db: Executor, position: int) -> Rows:
    """The counts of every article with an event after a position, and the log's end in the same snapshot."""
    return await db.fetch(QUERIES["counts_since"], position)


async def forget_old_rows(db: Executor) -> None:
    """Drop idempotency keys and remembered texts after 24 hours."""
    await db.execute(QUERIES["forget_old_rows"])


async def trim_events(db: Executor, older_than: timedelta) -> int:
    """Drop events beyond retention; how many went (at most 10,000 a call)."""
    row = await db.fetchrow(QUERIES["trim_events"], older_than)
    assert row is not None
    return int(row["trimmed"])
