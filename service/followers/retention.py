"""What is kept for a while only."""

from __future__ import annotations

from datetime import timedelta

from service.deps import Deps
from service.operations.webhooks import forget_deliveries
from service.store import activity, events, network_bans, people

EVENTS_KEPT = timedelta(days=30)


async def forget_old(deps: Deps) -> None:
    """Drop idempotency keys and remembered texts after a day, events and deliveries after 30, bans by network when
    they are over.

    Hashes of addresses and the words of deleted comments go when their site says. Raises Unavailable.
    """
    await events.forget_old_rows(deps.database)
    await events.trim_events(deps.database, EVENTS_KEPT)
    await forget_deliveries(deps)
    await activity.forget_hours(deps.database)
    await people.forget_addresses(deps.database)
    await people.forget_deleted_words(deps.database)
    await network_bans.forget_network_bans(deps.database)
