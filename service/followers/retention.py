"""What is kept for a while only."""

from __future__ import annotations

from datetime import timedelta

from service.deps import Deps
from service.store import events

EVENTS_KEPT = timedelta(days=30)


async def forget_old(deps: Deps) -> None:
    """Drop idempotency keys and remembered texts after a day, events after 30. Raises Unavailable."""
    await events.forget_old_rows(deps.database)
    await events.trim_events(deps.database, EVENTS_KEPT)
