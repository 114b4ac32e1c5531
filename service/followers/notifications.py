"""The lane that tells people what happened to them, after the log."""

from __future__ import annotations

from service.deps import Deps
from service.store import notifications

BATCH = 500  # events a statement


async def tell_people(deps: Deps) -> bool:
    """One batch; whether there may be more. Raises Unavailable."""
    return await notifications.follow_notifications(deps.database, BATCH) == BATCH
