"""Figures of a period, for whoever runs the service: read rarely, by commands with patience."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from service.store.database import Executor, Rows
from service.store.queries import load_queries

QUERIES = load_queries("reports")


@dataclass(frozen=True, slots=True)
class Period:
    """From a time until another (which is not in it), on one site or on all."""

    since: datetime
    until: datetime
    site_key: int | None = None


async def notices_received(db: Executor, period: Period) -> Rows:
    """Notices by source, legal ground, and the action that answered them (or `open`)."""
    return await db.fetch(QUERIES["notices_received"], period.since, period.until, period.site_key)


async def flags_received(db: Executor, period: Period) -> Rows:
    """Flags by reason and state."""
    return await db.fetch(QUERIES["flags_received"], period.since, period.until, period.site_key)


async def appeals_received(db: Executor, period: Period) -> Rows:
    """Appeals by state."""
    return await db.fetch(QUERIES["appeals_received"], period.since, period.until, period.site_key)


async def decisions_made(db: Executor, period: Period) -> Rows:
    """Decisions by action, reason, and whether a person or a rule made them."""
    return await db.fetch(QUERIES["decisions_made"], period.since, period.until, period.site_key)


async def times_to_answer(db: Executor, period: Period) -> asyncpg.Record:
    """Median seconds to the answer of `notices` and `appeals`; None without any."""
    row = await db.fetchrow(QUERIES["times_to_answer"], period.since, period.until, period.site_key)
    assert row is not None
    return row
