"""Webhooks follow the log: a lane writes what is to be delivered, and every process sends what is due.

No connection to PostgreSQL is held while somebody else's server is waited for: a delivery is leased in one statement,
and what came of it saved in another.
"""

from __future__ import annotations

import asyncio

from service.deps import WEBHOOKS, Deps
from service.operations.webhooks import BATCH, claim_deliveries, send_all, write_deliveries

WEBHOOKS_AT_ONCE = 16  # that this process sends to
DELIVERIES_AT_ONCE = 4  # to one of them
PAUSE_SECONDS = 0.05
LOOK_SECONDS = 1.0


async def follow_for_webhooks(deps: Deps) -> bool:
    """Do the lane's next batch; whether there may be more. Raises Unavailable."""
    events, made = await write_deliveries(deps)
    if made:
        deps.wakeups.publish(WEBHOOKS)
    return events == BATCH


async def send_deliveries(deps: Deps) -> None:
    """Send what is due, each webhook in a task of its own, so that a slow one delays no other. Raises Unavailable."""
    sending: dict[int, asyncio.Task[None]] = {}
    try:
        with deps.wakeups.follow(WEBHOOKS) as wake:
            while True:
                for key in [key for key, task in sending.items() if task.done()]:
                    del sending[key]
                room = WEBHOOKS_AT_ONCE - len(sending)
                if room:
                    claimed = await claim_deliveries(deps, sending.keys(), room, DELIVERIES_AT_ONCE)
                    for key, deliveries in claimed.items():
                        sending[key] = asyncio.create_task(send_all(deps, deliveries))
                        sending[key].add_done_callback(lambda _: wake.set())
                await asyncio.sleep(PAUSE_SECONDS)
                await wake.wait(LOOK_SECONDS)
    finally:
        for task in sending.values():
            task.cancel()
        await asyncio.gather(*sending.values(), return_exceptions=True)
